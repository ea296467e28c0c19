package org.mojave.format.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.mojave.format.safetensors.SafetensorsLayout;
import org.mojave.format.safetensors.TensorEntry;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a checkpoint's tensors are spread over files: one {@code model.safetensors}, or {@code model-00001-of-00003.safetensors}
 * … with an index. A record (tensors that must stay together, in order) is never split. Known before anything is written,
 * so {@link #fileBytes} is a dry run.
 */
public final class CheckpointLayout {
    private final Map<String, SafetensorsLayout> shards;
    private final Map<String, String> shardOfTensor;
    private final byte[] index;

    private CheckpointLayout(Map<String, SafetensorsLayout> shards) {
        this.shards = Collections.unmodifiableMap(shards);
        Map<String, String> places = new LinkedHashMap<>();
        shards.forEach((file, layout) -> layout.tensors().keySet().forEach(name -> {
            if (places.put(name, file) != null) {
                throw new IllegalArgumentException("two tensors are called " + name);
            }
        }));
        this.shardOfTensor = Collections.unmodifiableMap(places);
        this.index = shards.size() == 1 ? new byte[0] : index(shards, places);
    }

    /**
     * Spreads records over shards in the order given. A shard holds at most {@code shardLimitBytes} of tensors, except that
     * a record larger than that has a shard of its own. {@code metadata} stands in every shard; Hugging Face loaders expect
     * {@code format=pt} in it.
     */
    public static CheckpointLayout of(List<List<TensorEntry>> records, long shardLimitBytes, Map<String, String> metadata) {
        List<List<TensorEntry>> shards = new ArrayList<>();
        List<TensorEntry> current = new ArrayList<>();
        long bytes = 0;
        for (List<TensorEntry> record : records) {
            long size = record.stream().mapToLong(TensorEntry::bytes).sum();
            if (!current.isEmpty() && size > shardLimitBytes - bytes) {
                shards.add(current);
                current = new ArrayList<>();
                bytes = 0;
            }
            current.addAll(record);
            bytes += size;
        }
        shards.add(current);
        Map<String, SafetensorsLayout> layouts = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            layouts.put(shardName(i, shards.size()), SafetensorsLayout.of(shards.get(i), metadata));
        }
        return new CheckpointLayout(layouts);
    }

    private static String shardName(int shard, int count) {
        return count == 1 ? Checkpoint.SINGLE
                : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", shard + 1, count);
    }

    private static byte[] index(Map<String, SafetensorsLayout> shards, Map<String, String> places) {
        JsonMapper json = JsonMapper.shared();
        ObjectNode root = json.createObjectNode();
        root.putObject("metadata").put("total_size", shards.values().stream().mapToLong(SafetensorsLayout::tensorBytes).sum());
        ObjectNode map = root.putObject("weight_map");
        places.forEach(map::put);
        return json.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    }

    /** File name to layout, in order. */
    public Map<String, SafetensorsLayout> shards() {
        return shards;
    }

    /** File name of the shard that holds a tensor; throws IllegalArgumentException if no such tensor is planned. */
    public String shardOf(String tensor) {
        String shard = shardOfTensor.get(tensor);
        if (shard == null) {
            throw new IllegalArgumentException("no tensor " + tensor + " is planned for this checkpoint");
        }
        return shard;
    }

    /** Size of all safetensors files and the index. */
    public long fileBytes() {
        return shards.values().stream().mapToLong(SafetensorsLayout::fileBytes).sum() + index.length;
    }

    /** Text of the index; empty if there is only one shard and therefore no index. */
    byte[] index() {
        return index;
    }
}
