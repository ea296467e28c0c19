package org.mojave.format.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.mojave.format.file.AlignedReads;
import org.mojave.format.file.ReadableFile;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.format.tensor.CheckpointException;
import org.mojave.format.tensor.TensorData;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An opened checkpoint folder in Hugging Face layout. All shards are mapped; nothing is read until it is used. Closing it
 * unmaps the tensors.
 *
 * <p>Example: {@code try (Checkpoint c = Checkpoint.open(folder)) { c.tensor("model.norm.weight").toFloats(); }}
 */
public final class Checkpoint implements AutoCloseable {
    /** Largest JSON file read whole: its tree takes many times the file's size. Real ones are far below a megabyte. */
    private static final long MAXIMUM_JSON_BYTES = 16L << 20;

    static final String INDEX = "model.safetensors.index.json";
    static final String SINGLE = "model.safetensors";
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Path folder;
    private final Arena arena;
    private final JsonNode config;
    private final Map<String, TensorData> tensors;
    private final List<SafetensorsFile> files;

    private Checkpoint(Path folder, Arena arena, JsonNode config, Map<String, TensorData> tensors, List<SafetensorsFile> files) {
        this.folder = folder;
        this.arena = arena;
        this.config = config;
        this.tensors = tensors;
        this.files = files;
    }

