package org.mojave.compress.calibrate;

import java.util.ArrayList;
import java.util.List;
import org.mojave.compress.recipe.RecipeException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where statistics come from.
 *
 * @param model name of the model's folder
 * @param fingerprint digest of the model's weights
 * @param affinityPower p of the weight c^p of a token
 * @param sequences token sequences
 * @param length tokens of each
 * @param digests one for each text that was gathered, see {@link TokenSequences#digest}
 * @param files names of the texts
 */
public record StatisticsHeader(String model, String fingerprint, int affinityPower, int sequences, int length, List<String> digests,
        List<String> files) {
    /** The key of config.json that tells a folder of statistics. */
    public static final String KEY = "mojave_statistics";

    public StatisticsHeader {
        digests = List.copyOf(digests);
        files = List.copyOf(files);
        if (affinityPower < 0 || affinityPower > 2 || sequences < 1 || length < 1 || digests.isEmpty()) {
            throw new IllegalArgumentException("impossible statistics: power " + affinityPower + ", " + sequences + " sequences of " + length
                    + " tokens, " + digests.size() + " texts");
        }
    }

    /** The config.json of a folder of statistics. */
    public ObjectNode json() {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        ObjectNode node = root.putObject(KEY).put("version", 1).put("model", model).put("fingerprint", fingerprint)
                .put("affinity_power", affinityPower).put("sequences", sequences).put("length", length);
        ArrayNode texts = node.putArray("digests");
        digests.forEach(texts::add);
        ArrayNode names = node.putArray("files");
        files.forEach(names::add);
        return root;
    }

    /** Reads {@link #json}; throws IllegalArgumentException for anything else. */
    static StatisticsHeader read(JsonNode root) {
        JsonNode node = root.path(KEY);
        if (node.path("version").asInt() != 1) {
            throw new IllegalArgumentException("no statistics of version 1");
        }
        List<String> digests = new ArrayList<>();
        node.path("digests").forEach(digest -> digests.add(digest.asString()));
        List<String> files = new ArrayList<>();
        node.path("files").forEach(file -> files.add(file.asString()));
        return new StatisticsHeader(node.path("model").asString(), node.path("fingerprint").asString(), node.path("affinity_power").asInt(),
                node.path("sequences").asInt(), node.path("length").asInt(), digests, files);
    }

    /** Of both texts; throws {@link RecipeException} that names {@code folder} where they do not belong together. */
    StatisticsHeader plus(StatisticsHeader other, String folder) {
        if (!other.fingerprint.equals(fingerprint)) {
            throw new RecipeException(folder + ": holds statistics of another model (" + other.model + ")");
        }
        if (other.affinityPower != affinityPower || other.length != length) {
            throw new RecipeException(folder + ": has affinity power " + other.affinityPower + " and sequences of " + other.length
                    + " tokens, the others " + affinityPower + " and " + length + "; only like statistics can be merged");
        }
        if (other.digests.stream().anyMatch(digests::contains)) {
            throw new RecipeException(folder + ": holds a text that is in the others already; it would count twice");
        }
        List<String> allDigests = new ArrayList<>(digests);
        allDigests.addAll(other.digests);
        List<String> allFiles = new ArrayList<>(files);
        other.files.stream().filter(file -> !files.contains(file)).forEach(allFiles::add);
        return new StatisticsHeader(model, fingerprint, affinityPower, Math.addExact(sequences, other.sequences), length, allDigests, allFiles);
    }
}
