package org.mojave.engine.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.mojave.engine.prune.LayerThresholds;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.file.DurableFile;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a checkpoint says about skipping experts: {@code pruning.json}, written by {@code mojave calibrate --pruning}.
 *
 * <p>Example: {@code DynamicPruning.skipping(model.spec(), PruningThresholds.read(folder), 0.15)}.
 *
 * @param tokens whose weights were looked at
 * @param layers thresholds by transformer layer, those with several experts per token
 */
public record PruningThresholds(long tokens, SortedMap<Integer, LayerThresholds> layers) {
    /** The file's name in the folder of a model. */
    public static final String NAME = "pruning.json";

    private static final int VERSION = 1;

    public PruningThresholds {
        layers = new TreeMap<>(layers);
    }

    /** Writes them into the model's folder, in place of older ones. */
    public void write(Path folder) {
        JsonMapper json = JsonMapper.shared();
        ObjectNode root = json.createObjectNode().put("format_version", VERSION).put("tokens", tokens);
        ArrayNode array = root.putArray("layers");
        layers.forEach((layer, thresholds) -> {
            ObjectNode node = array.addObject().put("layer", layer).put("chosen", thresholds.chosen());
            thresholds.ratios().forEach(node.putArray("ratio_quantiles")::add);
            thresholds.masses().forEach(node.putArray("mass_quantiles")::add);
        });
        DurableFile.write(folder.resolve(NAME), json.writeValueAsBytes(root));
    }

    /** Whether a model's folder has them. */
    public static boolean in(Path folder) {
        return Files.isRegularFile(folder.resolve(NAME));
    }

    /** Reads them from the model's folder; throws CheckpointException for a file that is damaged or not there. */
    public static PruningThresholds read(Path folder) {
        Path file = folder.resolve(NAME);
        if (!in(folder)) {
            throw new CheckpointException(file.toString(), "is not there; make it with mojave calibrate " + folder + " --pruning");
        }
        JsonNode root = Checkpoint.readJson(file);
        if (root.path("format_version").asInt(0) != VERSION) {
            throw new CheckpointException(file.toString(), "is of version " + root.path("format_version") + "; this program reads version " + VERSION);
        }
        SortedMap<Integer, LayerThresholds> layers = new TreeMap<>();
        for (JsonNode node : root.path("layers")) {
            int layer = node.path("layer").asInt(-1);
            try {
                layers.put(layer, new LayerThresholds(node.path("chosen").asInt(0), numbers(node.path("ratio_quantiles")),
                        numbers(node.path("mass_quantiles"))));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file.toString(), "layer " + layer + ": " + e.getMessage() + "; make it anew with mojave calibrate "
                        + folder + " --pruning", e);
            }
        }
        return new PruningThresholds(root.path("tokens").asLong(0), layers);
    }

    private static List<Double> numbers(JsonNode array) {
        List<Double> numbers = new ArrayList<>();
        for (JsonNode number : array) {
            numbers.add(number.asDouble(Double.NaN));
        }
        return numbers;
    }
}
