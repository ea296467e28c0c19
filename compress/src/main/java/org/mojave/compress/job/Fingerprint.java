package org.mojave.compress.job;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.checkpoint.CheckpointLayout;
import org.mojave.format.safetensors.SafetensorsLayout;
import org.mojave.format.tensor.TensorData;

/** Short digests that tell one model, or one layout of files, from another. */
final class Fingerprint {
    /** Bytes looked at in each tensor: at its start, in its middle and at its end. */
    private static final int PROBE_BYTES = 64;

    private Fingerprint() {}

    /**
     * SHA-256 over the config and, for every tensor, its name, type, shape and three probes of its bytes: the same for a
     * copy of a model elsewhere, different for a fine-tuned one of the same shape.
     */
    static String of(Checkpoint checkpoint) {
        MessageDigest digest = sha256();
        add(digest, checkpoint.config().toString());
        for (TensorData tensor : checkpoint.tensors().values()) {
            add(digest, tensor.name() + tensor.type() + tensor.shape());
            MemorySegment bytes = tensor.bytes();
            long last = Math.max(0, bytes.byteSize() - PROBE_BYTES);
            for (long start : new long[] {0, last / 2, last}) {
                digest.update(bytes.asSlice(start, Math.min(PROBE_BYTES, bytes.byteSize() - start)).toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return hex(digest);
    }

    /** SHA-256 over the place of every tensor. */
    static String of(CheckpointLayout layout) {
        MessageDigest digest = sha256();
        layout.shards().forEach((file, shard) -> {
            add(digest, file);
            for (SafetensorsLayout.Placed placed : shard.tensors().values()) {
                add(digest, placed.entry().name() + placed.entry().type() + placed.entry().shape());
                digest.update(ByteBuffer.allocate(16).putLong(placed.begin()).putLong(placed.end()).array());
            }
        });
        return hex(digest);
    }

    private static void add(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
