package org.mojave.cli.terminal;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on a terminal. The width comes from the launcher, so that no terminal library is loaded. */
final class BarProgress implements Progress {
    private static final int UPDATE_MILLIS = 200;

    private final ProgressBar bar;

    BarProgress(Streams streams, String title, long total, Unit unit) {
        var builder = ProgressBar.builder()
                .setTaskName(title)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .setConsumer(new ConsoleProgressBarConsumer(streams.err(), Math.max(20, streams.errColumns() - 1)));
        bar = switch (unit) {
            case BYTES -> builder.setUnit(" MB", 1_000_000).showSpeed().build();
            case ITEMS -> builder.build();
        };
    }

    @Override
    public void step(long amount) {
        bar.stepBy(amount);
    }

    @Override
    public void at(long done) {
        bar.stepTo(done);
    }

    @Override
    public void message(String text) {
        bar.setExtraMessage(" " + text);
    }

    @Override
    public void close() {
        bar.close();
    }
}
