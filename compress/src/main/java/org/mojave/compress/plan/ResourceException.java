package org.mojave.compress.plan;

/** Not enough memory or disk for the job, found before the work. One line with what there is and what is needed. */
public final class ResourceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code message}: one line. */
    public ResourceException(String message) {
        super(message);
    }
}
