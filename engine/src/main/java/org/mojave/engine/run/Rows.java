package org.mojave.engine.run;

import org.mojave.engine.kernel.Workers;

/** Shares work on the rows of a batch between threads; each row belongs to one task. */
final class Rows {
    private static final int ROWS_PER_TASK = 16;

    /** Work on rows {@code first ≤ row < end}. */
    @FunctionalInterface
    interface Range {
        void run(int first, int end);
    }

    private Rows() {}

    static void forEach(Workers workers, int rows, Range range) {
        int tasks = (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
        workers.run(tasks, (task, _) -> range.run(task * ROWS_PER_TASK, Math.min(rows, (task + 1) * ROWS_PER_TASK)));
    }
}
