package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.testkit.Goldens;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Damaged configs end in a model that runs or in one of the two exceptions meant for users, never in another one. */
class HostileConfigTest {
    private static final int MUTATIONS = 60;
    private static final long SEED = 20_261_125;
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String[] VALUES = {"null", "0", "-1", "1", "3", "7", "1.5", "-0.25", "1e-300", "1e300", "2147483647",
        "67108864", "99999999999999999999", "true", "false", "\"\"", "\"yarn\"", "\"sigmoid\"", "[]", "[1]", "[0,1,2,3]", "[null]",
        "[\"sliding_attention\"]", "{}", "{\"rope_type\":\"yarn\"}", "{\"rope_type\":\"longrope\",\"factor\":2}",
        "{\"type\":\"dynamic\",\"factor\":4.0}", "{\"quant_method\":\"fp8\"}", "{\"quant_method\":\"mojave\",\"matrices\":{}}"};

    static List<String> goldens() {
        return Goldens.ofRepository().models();
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void mutatedConfigsAreRunOrRefused(String golden, @TempDir Path folder) {
        Random random = new Random(SEED + golden.hashCode());
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            String[] mutated = new String[1];
            GoldenCopy.make(golden, folder, text -> mutated[0] = mutate(text, random));
            try {
                runBriefly(folder);
            } catch (CheckpointException | UnsupportedModelException e) {
                refused++;
                assertThat(e.getMessage()).as("config %s", mutated[0]).isNotBlank().doesNotContain("\n");
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + SEED + ", mutation " + i + " of " + golden + ": " + mutated[0], e);
            }
        }
        assertThat(refused).isGreaterThan(MUTATIONS / 10);
    }

    private static void runBriefly(Path folder) {
        try (Model model = Model.open(folder); Workers workers = new Workers(1)) {
            Decoder decoder = new Decoder(model, workers);
            decoder.last(List.of(new Decoder.Chunk(decoder.newCache(8), new int[] {1, 2, 0})));
        }
    }

    private static String mutate(String text, Random random) {
        ObjectNode root = (ObjectNode) JSON.readTree(text);
        int changes = 1 + random.nextInt(2);
        for (int c = 0; c < changes; c++) {
            List<ObjectNode> objects = new ArrayList<>(List.of(root));
            for (JsonNode child : root.values()) {
                if (child instanceof ObjectNode object) {
                    objects.add(object);
                }
            }
            ObjectNode object = objects.get(random.nextInt(objects.size()));
            List<String> keys = new ArrayList<>(object.propertyNames());
            if (object.equals(root)) {
                keys.addAll(List.of("rope_scaling", "rope_parameters", "layer_types", "quantization_config", "head_dim"));
            }
            if (keys.isEmpty()) {
                continue;
            }
            String key = keys.get(random.nextInt(keys.size()));
            if (random.nextInt(5) == 0) {
                object.remove(key);
            } else {
                object.set(key, JSON.readTree(VALUES[random.nextInt(VALUES.length)]));
            }
        }
        return root.toString();
    }
}
