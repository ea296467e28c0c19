/**
 * Measurements. {@link org.mojave.bench.KernelBench} runs the ladders of the arithmetic kernels and prints each beside the
 * peak of the machine, measured in the same run; {@link org.mojave.bench.NativeKernelBench} does so for the product paths of a
 * running model.
 *
 * <p>Must not be needed by anything. Start reading at {@link org.mojave.bench.KernelBench}.
 */
package org.mojave.bench;
