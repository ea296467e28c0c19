package org.mojave.compress.transform;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the channels between the matrices of one layer are divided by; the matrices that read them are multiplied by the same.
 *
 * @param attention behind the attention norm, [hidden]
 * @param network behind the norm of the networks, [hidden]
 * @param inner before each down projection, named as {@link org.mojave.engine.model.MatrixId#name}: [intermediate]
 */
public record LayerScales(Optional<float[]> attention, Optional<float[]> network, Map<String, float[]> inner) {
    /** Nothing is scaled. */
    public static final LayerScales NONE = new LayerScales(Optional.empty(), Optional.empty(), Map.of());

    public LayerScales {
        inner = Map.copyOf(inner);
        attention.ifPresent(scale -> requirePositive("attention", scale));
        network.ifPresent(scale -> requirePositive("network", scale));
        inner.forEach(LayerScales::requirePositive);
    }

    private static void requirePositive(String what, float[] scale) {
        for (int j = 0; j < scale.length; j++) {
            if (!(scale[j] > 0 && scale[j] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(what + ": scale of channel " + j + " is " + scale[j]);
            }
        }
    }

    /** As JSON, bit by bit: float32, little-endian, Base64. */
    public ObjectNode json() {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        attention.ifPresent(scale -> node.put("attention", text(scale)));
        network.ifPresent(scale -> node.put("network", text(scale)));
        ObjectNode names = node.putObject("inner");
        inner.keySet().stream().sorted().forEach(name -> names.put(name, text(inner.get(name))));
        return node;
    }

    /** Reads {@link #json()}; throws IllegalArgumentException for anything else. */
    public static LayerScales read(JsonNode node) {
        Map<String, float[]> inner = new LinkedHashMap<>();
        node.path("inner").properties().forEach(entry -> inner.put(entry.getKey(), floats(entry.getValue().asString())));
        return new LayerScales(optional(node, "attention"), optional(node, "network"), inner);
    }

    private static Optional<float[]> optional(JsonNode node, String key) {
        return node.has(key) ? Optional.of(floats(node.path(key).asString())) : Optional.empty();
    }

    private static String text(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private static float[] floats(String text) {
        byte[] bytes = Base64.getDecoder().decode(text);
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }
}
