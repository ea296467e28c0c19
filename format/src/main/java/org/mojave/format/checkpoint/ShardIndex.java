package org.mojave.format.checkpoint;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.mojave.format.file.HeaderBudget;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/** {@code model.safetensors.index.json}: which shard holds which tensor. Read as a stream, never held. */
record ShardIndex(Path file) {
    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}");
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(16).maxNameLength(4096)
                    .maxStringLength(1 << 16).build())
            .build();

    /** The shards named, in alphabetical order; throws {@link CheckpointException} for a name that is no plain file name. */
    Set<String> shards() {
        HeaderBudget budget;
        try {
            budget = new HeaderBudget(file.toString(), Files.size(file));
        } catch (IOException e) {
            throw new CheckpointException(file.toString(), "cannot be read (" + e.getMessage() + ")", e);
        }
        Set<String> shards = new TreeSet<>();
        forEach((tensor, shard) -> {
            if (shards.add(shard)) {
                budget.charge(128 + shard.length());
            }
        });
        if (shards.isEmpty()) {
            throw new CheckpointException(file.toString(), "has no weight_map");
        }
        return shards;
    }

    /** Calls with each tensor's name and its shard's. */
    void forEach(BiConsumer<String, String> visitor) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file));
                JsonParser json = JSON.createParser(ObjectReadContext.empty(), in)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new CheckpointException(file.toString(), "is not a JSON object");
            }
            while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean map = json.currentName().equals("weight_map");
                if (json.nextToken() == JsonToken.START_OBJECT && map) {
                    readMap(json, visitor);
                } else {
                    json.skipChildren();
                }
            }
            if (json.nextToken() != null) {
                throw new CheckpointException(file.toString(), "goes on after its JSON object");
            }
        } catch (IOException e) {
            throw new CheckpointException(file.toString(), "cannot be read (" + e.getMessage() + ")", e);
        } catch (JacksonException e) {
            throw new CheckpointException(file.toString(), "is not valid JSON (" + e.getOriginalMessage() + ")", e);
        }
    }

    private void readMap(JsonParser json, BiConsumer<String, String> visitor) {
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            String tensor = json.currentName();
            if (json.nextToken() != JsonToken.VALUE_STRING || !PLAIN_NAME.matcher(json.getString()).matches()) {
                throw new CheckpointException(file + ", tensor " + tensor, "weight_map names no plain file for it");
            }
            visitor.accept(tensor, json.getString());
        }
    }
}
