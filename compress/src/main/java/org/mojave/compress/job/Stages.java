package org.mojave.compress.job;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.mojave.compress.report.Report;

/** Seconds spent in each stage and the most memory resident meanwhile, in the order of first use. For one thread. */
final class Stages {
    private final Map<String, Report.Stage> spent = new LinkedHashMap<>();
    private final Map<String, Report.Stage> unsaved = new LinkedHashMap<>();
    /** Peaks of the pieces under way, as far as they were already looked at; the innermost first. */
    private final Deque<Long> open = new ArrayDeque<>();
    private long most;

    /** Runs one piece of a stage. */
    void time(String stage, Runnable work) {
        time(stage, () -> {
            work.run();
            return null;
        });
    }

    /** Runs one piece of a stage that gives something; pieces may hold pieces of other stages. */
    <T> T time(String stage, Supplier<T> work) {
        look();
        ProcessMemory.forgetPeak();
        open.push(0L);
        long start = System.nanoTime();
        try {
            return work.get();
        } finally {
            double seconds = (System.nanoTime() - start) / 1e9;
            look();
            long peak = open.pop();
            raise(peak);
            add(stage, new Report.Stage(seconds, peak));
            unsaved.merge(stage, new Report.Stage(seconds, peak), Report.Stage::and);
        }
    }

    private void look() {
        raise(ProcessMemory.residentPeak());
    }

    private void raise(long peak) {
        most = Math.max(most, peak);
        if (!open.isEmpty()) {
            open.push(Math.max(open.pop(), peak));
        }
    }

    /** Adds what an earlier run spent. */
    void add(String stage, Report.Stage earlier) {
        spent.merge(stage, earlier, Report.Stage::and);
        most = Math.max(most, earlier.residentPeak());
    }

    /** What was spent since the last call, for the journal. */
    JournalEntry[] unsaved() {
        List<JournalEntry> entries = new ArrayList<>();
        unsaved.forEach((stage, piece) -> entries.add(new JournalEntry.Spent(stage, piece)));
        unsaved.clear();
        return entries.toArray(JournalEntry[]::new);
    }

    /** What was spent, by stage. */
    Map<String, Report.Stage> spent() {
        return new LinkedHashMap<>(spent);
    }

    /** Most bytes ever resident, in a stage or between them; 0 if unknown. */
    long residentPeak() {
        look();
        return most;
    }
}
