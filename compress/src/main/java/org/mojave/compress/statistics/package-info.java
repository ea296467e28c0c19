/**
 * What calibration remembers about the inputs of a matrix: second moments, how many tokens they come from and with what
 * routing weights; what to do for experts that saw too few ({@link
 * org.mojave.compress.statistics.Shrinkage}), and how to choose text so that few do ({@link
 * org.mojave.compress.statistics.BalancedSelection}).
 *
 * <p>Pure values and arithmetic: must not know models, files or quantizers. Start reading at {@link
 * org.mojave.compress.statistics.ExpertStatistics}.
 */
package org.mojave.compress.statistics;
