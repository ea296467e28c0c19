package org.mojave.engine.model;

/**
 * A model that Mojave cannot run, though its files may be sound: another family, or a feature of a known family. The
 * message names the config key and, where there is one, the next step for the user.
 */
public final class UnsupportedModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code message}: one line in plain English that names the config key. */
    public UnsupportedModelException(String message) {
        super(message);
    }
}
