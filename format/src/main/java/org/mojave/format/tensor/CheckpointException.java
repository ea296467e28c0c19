package org.mojave.format.tensor;

import java.util.regex.Pattern;

/**
 * A file that cannot be read as the checkpoint it claims to be. The message names the place (file, tensor, byte offset)
 * and, where there is one, the next step for the user.
 */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int MAXIMUM_LENGTH = 1000;
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cntrl}\\u2028\\u2029]");

    /** {@code place}: file, with tensor and offset where known; {@code problem}: one clause. */
    public CheckpointException(String place, String problem) {
        super(oneLine(place + ": " + problem));
    }

    /** As {@link #CheckpointException(String, String)}, keeping the cause for a debugger. */
    public CheckpointException(String place, String problem, Throwable cause) {
        super(oneLine(place + ": " + problem), cause);
    }

    /** A file's names may hold anything; what a person reads is one line of bounded length. */
    private static String oneLine(String message) {
        String clipped = message.length() > MAXIMUM_LENGTH ? message.substring(0, MAXIMUM_LENGTH) + "…" : message;
        return UNPRINTABLE.matcher(clipped).replaceAll("\uFFFD");
    }
}
