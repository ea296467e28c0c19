package org.mojave.engine.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.model.ModelSpec;

/**
 * How the tokens of one forward step are cut into sequences. The hidden states of a batch are [tokens, hidden] in the order
 * of the sequences.
 *
 * <p>Example: {@code Batch.whole(256, 256)} is two whole sequences without caches, as calibration uses them.
 */
public record Batch(List<Sequence> sequences) {
    public Batch {
        sequences = List.copyOf(sequences);
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one sequence");
        }
    }

    /**
     * New tokens of one sequence.
     *
     * @param first position of the first new token; 0 without a cache
     * @param tokens number of new tokens
     * @param cache keys and values of the earlier tokens, where the new ones are added; empty for a whole sequence
     */
    public record Sequence(int first, int tokens, Optional<KvCache> cache) {
        public Sequence {
            if (first < 0 || tokens < 1 || (cache.isEmpty() && first != 0)) {
                throw new IllegalArgumentException("not a sequence: " + tokens + " tokens from position " + first);
            }
        }
    }

    /** Whole sequences from position 0, without caches. */
    public static Batch whole(int... lengths) {
        List<Sequence> sequences = new ArrayList<>();
        for (int length : lengths) {
            sequences.add(new Sequence(0, length, Optional.empty()));
        }
        return new Batch(sequences);
    }

    /** Whole sequences from position 0 that look back through caches of their own, as they would step by step. */
    public static Batch cached(ModelSpec spec, KeyValueType type, int... lengths) {
        List<Sequence> sequences = new ArrayList<>();
        for (int length : lengths) {
            KvCache cache = new KvCache(spec, length, type);
            cache.reserve(length);
            sequences.add(new Sequence(0, length, Optional.of(cache)));
        }
        return new Batch(sequences);
    }

    /** Tokens of all sequences. */
    public int tokens() {
        int sum = 0;
        for (Sequence sequence : sequences) {
            sum = Math.addExact(sum, sequence.tokens());
        }
        return sum;
    }
}
