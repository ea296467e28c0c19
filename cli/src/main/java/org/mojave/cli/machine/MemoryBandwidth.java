package org.mojave.cli.machine;

import java.time.Duration;
import java.util.Map;
import org.mojave.cli.terminal.Quantities;

/**
 * How fast all cores together read memory, which bounds the speed of generation.
 *
 * @param bytesPerSecond measured
 * @param threads that read
 */
public record MemoryBandwidth(double bytesPerSecond, int threads) {
    private static final long WEAK = 10_000_000_000L;
    private static final Duration LOOK = Duration.ofMillis(400);
    private static final int LOOKS = 3;

    /** Reads a private part of memory per thread (smaller in a small heap) over and over for about {@code length}, after one pass to warm up. */
    public static MemoryBandwidth measure(int threads, Duration length) throws InterruptedException {
        try (MemoryReader reader = new MemoryReader(threads)) {
            return new MemoryBandwidth(reader.look(length), threads);
        }
    }

    /** The best of a few short looks: what other programs take away is not the machine's limit. */
    public static MemoryBandwidth best(int threads) throws InterruptedException {
        try (MemoryReader reader = new MemoryReader(threads)) {
            double best = 0;
            for (int i = 0; i < LOOKS; i++) {
                best = Math.max(best, reader.look(LOOK));
            }
            return new MemoryBandwidth(best, threads);
        }
    }

    /** Whether generation can be quick here. */
    public Finding finding() {
        String value = Quantities.bytesPerSecond(bytesPerSecond) + " read by " + threads + (threads == 1 ? " thread" : " threads");
        Map<String, Object> facts = Map.of("bytesPerSecond", bytesPerSecond, "threads", threads);
        return bytesPerSecond >= WEAK
                ? Finding.good("memory speed", value, facts)
                : Finding.weak("memory speed", value, "generation will be slow; fill all memory channels, or stop other load and look again", facts);
    }
}
