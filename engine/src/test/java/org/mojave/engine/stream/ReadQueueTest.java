package org.mojave.engine.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.file.DirectFile;
import org.mojave.format.file.ReadableFile;
import org.mojave.format.tensor.CheckpointException;

final class ReadQueueTest {
    private static final int MEGABYTE = 1 << 20;
    /** Not whole blocks. */
    private static final int SIZE = 5 * MEGABYTE + 1234;
    private static final int SLOT = 5 * MEGABYTE + 4096;

    @TempDir
    Path folder;

    /** Each of the first reads waits for so many others, and notes how long it is. */
    private record Meeting(ReadableFile file, CountDownLatch met, Queue<Integer> lengths) implements WrappedFile {
        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            lengths.add(target.remaining());
            met.countDown();
            try {
                if (!met.await(20, TimeUnit.SECONDS)) {
                    throw new IOException("nobody else reads");
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            return file.read(target, position);
        }
    }

    private Path write(byte[] bytes) throws IOException {
        new SplittableRandom(3).nextBytes(bytes);
        return Files.write(folder.resolve("experts"), bytes);
    }

    private static ExpertRecord record(Path file, int number) {
        return new ExpertRecord(number, 2, number, List.of(), List.of(new ExpertRecord.Read(file, 0, 0, SLOT, SIZE)));
    }

    private static void await(ReadQueue queue, Load load) {
        long seen = queue.changes();
        while (!load.idle()) {
            queue.awaitChange(seen);
            seen = queue.changes();
        }
    }

    @Test
    void severalThreadsShareOneReadWhereTheyHaveNothingElseToDo() throws IOException {
        byte[] bytes = new byte[SIZE];
        Path file = write(bytes);
        Queue<Integer> lengths = new ConcurrentLinkedQueue<>();
        try (Arena arena = Arena.ofShared();
                ReadQueue queue = new ReadQueue(List.of(file), path -> new Meeting(DirectFile.open(path), new CountDownLatch(4), lengths), 4)) {
            MemorySegment slot = arena.allocate(SLOT, 4096);
            Load load = new Load(record(file, 0), 0, slot, new boolean[2]);
            queue.add(load, 0);
            await(queue, load);
            load.requireRead();
            assertThat(slot.asSlice(0, SIZE).mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
            assertThat(lengths).as("the last of the four has nobody to leave anything to")
                    .containsExactlyInAnyOrder(MEGABYTE, MEGABYTE, MEGABYTE, SLOT - 3 * MEGABYTE);
            assertThat(queue.bytes()).isEqualTo(SLOT);
            assertThat(queue.changes()).as("pieces that complete nothing wake nobody").isEqualTo(1);
        }
    }

    @Test
    void ofManyReadsEachThreadTakesOne() throws IOException {
        byte[] bytes = new byte[SIZE];
        Path file = write(bytes);
        Queue<Integer> lengths = new ConcurrentLinkedQueue<>();
        try (Arena arena = Arena.ofShared();
                ReadQueue queue = new ReadQueue(List.of(file), path -> new Meeting(DirectFile.open(path), new CountDownLatch(1), lengths), 1)) {
            MemorySegment slab = arena.allocate(3L * SLOT, 4096);
            for (int i = 0; i < 3; i++) {
                Load load = new Load(record(file, i), i, slab.asSlice((long) i * SLOT, SLOT), new boolean[6]);
                queue.add(load, 0);
                await(queue, load);
            }
            assertThat(lengths).hasSize(6).containsOnly(4 * MEGABYTE, SLOT - 4 * MEGABYTE);
        }
    }

    @Test
    void aFileThatEndsTooEarlyIsOneErrorAfterAllPieces() throws IOException {
        Path file = write(new byte[2 * MEGABYTE + 100]);
        try (Arena arena = Arena.ofShared(); ReadQueue queue = new ReadQueue(List.of(file), DirectFile::open, 3)) {
            Load load = new Load(record(file, 1), 0, arena.allocate(SLOT, 4096), new boolean[4]);
            queue.add(load, 0);
            await(queue, load);
            assertThatThrownBy(load::requireRead).isInstanceOf(CheckpointException.class).hasMessageContaining("layer 2, expert 1")
                    .hasMessageContaining("the file ends before byte");
        }
    }
}
