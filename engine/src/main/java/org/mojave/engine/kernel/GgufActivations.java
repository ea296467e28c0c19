package org.mojave.engine.kernel;

/**
 * Activations [tokens, columns] as the kernels for GGUF blocks read them: signed bytes, a scale per {@value #RUN} columns
 * ({@code x ≈ scale · value}, rounded as in {@link QuantizedActivations}), and the sums of {@value #HALF_RUN} values times
 * their scale. Rows are filled up with zeros to whole spans of {@value #SPAN} columns. Reused: {@link #reshape} keeps the
 * memory. Filled by {@link GgufKernels#quantize}.
 */
final class GgufActivations {
    /** Columns of a block of the K types. */
    static final int SPAN = 256;
    /** Columns that share a scale. */
    static final int RUN = 32;
    /** Columns of a sum. */
    static final int HALF_RUN = 16;

    private int tokens;
    private int columns;
    private byte[] values = new byte[0];
    private float[] scales = new float[0];
    private float[] sums = new float[0];

    /** Gives room for that shape; the content is undefined afterwards. */
    void reshape(int newTokens, int newColumns) {
        if (newTokens < 0 || newColumns < 1) {
            throw new IllegalArgumentException("activations need a shape, not " + newTokens + " × " + newColumns);
        }
        tokens = newTokens;
        columns = newColumns;
        int elements = Math.multiplyExact(tokens, Math.multiplyExact(spans(), SPAN));
        if (values.length < elements) {
            values = new byte[elements];
            scales = new float[elements / RUN];
            sums = new float[elements / HALF_RUN];
        }
    }

    /** Rows. */
    int tokens() {
        return tokens;
    }

    /** Columns, without padding. */
    int columns() {
        return columns;
    }

    /** Spans in a row. */
    int spans() {
        return Math.ceilDiv(columns, SPAN);
    }

    /** Bytes of the memory kept. */
    long bytes() {
        return values.length + 4L * scales.length + 4L * sums.length;
    }

    /** [tokens, spans · 256], owned by this object. */
    byte[] values() {
        return values;
    }

    /** [tokens, spans · 8], owned by this object. */
    float[] scales() {
        return scales;
    }

    /** [tokens, spans · 16], owned by this object. */
    float[] sums() {
        return sums;
    }
}
