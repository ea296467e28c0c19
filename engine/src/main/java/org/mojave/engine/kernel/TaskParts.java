package org.mojave.engine.kernel;

import java.util.Arrays;

/** A job for {@link Workers} made of parts of a {@link ProductList}, each cut into tasks. Reused: {@link #clear} keeps the memory. */
final class TaskParts {
    /** A share of a job: tiles or rows of an entry, or tokens of an input, {@code first … end−1}, {@code size} to a task. */
    record Part(ProductList.Entry entry, int first, int end, int size, int group) {
        int tasks() {
            return Math.ceilDiv(end - first, size);
        }
    }

    /** Does units {@code first … end−1} of a part. */
    @FunctionalInterface
    interface Work {
        void run(Part part, int first, int end);
    }

    private Part[] parts = new Part[0];
    private int[] starts = new int[1];
    private int count;

    /** Forgets the parts. */
    void clear() {
        count = 0;
    }

    void add(Part part) {
        if (count == parts.length) {
            parts = Arrays.copyOf(parts, Math.max(16, 2 * count));
            starts = Arrays.copyOf(starts, parts.length + 1);
        }
        parts[count] = part;
        starts[count + 1] = starts[count] + part.tasks();
        count++;
    }

    /** All parts as one job, or on this thread alone. */
    void run(boolean alone, Workers workers, Work work) {
        if (alone) {
            for (int i = 0; i < count; i++) {
                work.run(parts[i], parts[i].first(), parts[i].end());
            }
            return;
        }
        workers.run(starts[count], (task, _) -> {
            int i = 0;
            while (task >= starts[i + 1]) {
                i++;
            }
            int first = parts[i].first() + (task - starts[i]) * parts[i].size();
            work.run(parts[i], first, Math.min(first + parts[i].size(), parts[i].end()));
        });
    }
}
