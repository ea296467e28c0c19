package org.mojave.cli.terminal;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Plain lines with percentage and remaining time, at most one every few seconds: for log files and pipes. */
final class LineProgress implements Progress {
    private static final long INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

    private final PrintStream err;
    private final String title;
    private final long total;
    private final Unit unit;
    private final LongSupplier nanoTime;
    private final long started;
    private long done;
    private long shown;
    private String message = "";

    LineProgress(PrintStream err, String title, long total, Unit unit, LongSupplier nanoTime) {
        this.err = err;
        this.title = title;
        this.total = total;
        this.unit = unit;
        this.nanoTime = nanoTime;
        this.started = nanoTime.getAsLong();
        this.shown = started;
    }

    @Override
    public synchronized void step(long amount) {
        at(done + amount);
    }

    @Override
    public synchronized void at(long done) {
        this.done = done;
        long now = nanoTime.getAsLong();
        if (now - shown >= INTERVAL_NANOS) {
            shown = now;
            show(now);
        }
    }

    @Override
    public synchronized void message(String text) {
        message = text;
    }

    @Override
    public synchronized void close() {
        String took = Quantities.duration(Duration.ofNanos(nanoTime.getAsLong() - started));
        err.println(title + ": " + (done == 0 ? "done" : amount(done)) + " in " + took);
    }

    private void show(long now) {
        double fraction = total > 0 ? Math.min(1, (double) done / total) : 0;
        StringBuilder line = new StringBuilder(title).append(": ");
        if (total > 0) {
            line.append(Quantities.percent(fraction)).append(" (").append(amount(done)).append(" of ").append(amount(total)).append(')');
        } else {
            line.append(amount(done));
        }
        if (fraction > 0 && fraction < 1) {
            Duration left = Duration.ofNanos((long) ((now - started) * (1 - fraction) / fraction));
            line.append(", about ").append(Quantities.duration(left)).append(" left");
        }
        err.println(message.isEmpty() ? line : line.append(", ").append(message));
    }

    private String amount(long value) {
        return switch (unit) {
            case BYTES -> Quantities.bytes(value);
            case ITEMS -> Quantities.count(value);
        };
    }
}
