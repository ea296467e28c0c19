package org.mojave.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The end of the process: says so if it was interrupted (the JVM then exits with 130), and waits until the launcher's
 * filter has passed on the last words.
 */
final class Interruption extends Thread {
    private static final long FILTER_WAIT_MILLIS = 2_000;

    private final PrintStream err;
    private final boolean filtered;
    private volatile boolean finished;

    Interruption(PrintStream err, boolean filtered) {
        super("mojave-end");
        this.err = err;
        this.filtered = filtered;
    }

    /** From here on the end of the process is no interruption. */
    void finish() {
        finished = true;
    }

    @Override
    public void run() {
        if (!finished) {
            err.println();
            err.println("mojave: interrupted");
        }
        err.flush();
        if (filtered) {
            err.close(); // the filter sees the end of its input
            awaitFilter();
        }
    }

    /** The filter is a child that the launcher left to this process. */
    private static void awaitFilter() {
        List<CompletableFuture<ProcessHandle>> ends = ProcessHandle.current().children().map(ProcessHandle::onExit).toList();
        try {
            CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new)).get(FILTER_WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException _) {
            // The process ends anyway; the filter passes on what it holds in its own time.
        }
    }
}
