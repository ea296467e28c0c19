package org.mojave.engine.evaluate;

/**
 * How to evaluate.
 *
 * @param window tokens per window
 * @param first predictions of the first positions of a window that do not count; {@code window / 2} is llama.cpp's protocol
 * @param windows windows at most, from the start of the text; 0 for all
 * @param batch windows run at a time; never changes a result
 */
public record EvaluationOptions(int window, int first, int windows, int batch) {
    /** Activations of a batch may take this much. */
    private static final long BATCH_BYTES = 256L << 20;
    private static final int LARGEST_BATCH = 32;

    /** Checks the ranges. */
    public EvaluationOptions {
        if (window < 2) {
            throw new IllegalArgumentException("a window needs at least 2 tokens, not " + window);
        }
        if (first < 0 || first > window - 2) {
            throw new IllegalArgumentException("with windows of " + window + " tokens, the first that counts must be between 0 and "
                    + (window - 2) + ", not " + first);
        }
        if (windows < 0) {
            throw new IllegalArgumentException("the number of windows must be 0 (all) or more, not " + windows);
        }
        if (batch < 1) {
            throw new IllegalArgumentException("at least one window must be run at a time, not " + batch);
        }
    }

    /** How many windows of {@code bytesPerWindow} fit into the memory that a batch may take; at least one. */
    public static int batchFor(long bytesPerWindow) {
        return Math.clamp(BATCH_BYTES / Math.max(1, bytesPerWindow), 1, LARGEST_BATCH);
    }
}
