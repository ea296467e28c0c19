package org.mojave.cli.synth;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The configs of well-known models, and how to make one smaller. */
public final class Shapes {
    private static final String DEPTH = "num_hidden_layers";

    private Shapes() {}

    /** What can be given to {@link #named}. */
    public static List<String> names() {
        return List.of("deepseek-v2-lite", "mixtral-8x7b", "olmoe-1b-7b", "qwen3-30b-a3b");
    }

    /** The config.json of a well-known model, one of {@link #names}. */
    public static ObjectNode named(String name) {
        if (!names().contains(name)) {
            throw new IllegalArgumentException("no shape is called '" + name + "'; there are " + String.join(", ", names()));
        }
        try (InputStream stream = Shapes.class.getResourceAsStream(name + ".json")) {
            return (ObjectNode) JsonMapper.shared().readTree(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A config for plain bfloat16 weights, whatever the weights of the original model were stored as. */
    public static ObjectNode plain(ObjectNode config) {
        ObjectNode plain = config.deepCopy();
        plain.remove("quantization_config");
        plain.put("torch_dtype", "bfloat16");
        return plain;
    }

    /**
     * The same model with fewer layers: the first ones. Lists with an element per layer are cut too. Throws
     * IllegalArgumentException if the model has not that many.
     */
    public static ObjectNode cut(ObjectNode config, int layers) {
        ObjectNode copy = config.deepCopy();
        ObjectNode model = !copy.has(DEPTH) && copy.path("text_config") instanceof ObjectNode text ? text : copy;
        int depth = model.path(DEPTH).asInt(0);
        if (layers < 1 || layers > depth) {
            throw new IllegalArgumentException("the shape has " + depth + " layers, cannot be cut to " + layers);
        }
        model.put(DEPTH, layers);
        for (JsonNode value : model) {
            if (value instanceof ArrayNode list && list.size() == depth) {
                while (list.size() > layers) {
                    list.remove(list.size() - 1);
                }
            }
        }
        return copy;
    }
}
