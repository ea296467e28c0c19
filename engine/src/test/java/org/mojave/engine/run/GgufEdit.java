package org.mojave.engine.run;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.format.gguf.GgufEntry;
import org.mojave.format.gguf.GgufFile;
import org.mojave.format.gguf.GgufLayout;
import org.mojave.format.gguf.GgufTensor;
import org.mojave.format.gguf.GgufValue;
import org.mojave.format.gguf.GgufValueType;
import org.mojave.format.gguf.GgufWriter;

/** A changed copy of one of the tiny GGUF models. */
final class GgufEdit {
    private final Path folder;
    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

    private GgufEdit(Path folder, GgufFile file) {
        this.folder = folder;
        metadata.putAll(file.metadata());
        tensors.putAll(file.tensors());
    }

    /** The tiny model, copied into the folder. */
    static Path original(String name, Path folder) {
        Path target = folder.resolve(name + ".gguf");
        try (InputStream in = GgufEdit.class.getResourceAsStream("gguf/" + name + ".gguf")) {
            Files.write(target, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return target;
    }

    static GgufEdit of(String name, Path folder) {
        return new GgufEdit(folder, GgufFile.open(original(name, folder), Arena.ofAuto()));
    }

    GgufEdit without(String key) {
        metadata.remove(key);
        return this;
    }

    GgufEdit with(String key, long value) {
        return with(key, new GgufValue.Whole(GgufValueType.UINT32, value));
    }

    GgufEdit with(String key, GgufValue value) {
        metadata.put(key, value);
        return this;
    }

    GgufEdit withoutTensor(String name) {
        tensors.remove(name);
        return this;
    }

    GgufEdit onlyTensors(List<String> names) {
        tensors.keySet().retainAll(names);
        return this;
    }

    GgufEdit tensor(GgufTensor tensor) {
        tensors.put(tensor.name(), tensor);
        return this;
    }

    GgufTensor tensor(String name) {
        return tensors.get(name);
    }

    Path write(String name) {
        Path target = folder.resolve(name);
        List<GgufEntry> entries = new ArrayList<>();
        for (GgufTensor tensor : tensors.values()) {
            entries.add(new GgufEntry(tensor.name(), tensor.type(), tensor.shape()));
        }
        try (GgufWriter writer = GgufWriter.create(target, GgufLayout.of(metadata, entries))) {
            tensors.values().forEach(tensor -> writer.write(tensor.name(), tensor.bytes()));
            writer.finish();
        }
        return target;
    }
}
