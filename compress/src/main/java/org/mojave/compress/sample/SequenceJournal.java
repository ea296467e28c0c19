package org.mojave.compress.sample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.mojave.compress.calibrate.TokenFile;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.format.file.DurableFile;
import org.mojave.format.file.DurableLines;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The sequences that are finished, beside the output file until that is written. */
final class SequenceJournal implements AutoCloseable {
    private static final String SUFFIX = ".journal";

    /** A finished sequence and its use of the experts. */
    record Finished(TokenFile.Sequence sequence, ExpertHistogram use) {}

    private final Path file;
    private final DurableLines lines;
    private final List<Finished> finished = new ArrayList<>();

    private SequenceJournal(Path file, DurableLines lines) {
        this.file = file;
        this.lines = lines;
    }

    /** Opens the journal of an output file, or begins it with {@code identity}; one of other work is refused. */
    static SequenceJournal open(Path output, ObjectNode identity, boolean overwrite) {
        Path file = output.resolveSibling(output.getFileName() + SUFFIX);
        SequenceJournal journal = new SequenceJournal(file, DurableLines.open(file));
        try {
            List<String> found = journal.lines.lines();
            if (!found.isEmpty() && overwrite && !found.getFirst().equals(identity.toString())) {
                journal.close();
                Files.delete(file);
                return open(output, identity, false);
            }
            if (found.isEmpty()) {
                journal.lines.append(identity.toString());
            } else if (!found.getFirst().equals(identity.toString())) {
                throw new RecipeException(file + ": holds unfinished sequences of another model or with other options; repeat that command, "
                        + "or start again with --overwrite");
            }
            for (String line : found.subList(Math.min(1, found.size()), found.size())) {
                journal.finished.add(read(JsonMapper.shared().readTree(line)));
            }
            return journal;
        } catch (JacksonException | IllegalArgumentException e) {
            journal.close();
            throw new RecipeException(file + ": is damaged; remove it and start again", e);
        } catch (IOException e) {
            throw DurableFile.failed(file, e);
        } catch (RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    private static Finished read(JsonNode node) {
        JsonNode use = node.path("use");
        int[] counts = new int[use.path("counts").size()];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = use.path("counts").get(i).asInt();
        }
        return new Finished(TokenFile.sequence(node.path("sequence")), new ExpertHistogram(use.path("layers").asInt(),
                use.path("experts").asInt(), counts));
    }

    /** What is finished, in order. */
    List<Finished> finished() {
        return List.copyOf(finished);
    }

    /** Notes a finished sequence durably. */
    void add(Finished added) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        node.set("sequence", TokenFile.json(added.sequence()));
        ObjectNode use = node.putObject("use").put("layers", added.use().layers()).put("experts", added.use().experts());
        ArrayNode counts = use.putArray("counts");
        for (int count : added.use().counts()) {
            counts.add(count);
        }
        lines.append(node.toString());
        finished.add(added);
    }

    /** Removes the file: the work is done. */
    void remove() {
        close();
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw DurableFile.failed(file, e);
        }
    }

    @Override
    public void close() {
        lines.close();
    }
}
