package org.mojave.compress.sensitivity;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.Routing;

/** What a component of each probed token's output counts behind half a layer: all the same, or the square of the loss gradient there. */
final class Slopes {
    private final Optional<float[]> gradient;
    private final int size;
    /** The tokens that each expert saw, in order. */
    private final Map<Integer, int[]> tokens = new HashMap<>();

    private Slopes(Optional<float[]> gradient, int size) {
        this.gradient = gradient;
        this.size = size;
    }

    /** All components count the same. */
    static Slopes even(int size) {
        return new Slopes(Optional.empty(), size);
    }

    /** {@code gradient} [tokens, size] at the half's output. */
    Slopes(float[] gradient, int size) {
        this(Optional.of(gradient), size);
    }

    /** Whether components count differently. */
    boolean known() {
        return gradient.isPresent();
    }

    /** Hears which tokens the experts of the half see; to be told before {@link #squares}. */
    RouterListener routes() {
        return known() ? (_, routing) -> note(routing) : RouterListener.NONE;
    }

    private void note(Routing routing) {
        tokens.clear();
        IntStream.of(routing.experts()).limit((long) routing.tokens() * routing.chosen()).distinct().forEach(expert -> tokens.put(expert,
                IntStream.range(0, routing.tokens()).filter(token -> chose(routing, token, expert)).toArray()));
    }

    private static boolean chose(Routing routing, int token, int expert) {
        for (int slot = token * routing.chosen(); slot < (token + 1) * routing.chosen(); slot++) {
            if (routing.experts()[slot] == expert) {
                return true;
            }
        }
        return false;
    }

    /** The row-th token of an expert ({@link MatrixId#NONE}: of all), its output's error being {@code error[from …]}: what that counts. */
    double squares(int expert, int row, float[] error, int from) {
        double sum = 0;
        if (gradient.isEmpty()) {
            for (int i = from; i < from + size; i++) {
                sum += (double) error[i] * error[i];
            }
            return sum;
        }
        float[] slopes = gradient.get();
        int at = (expert == MatrixId.NONE ? row : tokens.get(expert)[row]) * size;
        for (int i = 0; i < size; i++) {
            double one = (double) error[from + i] * slopes[at + i];
            sum += one * one;
        }
        return sum;
    }
}
