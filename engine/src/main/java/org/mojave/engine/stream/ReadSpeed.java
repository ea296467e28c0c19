package org.mojave.engine.stream;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.mojave.engine.kernel.LargePages;

/**
 * How fast experts come from the disk, measured by reading some of them as a run would: {@code nanos = start + bytes / rate} for those
 * that one layer waits for together.
 *
 * @param startNanos what a layer waits whatever it reads
 * @param bytesPerSecond while several are read at a time
 * @param direct whether past the page cache; if not, this may be the speed of memory
 */
public record ReadSpeed(double startNanos, double bytesPerSecond, boolean direct) {
    private static final int FEWEST_ROUNDS = 15;
    /** Disks of rented machines change their speed from one second to the next: a median of a moment says little. */
    private static final long LEAST_NANOS = 1_500_000_000L;
    private static final int MOST_TOGETHER = 8;

    public ReadSpeed {
        if (!(startNanos >= 0) || !(bytesPerSecond > 0)) {
            throw new IllegalArgumentException("a disk with a start of " + startNanos + " ns and " + bytesPerSecond + " B/s");
        }
    }

    /** Half way between two measurements. */
    public ReadSpeed meanWith(ReadSpeed other) {
        return new ReadSpeed((startNanos + other.startNanos) / 2, 2 / (1 / bytesPerSecond + 1 / other.bytesPerSecond), direct && other.direct);
    }

    /** The time to read so many bytes of so many experts together. */
    public double nanos(int experts, double bytes) {
        return experts == 0 ? 0 : startNanos + bytes / bytesPerSecond * 1e9;
    }

    /**
     * Reads one expert alone and several together, in turns, each at random, for at least a second and a half; means count. Takes memory
     * for as many experts as a layer needs, at most {@value #MOST_TOGETHER}. Throws CheckpointException for a file that cannot be read.
     */
    public static ReadSpeed measure(StreamPlan plan, StreamedExperts.Reading reading, long seed) {
        int together = Math.min(plan.records().size(), Math.clamp(plan.fewestSlots() - 1, 2, MOST_TOGETHER));
        Set<Path> files = new LinkedHashSet<>();
        plan.records().forEach(record -> record.reads().forEach(read -> files.add(read.file())));
        try (Arena arena = Arena.ofShared(); ReadQueue queue = new ReadQueue(files, reading.opener(), reading.threads())) {
            MemorySegment slab = LargePages.allocate(arena, together * plan.slotBytes());
            SplittableRandom random = new SplittableRandom(seed);
            double one = 0;
            double many = 0;
            int rounds = 0;
            long started = System.nanoTime();
            while (rounds < FEWEST_ROUNDS || System.nanoTime() - started < LEAST_NANOS) {
                one += read(plan, queue, slab, random.ints(1, 0, plan.records().size()).toArray());
                many += read(plan, queue, slab, random.ints(together, 0, plan.records().size()).toArray());
                rounds++;
            }
            one /= rounds;
            many /= rounds;
            double perExpert = Math.max((many - one) / (together - 1), many / together / 2);
            return new ReadSpeed(Math.max(0, many - together * perExpert), plan.expertBytes() / perExpert * 1e9, queue.direct());
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
