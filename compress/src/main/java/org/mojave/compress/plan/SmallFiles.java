package org.mojave.compress.plan;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeJson;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.checkpoint.TensorChecksums;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The files of a native checkpoint beside its weights: {@code config.json} with {@code quantization_config}, and tokenizer,
 * chat template and generation settings as they are. All contents are known beforehand and are the same for every run.
 */
public final class SmallFiles {
    /** {@code quant_method} of a native checkpoint. */
    public static final String METHOD = "mojave";

    private static final String CONFIG = "config.json";
    private static final List<String> COPIED = List.of("tokenizer.json", "tokenizer_config.json", "tokenizer.model",
            "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "generation_config.json",
            "chat_template.json", "chat_template.jinja");
    private static final long MAXIMUM_BYTES = 256L << 20;

    private SmallFiles() {}

    /** File name to content. */
    public static Map<String, byte[]> of(Plan plan, Recipe recipe, long parameters) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(CONFIG, config(plan, recipe, parameters));
        Path folder = plan.source().checkpoint().folder();
        try (Stream<Path> listed = Files.list(folder)) {
            for (Path file : listed.sorted(Comparator.comparing(Path::toString)).toList()) {
                String name = file.getFileName().toString();
                if (COPIED.contains(name) && Files.isRegularFile(file)) {
                    if (Files.size(file) > MAXIMUM_BYTES) {
                        throw new CheckpointException(file.toString(), Files.size(file) + " bytes are too many for such a file");
                    }
                    files.put(name, Files.readAllBytes(file));
                }
            }
        } catch (IOException e) {
            throw new CheckpointException(folder.toString(), "cannot be read (" + e.getMessage() + ")", e);
        }
        return files;
    }

    /** The file of checksums of all tensors; its size does not depend on them. */
    public static byte[] checksums(CheckpointLayout layout, ToIntFunction<String> checksum) {
        return TensorChecksums.bytes(layout.shards().values().stream().flatMap(shard -> shard.tensors().keySet().stream()).toList(), checksum);
    }

    /** Bytes of all files of a result but the report: weights, {@code small} files, checksums. */
    public static long allBytes(CheckpointLayout layout, Map<String, byte[]> small) {
        return layout.fileBytes() + small.values().stream().mapToLong(content -> content.length).sum() + checksums(layout, _ -> 0).length;
    }

    private static byte[] config(Plan plan, Recipe recipe, long parameters) {
        JsonMapper json = JsonMapper.shared();
        ObjectNode config = plan.source().config();
        ObjectNode quantization = json.createObjectNode();
        quantization.put("quant_method", METHOD).put("format_version", 1).put("parameters", parameters);
        quantization.set("recipe", RecipeJson.write(recipe));
        ObjectNode matrices = quantization.putObject("matrices");
        plan.schemes().forEach(matrices::put);
        config.set("quantization_config", quantization);
        return json.writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
    }
}
