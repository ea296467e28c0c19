package org.mojave.engine.kernel;

/**
 * Activations as whole numbers, one scale and zero for each token: {@code x ≈ scale · value} with {@code value = code − zero}.
 *
 * @param columns components of a token
 * @param values [tokens, columns] code − zero
 * @param scales [tokens]; NaN where a token is not finite
 */
record RoundedTokens(int columns, int[] values, float[] scales) {
    /** Rounds {@code tokens} rows of x; half to even. */
    static RoundedTokens of(Block x, int tokens, int columns, ActivationScheme scheme) {
        int[] values = new int[Math.multiplyExact(tokens, columns)];
        float[] scales = new float[tokens];
        for (int t = 0; t < tokens; t++) {
            scales[t] = round(x.values(), x.offset() + t * x.stride(), values, t * columns, new Row(columns, scheme));
        }
        return new RoundedTokens(columns, values, scales);
    }

    private record Row(int columns, ActivationScheme scheme) {}

    /**
     * One token. Asymmetric: the range from its least to its largest component, 0 included, shrunk by the clip, in 2^bits − 1 steps, and a
     * whole zero; symmetric: the largest magnitude, shrunk, in 2^(bits−1) − 1 steps.
     */
    private static float round(float[] x, int from, int[] values, int to, Row row) {
        double least = 0;
        double most = 0;
        boolean finite = true;
        for (int c = 0; c < row.columns; c++) {
            finite &= Float.isFinite(x[from + c]);
            least = Math.min(least, x[from + c]);
            most = Math.max(most, x[from + c]);
        }
        if (!finite) {
            return Float.NaN;
        }
        int half = (1 << (row.scheme.bits() - 1)) - 1;
        boolean symmetric = row.scheme.symmetric();
        int steps = (1 << row.scheme.bits()) - 1;
        float scale = (float) (row.scheme.clip() * (symmetric ? Math.max(most, -least) / half : (most - least) / steps));
        if (scale == 0) {
            return 0;
        }
        int zero = symmetric ? half : (int) Math.rint(-least * row.scheme.clip() / scale);
        for (int c = 0; c < row.columns; c++) {
            double code = Math.rint(x[from + c] / (double) scale) + zero;
            values[to + c] = (int) (Math.clamp(code, 0.0, symmetric ? 2.0 * half : steps) - zero);
        }
        return scale;
    }
}
