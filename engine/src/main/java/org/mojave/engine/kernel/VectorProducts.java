package org.mojave.engine.kernel;

/**
 * Products without native code: packed matrices meet activations rounded to 8 bits, tile by tile ({@link TileProduct}), if there are few
 * tokens; everything else goes through {@link Products}, where activations are not rounded.
 */
public final class VectorProducts implements ProductPath {
    /** From this many tokens on, decoding once and a product of floats is faster. */
    private static final int MANY_TOKENS = 8;
    /** Bytes of weights in a task, at most and at least. */
    private static final long LARGEST_TASK = 512 << 10;
    private static final long SMALLEST_TASK = 64 << 10;
    private static final int TASKS_PER_WORKER = 12;
    /** Fewer activations than this are rounded, and fewer bytes of weights multiplied, before a second worker would have begun. */
    private static final int ROUNDED_ALONE = 32 << 10;
    private static final long MULTIPLIED_ALONE = 16 << 10;

    private final TaskParts parts = new TaskParts();
    private final SparseInputs sparse = new SparseInputs();

    VectorProducts() {}

    @Override
    public Means means(Matrix w) {
        return w instanceof PackedMatrix packed && TileProduct.supports(packed.scheme()) ? new Means.Vectors(TileProduct.BITS)
                : new Means.Decoded(w.decodingBits());
    }

    @Override
    public String describe() {
        return "packed weights × 8-bit activations in Java vectors of " + TileProduct.BITS + " bits, other storage decoded to floats";
    }

    @Override
    public boolean joins() {
        return true;
    }

    @Override
    public void multiply(ProductList list, Workers workers) {
        round(list, workers);
        sparse.find(list, VectorProducts::group, entry -> readsTiles(list, entry));
        long bytes = 0;
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            bytes += readsTiles(list, entry) ? readBytes(entry) * entry.input().tokens() : 0;
        }
        long task = Math.clamp(bytes / ((long) workers.threads() * TASKS_PER_WORKER), SMALLEST_TASK, LARGEST_TASK);
        parts.clear();
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (readsTiles(list, entry)) {
                PackedMatrix w = (PackedMatrix) entry.w();
                int tiles = entry.sparse() ? entry.tiles().length : w.layout().tiles();
                parts.add(new TaskParts.Part(entry, 0, tiles, (int) Math.max(1, task * tiles / Math.max(1, readBytes(entry))), group(w)));
                list.spare(w.storedBytes() - readBytes(entry));
            }
        }
        parts.run(bytes < MULTIPLIED_ALONE, workers, this::multiply);
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (!readsTiles(list, entry)) {
                Products.multiply(list, entry, workers);
            }
        }
    }

    private static boolean readsTiles(ProductList list, ProductList.Entry entry) {
        return (entry.input().tokens() < MANY_TOKENS || list.independent()) && entry.w() instanceof PackedMatrix packed
                && TileProduct.supports(packed.scheme());
    }

    private static int group(PackedMatrix w) {
        return QuantizedActivations.groupColumns(w.scheme());
    }

    /** Bytes of the matrix that the product reads. */
    private long readBytes(ProductList.Entry entry) {
        if (!entry.sparse() || !(entry.w() instanceof PackedMatrix w)) {
            return entry.w().storedBytes();
        }
        return entry.tiles().length * w.layout().tileBytes(TileSums.readsUnits(w.scheme()) ? sparse.of(entry).share() : 1);
    }

    /** Rounds each input for the schemes of the matrices that it meets. */
    private void round(ProductList list, Workers workers) {
        parts.clear();
        long floats = 0;
        list.forgetRounded();
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (readsTiles(list, entry) && entry.w() instanceof PackedMatrix w) {
                if (entry.input().request(group(w))) {
                    parts.add(new TaskParts.Part(entry, 0, entry.input().tokens(), 1, group(w)));
                    floats += (long) entry.input().tokens() * w.columns();
                }
                entry.input().quantized(group(w)).makeFactors(w.scheme().bits());
            }
        }
        parts.run(floats < ROUNDED_ALONE, workers, (part, first, end) ->
                part.entry().input().quantized(part.group()).round(part.entry().input().x(), first, end - first));
    }

    private void multiply(TaskParts.Part part, int first, int end) {
        ProductList.Entry entry = part.entry();
        PackedMatrix w = (PackedMatrix) entry.w();
        TileProduct product = new TileProduct(w, entry.input().quantized(part.group()));
        boolean units = entry.sparse() && TileSums.readsUnits(w.scheme());
        for (int i = first; i < end; i++) {
            product.load(entry.sparse() ? entry.tiles()[i] : i);
            if (units) {
                product.multiply(sparse.of(entry), entry.y());
                continue;
            }
            for (int token = 0; token < entry.input().tokens(); token++) {
                product.multiply(token, entry.y());
            }
        }
    }
}
