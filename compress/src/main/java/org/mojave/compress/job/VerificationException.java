package org.mojave.compress.job;

/** The result is not what it must be: the written files differ, or a strict job had to degrade something. */
public final class VerificationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code message}: one line. */
    public VerificationException(String message) {
        super(message);
    }
}
