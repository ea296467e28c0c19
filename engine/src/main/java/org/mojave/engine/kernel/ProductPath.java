package org.mojave.engine.kernel;

import java.util.Optional;

/**
 * How a running model multiplies: exactly ({@link ExactProducts}, as calibration and quantization do), or in a fast way that
 * may round activations. Like {@link Workers}, for one thread at a time.
 *
 * <p>Example: {@code ProductPath path = ProductPath.of(NativeSupport.load(new NativeChoice.Best()))}.
 */
public sealed interface ProductPath permits ExactProducts, IntegerProducts, NativeProducts, VectorProducts {
    /** Native kernels where they can be used, else vectors in Java. */
    static ProductPath of(NativeSupport support) {
        return switch (support) {
            case NativeSupport.Available(NativeKernels kernels) -> new NativeProducts(kernels, QuantizedActivations.LARGEST_GROUP);
            case NativeSupport.Unavailable _ -> new VectorProducts();
        };
    }

    /** Vectors in Java; activations of few tokens meet packed matrices rounded to 8 bits. */
    static ProductPath vectors() {
        return new VectorProducts();
    }

    /** Computes all products of the list. The results do not depend on the number of threads. */
    void multiply(ProductList list, Workers workers);

    /** Whether a list is one job of the workers, so that long lists of small products pay. */
    boolean joins();

    /** Native kernels for what lies between the products, if this path uses any. */
    default Optional<NativeKernels> natives() {
        return Optional.empty();
    }

    /** How embedding and head are multiplied beside this. */
    default ProductPath forVocabulary() {
        return this;
    }

    /** By what means a matrix meets one token. */
    Means means(Matrix w);

    /** A few words for people about any model; {@link #means} tells of one matrix. */
    String describe();

    /** {@code y = x · Wᵀ}: x [tokens, W.columns], y [tokens, W.rows]. */
    default void multiply(Matrix w, float[] x, int tokens, float[] y, Workers workers) {
        ProductList list = new ProductList();
        list.add(w, new Block(x, 0, w.columns()), tokens, new Block(y, 0, w.rows()));
        multiply(list, workers);
    }
}
