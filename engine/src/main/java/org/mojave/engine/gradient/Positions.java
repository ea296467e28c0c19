package org.mojave.engine.gradient;

import java.util.Optional;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Rope;
import org.mojave.engine.run.Rotations;

/** What a position does to queries or keys, and the same transposed: both are linear. Whole sequences of these lengths. */
record Positions(Optional<Turn> turn, Optional<Attention.Temperature> temperature, int[] lengths) {
    /**
     * What a rope turns: of each {@code width} components those from {@code offset} on.
     *
     * @param interleaved as {@link Rope#interleaved()}
     */
    record Turn(Rotations rotations, boolean interleaved, int width, int offset) {
        static Turn of(Rope rope, int width, int offset) {
            return new Turn(new Rotations(rope), rope.interleaved(), width, offset);
        }
    }

    /** In place on rows of heads; {@code transposed}: as gradients go back. */
    void apply(float[] x, boolean transposed) {
        int tokens = 0;
        for (int length : lengths) {
            tokens += length;
        }
        int width = x.length / tokens;
        int row = 0;
        for (int length : lengths) {
            for (int t = 0; t < length; t++, row++) {
                if (turn.isPresent()) {
                    Rotations.Table table = turn.get().rotations().table(length);
                    for (int head = row * width; head < (row + 1) * width; head += turn.get().width()) {
                        rotate(table, t, x, head + turn.get().offset(), transposed);
                    }
                }
                if (temperature.isPresent()) {
                    warm(temperature.get(), t, x, row * width, width);
                }
            }
        }
    }

    private void rotate(Rotations.Table table, int position, float[] x, int start, boolean transposed) {
        boolean interleaved = turn.orElseThrow().interleaved();
        int pairs = table.pairs();
        for (int i = 0; i < pairs; i++) {
            int a = start + (interleaved ? 2 * i : i);
            int b = a + (interleaved ? 1 : pairs);
            float cosine = table.cosines()[position * pairs + i];
            float sine = transposed ? -table.sines()[position * pairs + i] : table.sines()[position * pairs + i];
            float first = x[a];
            float second = x[b];
            x[a] = first * cosine - second * sine;
            x[b] = second * cosine + first * sine;
        }
    }

    private static void warm(Attention.Temperature temperature, int position, float[] x, int from, int width) {
        double step = Math.floor((position + 1) / temperature.floor());
        float factor = (float) (Math.log1p(step) * temperature.scale() + 1);
        for (int i = from; i < from + width; i++) {
            x[i] *= factor;
        }
    }
}
