package org.mojave.engine.kernel;


/** {@link Products} as a path: weights are decoded to float32, activations are not rounded. What calibration and tests rely on. */
public final class ExactProducts implements ProductPath {
    @Override
    public Means means(Matrix w) {
        return new Means.Decoded(w.decodingBits());
    }

    @Override
    public String describe() {
        return "decoded weights × float activations";
    }

    @Override
    public boolean joins() {
        return false;
    }

    @Override
    public void multiply(ProductList list, Workers workers) {
        for (int i = 0; i < list.size(); i++) {
            Products.multiply(list, list.get(i), workers);
        }
    }
}
