package org.mojave.compress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.format.tensor.TensorData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Answers recorded from reference code, under {@code testkit/goldens}: {@code name.json}, and tensors in {@code name.safetensors}. */
public record GoldenFolder(Path path) {
    /** A folder of the repository's goldens. */
    public static GoldenFolder of(String name) {
        return new GoldenFolder(Path.of(System.getProperty("mojave.root")).resolve("testkit/goldens").resolve(name));
    }

    /** The parsed {@code name.json}. */
    public JsonNode json(String name) {
        try {
            return JsonMapper.shared().readTree(Files.readAllBytes(path.resolve(name + ".json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A float tensor of {@code file.safetensors}, flat. */
    public float[] floats(String file, String tensor) {
        try (Arena arena = Arena.ofConfined()) {
            return SafetensorsFile.open(path.resolve(file + ".safetensors"), arena).tensors().get(tensor).toFloats();
        }
    }

    /** An I32 or I64 tensor of {@code file.safetensors}, flat. */
    public int[] integers(String file, String tensor) {
        try (Arena arena = Arena.ofConfined()) {
            TensorData data = SafetensorsFile.open(path.resolve(file + ".safetensors"), arena).tensors().get(tensor);
            int count = Math.toIntExact(data.elements());
            return switch (data.type().bytes()) {
                case 4 -> IntStream.range(0, count).map(i -> data.bytes().get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i)).toArray();
                case 8 -> IntStream.range(0, count)
                        .map(i -> Math.toIntExact(data.bytes().get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i))).toArray();
                default -> throw new IllegalArgumentException(tensor + " holds " + data.type());
            };
        }
    }

    /** A JSON list of numbers. */
    public static double[] doubles(JsonNode list) {
        return IntStream.range(0, list.size()).mapToDouble(i -> list.get(i).doubleValue()).toArray();
    }
}
