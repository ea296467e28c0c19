/**
 * What calibration remembers about the inputs of a matrix: second moments, how many tokens they come from and with what
 * routing weights; and what to do for experts that saw too few.
 *
 * <p>Pure values and arithmetic: must not know models, files or quantizers. Start reading at {@link
 * org.mojave.compress.statistics.ExpertStatistics}.
 */
package org.mojave.compress.statistics;
