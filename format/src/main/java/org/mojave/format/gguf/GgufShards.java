package org.mojave.format.gguf;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mojave.format.tensor.CheckpointException;

/**
 * A model in one GGUF file, or in several named {@code …-00001-of-00003.gguf}, all opened by the name of the first. Owns the
 * mappings until closed.
 *
 * <p>Example: {@code try (GgufShards model = GgufShards.open(path)) { model.tensor("token_embd.weight"); }}
 */
public final class GgufShards implements AutoCloseable {
    private static final Pattern NUMBERED = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    private final Path path;
    private final Arena arena = Arena.ofShared();
    private final List<GgufFile> files = new ArrayList<>();
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

    private GgufShards(Path path) {
        this.path = path;
    }

    /** Maps and checks the file and those that belong to it; throws {@link CheckpointException} naming file and place. */
    public static GgufShards open(Path path) {
        GgufShards shards = new GgufShards(path);
        try {
            shards.add(path);
            long count = shards.metadata().whole("split.count").orElse(1L);
            if (count != 1) {
                shards.addOthers(count);
            }
            return shards;
        } catch (RuntimeException e) {
            shards.close();
            throw e;
        }
    }

    private void addOthers(long count) {
        Matcher name = NUMBERED.matcher(path.getFileName().toString());
        if (!name.matches() || Integer.parseInt(name.group(3)) != count) {
            throw new CheckpointException(path.toString(), "says it is one of " + count + " files, so its name must end with "
                    + "-00001-of-" + String.format(Locale.ROOT, "%05d", count) + ".gguf; give the files their original names back");
        }
        if (Integer.parseInt(name.group(2)) != 1) {
            throw new CheckpointException(path.toString(), "is not the first of " + count + " files; give the one that ends with -00001-of-"
                    + name.group(3) + ".gguf");
        }
        for (int i = 2; i <= count; i++) {
            add(path.resolveSibling(String.format(Locale.ROOT, "%s-%05d-of-%s.gguf", name.group(1), i, name.group(3))));
        }
    }

    private void add(Path file) {
        GgufFile opened = GgufFile.open(file, arena);
        files.add(opened);
        for (GgufTensor tensor : opened.tensors().values()) {
            if (tensors.put(tensor.name(), tensor) != null) {
                throw new CheckpointException(file + ", tensor " + tensor.name(), "lies in another of the model's files too");
            }
        }
    }

    /** The first file, which holds the metadata. */
    public GgufFile metadata() {
        return files.getFirst();
    }

    /** All files, the first one first. */
    public List<Path> files() {
        return files.stream().map(GgufFile::path).toList();
    }

    /** All tensors by name, in file order. */
    public Map<String, GgufTensor> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    /** Whether there is a tensor of that name. */
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** The tensor of that name; throws {@link CheckpointException} if there is none. */
    public GgufTensor tensor(String name) {
        GgufTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new CheckpointException(path + ", tensor " + name, "is missing from the file");
        }
        return tensor;
    }

    @Override
    public void close() {
        arena.close();
    }
}
