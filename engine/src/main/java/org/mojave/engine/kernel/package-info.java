/**
 * Arithmetic on weights and activations: {@link org.mojave.engine.kernel.Matrix} is a weight matrix in any storage,
 * {@link org.mojave.engine.kernel.Products} multiplies with it, {@link org.mojave.engine.kernel.Gram} gathers second
 * moments, {@link org.mojave.engine.kernel.LinearAlgebra} is what they and the quantizers calculate with (OpenBLAS, or
 * Java where that cannot be loaded), {@link org.mojave.engine.kernel.Workers} share the work. A running model multiplies
 * through a {@link org.mojave.engine.kernel.ProductPath}: native kernels, which round activations to 8 bits, or Java
 * vectors. Packed matrices ({@link org.mojave.engine.kernel.PackedMatrix}) and blocks of GGUF files ({@link
 * org.mojave.engine.kernel.GgufMatrix}) are read as they lie. The only package that may import the Vector API, OpenBLAS or native handles; every fast path has its scalar
 * reference here.
 *
 * <p>Must not know layers, models or families. Start reading at {@link org.mojave.engine.kernel.Products}.
 */
package org.mojave.engine.kernel;
