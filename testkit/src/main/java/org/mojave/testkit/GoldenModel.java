package org.mojave.testkit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.JsonNode;

/**
 * A golden model and the official answers.
 *
 * @param folder the checkpoint
 * @param inputs token ids [batch][time]
 * @param logits [batch][time][vocabulary]
 * @param greedy tokens appended one by one [batch][steps]
 * @param routers one per layer with experts
 */
public record GoldenModel(Path folder, int[][] inputs, float[][][] logits, int[][] greedy, List<Router> routers) {
    /** Choices of one layer's router, tokens batch-major, experts by descending weight. */
    public record Router(int layer, int[][] experts, float[][] weights) {}

    static GoldenModel read(Path folder) {
        JsonNode expected = Checkpoint.readJson(folder.resolve("expected.json"));
        List<Router> routers = new ArrayList<>();
        for (JsonNode router : expected.path("router").values()) {
            routers.add(new Router(router.get("layer").intValue(), ints(router.get("topk_index")),
                    floats(router.get("topk_weight"))));
        }
        JsonNode sequences = expected.get("logits");
        float[][][] logits = new float[sequences.size()][][];
        for (int b = 0; b < logits.length; b++) {
            logits[b] = floats(sequences.get(b));
        }
        return new GoldenModel(folder, ints(expected.get("input_ids")), logits, ints(expected.get("greedy_continuation")), routers);
    }

    private static int[][] ints(JsonNode rows) {
        int[][] all = new int[rows.size()][];
        for (int r = 0; r < all.length; r++) {
            JsonNode row = rows.get(r);
            all[r] = new int[row.size()];
            for (int i = 0; i < all[r].length; i++) {
                all[r][i] = row.get(i).intValue();
            }
        }
        return all;
    }

    private static float[][] floats(JsonNode rows) {
        float[][] all = new float[rows.size()][];
        for (int r = 0; r < all.length; r++) {
            JsonNode row = rows.get(r);
            all[r] = new float[row.size()];
            for (int i = 0; i < all[r].length; i++) {
                all[r][i] = row.get(i).floatValue();
            }
        }
        return all;
    }
}
