package org.mojave.cli;

/** How a command ends; part of the public contract. */
enum ExitCode {
    DONE(0, "done"),
    /** A mistake of ours. */
    BUG(1, "unexpected error"),
    USAGE(2, "usage or recipe"),
    UNSUPPORTED(3, "model not supported"),
    CORRUPT(4, "missing or corrupt file"),
    RESOURCES(5, "not enough memory or disk"),
    VERIFICATION(6, "verification failed"),
    INTERRUPTED(130, "interrupted");

    private final int code;
    private final String meaning;

    ExitCode(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    /** The number for the shell. */
    int code() {
        return code;
    }

    /** A few words for the help. */
    String meaning() {
        return meaning;
    }
}
