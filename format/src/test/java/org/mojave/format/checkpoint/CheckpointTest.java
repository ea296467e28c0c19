package org.mojave.format.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.format.tensor.CheckpointException;

class CheckpointTest {
    private static final String SECOND = "model-00002-of-00003.safetensors";

    @TempDir
    private Path folder;

    @BeforeEach
    void copyShardedGolden() throws IOException {
        Path golden = Path.of(System.getProperty("mojave.root"), "testkit", "goldens", "mixtral_bf16_sharded");
        try (Stream<Path> files = Files.list(golden)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void opensShards() {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.shards()).hasSize(3);
            assertThat(checkpoint.config().path("model_type").stringValue()).isEqualTo("mixtral");
            assertThat(checkpoint.tensor("model.norm.weight").toFloats()).hasSize(64);
            assertThatThrownBy(() -> checkpoint.tensor("none")).hasMessageContaining("tensor none: is missing");
        }
    }

    @Test
    void everyGoldenOpens() throws IOException {
        try (Stream<Path> models = Files.list(Path.of(System.getProperty("mojave.root"), "testkit", "goldens"))) {
            for (Path model : models.filter(m -> Files.exists(m.resolve("config.json"))).toList()) {
                try (Checkpoint checkpoint = Checkpoint.open(model)) {
                    assertThat(checkpoint.tensors()).as(model.toString()).isNotEmpty();
                }
            }
        }
    }

    @Test
    void namesTheShardThatIsMissing() throws IOException {
        Files.delete(folder.resolve(SECOND));
        refused(SECOND + ": shard named in model.safetensors.index.json is missing");
    }

    @Test
    void namesTheTensorThatIsNotWhereTheIndexSays() throws IOException {
        replaceInIndex("\"weight_map\": {", "\"weight_map\": {\"ghost\": \"" + SECOND + "\",");
        refused(SECOND + ", tensor ghost: is not in this shard");
    }

    @Test
    void refusesTheSameTensorInTwoShards() throws IOException {
        Files.copy(folder.resolve(SECOND), folder.resolve("model-00004-of-00003.safetensors"));
        String name;
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            name = checkpoint.tensors().keySet().iterator().next();
        }
        replaceInIndex("\"weight_map\": {", "\"weight_map\": {\"" + name + "\": \"model-00004-of-00003.safetensors\",");
        refused("tensor");
    }

    @Test
    void refusesShardNamesThatLeaveTheFolder() throws IOException {
        replaceInIndex("\"" + SECOND + "\"", "\"../" + SECOND + "\"");
        refused("weight_map names no plain file");
    }

    @Test
    void refusesABrokenIndex() throws IOException {
        Path index = folder.resolve(Checkpoint.INDEX);
        Files.writeString(index, "{\"weight_map\": {}}");
        refused("has no weight_map");
        Files.writeString(index, "[]");
        refused("is not a JSON object");
        Files.writeString(index, "{\"weight_map\": {\"a\"");
        refused("is not valid JSON");
    }

    @Test
    void refusesAFolderWithoutConfigOrTensors() throws IOException {
        Files.delete(folder.resolve("config.json"));
        refused("config.json: no such file");
        assertThatThrownBy(() -> Checkpoint.open(folder.resolve("nowhere"))).hasMessageContaining("no such folder");
    }

    private void replaceInIndex(String from, String to) throws IOException {
        Path index = folder.resolve(Checkpoint.INDEX);
        String text = Files.readString(index);
        assertThat(text).contains(from);
        Files.writeString(index, text.replace(from, to));
    }

    private void refused(String message) {
        assertThatThrownBy(() -> Checkpoint.open(folder)).isInstanceOf(CheckpointException.class).hasMessageContaining(message);
    }
}
