/**
 * What a job has to say: {@link org.mojave.compress.report.JobEvent} for everything that did not go the straight way,
 * {@link org.mojave.compress.report.MatrixResult} for every matrix, {@link org.mojave.compress.report.Report} for the whole,
 * written as {@code report.json} beside the model.
 *
 * <p>Must not know how the work is done. Start reading at {@link org.mojave.compress.report.Report}.
 */
package org.mojave.compress.report;
