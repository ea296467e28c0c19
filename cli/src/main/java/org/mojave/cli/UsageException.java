package org.mojave.cli;

/** The user asked for something that cannot be: exit code 2. The message names the option and the next step. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
