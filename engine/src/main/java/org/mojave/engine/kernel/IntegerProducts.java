package org.mojave.engine.kernel;

import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;

/**
 * The semantics of integer hardware (W4A4, W8A8 …): the inputs of every quantized matrix are rounded token by token, codes meet codes
 * in exact whole-number sums, and only these are scaled. With q, z, s code, zero and scale of a weight group and v, d of a token:
 * {@code y = d · Σ_groups s · Σ (q − z) · v}, the outer sum in float64 in index order. Matrices that are not quantized, and embedding and
 * head whatever they are, compute exactly. Not made for speed; {@link IntegerOracle} says the same one element at a time.
 *
 * <p>Throws IllegalArgumentException for a matrix whose codes are no whole numbers (a trellis).
 */
public final class IntegerProducts implements ProductPath {
    /** Rows that a worker unpacks together. */
    private static final int PANEL_ROWS = PackedLayout.TILE_ROWS;

    private final ActivationScheme scheme;
    private final ExactProducts exact = new ExactProducts();

    /** With activations rounded like that. */
    public IntegerProducts(ActivationScheme scheme) {
        this.scheme = scheme;
    }

    /** How activations are rounded. */
    public ActivationScheme scheme() {
        return scheme;
    }

    @Override
    public Means means(Matrix w) {
        return w instanceof PackedMatrix ? new Means.WholeNumbers(scheme.bits()) : exact.means(w);
    }

    @Override
    public String describe() {
        return "weight codes × " + scheme.bits() + "-bit activations (" + scheme.id() + ", per token) in whole numbers";
    }

    @Override
    public boolean joins() {
        return false;
    }

    @Override
    public ProductPath forVocabulary() {
        return exact;
    }

    @Override
    public void multiply(ProductList list, Workers workers) {
        ProductList.Input input = null;
        RoundedTokens rounded = null;
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (entry.w() instanceof PackedMatrix w) {
                if (entry.input() != input) {
                    input = entry.input();
                    rounded = RoundedTokens.of(input.x(), input.tokens(), w.columns(), scheme);
                }
                multiply(w, rounded, entry.y(), workers);
                if (entry.sparse()) {
                    entry.clearOthers();
                }
            } else {
                Products.multiply(list, entry, workers);
            }
        }
    }

    private static void multiply(PackedMatrix w, RoundedTokens x, Block y, Workers workers) {
        requireWholeNumbers(w);
        workers.run(Math.ceilDiv(w.rows(), PANEL_ROWS), (index, _) -> {
            int[] row = new int[w.columns()];
            float[] scales = new float[w.layout().groups()];
            for (int r = index * PANEL_ROWS; r < Math.min(w.rows(), (index + 1) * PANEL_ROWS); r++) {
                unpack(w, r, row, scales);
                for (int t = 0; t < x.scales().length; t++) {
                    y.values()[y.offset() + t * y.stride() + r] = dot(w.layout(), row, scales, x, t);
                }
            }
        });
    }

    static void requireWholeNumbers(PackedMatrix w) {
        if (w.scheme().trellis()) {
            throw new IllegalArgumentException("a matrix of scheme " + w.storage() + " has no whole-number codes");
        }
    }

    private static void unpack(PackedMatrix w, int r, int[] row, float[] scales) {
        PackedLayout layout = w.layout();
        int groupColumns = layout.scheme().groupColumns(layout.columns());
        int[] zeros = new int[scales.length];
        for (int g = 0; g < scales.length; g++) {
            scales[g] = PackedCodec.scale(layout, w.bytes(), r, g);
            zeros[g] = PackedCodec.zero(layout, w.bytes(), r, g);
        }
        for (int c = 0; c < row.length; c++) {
            row[c] = layout.scheme().step() * PackedCodec.code(layout, w.bytes(), r, c) - zeros[c / groupColumns];
        }
    }

    private static float dot(PackedLayout layout, int[] row, float[] scales, RoundedTokens x, int token) {
        int groupColumns = layout.scheme().groupColumns(layout.columns());
        double sum = 0;
        for (int g = 0; g < scales.length; g++) {
            int end = Math.min(row.length, (g + 1) * groupColumns);
            sum += (double) scales[g] * whole(row, x.values(), g * groupColumns, end, token * row.length);
        }
        return (float) (x.scales()[token] * sum);
    }

    /** Exact: parts short enough for 32 bits are added in 64. */
    private static long whole(int[] row, int[] values, int first, int end, int offset) {
        long sum = 0;
        for (int start = first; start < end; start += 1 << 14) {
            int part = 0;
            int stop = Math.min(end, start + (1 << 14));
            for (int c = start; c < stop; c++) {
                part += row[c] * values[offset + c];
            }
            sum += part;
        }
        return sum;
    }
}
