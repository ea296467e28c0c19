package org.mojave.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Progress;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Table;
import org.mojave.compress.job.JobListener;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.compress.report.ReportJson;
import org.mojave.compress.report.RoleResult;

/** Shows a compression job: progress stage by stage, what did not go the straight way, and the result. */
final class JobConsole implements JobListener, AutoCloseable {
    /** Events of one kind that are shown one by one. */
    private static final int SHOWN_EVENTS = 3;

    private final Console console;
    private final UnaryOperator<String> continuation;
    private final Map<Class<?>, List<JobEvent>> events = new LinkedHashMap<>();
    private Progress progress;

    /** For a compression. */
    JobConsole(Console console) {
        this(console, output -> "mojave resume " + output);
    }

    /** For a job that the command which {@code continuation} makes of its output goes on with. */
    JobConsole(Console console, UnaryOperator<String> continuation) {
        this.console = console;
        this.continuation = continuation;
    }

    @Override
    public void resumable(Path output) {
        console.note("If this is interrupted, " + continuation.apply(output.toString()) + " goes on with it.");
    }

    @Override
    public void started(String stage, long total) {
        close();
        String title = stage.substring(0, 1).toUpperCase(Locale.ROOT) + stage.substring(1);
        progress = console.progress(title, total, Progress.Unit.ITEMS);
    }

    @Override
    public void advanced(long amount, String place) {
        if (progress != null) {
            progress.message(place);
            progress.step(amount);
        }
    }

    @Override
    public void raised(JobEvent event) {
        if (event instanceof JobEvent.ShortCalibration || event instanceof JobEvent.TensorsLeftOut) {
            close();
            console.note("Note: " + event.text()); // known before the work, and perhaps a reason not to begin it
            return;
        }
        events.computeIfAbsent(event.getClass(), _ -> new ArrayList<>()).add(event);
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
            progress = null;
        }
    }

    /** The result, as JSON where that was asked for. */
    void show(Report report) {
        showEvents();
        if (console.json()) {
            console.json(ReportJson.write(report));
            return;
        }
        result(report);
    }

    /** Ends the progress and tells what did not go the straight way. */
    void showEvents() {
        close();
        for (List<JobEvent> kind : events.values()) {
            kind.stream().limit(SHOWN_EVENTS).forEach(event -> console.note("Note: " + event.text()));
            if (kind.size() > SHOWN_EVENTS) {
                console.note("Note: … and " + (kind.size() - SHOWN_EVENTS) + " more like the last, all in " + ReportJson.NAME);
            }
        }
    }

    private void result(Report report) {
        console.line(report.result().folder() + ": " + Quantities.bytes(report.result().bytes()) + ", "
                + bits(report.result().bitsPerWeight()) + " bits per weight (original: " + Quantities.bytes(report.source().bytes()) + ", "
                + bits(report.source().bitsPerWeight()) + ")");
        report.quality().ifPresent(q -> console.line("Perplexity " + Quantities.decimals(q.before(), 3) + " → "
                + Quantities.decimals(q.after(), 3) + ", divergence " + Quantities.decimals(q.divergence(), 4) + ", same top token "
                + Quantities.percent(q.agreement()) + " (" + q.windows() + " windows of " + q.window() + " tokens)"));
        console.table(roles(report));
        console.line("Verified: " + report.verification().tensors() + " tensors read back equal, logits of "
                + report.verification().sequences() + " sequences differ by at most "
                + String.format(Locale.ROOT, "%.1e", report.verification().largestDifference()));
        console.line("Seconds: " + seconds(report));
    }

    private static Table roles(Report report) {
        Table table = new Table("matrices", ">quantized", ">kept", ">fell back", ">bits/weight", ">least tokens", ">largest error", "of");
        for (RoleResult role : RoleResult.of(report.matrices())) {
            String error = role.worst().map(worst -> String.format(Locale.ROOT, "%.2g", worst.error())).orElse("");
            table.row(role.role().wireName(), role.quantized(), role.kept(), role.fallen(), bits(role.bitsPerWeight()),
                    role.leastTokens().isPresent() ? role.leastTokens().getAsLong() : "", error, role.worst().map(MatrixResult::matrix).orElse(""));
        }
        return table;
    }

    static String bits(double bitsPerWeight) {
        return Quantities.decimals(bitsPerWeight, 2);
    }

    private static String seconds(Report report) {
        StringBuilder line = new StringBuilder();
        double all = 0;
        for (Map.Entry<String, Report.Stage> stage : report.stages().entrySet()) {
            line.append(stage.getKey()).append(' ').append(Quantities.decimals(stage.getValue().seconds(), 1)).append(", ");
            all += stage.getValue().seconds();
        }
        line.append("together ").append(Quantities.duration(Duration.ofMillis(Math.round(all * 1000))));
        if (report.memory().residentPeak() > 0) {
            line.append("; at most ").append(Quantities.bytes(report.memory().residentPeak())).append(" in memory, mapped files included");
        }
        return line.toString();
    }
}
