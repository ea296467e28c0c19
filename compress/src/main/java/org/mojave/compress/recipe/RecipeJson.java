package org.mojave.compress.recipe;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.mojave.format.packed.Scheme;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Recipes in journals and reports. */
public final class RecipeJson {
    private RecipeJson() {}

    /** The recipe as JSON; the names of calibration files are left to {@link #writeFiles}, since they do not decide anything. */
    public static ObjectNode write(Recipe recipe) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        node.put("method", recipe.method().wireName());
        if (recipe.target().isPresent()) {
            node.put("target", recipe.target().get().text());
        }
        if (recipe.allocation().expertsOnly()) {
            node.put("allocation", recipe.allocation().wireName());
            if (recipe.sharing().oneBit() != OneBit.TRELLIS) {
                node.put("one_bit", recipe.sharing().oneBit().wireName());
            }
            if (!recipe.sharing().expertBits().equals(Sharing.EXPERT_BITS)) {
                ArrayNode bits = node.putArray("expert_bits");
                recipe.sharing().expertBits().forEach(bits::add);
            }
        }
        if (recipe.sharing().costs() != Costs.OUTPUT) {
            node.put("costs", recipe.sharing().costs().wireName());
        }
        if (recipe.sharing().tie() != Tie.NONE) {
            node.put("tie", recipe.sharing().tie().wireName());
        }
        if (recipe.target().isEmpty() || recipe.allocation().expertsOnly()) {
            node.put("scheme", recipe.scheme().id()).put("vocabulary_bits", recipe.vocabularyBits());
        }
        if (recipe.fitting().groupScales() != GroupScales.ORIGINAL) {
            node.put("group_scales", recipe.fitting().groupScales().wireName());
        }
        if (!recipe.transformation().equals(Transformation.NONE)) {
            node.set("transformation", TransformationJson.write(recipe.transformation()));
        }
        if (!recipe.rules().isEmpty()) {
            ArrayNode rules = node.putArray("rules");
            recipe.rules().forEach(rule -> rules.add(rule.text()));
        }
        return node.put("sequences", recipe.calibration().sequences())
                .put("length", recipe.calibration().length())
                .put("balance", recipe.calibration().balance())
                .put("balance_most", recipe.calibration().most())
                .put("matching", recipe.fitting().matching())
                .put("affinity_power", recipe.fitting().affinity().power())
                .put("affinity_from", recipe.fitting().affinity().source().wireName())
                .put("shrinkage", recipe.fitting().shrinkage())
                .put("router_damping", recipe.fitting().routerDamping())
                .put("sweeps", recipe.fitting().sweeps())
                .put("seed", recipe.seed());
    }

    /** The calibration files as absolute paths. */
    public static ArrayNode writeFiles(Recipe recipe) {
        ArrayNode files = JsonMapper.shared().createArrayNode();
        recipe.calibration().files().forEach(file -> files.add(file.toAbsolutePath().normalize().toString()));
        return files;
    }

    /** Reads what {@link #write} and {@link #writeFiles} wrote. */
    public static Recipe read(JsonNode node, JsonNode files) {
        List<Rule> rules = node.path("rules").valueStream().map(rule -> Rule.parse(rule.asString())).toList();
        return plain(node, files).with(TransformationJson.read(node.path("transformation"))).with(rules);
    }

    private static Recipe plain(JsonNode node, JsonNode files) {
        List<Path> paths = new ArrayList<>();
        files.forEach(file -> paths.add(Path.of(file.asString())));
        CalibrationWish calibration = new CalibrationWish(paths, node.path("sequences").asInt(), node.path("length").asInt(),
                node.path("balance").asDouble(), node.path("balance_most").asInt());
        Fitting fitting = new Fitting(node.path("matching").asBoolean(), new Affinity(node.path("affinity_power").asInt(), Affinity.Source.parse(node.path("affinity_from").asString("original"))),
                node.path("shrinkage").asDouble(), node.path("router_damping").asDouble(), node.path("sweeps").asInt(),
                GroupScales.parse(node.path("group_scales").asString("original")));
        boolean expertsOnly = node.has("allocation");
        if (node.has("target") && !expertsOnly) {
            return Recipe.of(Method.parse(node.path("method").asString()), Target.parse(node.path("target").asString()), calibration, fitting,
                    node.path("seed").asLong()).with(Sharing.global(Costs.parse(node.path("costs").asString("output")),
                            Tie.parse(node.path("tie").asString("none"))));
        }
        Recipe plain = new Recipe(Method.parse(node.path("method").asString()), Scheme.parse(node.path("scheme").asString()),
                node.path("vocabulary_bits").asInt(), calibration, fitting, node.path("seed").asLong());
        if (!expertsOnly) {
            return plain;
        }
        AllocationMode mode = AllocationMode.parse(node.path("allocation").asString());
        List<Integer> bits = node.has("expert_bits") ? node.path("expert_bits").valueStream().map(JsonNode::asInt).toList() : Sharing.EXPERT_BITS;
        return plain.with(Target.parse(node.path("target").asString()), Sharing.ofExperts(mode, bits,
                OneBit.parse(node.path("one_bit").asString("trellis"))));
    }
}
