package org.mojave.engine.evaluate;

import java.util.List;

/** Something that predicts tokens. For one thread at a time. */
public interface LogitSource {
    /** Logits per row. */
    int vocabularySize();

    /** Runs windows of token ids, each alone from position 0. What it returns is valid until the next call. */
    Rows run(List<int[]> windows);

    /** The logits of windows that have been run, computed when asked for. */
    @FunctionalInterface
    interface Rows {
        /**
         * Logits [rows, vocabulary] from index 0 of positions {@code first … first + rows − 1} of a window; the array is reused
         * by the next call and may be longer.
         */
        float[] logits(int window, int first, int rows);
    }
}
