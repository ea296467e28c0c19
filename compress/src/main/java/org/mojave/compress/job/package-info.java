/**
 * The whole job: {@link org.mojave.compress.job.CompressionJob} goes through the layers, writes records as they finish,
 * journals them ({@link org.mojave.compress.job.Journal}), can be continued after any interruption, verifies the written
 * files and renames the folder when it is whole.
 *
 * <p>Must not know terminals or options of commands. Start reading at {@link org.mojave.compress.job.CompressionJob}.
 */
package org.mojave.compress.job;
