package org.mojave.cli;

import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Progress;
import org.mojave.compress.sample.SamplingListener;

/** A bar of the tokens that a model writes itself. */
final class SamplingProgress implements SamplingListener, AutoCloseable {
    private final Console console;
    private Progress progress;

    SamplingProgress(Console console) {
        this.console = console;
    }

    @Override
    public void started(long tokens, long done) {
        progress = console.progress("Write", tokens, Progress.Unit.ITEMS);
        progress.step(done);
    }

    @Override
    public void advanced(long tokens) {
        progress.step(tokens);
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
