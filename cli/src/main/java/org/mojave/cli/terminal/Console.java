package org.mojave.cli.terminal;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a command says. Results (lines, tables, JSON) go to standard output; notes and progress to standard error, and
 * nowhere with {@code --quiet}.
 *
 * <p>Example: {@code try (Progress progress = console.progress("Writing", total, Progress.Unit.BYTES)) { … }}
 *
 * @param streams where to write
 * @param json whether the one result is a JSON document; commands then print no tables
 * @param quiet whether notes and progress are left out
 */
public record Console(Streams streams, boolean json, boolean quiet) {
    /** A line of the result. */
    public void line(String text) {
        streams.out().println(text);
    }

    /** A piece of the result without a line end, shown at once: generated text as it comes. */
    public void piece(String text) {
        streams.out().print(text);
        streams.out().flush();
    }

    /** A heading of the result, bold on a terminal. */
    public void heading(String text) {
        line(streams.outIsTerminal() ? "\u001b[1m" + text + "\u001b[0m" : text);
    }

    /** A table of the result. */
    public void table(Table table) {
        for (String row : table.render()) {
            line(row);
        }
    }

    /** The whole result as one JSON document; records become objects. */
    public void json(Object value) {
        line(JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build().writeValueAsString(value));
    }

    /** A remark that is not part of the result. */
    public void note(String text) {
        if (!quiet) {
            streams.err().println(text);
        }
    }

    /** Starts to show progress: a bar on a terminal, else a plain line every few seconds. */
    public Progress progress(String title, long total, Progress.Unit unit) {
        if (quiet) {
            return new SilentProgress();
        }
        return streams.errColumns() > 0
                ? new BarProgress(streams, title, total, unit)
                : new LineProgress(streams.err(), title, total, unit, System::nanoTime);
    }
}
