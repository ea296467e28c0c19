package org.mojave.compress.job;

/** A job that cannot start or go on as asked. One line with the place and the next step. */
public final class JobException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code message}: one line. */
    public JobException(String message) {
        super(message);
    }

    /** As {@link #JobException(String)}, keeping the cause for a debugger. */
    public JobException(String message, Throwable cause) {
        super(message, cause);
    }
}
