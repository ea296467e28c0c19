package org.mojave.engine.tokenize;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.mojave.format.tensor.CheckpointException;

/**
 * A {@code tokenizer.json}, or its like in a GGUF file, in use. Nothing is cut off and nothing padded, whatever the file asks for. Safe for several
 * threads; owns native memory until closed.
 *
 * <p>Encoding takes linear time and about 550 bytes of native memory per token while it runs: 20 MB of text need 3.5 GB.
 *
 * <p>Example: {@code try (Tokenizer t = Tokenizer.open(folder)) { int[] ids = t.encode("Hello"); }}
 */
public final class Tokenizer implements AutoCloseable {
    /** Any text that every vocabulary can encode: shows what the post-processor puts around it. */
    private static final String PROBE = "a";

    private final TokenizersLibrary library;
    private final long handle;
    private final SpecialTokens specialTokens;
    private final int[] prefix;
    private final int[] suffix;
    private boolean closed;

    private Tokenizer(TokenizersLibrary library, long handle, SpecialTokens specialTokens) {
        this.library = library;
        this.handle = handle;
        this.specialTokens = specialTokens;
        int[] bare = ids(PROBE, false);
        int[] dressed = ids(PROBE, true);
        int start = Math.max(0, indexOf(dressed, bare));
        prefix = chosen(specialTokens.addBeginning(), specialTokens.beginning(), Arrays.copyOf(dressed, start));
        suffix = chosen(specialTokens.addEnd(), specialTokens.end(),
                Arrays.copyOfRange(dressed, Math.min(dressed.length, start + bare.length), dressed.length));
    }

    /** Opens the tokenizer of a checkpoint folder or a GGUF file; throws {@link CheckpointException} that names the file at fault. */
    public static Tokenizer open(Path path) {
        TokenizerText text = TokenizerText.read(path);
        TokenizersLibrary library = NativeTokenizers.open();
        long handle;
        try {
            handle = library.createTokenizerFromString(text.json());
        } catch (RuntimeException e) {
            throw new CheckpointException(text.place(), "is not a tokenizer that can be used (" + e.getMessage()
                    + "); fetch it again", e);
        }
        library.disableTruncation(handle);
        library.disablePadding(handle);
        return new Tokenizer(library, handle, text.specialTokens());
    }

    /**
     * The ids of the text and nothing else: no beginning or end of sequence is added. Special tokens spelled out in the text
     * become their ids. Throws {@link IllegalArgumentException} for half a surrogate pair, which is no character.
     */
    public int[] encode(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw new IllegalArgumentException("the text holds half a character at position " + i + " (\\u"
                        + Integer.toHexString(c) + ")");
            }
        }
        return ids(text, false);
    }

    /**
     * The ids of a prompt: {@link #encode}, with begin or end of sequence added where {@code tokenizer_config.json} says so
     * ({@code add_bos_token}, {@code add_eos_token}), and where it is silent as the post-processor in {@code tokenizer.json}
     * does.
     */
    public int[] encodePrompt(String text) {
        int[] ids = encode(text);
        int[] all = Arrays.copyOf(prefix, prefix.length + ids.length + suffix.length);
        System.arraycopy(ids, 0, all, prefix.length, ids.length);
        System.arraycopy(suffix, 0, all, prefix.length + ids.length, suffix.length);
        return all;
    }

    /** The text of the ids, special tokens included. Bytes that are no UTF-8 become U+FFFD. */
    public String decode(int... ids) {
        return text(ids, false);
    }

    /** The text of the ids without special tokens. */
    public String decodePlain(int... ids) {
        return text(ids, true);
    }

    /** The id of a token that encodes to exactly one id, such as {@code <|endoftext|>}. */
    public OptionalInt id(String token) {
        int[] ids = encode(token);
        return ids.length == 1 ? OptionalInt.of(ids[0]) : OptionalInt.empty();
    }

    /** The special tokens that the folder names. */
    public SpecialTokens specialTokens() {
        return specialTokens;
    }

    private int[] ids(String text, boolean dressed) {
        checkOpen();
        long encoding = library.encode(handle, text, dressed);
        try {
            long[] ids = library.getTokenIds(encoding);
            int[] narrow = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                narrow[i] = (int) ids[i];
            }
            return narrow;
        } finally {
            library.deleteEncoding(encoding);
        }
    }

    private String text(int[] ids, boolean plain) {
        checkOpen();
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return library.decode(handle, wide, plain);
    }

    private int[] chosen(Optional<Boolean> wish, Optional<String> token, int[] byFile) {
        if (wish.isEmpty()) {
            return byFile;
        }
        if (!wish.get()) {
            return new int[0];
        }
        OptionalInt id = token.map(this::id).orElse(OptionalInt.empty());
        return id.isPresent() ? new int[] {id.getAsInt()} : byFile;
    }

    private static int indexOf(int[] all, int[] part) {
        for (int i = 0; i + part.length <= all.length; i++) {
            if (Arrays.equals(all, i, i + part.length, part, 0, part.length)) {
                return i;
            }
        }
        return -1;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the tokenizer is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            library.deleteTokenizer(handle);
        }
    }
}
