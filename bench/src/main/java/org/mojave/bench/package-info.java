/**
 * Measurements. {@link org.mojave.bench.KernelBench} runs the ladders of the arithmetic kernels and prints each beside the
 * peak of the machine, measured in the same run.
 *
 * <p>Must not be needed by anything. Start reading at {@link org.mojave.bench.KernelBench}.
 */
package org.mojave.bench;
