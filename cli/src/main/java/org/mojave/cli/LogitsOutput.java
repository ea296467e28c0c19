package org.mojave.cli;

import java.util.List;

/** Receives what {@code mojave logits} computes, in this order per sequence: begin, logits (several times), router, end. */
sealed interface LogitsOutput extends AutoCloseable permits JsonLogits, ReadableLogits {
    /** Logits per position. */
    int vocabulary();

    void begin(int[] ids);

    /** Logits [rows, vocabulary] of positions from {@code first} on; the array is reused. */
    void logits(int first, int rows, float[] logits);

    void router(List<RouterTrace.Layer> layers);

    void end(int[] greedy);

    @Override
    void close();
}
