package org.mojave.cli;

/** Not enough memory or disk, found before the work: exit code 5. The message says how much is needed and how much there is. */
final class ResourceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ResourceException(String message) {
        super(message);
    }
}