    /** Opens a folder; throws {@link CheckpointException} that names the file at fault. */
    public static Checkpoint open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder.toString(), "no such folder; give the folder that holds config.json");
        }
        JsonNode config = readJson(folder.resolve("config.json"));
        Path index = folder.resolve(INDEX);
        Optional<ShardIndex> shardIndex = Files.exists(index) ? Optional.of(new ShardIndex(index)) : Optional.empty();
        @SuppressWarnings("MustBeClosedChecker") // closed with the checkpoint
        Arena arena = Arena.ofShared();
        try {
            Map<String, SafetensorsFile> files = new LinkedHashMap<>();
            for (Path shard : shardIndex.isPresent() ? shards(folder, shardIndex.get()) : List.of(onlyShard(folder))) {
                files.put(shard.getFileName().toString(), SafetensorsFile.open(shard, arena));
            }
            shardIndex.ifPresent(map -> check(map, files));
            return new Checkpoint(folder, arena, config, collect(files.values()), List.copyOf(files.values()));
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static Map<String, TensorData> collect(Collection<SafetensorsFile> files) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (SafetensorsFile file : files) {
            file.tensors().forEach((name, tensor) -> {
                if (!SafetensorsFile.isPadding(name) && tensors.putIfAbsent(name, tensor) != null) {
                    throw new CheckpointException(file.path() + ", tensor " + name, "stands in an earlier shard too");
                }
            });
        }
        return Collections.unmodifiableMap(tensors);
    }

    private static void check(ShardIndex index, Map<String, SafetensorsFile> files) {
        index.forEach((tensor, shard) -> {
            SafetensorsFile file = files.get(shard);
            if (file == null || !file.tensors().containsKey(tensor)) {
                throw new CheckpointException(index.file().resolveSibling(shard) + ", tensor " + tensor,
                        "is not in this shard, though " + INDEX + " says so; download the shard again");
            }
        });
    }

    private static List<Path> shards(Path folder, ShardIndex index) {
        List<Path> shards = index.shards().stream().map(folder::resolve).toList();
        for (Path shard : shards) {
            if (!Files.exists(shard)) {
                throw new CheckpointException(shard.toString(), "shard named in " + INDEX
                        + " is missing; finish the download and try again");
            }
        }
        return shards;
    }

    private static Path onlyShard(Path folder) {
        Path single = folder.resolve(SINGLE);
        if (Files.exists(single)) {
            return single;
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
            if (found.size() == 1) {
                return found.getFirst();
            }
            throw new CheckpointException(folder.toString(), found.isEmpty() ? "holds no .safetensors file"
                    : "holds " + found.size() + " .safetensors files but no " + INDEX);
        } catch (IOException e) {
            throw new CheckpointException(folder.toString(), "cannot be listed (" + e.getMessage() + ")", e);
        }
    }

    /** Reads a JSON file of at most 16 MiB strictly; throws {@link CheckpointException} that names it. */
    public static JsonNode readJson(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new CheckpointException(file.toString(), Files.exists(file) ? "is not a file" : "no such file");
            }
            if (Files.size(file) > MAXIMUM_JSON_BYTES) {
                throw new CheckpointException(file.toString(), Files.size(file) + " bytes are too many for a JSON file");
            }
            JsonNode root = JSON.readTree(Files.readAllBytes(file));
            if (root.isMissingNode()) {
                throw new CheckpointException(file.toString(), "is empty");
            }
            return root;
        } catch (IOException e) {
            throw new CheckpointException(file.toString(), "cannot be read (" + e.getMessage() + ")", e);
        } catch (JacksonException e) {
            throw new CheckpointException(file.toString(), "is not valid JSON (" + e.getOriginalMessage() + ")", e);
        }
    }

    /** The folder. */
    public Path folder() {
        return folder;
    }

    /** {@code config.json}. */
    public JsonNode config() {
        return config;
    }

    /** All tensors of all shards, by name; without those that only fill gaps. */
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    /** The safetensors files. */
    public List<Path> shards() {
        return files.stream().map(SafetensorsFile::path).toList();
    }

    /** Where a mapped tensor, or a part of one, lies; throws IllegalArgumentException for bytes that are not mapped from these files. */
    public FileRange locate(MemorySegment part) {
        for (SafetensorsFile file : files) {
            long offset = part.address() - file.bytes().address();
            if (offset >= 0 && offset + part.byteSize() <= file.bytes().byteSize()) {
                return new FileRange(file.path(), offset, part.byteSize());
            }
        }
        throw new IllegalArgumentException("these " + part.byteSize() + " bytes are not mapped from " + folder);
    }

    /**
     * The same checkpoint, of which the tensors named are read into memory of their own now instead of being mapped. Closing either
     * closes both. Throws {@link CheckpointException} that names the tensor that cannot be read.
     */
    public Checkpoint inMemory(Predicate<String> names, ReadableFile.Opener opener) {
        Map<String, TensorData> changed = new LinkedHashMap<>(tensors);
        for (SafetensorsFile file : files) {
            List<TensorData> wanted = file.tensors().values().stream().filter(tensor -> names.test(tensor.name()) && tensors.containsKey(tensor.name()))
                    .toList();
            if (!wanted.isEmpty()) {
                read(file, wanted, opener).forEach(tensor -> changed.put(tensor.name(), tensor));
            }
        }
        return new Checkpoint(folder, arena, config, Collections.unmodifiableMap(changed), files);
    }

    private List<TensorData> read(SafetensorsFile file, List<TensorData> wanted, ReadableFile.Opener opener) {
        String place = file.path().toString();
        try (ReadableFile source = opener.open(file.path())) {
            List<TensorData> read = new ArrayList<>();
            for (TensorData tensor : wanted) {
                place = file.path() + ", tensor " + tensor.name();
                FileRange range = locate(tensor.bytes());
                MemorySegment bytes = range.bytes() == 0 ? tensor.bytes() : AlignedReads.read(source, range.offset(), range.bytes(), arena);
                read.add(new TensorData(tensor.name(), tensor.type(), tensor.shape(), bytes));
            }
            return read;
        } catch (IOException e) {
            throw new CheckpointException(place, "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** The tensor of that name; throws {@link CheckpointException} if there is none. */
    public TensorData tensor(String name) {
        TensorData tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException(folder + ", tensor " + name, "is missing from the checkpoint");
        }
        return tensor;
    }

    @Override
    public void close() {
        arena.close();
    }
}
