/**
 * Measurements by hand, not part of any build: each class has a {@code main} and says what it prints. Must not be needed by
 * any other module. Start reading at {@link org.mojave.bench.NativeKernelBench}.
 */
package org.mojave.bench;
