package org.mojave.engine.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.mojave.format.file.DirectFile;

/**
 * How fast experts come from the disk, measured by reading some of them as a run would: {@code nanos = start + bytes / rate} for those
 * that one layer waits for together.
 *
 * @param startNanos what a layer waits whatever it reads
 * @param bytesPerSecond while several are read at a time
 * @param direct whether past the page cache; if not, this may be the speed of memory
 */
public record ReadSpeed(double startNanos, double bytesPerSecond, boolean direct) {
    private static final int ROUNDS = 15;
    private static final int MOST_TOGETHER = 8;

    public ReadSpeed {
        if (!(startNanos >= 0) || !(bytesPerSecond > 0)) {
            throw new IllegalArgumentException("a disk with a start of " + startNanos + " ns and " + bytesPerSecond + " B/s");
        }
    }

    /** The time to read so many bytes of so many experts together. */
    public double nanos(int experts, double bytes) {
        return experts == 0 ? 0 : startNanos + bytes / bytesPerSecond * 1e9;
    }

    /**
     * Reads one expert alone and several together, in turns, each at random; medians count. Takes memory for as many experts as a
     * layer needs, at most {@value #MOST_TOGETHER}. Throws CheckpointException for a file that cannot be read.
     */
    public static ReadSpeed measure(StreamPlan plan, StreamedExperts.Reading reading, long seed) {
        int together = Math.min(plan.records().size(), Math.clamp(plan.fewestSlots() - 1, 2, MOST_TOGETHER));
        Set<Path> files = new LinkedHashSet<>();
        plan.records().forEach(record -> record.reads().forEach(read -> files.add(read.file())));
        try (Arena arena = Arena.ofShared(); ReadQueue queue = new ReadQueue(files, reading.opener(), reading.threads())) {
            MemorySegment slab = arena.allocate(together * plan.slotBytes(), DirectFile.USUAL_ALIGNMENT);
            SplittableRandom random = new SplittableRandom(seed);
            double[] one = new double[ROUNDS];
            double[] many = new double[ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                one[round] = read(plan, queue, slab, random.ints(1, 0, plan.records().size()).toArray());
                many[round] = read(plan, queue, slab, random.ints(together, 0, plan.records().size()).toArray());
            }
            Arrays.sort(one);
            Arrays.sort(many);
            double bytes = plan.expertBytes();
            double perExpert = Math.max((many[ROUNDS / 2] - one[ROUNDS / 2]) / (together - 1), many[ROUNDS / 2] / together / 2);
            return new ReadSpeed(Math.max(0, many[ROUNDS / 2] - together * perExpert), bytes / perExpert * 1e9, queue.direct());
        }
    }

    /** Reads those records; the time until the last one is there. */
    private static double read(StreamPlan plan, ReadQueue queue, MemorySegment slab, int[] numbers) {
        boolean[] verified = new boolean[2 * plan.records().size()];
        Arrays.fill(verified, true); // the disk is measured, not the checksums
        Load[] loads = new Load[numbers.length];
        long start = System.nanoTime();
        for (int i = 0; i < numbers.length; i++) {
            loads[i] = new Load(plan.records().get(numbers[i]), i, slab.asSlice(i * plan.slotBytes(), plan.slotBytes()), verified);
        }
        for (Load load : loads) {
            for (int r = 0; r < load.record().reads().size(); r++) {
                queue.add(load, r);
            }
        }
        for (Load load : loads) {
            long seen = queue.changes();
            while (!load.idle()) {
                queue.awaitChange(seen);
                seen = queue.changes();
            }
            load.requireRead();
        }
        return System.nanoTime() - start;
    }
}
