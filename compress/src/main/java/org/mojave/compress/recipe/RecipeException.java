package org.mojave.compress.recipe;

/** A wish that cannot be fulfilled as written. The message names the option and what to write instead. */
public final class RecipeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code message}: one line. */
    public RecipeException(String message) {
        super(message);
    }

    /** As {@link #RecipeException(String)}, keeping the cause for a debugger. */
    public RecipeException(String message, Throwable cause) {
        super(message, cause);
    }
}
