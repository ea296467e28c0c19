package org.mojave.engine.tokenize;

import java.util.Arrays;

/**
 * Turns ids into text as they come. A piece is given out only when it ends in a whole character, so that the pieces joined
 * are what {@link Tokenizer#decodePlain} makes of all ids at once. Each step decodes only the few ids since the piece before
 * last (their left neighbours decide on spaces), so a long text costs linear time. For one thread.
 */
public final class TokenStream {
    /** Stands at the end of a decoded text whose last bytes are not a whole character yet. */
    private static final char INCOMPLETE = '\uFFFD';
    /** A character has at most four bytes; a model that goes on for so long without one writes no text. */
    private static final int LONGEST_WAIT = 256;

    private final Tokenizer tokenizer;
    private int[] window = new int[16];
    private int length;
    /** Ids of the window that have been given out. */
    private int given;

    /** A stream at its beginning. */
    public TokenStream(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** Takes one id and returns the text that is now complete; empty while a character is unfinished. */
    public String next(int id) {
        if (length == window.length) {
            window = Arrays.copyOf(window, 2 * length);
        }
        window[length++] = id;
        String before = decode(given);
        String now = decode(length);
        boolean waiting = !now.isEmpty() && now.charAt(now.length() - 1) == INCOMPLETE && length - given < LONGEST_WAIT;
        if (waiting || now.length() <= before.length()) {
            return "";
        }
        window = Arrays.copyOfRange(window, given, given + Math.max(16, length - given));
        length -= given;
        given = length;
        return now.substring(before.length());
    }

    /** The rest, unfinished characters as U+FFFD. */
    public String finish() {
        String before = decode(given);
        String now = decode(length);
        length = 0;
        given = 0;
        return now.length() > before.length() ? now.substring(before.length()) : "";
    }

    private String decode(int count) {
        return count == 0 ? "" : tokenizer.decodePlain(Arrays.copyOf(window, count));
    }
}
