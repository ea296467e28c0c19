package org.mojave.cli.machine;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.kernel.ReadPeak;

/**
 * How fast all cores together read memory, which bounds the speed of generation.
 *
 * @param bytesPerSecond measured
 * @param threads that read
 */
public record MemoryBandwidth(double bytesPerSecond, int threads) {
    /** Beyond the caches of any common processor, where the heap has room for it. */
    private static final int LONGS_PER_THREAD = 24 << 20;
    private static final int FEWEST_LONGS = 1 << 20;
    private static final long WEAK = 10_000_000_000L;
    private static final Duration LOOK = Duration.ofMillis(400);
    private static final int LOOKS = 3;

    /** Reads a private array per thread (smaller in a small heap) over and over for about {@code length}, after one pass to warm up. */
    public static MemoryBandwidth measure(int threads, Duration length) throws InterruptedException {
        CountDownLatch ready = new CountDownLatch(threads);
        CountDownLatch finished = new CountDownLatch(threads);
        LongAdder rate = new LongAdder();
        LongAdder checksum = new LongAdder();
        int longs = Math.clamp(Runtime.getRuntime().maxMemory() / 4 / Long.BYTES / threads, FEWEST_LONGS, LONGS_PER_THREAD);
        for (int thread = 0; thread < threads; thread++) {
            Thread.ofPlatform().daemon().name("mojave-bandwidth-" + thread).start(() -> {
                long[] numbers = new long[longs];
                checksum.add(ReadPeak.sum(numbers));
                ready.countDown();
                await(ready);
                long started = System.nanoTime();
                long passes = 0;
                do {
                    checksum.add(ReadPeak.sum(numbers));
                    passes++;
                } while (System.nanoTime() - started < length.toNanos());
                double seconds = (System.nanoTime() - started) / 1e9;
                rate.add((long) (passes * numbers.length * (double) Long.BYTES / seconds));
                finished.countDown();
            });
        }
        finished.await();
        if (checksum.sum() != 0) {
            throw new IllegalStateException("memory holds something else than was written to it");
        }
        return new MemoryBandwidth(rate.sum(), threads);
    }

    /** The best of a few short looks: what other programs take away is not the machine's limit. */
    public static MemoryBandwidth best(int threads) throws InterruptedException {
        MemoryBandwidth best = measure(threads, LOOK);
        for (int i = 1; i < LOOKS; i++) {
            MemoryBandwidth look = measure(threads, LOOK);
            best = look.bytesPerSecond() > best.bytesPerSecond() ? look : best;
        }
        return best;
    }

    /** Whether generation can be quick here. */
    public Finding finding() {
        String value = Quantities.bytesPerSecond(bytesPerSecond) + " read by " + threads + (threads == 1 ? " thread" : " threads");
        Map<String, Object> facts = Map.of("bytesPerSecond", bytesPerSecond, "threads", threads);
        return bytesPerSecond >= WEAK
                ? Finding.good("memory speed", value, facts)
                : Finding.weak("memory speed", value, "generation will be slow; fill all memory channels, or stop other load and look again", facts);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
