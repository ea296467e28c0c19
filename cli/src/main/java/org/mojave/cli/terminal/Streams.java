package org.mojave.cli.terminal;

import java.io.PrintStream;

/**
 * Where a command writes and what is on the other side.
 *
 * @param out results
 * @param err progress, notes and errors
 * @param outIsTerminal whether colours are welcome on {@code out}
 * @param errColumns width of the terminal behind {@code err}, or 0 if it is a file or a pipe
 */
public record Streams(PrintStream out, PrintStream err, boolean outIsTerminal, int errColumns) {
    public Streams {
        if (errColumns < 0) {
            throw new IllegalArgumentException("columns must not be negative, got " + errColumns);
        }
    }

    /** The process's own streams, as the launcher described them in system properties. */
    public static Streams ofProcess() {
        boolean colours = Boolean.getBoolean("mojave.stdout.terminal") && System.getenv("NO_COLOR") == null;
        return new Streams(System.out, System.err, colours, Math.max(0, Integer.getInteger("mojave.stderr.columns", 0)));
    }

    /** Streams into a file, a pipe or a test's buffer. */
    public static Streams plain(PrintStream out, PrintStream err) {
        return new Streams(out, err, false, 0);
    }
}
