package org.mojave.compress.sample;

import java.util.Arrays;

/**
 * A partial sequence.
 *
 * @param tokens so far; not changed
 * @param logProbability R: of the tokens after the first
 * @param score what the search minimises, as of the last token
 * @param use experts chosen by the tokens that the model has seen; grows when it sees the last one
 */
record Beam(int[] tokens, double logProbability, double score, ExpertTally use) {
    /** This sequence with one more token, and a use of its own. */
    Beam with(int token, double logProbability, double score) {
        int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
        longer[tokens.length] = token;
        return new Beam(longer, logProbability, score, new ExpertTally(use));
    }
}
