package org.mojave.cli.machine;

import java.util.Map;

/**
 * One thing that was looked at.
 *
 * @param subject a few words: {@code memory}
 * @param value what was found, for people
 * @param verdict whether that is good enough
 * @param remedy what to do about it; empty if {@link Verdict#GOOD}
 * @param facts the same as plain values, for machines
 */
public record Finding(String subject, String value, Verdict verdict, String remedy, Map<String, Object> facts) {
    /** How good the finding is. */
    public enum Verdict {
        GOOD,
        /** Works, but slower or with less than it could. */
        WEAK,
        /** Will not work. */
        BAD
    }

    public Finding {
        if ((verdict == Verdict.GOOD) != remedy.isEmpty()) {
            throw new IllegalArgumentException(subject + ": a remedy belongs to what is not good, and only to that");
        }
        facts = Map.copyOf(facts);
    }

    /** Nothing to do. */
    public static Finding good(String subject, String value, Map<String, Object> facts) {
        return new Finding(subject, value, Verdict.GOOD, "", facts);
    }

    /** Could be better. */
    public static Finding weak(String subject, String value, String remedy, Map<String, Object> facts) {
        return new Finding(subject, value, Verdict.WEAK, remedy, facts);
    }
}
