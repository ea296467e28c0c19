package org.mojave.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.tensor.CheckpointException;

/** What every file format keeps to. A tensor here is a name and bytes; sizes are multiples of 32. */
public abstract class FormatContract {
    private static final Map<String, byte[]> SAMPLE = sample();

    @TempDir
    private Path folder;

    /** A piece of a tensor to write. */
    protected record Piece(String tensor, long offset, byte[] bytes) {}

    /** Size of the file that would hold byte tensors of these sizes. */
    protected abstract long dryRun(Map<String, Long> sizes);

    /** Writes byte tensors of these sizes: the pieces, and zeros where there is none. */
    protected abstract void write(Path file, Map<String, Long> sizes, List<Piece> pieces);

    /** All tensors of a file by name. */
    protected abstract Map<String, MemorySegment> read(Path file, Arena arena);

    /** Header fields that count or measure something: byte offset and width of each in a valid file. */
    protected abstract List<int[]> countsIn(byte[] file);

    @Test
    void roundTrip() throws IOException {
        Path file = writeSample();
        try (Arena arena = Arena.ofConfined()) {
            Map<String, MemorySegment> read = read(file, arena);
            assertThat(read.keySet()).containsExactlyElementsOf(SAMPLE.keySet());
            SAMPLE.forEach((name, bytes) ->
                    assertThat(read.get(name).toArray(ValueLayout.JAVA_BYTE)).as(name).isEqualTo(bytes));
        }
    }

    @Test
    void dryRunSizeEqualsRealSize() throws IOException {
        assertThat(Files.size(writeSample())).isEqualTo(dryRun(sizes(SAMPLE)));
        Path empty = folder.resolve("empty");
        write(empty, Map.of(), List.of());
        assertThat(Files.size(empty)).isEqualTo(dryRun(Map.of()));
        try (Arena arena = Arena.ofConfined()) {
            assertThat(read(empty, arena)).isEmpty();
        }
    }

    @Test
    void everyTruncationIsRefusedInOneLine() throws IOException {
        byte[] whole = Files.readAllBytes(writeSample());
        for (int length = 0; length < whole.length; length++) {
            refused(Arrays.copyOf(whole, length), "cut to " + length);
        }
    }

    @Test
    void oversizedCountsAreRefusedInOneLine() throws IOException {
        byte[] whole = Files.readAllBytes(writeSample());
        List<int[]> counts = countsIn(whole);
        assertThat(counts).isNotEmpty();
        for (int[] field : counts) {
            for (long value : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, -1, 1L << 40, 1L << 31, (1L << 31) - 1, 1L << 62}) {
                byte[] lying = whole.clone();
                for (int i = 0; i < field[1]; i++) {
                    lying[field[0] + i] = (byte) (value >>> (8 * i));
                }
                refused(lying, value + " at " + field[0]);
            }
        }
    }

    @Test
    void bytesAfterTheLastTensorAreRefused() throws IOException {
        byte[] whole = Files.readAllBytes(writeSample());
        refused(Arrays.copyOf(whole, whole.length + 64), "64 bytes more");
    }

    @Test
    void tensorsBeyondTwoGibibytes() throws IOException {
        long size = (1L << 31) + 4096;
        Path file = folder.resolve("huge");
        byte[] mark = {1, 2, 3, 4};
        write(file, new LinkedHashMap<>(Map.of("huge", size)), List.of(new Piece("huge", size - 4, mark)));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment tensor = read(file, arena).get("huge");
            assertThat(tensor.byteSize()).isEqualTo(size);
            assertThat(tensor.asSlice(size - 4).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(mark);
            assertThat(tensor.get(ValueLayout.JAVA_BYTE, size - 5)).isZero();
        }
        Files.delete(file);
    }

    private void refused(byte[] content, String what) throws IOException {
        Path file = Files.write(folder.resolve("broken"), content);
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> read(file, arena)).as(what).isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(file.toString())
                    .satisfies(e -> assertThat(e.getMessage().lines().count()).isEqualTo(1));
        }
    }

    private Path writeSample() {
        Path file = folder.resolve("sample");
        List<Piece> pieces = SAMPLE.entrySet().stream()
                .map(entry -> new Piece(entry.getKey(), 0, entry.getValue())).toList();
        write(file, sizes(SAMPLE), pieces.reversed());
        return file;
    }

    private static Map<String, Long> sizes(Map<String, byte[]> tensors) {
        Map<String, Long> sizes = new LinkedHashMap<>();
        tensors.forEach((name, bytes) -> sizes.put(name, (long) bytes.length));
        return sizes;
    }

    private static Map<String, byte[]> sample() {
        Map<String, byte[]> tensors = new LinkedHashMap<>();
        Random random = new Random(5);
        for (int size : new int[] {64, 0, 32, 160}) {
            byte[] bytes = new byte[size];
            random.nextBytes(bytes);
            tensors.put("tensor." + size, bytes);
        }
        return tensors;
    }
}
