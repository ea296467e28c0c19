package org.mojave.compress.sample;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.engine.run.InvalidLogitsException;
import org.mojave.engine.run.Logits;

/**
 * Expert-balanced self-sampling of one sequence (EBSS; MoEQuant, arXiv 2505.03804, algorithm 1): after a random token and two drawn
 * ones, a beam search that minimises
 *
 * <p>{@code −(R + log P(v|S)) / (l + 1) + σ(S) / τ}
 *
 * <p>over the extensions S‖v of its beams: R the log probability of S, l its length, σ(S) the imbalance of its expert use. σ of the
 * parent stands for that of the extension (deferred imbalance), so it is the same for all children of a beam, and the best {@code width}
 * of all are among each beam's {@code width} most probable ones. (The paper's text says maximise, which is a sign error.)
 *
 * <p>Knows no model: asked for {@link #beams}, fed with their logits.
 */
final class BeamSearch {
    private final BeamSettings settings;
    private final BitSet allowed;
    private final Repetition repetition;
    private final RandomGenerator random;
    private final int free;
    private List<Beam> beams;
    private int[] parents = {0};

    /** What a beam could grow by. */
    private record Candidate(int parent, int token, double logProbability, double score) {}

    /**
     * Begins with {@code prefix} and one of the {@code allowed} tokens, drawn by {@code random}.
     */
    BeamSearch(BeamSettings settings, BitSet allowed, int[] prefix, ExpertTally use, RandomGenerator random) {
        this.settings = settings;
        this.allowed = allowed;
        this.random = random;
        repetition = new Repetition(settings.ngram(), settings.run());
        int[] start = Arrays.copyOf(prefix, prefix.length + 1);
        start[prefix.length] = nth(allowed, random.nextInt(allowed.cardinality()));
        free = prefix.length + 1 + BeamSettings.DRAWN;
        beams = List.of(new Beam(start, 0, 0, use));
    }

    private static int nth(BitSet set, int index) {
        int id = set.nextSetBit(0);
        for (int i = 0; i < index; i++) {
            id = set.nextSetBit(id + 1);
        }
        return id;
    }

    /** The beams, best first; all of one length. */
    List<Beam> beams() {
        return beams;
    }

    /** For each beam, which of the beams before the last {@link #grow} it extends. */
    int[] parents() {
        return parents;
    }

    boolean isComplete() {
        return beams.getFirst().tokens().length >= settings.length();
    }

    /** Extends the beams by one token; {@code logits} [beam][vocabulary] are those behind each beam. */
    void grow(List<float[]> logits) {
        List<Candidate> candidates = new ArrayList<>();
        for (int b = 0; b < beams.size(); b++) {
            float[] row = logits.get(b);
            if (!Logits.valid(row, 0, row.length)) {
                throw new InvalidLogitsException("next token");
            }
            if (beams.get(b).tokens().length < free) {
                candidates.add(drawn(b, row));
            } else {
                addChildren(b, row, candidates);
            }
        }
        if (candidates.isEmpty()) {
            throw new RecipeException("no token is left that would not repeat the text; give a smaller --length or a larger --ngram");
        }
        candidates.sort(Comparator.comparingDouble(Candidate::score).thenComparingInt(Candidate::parent).thenComparingInt(Candidate::token));
        List<Candidate> kept = candidates.subList(0, Math.min(settings.width(), candidates.size()));
        parents = kept.stream().mapToInt(Candidate::parent).toArray();
        List<Beam> parentBeams = beams;
        beams = kept.stream().map(c -> parentBeams.get(c.parent()).with(c.token(), c.logProbability(), c.score())).toList();
    }

    /** Ordinary sampling. */
    private Candidate drawn(int parent, float[] logits) {
        double normalizer = logSumOfExponentials(logits);
        double mass = 0;
        for (int id = allowed.nextSetBit(0); id >= 0; id = allowed.nextSetBit(id + 1)) {
            mass += Math.exp(logits[id] - normalizer);
        }
        double left = random.nextDouble() * mass;
        int token = -1;
        for (int id = allowed.nextSetBit(0); id >= 0 && (token < 0 || left >= 0); id = allowed.nextSetBit(id + 1)) {
            double probability = Math.exp(logits[id] - normalizer);
            if (probability > 0) {
                token = id;
                left -= probability;
            }
        }
        return candidate(parent, token, logits[token] - normalizer);
    }

    /** The most probable extensions of a beam that are allowed. */
    private void addChildren(int parent, float[] logits, List<Candidate> candidates) {
        Beam beam = beams.get(parent);
        BitSet banned = repetition.banned(beam.tokens(), beam.tokens().length);
        int[] best = new int[settings.width()];
        int count = 0;
        for (int id = allowed.nextSetBit(0); id >= 0; id = allowed.nextSetBit(id + 1)) {
            if ((count < best.length || logits[id] > logits[best[count - 1]]) && !banned.get(id)
                    && logits[id] > Float.NEGATIVE_INFINITY) {
                int at = count < best.length ? count++ : count - 1;
                while (at > 0 && logits[id] > logits[best[at - 1]]) {
                    best[at] = best[at - 1];
                    at--;
                }
                best[at] = id;
            }
        }
        double normalizer = logSumOfExponentials(logits);
        for (int i = 0; i < count; i++) {
            candidates.add(candidate(parent, best[i], logits[best[i]] - normalizer));
        }
    }

    private Candidate candidate(int parent, int token, double logProbability) {
        Beam beam = beams.get(parent);
        double together = beam.logProbability() + Math.min(0, logProbability);
        double score = -together / (beam.tokens().length + 1) + beam.use().imbalance() / settings.tau();
        return new Candidate(parent, token, together, score);
    }

    private static double logSumOfExponentials(float[] logits) {
        float largest = logits[Logits.best(logits, 0, logits.length)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        return largest + Math.log(sum);
    }
}
