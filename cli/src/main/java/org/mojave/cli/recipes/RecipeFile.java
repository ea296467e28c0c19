package org.mojave.cli.recipes;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.compress.recipe.RecipeException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.dataformat.yaml.YAMLFactory;

/**
 * A recipe as it is written: keys with scalars or lists of scalars, a {@code description} for people, and {@code rules}.
 *
 * <pre>
 * description: Experts at three bits, attention at four
 * bits: 3
 * rules:
 *   - match: {role: attention}
 *     bits: 4
 *   - match: {role: expert, pattern: "layers.0.*"}
 *     keep: true
 * </pre>
 *
 * @param name of the file, for messages
 * @param folder that paths in it start from
 * @param description one line, or nothing
 * @param settings in order; rules are settings {@code rule} in the spelling of {@link org.mojave.compress.recipe.Rule#text}
 */
record RecipeFile(String name, Path folder, String description, List<Setting> settings) {
    /** The key of a rule, as an option. */
    static final String RULE = "rule";
    static final String RULES = "rules";
    private static final String DESCRIPTION = "description";
    private static final List<String> RULE_KEYS = List.of("match", "bits", "scheme", "keep");
    private static final List<String> MATCH_KEYS = List.of("role", "pattern");

    RecipeFile {
        settings = List.copyOf(settings);
    }

    /** Reads a file of the user. */
    static RecipeFile read(Path file) {
        try {
            Path folder = Optional.ofNullable(file.toAbsolutePath().getParent()).orElseThrow();
            return parse(file.toString(), folder, Files.readString(file, StandardCharsets.UTF_8));
        } catch (IOException e) {
            String reason = Files.isDirectory(file) ? "is a folder" : Files.exists(file) ? "cannot be read as a text in UTF-8" : "no such file";
            throw new RecipeException(file + ": " + reason + "; correct --recipe", e);
        }
    }

    /** Reads a recipe; throws {@link RecipeException} with the line of what it does not understand. */
    static RecipeFile parse(String name, Path folder, String text) {
        YAMLFactory factory = YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), text)) {
            return new Reader(name, parser).read(folder);
        } catch (JacksonException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            String reason = Optional.ofNullable(e.getOriginalMessage()).orElse("").lines().findFirst().orElse("not YAML");
            throw new RecipeException(name + (line > 0 ? ":" + line : "") + ": " + reason, e);
        }
    }

    /** Walks through the tokens of a file. */
    private record Reader(String name, JsonParser parser) {
        RecipeFile read(Path folder) {
            List<Setting> settings = new ArrayList<>();
            String description = "";
            JsonToken first = parser.nextToken();
            if (first != null && first != JsonToken.VALUE_NULL) {
                require(first == JsonToken.START_OBJECT, "a recipe is a list of keys and values, e.g. bits: 4");
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    int line = line();
                    JsonToken value = parser.nextToken();
                    switch (key) {
                        case DESCRIPTION -> description = scalar(key, value);
                        case RULES -> rules(value, settings);
                        case RULE -> throw failed(line, "rules are a list under the key " + RULES + ", see mojave compress --help");
                        default -> settings.add(new Setting(key, values(key, value), line));
                    }
                }
            }
            return new RecipeFile(name, folder, description, settings);
        }

        private List<String> values(String key, JsonToken value) {
            if (value != JsonToken.START_ARRAY) {
                return List.of(scalar(key, value));
            }
            List<String> values = new ArrayList<>();
            for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                values.add(scalar(key, next));
            }
            return values;
        }

        private String scalar(String key, JsonToken value) {
            require(value.isScalarValue() && value != JsonToken.VALUE_NULL && !parser.getString().isBlank(), key + " needs a value");
            return parser.getString().strip();
        }

        private void rules(JsonToken value, List<Setting> settings) {
            require(value == JsonToken.START_ARRAY, "rules are a list: each begins with \"- match:\"");
            for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
                int line = line();
                require(next == JsonToken.START_OBJECT, "a rule begins with \"- match:\"");
                settings.add(new Setting(RULE, List.of(rule(line)), line));
            }
        }

        private String rule(int line) {
            String match = "";
            List<String> decisions = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                requireKnown(key, RULE_KEYS);
                JsonToken value = parser.nextToken();
                switch (key) {
                    case "match" -> match = match(value);
                    case "keep" -> {
                        require(scalar(key, value).equals("true"), "keep: true keeps a matrix; leave the rule out to quantize it");
                        decisions.add("keep");
                    }
                    default -> decisions.add(scalar(key, value));
                }
            }
            if (match.isEmpty() || decisions.size() != 1) {
                throw failed(line, "a rule has match: {role: …, pattern: …} and one of bits: …, scheme: …, keep: true");
            }
            return match + "=" + decisions.getFirst();
        }

        private String match(JsonToken value) {
            require(value == JsonToken.START_OBJECT, "match names a role, a pattern, or both: {role: expert, pattern: \"layers.0.*\"}");
            Map<String, String> parts = new HashMap<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String key = parser.currentName();
                requireKnown(key, MATCH_KEYS);
                parts.put(key, scalar(key, parser.nextToken()));
            }
            return parts.getOrDefault("role", "") + (parts.containsKey("pattern") ? "@" + parts.get("pattern") : "");
        }

        private void requireKnown(String key, List<String> known) {
            require(known.contains(key), "unknown key '" + key + "'; a rule has " + String.join(", ", known));
        }

        private void require(boolean holds, String otherwise) {
            if (!holds) {
                throw failed(line(), otherwise);
            }
        }

        private int line() {
            return parser.currentTokenLocation().getLineNr();
        }

        private RecipeException failed(int line, String reason) {
            return new RecipeException(name + ":" + line + ": " + reason);
        }
    }
}
