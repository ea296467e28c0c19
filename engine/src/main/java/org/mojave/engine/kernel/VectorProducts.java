package org.mojave.engine.kernel;


/**
 * Products without native code: packed matrices meet few tokens tile by tile ({@link TileProduct}); everything else goes
 * through {@link Products}. Activations are not rounded.
 */
public final class VectorProducts implements ProductPath {
    /** From this many tokens on, decoding once and a product of floats is faster. */
    private static final int MANY_TOKENS = 8;
    private static final long TASK_BYTES = 128 << 10;

    VectorProducts() {}

    @Override
    public Means means(Matrix w) {
        return w instanceof PackedMatrix packed && TileProduct.supports(packed.scheme()) ? new Means.Vectors(TileProduct.BITS)
                : new Means.Decoded(w.decodingBits());
    }

    @Override
    public String describe() {
        return "packed weights × float activations in Java vectors of " + TileProduct.BITS + " bits, other storage decoded to floats";
    }

    @Override
    public boolean joins() {
        return false;
    }

    @Override
    public void multiply(ProductList list, Workers workers) {
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            int tokens = entry.input().tokens();
            if (entry.sparse() && entry.w() instanceof PackedMatrix packed && SparseTileProduct.supports(packed.scheme())) {
                SparseTileProduct.multiply(packed, entry, list, workers);
            } else if (!entry.sparse() && (tokens < MANY_TOKENS || list.independent()) && means(entry.w()) instanceof Means.Vectors && entry.w() instanceof PackedMatrix packed) {
                multiply(packed, entry.input().x(), tokens, entry.y(), workers);
            } else {
                Products.multiply(list, entry, workers);
            }
        }
    }

    private static void multiply(PackedMatrix packed, Block x, int tokens, Block y, Workers workers) {
        int tiles = packed.layout().tiles();
        int part = (int) Math.max(1, TASK_BYTES / packed.layout().tileBytes());
        TileProduct.Padded padded = TileProduct.Padded.of(x, tokens, packed.layout());
        workers.run(Math.ceilDiv(tiles, part), (index, worker) -> {
            TileProduct product = new TileProduct(packed);
            for (int tile = index * part; tile < Math.min(tiles, (index + 1) * part); tile++) {
                product.load(tile);
                for (int token = 0; token < tokens; token++) {
                    product.multiply(padded, token, y);
                }
            }
        });
    }
}
