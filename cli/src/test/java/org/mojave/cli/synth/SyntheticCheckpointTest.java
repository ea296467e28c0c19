package org.mojave.cli.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Model;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.tensor.TensorData;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

final class SyntheticCheckpointTest {
    private static final Path GOLDENS = Path.of(System.getProperty("mojave.root"), "testkit", "goldens");

    @TempDir
    Path folder;

    /** The published sizes of the originals, in weights. */
    @ParameterizedTest
    @CsvSource({"olmoe-1b-7b, 6919161856", "qwen3-30b-a3b, 30532122624", "mixtral-8x7b, 46702792704", "deepseek-v2-lite, 15706484224"})
    void namedShapesHaveAsManyParametersAsTheirModels(String shape, long parameters) {
        assertThat(new SyntheticCheckpoint(Shapes.named(shape), 0).parameters()).isEqualTo(parameters);
    }

    static Stream<Path> goldens() throws IOException {
        try (Stream<Path> folders = Files.list(GOLDENS)) {
            return folders.filter(golden -> Files.exists(golden.resolve("config.json"))).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void everyFamilyGetsTheTensorsOfItsGoldenAndOpens(Path golden) {
        ObjectNode config = (ObjectNode) Checkpoint.readJson(golden.resolve("config.json"));
        Path out = folder.resolve("out");
        write(config, 1, 2, out);
        try (Model written = Model.open(out); Checkpoint original = Checkpoint.open(golden)) {
            boolean plain = !config.has("quantization_config");
            Map<String, List<Long>> shapes = shapes(written.checkpoint());
            if (plain) {
                assertThat(shapes(original)).containsAllEntriesOf(shapes);
            }
            assertThat(shapes).isNotEmpty();
        }
    }

    @Test
    void weightsDependOnSeedAndNameButNotOnThreads() {
        ObjectNode config = (ObjectNode) Checkpoint.readJson(GOLDENS.resolve("olmoe/config.json"));
        write(config, 5, 1, folder.resolve("a"));
        write(config, 5, 3, folder.resolve("b"));
        write(config, 6, 1, folder.resolve("c"));
        try (Checkpoint a = Checkpoint.open(folder.resolve("a")); Checkpoint b = Checkpoint.open(folder.resolve("b"));
                Checkpoint c = Checkpoint.open(folder.resolve("c"))) {
            for (TensorData tensor : a.tensors().values()) {
                assertThat(tensor.bytes().mismatch(b.tensor(tensor.name()).bytes())).as(tensor.name()).isEqualTo(-1);
            }
            String query = "model.layers.0.self_attn.q_proj.weight";
            assertThat(a.tensor(query).bytes().mismatch(c.tensor(query).bytes())).isNotEqualTo(-1);
            assertThat(a.tensor(query).bytes().mismatch(a.tensor(query.replace("q_proj", "o_proj")).bytes())).isNotEqualTo(-1);
            assertThat(a.tensor("model.norm.weight").toFloats()).containsOnly(1f);
        }
    }

    @Test
    void weightsAreNormalAndPiecesJoinSeamlessly() {
        RandomWeights weights = new RandomWeights(3);
        int count = 100_003;
        byte[] whole = new byte[2 * count];
        weights.fill("t", 0, java.lang.foreign.MemorySegment.ofArray(whole));
        byte[] part = new byte[whole.length - 4096];
        weights.fill("t", 4096, java.lang.foreign.MemorySegment.ofArray(part));
        assertThat(part).isEqualTo(java.util.Arrays.copyOfRange(whole, 4096, whole.length));
        float[] values = new float[count];
        org.mojave.format.tensor.FloatDecoder.decode(org.mojave.format.tensor.ElementType.BF16,
                java.lang.foreign.MemorySegment.ofArray(whole), 0, values, 0, count);
        double sum = 0;
        double squares = 0;
        int beyondTwoDeviations = 0;
        for (float value : values) {
            sum += value;
            squares += value * (double) value;
            beyondTwoDeviations += Math.abs(value) > 2 * RandomWeights.STANDARD_DEVIATION ? 1 : 0;
        }
        assertThat(sum / count).isCloseTo(0, within(3e-4));
        assertThat(Math.sqrt(squares / count)).isCloseTo(RandomWeights.STANDARD_DEVIATION, within(3e-4));
        assertThat((double) beyondTwoDeviations / count).isCloseTo(0.0455, within(0.004));
    }

    @Test
    void fewerLayersCutListsWithAnElementPerLayer() {
        ObjectNode config = (ObjectNode) JsonMapper.shared().readTree(
                "{\"num_hidden_layers\": 4, \"layer_types\": [1, 2, 3, 4], \"eos_token_id\": [7, 8]}");
        ObjectNode cut = Shapes.cut(config, 3);
        assertThat(cut.toString()).isEqualTo("{\"num_hidden_layers\":3,\"layer_types\":[1,2,3],\"eos_token_id\":[7,8]}");
        assertThat(Shapes.cut((ObjectNode) JsonMapper.shared().readTree("{\"text_config\": {\"num_hidden_layers\": 4}}"), 1).toString())
                .isEqualTo("{\"text_config\":{\"num_hidden_layers\":1}}");
        assertThatThrownBy(() -> Shapes.cut(config, 5)).hasMessageContaining("4 layers").hasMessageContaining("5");
    }

    private static void write(ObjectNode config, long seed, int threads, Path out) {
        SyntheticCheckpoint checkpoint = new SyntheticCheckpoint(config, seed);
        LongAdder written = new LongAdder();
        try (Workers workers = new Workers(threads)) {
            checkpoint.write(out, workers, written::add);
        }
        assertThat(written.sum()).isEqualTo(checkpoint.tensorBytes()).isEqualTo(2 * checkpoint.parameters());
    }

    private static Map<String, List<Long>> shapes(Checkpoint checkpoint) {
        Map<String, List<Long>> shapes = new TreeMap<>();
        checkpoint.tensors().forEach((name, tensor) -> shapes.put(name,
                tensor.shape().stream().dropWhile(dimension -> dimension == 1).toList())); // ERNIE writes a vector as [1, n]
        return shapes;
    }
}
