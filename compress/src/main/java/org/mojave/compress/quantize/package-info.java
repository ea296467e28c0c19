/**
 * Arithmetic that turns a weight matrix into codes, scales and zeros: {@link org.mojave.compress.quantize.Quantizer} is the
 * contract, {@link org.mojave.compress.quantize.Rtn} rounds to the nearest code, {@link org.mojave.compress.quantize.Gptq}
 * moves each column's rounding error into the columns not yet rounded, led by the {@link
 * org.mojave.compress.quantize.Hessian} of calibration activations. All of it is pure: the same input gives the same output,
 * on any number of threads.
 *
 * <p>Must not know files, models, jobs or where statistics come from. Start reading at {@link
 * org.mojave.compress.quantize.Quantizer}.
 */
package org.mojave.compress.quantize;
