package org.mojave.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.gguf.GgufFile;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufValue;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.format.safetensors.SafetensorsLayout;
import org.mojave.format.safetensors.SafetensorsWriter;
import org.mojave.format.safetensors.TensorEntry;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/**
 * Damaged files end in success or CheckpointException and never take more heap than the file's size plus
 * {@value #CONSTANT_BYTES} bytes. The seed is printed and can be given as {@code -Dmojave.fuzz.seed}; the number of cases as
 * {@code -Dmojave.fuzz.cases}.
 */
class FormatFuzzTest {
    /** Heap allowed beyond the file's size, garbage included, for reading and then decoding everything in it. */
    private static final long CONSTANT_BYTES = 1 << 20;
    private static final int CASES = Integer.getInteger("mojave.fuzz.cases", 15_000);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final Path NAME = Path.of("mutant");

    @TempDir
    private Path folder;
    private long seed;
    private long refused;
    private long largest;

    @BeforeEach
    void announceSeed() {
        seed = Long.getLong("mojave.fuzz.seed", System.nanoTime());
        System.out.println("fuzz seed " + seed);
    }

    @Test
    void safetensors() throws IOException {
        byte[] file = Files.readAllBytes(writeSafetensors());
        int headerBytes = 8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        fuzz(file, headerBytes, CASES, content -> {
            for (TensorData tensor : SafetensorsFile.parse(NAME, MemorySegment.ofArray(content)).tensors().values()) {
                if (tensor.type().isFloat()) {
                    tensor.toFloats();
                }
            }
        });
    }

    @Test
    void gguf() throws IOException {
        byte[] file;
        try (InputStream in = GgufFile.class.getResourceAsStream("gguf-py.gguf")) {
            file = in.readAllBytes();
        }
        int headerBytes = (int) GgufFile.parse(NAME, MemorySegment.ofArray(file)).dataStart();
        fuzz(file, headerBytes, CASES, content -> {
            GgufFile read = GgufFile.parse(NAME, MemorySegment.ofArray(content));
            read.metadata().values().forEach(FormatFuzzTest::decode);
            for (GgufTensor tensor : read.tensors().values()) {
                tensor.toFloats();
            }
        });
    }

    @Test
    void shardIndex() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.move(writeSafetensors(), model.resolve("model-00001-of-00001.safetensors"));
        Files.writeString(model.resolve("config.json"), "{}");
        String index = """
                {"metadata": {"total_size": 123}, "weight_map": {"a": "model-00001-of-00001.safetensors",
                 "bf": "model-00001-of-00001.safetensors", "fp8": "model-00001-of-00001.safetensors"}}""";
        byte[] file = index.getBytes(StandardCharsets.UTF_8);
        Path target = model.resolve("model.safetensors.index.json");
        fuzz(file, file.length, CASES / 10, content -> {
            write(target, content);
            Checkpoint.open(model).close();
        });
    }

    private void fuzz(byte[] file, int headerBytes, int cases, Consumer<byte[]> reader) {
        reader.accept(file);
        Random random = new Random(seed);
        Mutations mutations = new Mutations(random);
        for (int i = 0; i < cases; i++) {
            byte[] mutant = mutations.mutate(file, headerBytes, file);
            long before = THREADS.getCurrentThreadAllocatedBytes();
            Throwable thrown = outcome(reader, mutant);
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            largest = Math.max(largest, allocated - mutant.length);
            if (thrown != null) {
                refused++;
                assertThat(thrown).as(describe(i, mutant)).isInstanceOf(CheckpointException.class);
                assertThat(thrown.getMessage().lines().count()).as(describe(i, mutant)).isEqualTo(1);
            }
            assertThat(allocated).as(describe(i, mutant)).isLessThanOrEqualTo(mutant.length + CONSTANT_BYTES);
        }
        System.out.println(cases + " cases, " + refused + " refused, at most the file's size + " + largest + " bytes allocated");
        assertThat(refused).as("mutations that are noticed, and some that are harmless").isBetween(cases / 4L, cases - 1L);
    }

    private static Throwable outcome(Consumer<byte[]> reader, byte[] content) {
        try {
            reader.accept(content);
            return null;
        } catch (Throwable e) {
            return e;
        }
    }

    private String describe(int index, byte[] mutant) {
        return "seed " + seed + ", case " + index + ": "
                + HexFormat.of().formatHex(mutant, 0, Math.min(mutant.length, 2000));
    }

    private static void decode(GgufValue value) {
        if (value instanceof GgufValue.Sequence sequence) {
            sequence.elements().forEach(FormatFuzzTest::decode);
        }
    }

    private Path writeSafetensors() {
        Path path = folder.resolve("valid.safetensors");
        List<TensorEntry> entries = List.of(TensorEntry.of("a", ElementType.F32, 3, 5), TensorEntry.of("bf", ElementType.BF16, 8),
                TensorEntry.of("fp8", ElementType.F8_E4M3, 4, 4).aligned(64), TensorEntry.of("i", ElementType.I64, 2),
                TensorEntry.of("none", ElementType.U8, 0), TensorEntry.of("caf\u00e9", ElementType.F16, 1));
        try (SafetensorsWriter writer = SafetensorsWriter.create(path, SafetensorsLayout.of(entries, Map.of("format", "pt")))) {
            entries.forEach(entry -> writer.write(entry.name(), MemorySegment.ofArray(new byte[(int) entry.bytes()])));
            writer.finish();
        }
        return path;
    }

    private static void write(Path target, byte[] content) {
        try {
            Files.write(target, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
