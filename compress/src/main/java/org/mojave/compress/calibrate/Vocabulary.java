package org.mojave.compress.calibrate;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.BitSet;
import java.util.HexFormat;
import org.mojave.engine.tokenize.Tokenizer;

/**
 * What the token ids of a model mean.
 *
 * @param size ids are below this
 * @param plain ids that stand for text: neither special nor unused
 * @param digest SHA-256 over the texts of all ids; two models with the same digest mean the same by them
 */
public record Vocabulary(int size, BitSet plain, String digest) {
    /** Looks at every id once: about a second for the largest vocabularies. */
    public static Vocabulary of(Tokenizer tokenizer, int size) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        BitSet plain = new BitSet(size);
        for (int id = 0; id < size; id++) {
            plain.set(id, !tokenizer.decodePlain(id).isEmpty());
            digest.update(tokenizer.decode(id).getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
        }
        return new Vocabulary(size, plain, HexFormat.of().formatHex(digest.digest()));
    }
}
