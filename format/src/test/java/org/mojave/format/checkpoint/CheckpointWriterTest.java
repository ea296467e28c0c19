package org.mojave.format.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.file.DurableFile;
import org.mojave.format.safetensors.TensorEntry;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.ElementType;

class CheckpointWriterTest {
    private static final List<List<TensorEntry>> RECORDS = IntStream.range(0, 5)
            .mapToObj(i -> List.of(TensorEntry.of("expert." + i + ".up", ElementType.F32, 4, 8).aligned(4096),
                    TensorEntry.of("expert." + i + ".down", ElementType.F32, 8, 4)))
            .toList();

    @TempDir
    private Path folder;

    @Test
    void shardsWithAnIndexAndKeepsRecordsTogether() throws IOException {
        CheckpointLayout layout = CheckpointLayout.of(RECORDS, 600, Map.of("format", "pt"));
        assertThat(layout.shards().keySet()).containsExactly("model-00001-of-00003.safetensors",
                "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors");
        writeAll(layout);
        DurableFile.write(folder.resolve("config.json"), "{}".getBytes(StandardCharsets.UTF_8));
        try (Checkpoint checkpoint = Checkpoint.open(folder); Stream<Path> files = Files.list(folder)) {
            assertThat(checkpoint.tensors()).hasSize(10);
            for (int i = 0; i < 5; i++) {
                assertThat(checkpoint.tensor("expert." + i + ".down").toFloats()).containsOnly(i + 0.5f).hasSize(32);
            }
            assertThat(files.map(f -> f.getFileName().toString())).noneMatch(name -> name.endsWith(".partial"));
        }
        assertThat(Checkpoint.readJson(folder.resolve(Checkpoint.INDEX)).path("metadata").path("total_size").longValue())
                .isEqualTo(5 * 256);
    }

    @Test
    void dryRunSizeIsTheRealSize() throws IOException {
        for (long limit : new long[] {1, 600, 1L << 40}) {
            Path inner = Files.createDirectory(folder.resolve("limit" + limit));
            CheckpointLayout layout = CheckpointLayout.of(RECORDS, limit, Map.of());
            try (CheckpointWriter writer = CheckpointWriter.create(inner, layout)) {
                fill(writer, RECORDS);
                writer.finish();
            }
            try (Stream<Path> files = Files.list(inner)) {
                assertThat(files.mapToLong(CheckpointWriterTest::size).sum()).isEqualTo(layout.fileBytes());
            }
        }
    }

    @Test
    void oneShardHasThePlainNameAndNoIndex() {
        writeAll(CheckpointLayout.of(RECORDS, 1L << 40, Map.of()));
        assertThat(folder.resolve("model.safetensors")).exists();
        assertThat(folder.resolve(Checkpoint.INDEX)).doesNotExist();
    }

    @Test
    void resumesAfterSomeShardsWereFinished() {
        CheckpointLayout layout = CheckpointLayout.of(RECORDS, 600, Map.of());
        try (CheckpointWriter writer = CheckpointWriter.create(folder, layout)) {
            fill(writer, RECORDS.subList(0, 3));
            assertThatThrownBy(writer::finish).isInstanceOf(IllegalStateException.class).hasMessageContaining("expert.3.up");
        }
        DurableFile.publish(folder.resolve("model-00001-of-00003.safetensors"));
        try (CheckpointWriter writer = CheckpointWriter.resume(folder, layout)) {
            for (List<TensorEntry> record : RECORDS.subList(0, 3)) {
                record.forEach(entry -> writer.keep(entry.name()));
            }
            fill(writer, RECORDS.subList(3, 5));
            writer.finish();
        }
        assertThat(folder.resolve(Checkpoint.INDEX)).exists();
        CheckpointLayout other = CheckpointLayout.of(RECORDS, 600, Map.of("format", "np"));
        assertThatThrownBy(() -> CheckpointWriter.resume(folder, other)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("model-00001-of-00003.safetensors");
    }

    @Test
    void refusesAFolderThatHoldsACheckpoint() {
        CheckpointLayout layout = CheckpointLayout.of(RECORDS, 600, Map.of());
        writeAll(layout);
        assertThatThrownBy(() -> CheckpointWriter.create(folder, layout)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("already holds a checkpoint");
    }

    private void writeAll(CheckpointLayout layout) {
        try (CheckpointWriter writer = CheckpointWriter.create(folder, layout)) {
            fill(writer, RECORDS.reversed());
            writer.finish();
        }
    }

    private static void fill(CheckpointWriter writer, List<List<TensorEntry>> records) {
        for (List<TensorEntry> record : records) {
            for (TensorEntry entry : record) {
                float[] values = new float[32];
                Arrays.fill(values, entry.name().charAt(7) - '0' + 0.5f);
                writer.write(entry.name(), MemorySegment.ofArray(values));
            }
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
