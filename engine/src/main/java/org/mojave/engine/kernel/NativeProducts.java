package org.mojave.engine.kernel;

import java.util.List;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/**
 * Shares products among workers with {@link NativeKernels}. Packed matrices meet activations rounded to 8 bits; float
 * matrices meet few tokens as they are and many through {@link Products}; any other storage goes there too.
 */
public final class NativeProducts implements ProductPath {
    /** From this many tokens on, decoding a float matrix and a product of floats is faster than a pass per four tokens. */
    private static final int MANY_TOKENS = 12;
    /**
     * Weights in a task for few tokens: the reading ahead starts anew in each (about 0.6 µs: 10 % at 128 KiB), but a call on
     * heap arrays should be over in a fraction of a millisecond.
     */
    private static final long SMALLEST_TASK = 64 << 10;
    private static final long LARGEST_TASK = 1 << 20;
    private static final int TASKS_PER_WORKER = 6;
    /** Tiles in a task for many tokens; even, since the kernel takes two at a time. */
    private static final int TASK_TILES = 8;
    private static final int FEW_TOKENS = 6;

    private final NativeKernels kernels;
    private final int largestGroup;
    private final QuantizedActivations shared = new QuantizedActivations();

    /**
     * Activations share a scale in groups like the weights', but of at most {@code largestGroup} columns (32, 64 or 128):
     * 32 rounds more finely, at no cost for one token and at a quarter of the speed for many.
     */
    public NativeProducts(NativeKernels kernels, int largestGroup) {
        this.kernels = kernels;
        this.largestGroup = largestGroup;
        shared.reshape(0, 1, largestGroup);
    }

    /**
     * One product of several that are computed together, {@code y = x · Wᵀ}.
     *
     * @param w weights
     * @param x activations, quantized for the scheme of w
     * @param y [x.tokens, W.rows], written
     */
    public record Product(PackedMatrix w, QuantizedActivations x, float[] y) {}

    @Override
    public String describe() {
        return "packed weights × 8-bit activations in groups of at most " + largestGroup + ", " + kernels.variant().label();
    }

    @Override
    public void multiply(Matrix w, float[] x, int tokens, float[] y, Workers workers) {
        new Block(x, 0, w.columns()).check(tokens, w.columns());
        new Block(y, 0, w.rows()).check(tokens, w.rows());
        switch (w) {
            case PackedMatrix packed when packed.hasKernels() -> {
                quantize(x, tokens, packed.columns(), packed.scheme(), shared, workers);
                multiply(List.of(new Product(packed, shared, y)), workers);
            }
            case DenseMatrix dense when tokens < MANY_TOKENS && NativeKernels.supports(dense.tensor().type()) ->
                    multiplyDense(dense, x, tokens, y, workers);
            default -> Products.multiply(w, x, tokens, y, workers);
        }
    }

    /** Quantizes x [tokens, columns] for weights of that scheme; several matrices can use the result. */
    public void quantize(float[] x, int tokens, int columns, Scheme scheme, QuantizedActivations target, Workers workers) {
        target.reshape(tokens, columns, Math.min(largestGroup, QuantizedActivations.groupColumns(scheme)));
        int part = FEW_TOKENS;
        workers.run(Math.ceilDiv(tokens, part), (index, worker) ->
                kernels.quantize(x, index * part, Math.min(part, tokens - index * part), target));
    }

    /** Several products in one go, so that workers wait for each other once: gate and up of all experts of a token. */
    public void multiply(List<Product> products, Workers workers) {
        int[] start = new int[products.size() + 1];
        int[] tiles = new int[products.size()];
        long stored = 0;
        for (Product product : products) {
            stored += product.w().storedBytes();
        }
        long bytes = taskBytes(stored, workers);
        for (int i = 0; i < tiles.length; i++) {
            tiles[i] = tilesPerTask(products.get(i), bytes);
            start[i + 1] = start[i] + Math.ceilDiv(products.get(i).w().layout().tiles(), tiles[i]);
        }
        workers.run(start[tiles.length], (index, worker) -> {
            int i = 0;
            while (index >= start[i + 1]) {
                i++;
            }
            Product product = products.get(i);
            int first = (index - start[i]) * tiles[i];
            int end = Math.min(first + tiles[i], product.w().layout().tiles());
            kernels.multiply(product.w(), product.x(), first, end, product.y());
        });
    }

    private static int tilesPerTask(Product product, long taskBytes) {
        PackedLayout layout = product.w().layout();
        return product.x().tokens() >= FEW_TOKENS ? TASK_TILES : (int) Math.max(1, taskBytes / layout.tileBytes());
    }

    private static long taskBytes(long bytes, Workers workers) {
        return Math.clamp(bytes / ((long) workers.threads() * TASKS_PER_WORKER), SMALLEST_TASK, LARGEST_TASK);
    }

    private void multiplyDense(DenseMatrix w, float[] x, int tokens, float[] y, Workers workers) {
        long rowBytes = (long) w.columns() * w.tensor().type().bytes();
        int rows = (int) Math.max(1, taskBytes(w.rows() * rowBytes, workers) / rowBytes);
        workers.run(Math.ceilDiv(w.rows(), rows), (index, worker) -> {
            int first = index * rows;
            kernels.multiplyDense(w, new NativeKernels.Rows(first, Math.min(first + rows, w.rows())), x, tokens, y);
        });
    }
}
