package org.mojave.compress.statistics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Chooses calibration sequences until every expert has enough tokens (the calibration balance of EAQuant, arXiv 2506.13329, which asks
 * for {@code r·k·N/E} of them: k experts per token, N tokens wanted, E experts, r = 2). Each step takes the sequence that serves most
 * of what is still missing, larger gaps first and relative to its length; greedy cover, so that rare experts decide early. The same pool gives the same choice.
 *
 * @param requiredTokens per expert and layer
 */
public record BalancedSelection(int requiredTokens) {
    public BalancedSelection {
        if (requiredTokens < 1) {
            throw new IllegalArgumentException("required tokens per expert must be positive, not " + requiredTokens);
        }
    }

    /** The rule {@code r·k·N/E}, rounded up. */
    public static BalancedSelection of(double r, int expertsPerToken, long tokens, int experts) {
        return new BalancedSelection(Math.toIntExact((long) Math.ceil(r * expertsPerToken * tokens / experts)));
    }

    /**
     * What was chosen.
     *
     * @param sequences indexes into the pool in the order of choice
     * @param total use of the experts by these sequences
     * @param shortExperts expert-layer pairs that still have too few tokens, because no sequence is left that reaches them
     */
    public record Result(List<Integer> sequences, ExpertHistogram total, int shortExperts) {
        public Result {
            sequences = List.copyOf(sequences);
        }
    }

    /** Chooses from a pool of sequences, each with its use of the experts; all of one shape, at least one. */
    public Result choose(List<ExpertHistogram> pool) {
        ExpertHistogram total = ExpertHistogram.empty(pool.getFirst().layers(), pool.getFirst().experts());
        for (ExpertHistogram sequence : pool) {
            if (sequence.layers() != total.layers() || sequence.experts() != total.experts()) {
                throw new IllegalArgumentException("sequences of different models: " + total.layers() + " × " + total.experts() + " and "
                        + sequence.layers() + " × " + sequence.experts() + " experts");
            }
        }
        int[] missing = new int[total.counts().length];
        Arrays.fill(missing, requiredTokens);
        List<Integer> chosen = new ArrayList<>();
        boolean[] taken = new boolean[pool.size()];
        int best = best(pool, taken, missing);
        while (best >= 0) {
            taken[best] = true;
            chosen.add(best);
            total = total.plus(pool.get(best));
            int[] counts = pool.get(best).counts();
            for (int i = 0; i < missing.length; i++) {
                missing[i] = Math.max(0, missing[i] - counts[i]);
            }
            best = best(pool, taken, missing);
        }
        return new Result(chosen, total, (int) Arrays.stream(missing).filter(m -> m > 0).count());
    }

    /** The free sequence with the largest share of useful choices, −1 when none is useful. */
    private static int best(List<ExpertHistogram> pool, boolean[] taken, int[] missing) {
        int best = -1;
        double most = 0;
        for (int s = 0; s < taken.length; s++) {
            if (!taken[s]) {
                double share = usefulShare(pool.get(s).counts(), missing);
                if (share > most) {
                    most = share;
                    best = s;
                }
            }
        }
        return best;
    }

    /** Choices that fill a gap, a gap counting for more the larger it still is, over all choices. */
    private static double usefulShare(int[] counts, int[] missing) {
        double useful = 0;
        long all = 0;
        for (int i = 0; i < counts.length; i++) {
            useful += (double) Math.min(counts[i], missing[i]) * missing[i];
            all += counts[i];
        }
        return all == 0 ? 0 : useful / all;
    }
}
