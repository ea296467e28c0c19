package org.mojave.engine.kernel;

/**
 * How a running model multiplies: the fast ways, which may round activations. Calibration and quantization use {@link
 * Products}, which does not. Like {@link Workers}, for one thread at a time.
 *
 * <p>Example: {@code ProductPath path = ProductPath.of(NativeSupport.load(new NativeChoice.Best()))}.
 */
public sealed interface ProductPath permits NativeProducts, VectorProducts {
    /** Native kernels where they can be used, else vectors in Java. */
    static ProductPath of(NativeSupport support) {
        return switch (support) {
            case NativeSupport.Available(NativeKernels kernels) -> new NativeProducts(kernels, QuantizedActivations.LARGEST_GROUP);
            case NativeSupport.Unavailable _ -> new VectorProducts();
        };
    }

    /** {@code y = x · Wᵀ}: x [tokens, W.columns], y [tokens, W.rows]. The result does not depend on the number of threads. */
    void multiply(Matrix w, float[] x, int tokens, float[] y, Workers workers);

    /** One line for people. */
    String describe();
}
