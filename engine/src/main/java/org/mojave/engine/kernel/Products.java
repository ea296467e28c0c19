package org.mojave.engine.kernel;

/** Products of activations with weight matrices. */
public final class Products {
    /** Rows decoded at a time. */
    private static final int PANEL_ROWS = 64;

    private Products() {}

    /**
     * {@code y = x · Wᵀ}: x [tokens, W.columns], y [tokens, W.rows], both row-major from index 0. Accumulates in float32.
     * The result does not depend on the number of threads.
     */
    public static void multiply(Matrix w, float[] x, int tokens, float[] y, Workers workers) {
        int panels = (w.rows() + PANEL_ROWS - 1) / PANEL_ROWS;
        workers.run(panels, (panel, worker) -> {
            int first = panel * PANEL_ROWS;
            int count = Math.min(PANEL_ROWS, w.rows() - first);
            float[] rows = new float[count * w.columns()];
            w.decode(first, count, rows, 0);
            for (int t = 0; t < tokens; t++) {
                for (int r = 0; r < count; r++) {
                    y[t * w.rows() + first + r] = dot(x, t * w.columns(), rows, r * w.columns(), w.columns());
                }
            }
        });
    }

    private static float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        float sum = 0;
        for (int i = 0; i < length; i++) {
            sum += a[aOffset + i] * b[bOffset + i];
        }
        return sum;
    }
}
