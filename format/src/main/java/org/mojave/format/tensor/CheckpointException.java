package org.mojave.format.tensor;

/**
 * A file that cannot be read as the checkpoint it claims to be. The message names the place (file, tensor, byte offset)
 * and, where there is one, the next step for the user.
 */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code place}: file, with tensor and offset where known; {@code problem}: one clause. */
    public CheckpointException(String place, String problem) {
        super(place + ": " + problem);
    }

    /** As {@link #CheckpointException(String, String)}, keeping the cause for a debugger. */
    public CheckpointException(String place, String problem, Throwable cause) {
        super(place + ": " + problem, cause);
    }
}
