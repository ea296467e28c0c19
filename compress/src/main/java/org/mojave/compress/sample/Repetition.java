package org.mojave.compress.sample;

import java.util.BitSet;

/**
 * Guards against loops, into which plain EBSS falls.
 *
 * @param ngram no sequence of this many tokens appears twice; 0 for no such guard
 * @param run no token appears more often than this in a row; 0 for no such guard
 */
record Repetition(int ngram, int run) {
    /** Tokens that must not follow the first {@code length} of {@code tokens}. */
    BitSet banned(int[] tokens, int length) {
        BitSet banned = new BitSet();
        if (run > 0 && length >= run && isRun(tokens, length)) {
            banned.set(tokens[length - 1]);
        }
        int context = ngram - 1;
        for (int end = context; ngram > 0 && end < length; end++) {
            if (matches(tokens, end, length, context)) {
                banned.set(tokens[end]);
            }
        }
        return banned;
    }

    private boolean isRun(int[] tokens, int length) {
        for (int i = length - run; i < length; i++) {
            if (tokens[i] != tokens[length - 1]) {
                return false;
            }
        }
        return true;
    }

    /** Whether the {@code count} tokens before {@code end} are those before {@code length}. */
    private static boolean matches(int[] tokens, int end, int length, int count) {
        for (int i = 1; i <= count; i++) {
            if (tokens[end - i] != tokens[length - i]) {
                return false;
            }
        }
        return true;
    }
}
