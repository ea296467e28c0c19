package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.kernel.StoredRows;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.QueryKeyNorm;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.testkit.Goldens;
import tools.jackson.databind.JsonNode;

/** Column sums without attention maps equal those of maps. */
final class ColumnSumsTest {
    private static final int DIMENSION = 8;

    private static float[] random(int count, SplittableRandom random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (4 * random.nextDouble() - 2);
        }
        return values;
    }

    private static Attention attention(int heads, int keyHeads, int dimension, Mask mask, double scale) {
        return new Attention.GroupedQuery(heads, keyHeads, dimension, Optional.empty(), mask, scale, new Attention.Biases(false, false), QueryKeyNorm.NONE, 0,
                false, Optional.empty());
    }

    /** By the definition, from a whole map in doubles. */
    private static double[] expected(HeadAttention.Inputs inputs, int first, int tokens) {
        Attention attention = inputs.attention();
        int heads = attention.heads();
        double[] sums = new double[tokens];
        for (int head = 0; head < heads; head++) {
            for (int t = 0; t < tokens; t++) {
                int position = first + t;
                double[] weights = new double[position + 1];
                double total = inputs.sinks() == null ? 0 : Math.exp(inputs.sinks()[head]);
                for (int key = attention.mask().first(position); key <= position; key++) {
                    double score = 0;
                    for (int d = 0; d < DIMENSION; d++) {
                        score += inputs.queries()[(t * heads + head) * DIMENSION + d]
                                * (double) ((HeadAttention.Source.Floats) inputs.sources()[0]).keys()[(key * attention.keyValueHeads() + head / (heads / attention.keyValueHeads())) * DIMENSION + d];
                    }
                    weights[key] = Math.exp(score * attention.scale());
                    total += weights[key];
                }
                for (int key = first; key <= position; key++) {
                    sums[key - first] += weights[key] / total / heads;
                }
            }
        }
        return sums;
    }

    @Test
    void sumsEqualThoseOfWholeMaps() {
        SplittableRandom random = new SplittableRandom(1);
        for (Mask mask : List.of(new Mask.Full(), new Mask.Sliding(40))) {
            for (int first : new int[] {0, 150}) {
                for (float[] sinks : new float[][] {null, {0.5f, -1, 2, 0}}) {
                    int tokens = 190;
                    HeadAttention.Inputs inputs = new HeadAttention.Inputs(attention(4, 2, DIMENSION, mask, 0.4), random(tokens * 4 * DIMENSION, random),
                            new HeadAttention.Source[] {new HeadAttention.Source.Floats(random((first + tokens) * 2 * DIMENSION, random), 0, new float[0], 0)},
                            new float[0], sinks);
                    Batch.Sequence sequence = new Batch.Sequence(first, tokens, first == 0 ? Optional.empty() : Optional.of(cache()));
                    double[] wanted = expected(inputs, first, tokens);
                    double[] alone = sums(inputs, sequence, 1);
                    for (int t = 0; t < tokens; t++) {
                        assertThat(alone[t]).as("%s from %d, token %d", mask, first, t).isCloseTo(wanted[t], within(2e-5 * (1 + wanted[t])));
                    }
                    assertThat(sums(inputs, sequence, 3)).as("three threads").isEqualTo(alone);
                }
            }
        }
    }

    /** A cache that holds no floats: what it gives back counts. */
    @Test
    void keysMayBeStoredInFewerBits() {
        SplittableRandom random = new SplittableRandom(2);
        int tokens = 150;
        for (KeyValueType type : List.of(KeyValueType.F16, KeyValueType.Q8)) {
            float[] keys = random(tokens * 2 * DIMENSION, random);
            StoredRows stored = new StoredRows(type, 2, DIMENSION);
            stored.resize(tokens, 0);
            stored.write(0, keys, 0, tokens);
            float[] head = new float[tokens * DIMENSION];
            for (int h = 0; h < 2; h++) {
                stored.read(h, 0, tokens, head);
                for (int t = 0; t < tokens; t++) {
                    System.arraycopy(head, t * DIMENSION, keys, (t * 2 + h) * DIMENSION, DIMENSION);
                }
            }
            float[] queries = random(tokens * 4 * DIMENSION, random);
            Attention attention = attention(4, 2, DIMENSION, new Mask.Full(), 0.4);
            Batch.Sequence sequence = new Batch.Sequence(0, tokens, Optional.empty());
            double[] found = sums(new HeadAttention.Inputs(attention, queries, new HeadAttention.Source[] {new HeadAttention.Source.Stored(stored, stored)},
                    new float[0], null), sequence, 2);
            assertThat(found).as("%s", type).isEqualTo(sums(new HeadAttention.Inputs(attention, queries,
                    new HeadAttention.Source[] {new HeadAttention.Source.Floats(keys, 0, new float[0], 0)}, new float[0], null), sequence, 2));
        }
    }

    private static KvCache cache() {
        try (Model model = Model.open(Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe"))) {
            return new KvCache(model.spec(), 1);
        }
    }

    private static double[] sums(HeadAttention.Inputs inputs, Batch.Sequence sequence, int threads) {
        try (Workers workers = new Workers(threads)) {
            return new ColumnSums(workers).of(new Batch(List.of(sequence)), inputs, 0, 0);
        }
    }

    /** Keys that pick one component each, and queries that are logarithms: softmax gives back the recorded maps of Mixture Compressor's golden. */
    @Test
    void recordedMapsGiveTheirColumnSums() {
        Path golden = Goldens.ofRepository().folder().resolve("mcmoe");
        JsonNode json = Checkpoint.readJson(golden.resolve("odp.json"));
        int heads = json.get("heads").intValue();
        int compared = 0;
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsFile file = SafetensorsFile.open(golden.resolve("odp.safetensors"), arena);
            for (JsonNode item : json.get("items")) {
                int tokens = item.get("tokens").intValue();
                if (tokens == 1 || !item.get("attention_rows_sum_to_one").booleanValue()) {
                    continue;
                }
                float[] map = causal(file.tensors().get(item.get("id").stringValue() + ".attention").toFloats(), heads, tokens);
                float[] queries = new float[tokens * heads * tokens];
                float[] keys = new float[tokens * tokens];
                double[] wanted = new double[tokens];
                for (int t = 0; t < tokens; t++) {
                    keys[t * tokens + t] = 1;
                    for (int head = 0; head < heads; head++) {
                        for (int key = 0; key <= t; key++) {
                            float weight = map[(head * tokens + t) * tokens + key];
                            queries[(t * heads + head) * tokens + key] = (float) Math.log(Math.max(weight, 1e-30));
                            wanted[key] += weight / (double) heads;
                        }
                    }
                }
                Attention attention = attention(heads, 1, tokens, new Mask.Full(), 1);
                double[] found = sums(new HeadAttention.Inputs(attention, queries,
                        new HeadAttention.Source[] {new HeadAttention.Source.Floats(keys, 0, new float[0], 0)}, new float[0], null),
                        new Batch.Sequence(0, tokens, Optional.empty()), 2);
                for (int t = 0; t < tokens; t++) {
                    assertThat(found[t]).as("%s token %d", item.get("id"), t).isCloseTo(wanted[t], within(1e-5 * (1 + wanted[t])));
                }
                compared++;
            }
        }
        assertThat(compared).isPositive();
    }

    /** What of a map is seen without looking ahead, its rows summing to 1 again. */
    private static float[] causal(float[] map, int heads, int tokens) {
        float[] seen = new float[map.length];
        for (int row = 0; row < heads * tokens; row++) {
            double total = 0;
            for (int key = 0; key <= row % tokens; key++) {
                total += map[row * tokens + key];
            }
            for (int key = 0; key <= row % tokens; key++) {
                seen[row * tokens + key] = (float) (map[row * tokens + key] / total);
            }
        }
        return seen;
    }
}
