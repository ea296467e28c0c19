package org.mojave.compress.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mojave.format.file.DurableLines;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a job has done, one JSON object a line, only ever appended and forced to the disk before the job goes on. A last
 * line without its line end was being written when the job died and does not count. While a job runs, the journal is
 * locked against a second one.
 */
final class Journal implements AutoCloseable {
    /** Name of the file in the job's folder. */
    static final String NAME = "journal.jsonl";

    private final Path folder;
    private final DurableLines lines;
    private final List<JournalEntry> entries;

    private Journal(Path folder, DurableLines lines, List<JournalEntry> entries) {
        this.folder = folder;
        this.lines = lines;
        this.entries = entries;
    }

    /** Opens the journal of a folder, or begins it; a damaged one is refused with a {@link JobException}. */
    static Journal open(Path folder) {
        Path file = folder.resolve(NAME);
        DurableLines lines;
        try {
            lines = DurableLines.open(file);
        } catch (DurableLines.Busy e) {
            throw new JobException(folder + ": another mojave is working on this output; wait for it or stop it", e);
        } catch (DurableLines.TooLong e) {
            throw tooLong(file, e);
        }
        try {
            return new Journal(folder, lines, parse(file, lines.lines()));
        } catch (RuntimeException e) {
            lines.close();
            throw e;
        }
    }

    /** The entries of a journal that nobody need be able to write; empty if there is none. */
    static List<JournalEntry> peek(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return List.of();
        }
        try {
            return parse(file, DurableLines.peek(file));
        } catch (DurableLines.TooLong e) {
            throw tooLong(file, e);
        } catch (IOException e) {
            throw new JobException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static JobException tooLong(Path file, DurableLines.TooLong cause) {
        return new JobException(file + ": " + cause.bytes() + " bytes are too many for a journal", cause);
    }

    private static List<JournalEntry> parse(Path file, List<String> lines) {
        List<JournalEntry> entries = new ArrayList<>();
        for (String line : lines) {
            try {
                entries.add(JournalEntry.read(JsonMapper.shared().readTree(line)));
            } catch (JacksonException | IllegalArgumentException e) {
                throw new JobException(file + ", line " + (entries.size() + 1) + ": not a journal entry; the journal is damaged, start again with "
                        + "--overwrite", e);
            }
        }
        return entries;
    }

    /** The folder of the job. */
    Path folder() {
        return folder;
    }

    /** Everything so far, in order. */
    List<JournalEntry> entries() {
        return List.copyOf(entries);
    }

    /** Adds entries and forces them to the disk. */
    void append(JournalEntry... added) {
        lines.append(Arrays.stream(added).map(entry -> JsonMapper.shared().writeValueAsString(entry.json())).toArray(String[]::new));
        entries.addAll(List.of(added));
    }

    @Override
    public void close() {
        lines.close();
    }
}
