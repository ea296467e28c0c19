package org.mojave.compress.calibrate;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Token sequences of one length.
 *
 * @param sequences at least one, all equally long; the arrays belong to this record
 */
public record TokenSequences(List<int[]> sequences) {
    public TokenSequences {
        sequences = List.copyOf(sequences);
        if (sequences.isEmpty() || sequences.getFirst().length == 0) {
            throw new IllegalArgumentException("no tokens");
        }
        for (int[] sequence : sequences) {
            if (sequence.length != sequences.getFirst().length) {
                throw new IllegalArgumentException("sequences of " + sequences.getFirst().length + " and " + sequence.length + " tokens");
            }
        }
    }

    /** Number of sequences. */
    public int count() {
        return sequences.size();
    }

    /** Tokens of each sequence. */
    public int length() {
        return sequences.getFirst().length;
    }

    /** SHA-256 of all tokens: two jobs with the same digest saw the same text. */
    public String digest() {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        ByteBuffer bytes = ByteBuffer.allocate(4 * length());
        for (int[] sequence : sequences) {
            bytes.clear();
            bytes.asIntBuffer().put(sequence);
            digest.update(bytes);
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
