package org.mojave.cli.terminal;

/** Shows nothing ({@code --quiet}). */
record SilentProgress() implements Progress {
    @Override
    public void step(long amount) {}

    @Override
    public void at(long done) {}

    @Override
    public void message(String text) {}

    @Override
    public void close() {}
}
