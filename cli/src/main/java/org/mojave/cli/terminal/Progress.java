package org.mojave.cli.terminal;

/** How far a long piece of work has come. May be stepped by any thread; closing ends the display. */
public sealed interface Progress extends AutoCloseable permits BarProgress, LineProgress, SilentProgress {
    /** What is counted. */
    enum Unit {
        /** Bytes, shown with a rate in MB/s. */
        BYTES,
        /** Anything else: layers, tokens, windows. */
        ITEMS
    }

    /** Adds {@code amount} to what is done. */
    void step(long amount);

    /** Sets what is done. */
    void at(long done);

    /** Shows a few words next to the display: the layer, the loss so far. */
    void message(String text);

    @Override
    void close();
}
