package org.mojave.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/**
 * Typed reading of {@code config.json}. An absent key and a {@code null} are the same, as in the official config
 * classes. A value of the wrong type or out of range throws {@link CheckpointException} that names the key.
 *
 * <p>Example: {@code config.size("hidden_size", 4096)}.
 *
 * @param place file, for messages
 * @param node the JSON object
 */
public record Config(String place, JsonNode node) {
    /** Larger sizes than this are taken for damage. */
    public static final int LARGEST_SIZE = 1 << 26;

    public Config {
        if (!node.isObject()) {
            throw new CheckpointException(place, "is not a JSON object");
        }
    }

    /** Whether the key is there and not null. */
    public boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** The object under that key; empty if absent. */
    public Optional<Config> object(String key) {
        return has(key) ? Optional.of(new Config(place + ", " + key, node.get(key))) : Optional.empty();
    }

    /** A size: a whole number of at least 1; throws if absent. */
    public int size(String key) {
        require(key);
        return integer(key, 0, 1);
    }

    /** A size: a whole number of at least 1. */
    public int size(String key, int absent) {
        return integer(key, absent, 1);
    }

    /** A whole number of at least {@code least}. */
    public int integer(String key, int absent, int least) {
        return has(key) ? whole(node.get(key), key, least) : absent;
    }

    /** A finite number; throws if absent. */
    public double number(String key) {
        require(key);
        return finite(node.get(key), key);
    }

    /** A finite number. */
    public double number(String key, double absent) {
        return has(key) ? finite(node.get(key), key) : absent;
    }

    /** A finite number above zero. */
    public double positive(String key, double absent) {
        double value = number(key, absent);
        if (!(value > 0)) {
            throw new CheckpointException(place, key + " must be above 0, not " + value);
        }
        return value;
    }

    /** A JSON boolean. */
    public boolean flag(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        if (!node.get(key).isBoolean()) {
            throw new CheckpointException(place, key + " must be true or false, not " + shown(node.get(key)));
        }
        return node.get(key).booleanValue();
    }

    /** A string. */
    public String text(String key, String absent) {
        if (!has(key)) {
            return absent;
        }
        if (!node.get(key).isString()) {
            throw new CheckpointException(place, key + " must be a string, not " + shown(node.get(key)));
        }
        return node.get(key).stringValue();
    }

    /** A list of whole numbers of at least {@code least}; empty if absent. A single number is a list of one. */
    public List<Integer> integers(String key, int least) {
        List<Integer> values = new ArrayList<>();
        for (JsonNode value : list(key)) {
            values.add(whole(value, key, least));
        }
        return List.copyOf(values);
    }

    /** A list of finite numbers; empty if absent. */
    public List<Double> numbers(String key) {
        List<Double> values = new ArrayList<>();
        for (JsonNode value : list(key)) {
            values.add(finite(value, key));
        }
        return List.copyOf(values);
    }

    /** A list of strings; empty if absent. */
    public List<String> texts(String key) {
        List<String> values = new ArrayList<>();
        for (JsonNode value : list(key)) {
            if (!value.isString()) {
                throw new CheckpointException(place, key + " must hold strings, not " + shown(value));
            }
            values.add(value.stringValue());
        }
        return List.copyOf(values);
    }

    /** Throws {@link UnsupportedModelException} if the key holds anything but one of {@code supported}. */
    public String oneOf(String key, String absent, String... supported) {
        String value = text(key, absent);
        if (!List.of(supported).contains(value)) {
            throw unsupported(key, value, "supported: " + String.join(", ", supported));
        }
        return value;
    }

    /** The exception for a value of {@code key} that is not implemented. */
    public UnsupportedModelException unsupported(String key, Object value, String nextStep) {
        return new UnsupportedModelException(place + ": " + key + " = " + value + " is not supported; " + nextStep);
    }

    private List<JsonNode> list(String key) {
        if (!has(key)) {
            return List.of();
        }
        JsonNode value = node.get(key);
        if (value.isNumber()) {
            return List.of(value);
        }
        if (!value.isArray()) {
            throw new CheckpointException(place, key + " must be a list, not " + shown(value));
        }
        return List.copyOf(value.values());
    }

    private void require(String key) {
        if (!has(key)) {
            throw new CheckpointException(place, "lacks the key " + key);
        }
    }

    private int whole(JsonNode value, String key, int least) {
        double number = value.isNumber() ? value.doubleValue() : Double.NaN;
        if (number != Math.rint(number) || number < least || number > LARGEST_SIZE) {
            throw new CheckpointException(place, key + " must be a whole number from " + least + " to " + LARGEST_SIZE
                    + ", not " + shown(value));
        }
        return (int) number;
    }

    private double finite(JsonNode value, String key) {
        double number = value.isNumber() ? value.doubleValue() : Double.NaN;
        if (!Double.isFinite(number)) {
            throw new CheckpointException(place, key + " must be a finite number, not " + shown(value));
        }
        return number;
    }

    private static String shown(JsonNode value) {
        String text = value.toString();
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }
}
