package org.mojave.engine.kernel;

import java.util.Optional;
import org.mojave.format.packed.PackedLayout;

/**
 * Shares products among workers with {@link NativeKernels}. Packed matrices and blocks of GGUF files meet activations rounded
 * to 8 bits; float matrices meet few tokens as they are and many through {@link Products}; any other storage goes there too.
 */
public final class NativeProducts implements ProductPath {
    /** From this many tokens on, decoding a float matrix and a product of floats is faster than a pass per four tokens. */
    private static final int MANY_TOKENS = 12;
    /**
     * Weights in a task for few tokens: the reading ahead starts anew in each (about 0.6 µs: 10 % at 128 KiB), but a call on
     * heap arrays should be over in a fraction of a millisecond.
     */
    private static final long SMALLEST_TASK = 64 << 10;
    private static final long LARGEST_TASK = 2 << 20;
    /** A task is this part of what each worker has before it, so that they shrink and all workers end together. */
    private static final int TASKS_PER_WORKER = 2;
    /** Tiles in a task for many tokens; even, since the kernel takes two at a time. */
    private static final int TASK_TILES = 8;
    /** Rows of GGUF blocks in a task for many tokens. */
    private static final int TASK_ROWS = 4 * GgufKernels.TILE_ROWS;
    /** Tokens that the kernel takes at a time, and that are rounded in one task. */
    private static final int FEW_TOKENS = 6;
    /** Fewer activations than this are rounded before a second worker would have begun. */
    private static final int ROUNDED_ALONE = 32 << 10;
    /** Fewer bytes of weights than this are done before a second worker would have begun. */
    private static final long MULTIPLIED_ALONE = 32 << 10;

    private final NativeKernels kernels;
    private final int largestGroup;
    private final TaskParts parts = new TaskParts();
    private final SparseInputs sparse = new SparseInputs();

    /** Scattered columns are read faster than all of them up to this share: from RAM, half of them in pieces of 64 bytes took 1.2 times as long as all. */
    private static final double MOST_COLUMNS = 0.4;

    /**
     * Activations share a scale in groups like the weights', but of at most {@code largestGroup} columns (32, 64 or 128):
     * 32 rounds more finely, at no cost for one token and at a quarter of the speed for many.
     */
    public NativeProducts(NativeKernels kernels, int largestGroup) {
        if (largestGroup != 32 && largestGroup != 64 && largestGroup != QuantizedActivations.LARGEST_GROUP) {
            throw new IllegalArgumentException("activation group must be 32, 64 or 128 columns, not " + largestGroup);
        }
        this.kernels = kernels;
        this.largestGroup = largestGroup;
    }

    @Override
    public Optional<NativeKernels> natives() {
        return Optional.of(kernels);
    }

    @Override
    public Means means(Matrix w) {
        return isNative(w, 1) ? kernels.means(w) : new Means.Decoded(w.decodingBits());
    }

    @Override
    public String describe() {
        return "native " + kernels.variant().label() + " (trellis codes " + kernels.trellisLabel() + "), packed weights and GGUF blocks × "
                + "8-bit activations in groups of at most " + largestGroup;
    }

    @Override
    public boolean joins() {
        return true;
    }

