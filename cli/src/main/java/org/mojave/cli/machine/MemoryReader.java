package org.mojave.cli.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.mojave.engine.kernel.ReadPeak;

/**
 * Memory outside the heap, a part for each thread, that can be read again and again to see how fast memory is at the moment.
 *
 * <p>Example: {@code try (MemoryReader reader = new MemoryReader(2)) { reader.look(Duration.ofMillis(60)); }}.
 */
public final class MemoryReader implements AutoCloseable {
    /** Beyond the caches of any common processor, where memory has room for it. */
    private static final long LARGEST_PART = 192L << 20;
    private static final long SMALLEST_PART = 8L << 20;

    private final Arena arena = Arena.ofShared();
    private final List<MemorySegment> parts;

    /** Takes memory for {@code threads} threads: 192 MiB each, less where the heap is small. */
    public MemoryReader(int threads) {
        long part = Math.clamp(Runtime.getRuntime().maxMemory() / 4 / threads, SMALLEST_PART, LARGEST_PART);
        parts = Stream.generate(() -> arena.allocate(part, 64)).limit(threads).toList();
        parts.forEach(memory -> memory.fill((byte) 0));
    }

    /** Threads that read. */
    public int threads() {
        return parts.size();
    }

    /** Bytes of the memory taken, all of it resident. */
    public long bytes() {
        return parts.stream().mapToLong(MemorySegment::byteSize).sum();
    }

    /** Bytes per second of all threads together, each reading its part over and over for about {@code length}, after one pass to warm up. */
    public double look(Duration length) throws InterruptedException {
        CountDownLatch ready = new CountDownLatch(parts.size());
        CountDownLatch finished = new CountDownLatch(parts.size());
        LongAdder rate = new LongAdder();
        LongAdder checksum = new LongAdder();
        for (MemorySegment part : parts) {
            Thread.ofPlatform().daemon().name("mojave-bandwidth-" + parts.indexOf(part)).start(() -> {
                checksum.add(ReadPeak.sum(part));
                ready.countDown();
                await(ready);
                long started = System.nanoTime();
                long passes = 0;
                do {
                    checksum.add(ReadPeak.sum(part));
                    passes++;
                } while (System.nanoTime() - started < length.toNanos());
                rate.add((long) (passes * part.byteSize() * 1e9 / (System.nanoTime() - started)));
                finished.countDown();
            });
        }
        finished.await();
        if (checksum.sum() != 0) {
            throw new IllegalStateException("memory holds something else than was written to it");
        }
        return rate.sum();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
