package org.mojave.format.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;
import java.util.zip.CRC32C;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * CRC-32C of the tensors of a native checkpoint, in a file beside them, so that a run can check what it reads. A checkpoint without
 * that file is valid and unchecked.
 *
 * <p>Example: {@code TensorChecksums.open(folder).of("layers.0.experts.3.gate")}.
 */
public final class TensorChecksums {
    /** The file's name. */
    public static final String NAME = "checksums.json";

    private static final String ALGORITHM = "crc32c";
    private static final int DIGITS = 8;
    private static final long PIECE_BYTES = 1 << 24;

    private final Map<String, Integer> sums;

    private TensorChecksums(Map<String, Integer> sums) {
        this.sums = sums;
    }

    /** Those of a folder; none if it has no such file. Throws {@link CheckpointException} for a file that is not what it should be. */
    public static TensorChecksums open(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return new TensorChecksums(Map.of());
        }
        JsonNode root = Checkpoint.readJson(file);
        if (!ALGORITHM.equals(root.path("algorithm").asString("")) || !root.path("tensors").isObject()) {
            throw new CheckpointException(file.toString(), "does not list " + ALGORITHM + " checksums of tensors");
        }
        Map<String, Integer> sums = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : root.get("tensors").properties()) {
            String digits = entry.getValue().asString("");
            if (digits.length() != DIGITS) {
                throw new CheckpointException(file.toString(), entry.getKey() + ": '" + digits + "' is not a checksum of " + DIGITS + " digits");
            }
            try {
                sums.put(entry.getKey(), HexFormat.fromHexDigits(digits));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file.toString(), entry.getKey() + ": '" + digits + "' is not hexadecimal", e);
            }
        }
        return new TensorChecksums(sums);
    }

    /** The file's content; its size depends on the names alone. */
    public static byte[] bytes(Collection<String> names, ToIntFunction<String> checksum) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("algorithm", ALGORITHM);
        ObjectNode tensors = root.putObject("tensors");
        names.forEach(name -> tensors.put(name, HexFormat.of().toHexDigits(checksum.applyAsInt(name))));
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    }

    /** CRC-32C of bytes. */
    public static int checksum(MemorySegment bytes) {
        CRC32C crc = new CRC32C();
        for (long start = 0; start < bytes.byteSize(); start += PIECE_BYTES) {
            crc.update(bytes.asSlice(start, Math.min(PIECE_BYTES, bytes.byteSize() - start)).asByteBuffer());
        }
        return (int) crc.getValue();
    }

    /** The checksum of a tensor, if there is one. */
    public OptionalInt of(String tensor) {
        Integer sum = sums.get(tensor);
        return sum == null ? OptionalInt.empty() : OptionalInt.of(sum);
    }

    /** Tensors with a checksum. */
    public int size() {
        return sums.size();
    }
}
