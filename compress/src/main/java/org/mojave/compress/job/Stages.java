package org.mojave.compress.job;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Seconds spent in each stage, in the order of first use. */
final class Stages {
    private final Map<String, Double> seconds = new LinkedHashMap<>();
    private final Map<String, Double> unsaved = new LinkedHashMap<>();

    /** Runs one piece of a stage. */
    void time(String stage, Runnable work) {
        time(stage, () -> {
            work.run();
            return null;
        });
    }

    /** Runs one piece of a stage that gives something. */
    <T> T time(String stage, Supplier<T> work) {
        long start = System.nanoTime();
        try {
            return work.get();
        } finally {
            add(stage, (System.nanoTime() - start) / 1e9);
            unsaved.merge(stage, (System.nanoTime() - start) / 1e9, Double::sum);
        }
    }

    /** Adds seconds of an earlier run. */
    void add(String stage, double spent) {
        seconds.merge(stage, spent, Double::sum);
    }

    /** What was spent since the last call, for the journal. */
    JournalEntry[] unsaved() {
        JournalEntry[] entries = unsaved.entrySet().stream().map(e -> new JournalEntry.Spent(e.getKey(), e.getValue()))
                .toArray(JournalEntry[]::new);
        unsaved.clear();
        return entries;
    }

    /** Seconds by stage. */
    Map<String, Double> seconds() {
        return new LinkedHashMap<>(seconds);
    }
}