    @Override
    public void multiply(ProductList list, Workers workers) {
        quantize(list, workers);
        sparse.find(list, this::group);
        long bytes = 0;
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            bytes += isNative(list, entry) ? readBytes(entry) : 0;
        }
        parts.clear();
        long work = 0;
        long left = bytes;
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (isNative(list, entry)) {
                split(entry, left, workers.threads());
                left -= readBytes(entry);
                list.spare(entry.w().storedBytes() - readBytes(entry));
            }
            work += readBytes(entry) * entry.input().tokens();
        }
        boolean independent = list.independent();
        parts.run(work < MULTIPLIED_ALONE, workers, (part, first, end) -> multiply(part, first, end, independent));
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (!isNative(list, entry)) {
                Products.multiply(list, entry, workers);
            }
        }
    }

    /** Adds an entry with which the {@code left} bytes of a list that are not yet handed out begin. */
    private void split(ProductList.Entry entry, long left, int workers) {
        int group = entry.w() instanceof PackedMatrix packed ? group(packed) : 0;
        int units = entry.sparse() ? entry.tiles().length : entry.w() instanceof PackedMatrix packed ? packed.layout().tiles() : entry.w().rows();
        if (units == 0) {
            return;
        }
        long unit = Math.ceilDiv(readBytes(entry), units);
        if (group > 0 && entry.input().tokens() >= FEW_TOKENS) {
            parts.add(new TaskParts.Part(entry, 0, units, TASK_TILES, group));
            return;
        }
        if (entry.w() instanceof GgufMatrix && entry.input().tokens() >= GgufKernels.MANY_TOKENS) {
            parts.add(new TaskParts.Part(entry, 0, units, TASK_ROWS, group));
            return;
        }
        for (int first = 0; first < units;) {
            long bytes = Math.clamp((left - first * unit) / ((long) workers * TASKS_PER_WORKER), SMALLEST_TASK, LARGEST_TASK);
            int size = (int) Math.max(1, bytes / unit);
            int end = units - first - size < size / 2 ? units : first + size;
            parts.add(new TaskParts.Part(entry, first, end, end - first, group));
            first = end;
        }
    }

    /** Whether only some columns of the tiles are read; lists of many tiles in pieces are better read by that kernel, too. */
    private boolean skipsColumns(ProductList.Entry entry) {
        return entry.sparse() && entry.w() instanceof PackedMatrix packed && SparseUnits.columns(packed.scheme()) > 0
                && (entry.tiles().length < packed.layout().tiles() || sparse.of(entry).share() <= MOST_COLUMNS);
    }

    /** Bytes of the matrix that the product reads. */
    private long readBytes(ProductList.Entry entry) {
        if (!entry.sparse()) {
            return entry.w().storedBytes();
        }
        if (entry.w() instanceof PackedMatrix packed && skipsColumns(entry)) {
            return entry.tiles().length * packed.layout().tileBytes(sparse.of(entry).share());
        }
        return entry.w().storedBytes() * entry.tiles().length / Math.ceilDiv(entry.w().rows(), PackedLayout.TILE_ROWS);
    }

    private static boolean isNative(ProductList list, ProductList.Entry entry) {
        return isNative(entry.w(), list.independent() ? 1 : entry.input().tokens());
    }

    private static boolean isNative(Matrix w, int tokens) {
        return switch (w) {
            case PackedMatrix _ -> true;
            case GgufMatrix blocks -> blocks.hasKernels();
            case DenseMatrix dense -> tokens < MANY_TOKENS && NativeKernels.supports(dense.tensor().type());
            default -> false;
        };
    }

    /** Rounds each input for the schemes of the matrices that it meets. */
    private void quantize(ProductList list, Workers workers) {
        parts.clear();
        long floats = 0;
        list.forgetRounded();
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (entry.w() instanceof PackedMatrix packed && entry.input().request(group(packed))) {
                parts.add(new TaskParts.Part(entry, 0, entry.input().tokens(), FEW_TOKENS, group(packed)));
                floats += (long) entry.input().tokens() * packed.columns();
            }
            if (entry.w() instanceof GgufMatrix blocks && blocks.hasKernels() && entry.input().requestForGguf()) {
                parts.add(new TaskParts.Part(entry, 0, entry.input().tokens(), FEW_TOKENS, 0));
                floats += (long) entry.input().tokens() * blocks.columns();
            }
        }
        parts.run(floats < ROUNDED_ALONE, workers, this::quantize);
    }

    private void quantize(TaskParts.Part part, int first, int end) {
        ProductList.Input input = part.entry().input();
        if (part.entry().w() instanceof GgufMatrix) {
            kernels.gguf().quantize(input.x(), first, end - first, input.forGguf());
        } else {
            kernels.quantize(input.x(), first, end - first, input.quantized(part.group()));
        }
    }

    private int group(PackedMatrix w) {
        return Math.min(largestGroup, QuantizedActivations.groupColumns(w.scheme()));
    }

    private void multiply(TaskParts.Part part, int first, int end, boolean independent) {
        ProductList.Entry entry = part.entry();
        if (entry.w() instanceof PackedMatrix packed && skipsColumns(entry)) {
            kernels.multiplySparse(packed, entry.input().quantized(part.group()), sparse.of(entry),
                    new NativeKernels.TileRange(entry.tiles(), first, end), entry.y());
            return;
        }
        if (!entry.sparse()) {
            multiply(part, new NativeKernels.Rows(first, end), independent);
            return;
        }
        int tileRows = entry.w() instanceof PackedMatrix ? 1 : PackedLayout.TILE_ROWS;
        for (int i = first; i < end; i++) {
            int start = i;
            while (i + 1 < end && entry.tiles()[i + 1] == entry.tiles()[i] + 1) {
                i++;
            }
            int rows = entry.w() instanceof PackedMatrix packed ? packed.layout().tiles() : entry.w().rows();
            multiply(part, new NativeKernels.Rows(entry.tiles()[start] * tileRows, Math.min(rows, (entry.tiles()[i] + 1) * tileRows)), independent);
        }
    }

    private void multiply(TaskParts.Part part, NativeKernels.Rows rows, boolean independent) {
        ProductList.Entry entry = part.entry();
        switch (entry.w()) {
            case PackedMatrix packed -> kernels.multiply(packed, entry.input().quantized(part.group()), rows, entry.y());
            case GgufMatrix blocks -> kernels.gguf().multiply(blocks, entry.input().forGguf(), rows, entry.y(), independent);
            case DenseMatrix dense -> kernels.multiplyDense(dense, rows, entry.input().x(), entry.input().tokens(), entry.y());
            default -> throw new IllegalStateException("no native product with " + entry.w().storage());
        }
    }
}
