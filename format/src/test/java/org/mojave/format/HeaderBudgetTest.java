package org.mojave.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.mojave.format.file.HeaderBudget;
import org.mojave.format.gguf.GgufFile;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.format.tensor.CheckpointException;

/**
 * Headers that say as little as possible in as many entries as possible: accepted or refused, they take no more heap than the
 * file's size plus the constant, garbage included. Shows that the budget's charges are true upper bounds.
 */
class HeaderBudgetTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Path NAME = Path.of("x");
    private static final int[] COUNTS = {1_000, 30_000, 60_000, 200_000};

    @Test
    void safetensorsWithManyEmptyTensors() {
        worstCase(count -> safetensors(count, i -> "\"%x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}".formatted(i)));
        worstCase(count -> safetensors(count, i ->
                "\"%x\":{\"dtype\":\"U8\",\"shape\":[0,1000,1000,1000,1000],\"data_offsets\":[0,0]}".formatted(i)));
        worstCase(count -> safetensors(count, i -> "\"%s%x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"
                .formatted("ü".repeat(100), i)));
    }

    @Test
    void safetensorsWithManyMetadata() {
        worstCase(count -> safetensors(1, _ -> "\"__metadata__\":{" + entries(count, i -> "\"%x\":\"\"".formatted(i)) + "}"));
        worstCase(count -> safetensors(1, _ -> "\"__metadata__\":{\"a\":\"" + "ü".repeat(count) + "\"}"));
    }

    @Test
    void ggufWithManyEntries() {
        worstCase(count -> gguf(0, count, (out, i) -> {
            put(out, Integer.toHexString(i));
            put(out, 0, 4);
            out.write(7);
        }));
        worstCase(count -> gguf(0, count / 100, (out, i) -> {
            put(out, Integer.toHexString(i));
            put(out, 8, 4);
            put(out, "ü".repeat(200));
        }));
    }

    @Test
    void ggufWithManyEmptyTensors() {
        worstCase(count -> gguf(count, 0, (out, i) -> {
            put(out, Integer.toHexString(i));
            put(out, 4, 4);
            put(out, 0, 8);
            put(out, 1000, 8);
            put(out, 1000, 8);
            put(out, 1000, 8);
            put(out, 0, 4);
            put(out, 0, 8);
        }));
    }

    @Test
    void longListsStayInTheFile() {
        byte[] file = gguf(0, 1, (out, _) -> {
            put(out, "words");
            put(out, 9, 4);
            put(out, 8, 4);
            put(out, 1_000_000, 8);
            for (int i = 0; i < 1_000_000; i++) {
                put(out, "w");
            }
        });
        long before = THREADS.getCurrentThreadAllocatedBytes();
        GgufFile read = GgufFile.parse(NAME, MemorySegment.ofArray(file));
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
        assertThat(read.sequence("words").orElseThrow().count()).isEqualTo(1_000_000);
    }

    /** Some of the counts fit the budget and the largest does not. */
    private static void worstCase(IntFunction<byte[]> make) {
        int accepted = 0;
        for (int count : COUNTS) {
            byte[] file = make.apply(count);
            long before = THREADS.getCurrentThreadAllocatedBytes();
            boolean done = accepts(file);
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).as(count + " entries in " + file.length + " bytes")
                    .isLessThanOrEqualTo(file.length + HeaderBudget.CONSTANT_BYTES);
            accepted += done ? 1 : 0;
        }
        assertThat(accepted).isPositive();
    }

    private static boolean accepts(byte[] file) {
        MemorySegment segment = MemorySegment.ofArray(file);
        try {
            if (file[0] == 'G') {
                GgufFile.parse(NAME, segment);
            } else {
                SafetensorsFile.parse(NAME, segment);
            }
            return true;
        } catch (CheckpointException e) {
            assertThat(e).hasMessageContaining("has more entries than a file of this size can need");
            return false;
        }
    }

    private static byte[] safetensors(int count, IntFunction<String> entry) {
        byte[] header = ("{" + entries(count, entry) + "}").getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).array();
    }

    private static String entries(int count, IntFunction<String> entry) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : ",").append(entry.apply(i));
        }
        return text.toString();
    }

    private interface Item {
        void put(ByteArrayOutputStream out, int index);
    }

    private static byte[] gguf(int tensors, int entries, Item item) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        put(out, 3, 4);
        put(out, tensors, 8);
        put(out, entries, 8);
        for (int i = 0; i < tensors + entries; i++) {
            item.put(out, i);
        }
        put(out, 0, -out.size() & 31);
        return out.toByteArray();
    }

    private static void put(ByteArrayOutputStream out, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write(i < 8 ? (int) (value >>> (8 * i)) : 0);
        }
    }

    private static void put(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        put(out, bytes.length, 8);
        out.writeBytes(bytes);
    }
}
