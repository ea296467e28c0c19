package org.mojave.compress.calibrate;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.statistics.ExpertHistogram;
import org.mojave.format.file.DurableFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Token sequences kept for calibration, with what is known of them: a JSON file that {@code --calibration} takes in place of a text.
 *
 * @param vocabulary {@link Vocabulary#digest} of the model that they are for
 * @param origin how they were made: model, settings, seed
 * @param sequences at least one
 * @param experts how often each expert was chosen by all their tokens
 */
public record TokenFile(String vocabulary, ObjectNode origin, List<Sequence> sequences, ExpertHistogram experts) {
    /** Text that zlib shrinks below this part of its bytes is nothing but repetition. */
    public static final double DEGENERATE_RATIO = 0.1;

    private static final String VERSION = "mojave_tokens";
    private static final int MARK_BYTES = 64;

    /**
     * One sequence.
     *
     * @param tokens at least one; the array is the record's own
     * @param logProbability natural logarithm of the probability that the model gives its tokens after the first
     * @param imbalance σ of its expert use, see {@link ExpertHistogram#imbalance}
     * @param compressed bytes of its text after zlib over bytes before
     */
    public record Sequence(int[] tokens, double logProbability, double imbalance, double compressed) {
        public Sequence {
            if (tokens.length == 0 || !(logProbability <= 0) || !(imbalance >= 0) || !(compressed >= 0)) {
                throw new IllegalArgumentException("impossible sequence: " + tokens.length + " tokens, log probability " + logProbability
                        + ", imbalance " + imbalance + ", compressed to " + compressed);
            }
        }
    }

    public TokenFile {
        sequences = List.copyOf(sequences);
        if (sequences.isEmpty()) {
            throw new IllegalArgumentException("no sequences");
        }
    }

    /** Bytes after zlib over bytes before; 1 for an empty text. */
    public static double compressed(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0) {
            return 1;
        }
        try (Deflater deflater = new Deflater()) {
            deflater.setInput(bytes);
            deflater.finish();
            byte[] buffer = new byte[1 << 12];
            long out = 0;
            while (!deflater.finished()) {
                out += deflater.deflate(buffer);
            }
            return (double) out / bytes.length;
        }
    }

    /** Share of sequences that are nothing but repetition. */
    public double degenerate() {
        return (double) sequences.stream().filter(s -> s.compressed() < DEGENERATE_RATIO).count() / sequences.size();
    }

    /** Perplexity of the sequences under the model that made them. */
    public double perplexity() {
        double sum = sequences.stream().mapToDouble(Sequence::logProbability).sum();
        long tokens = sequences.stream().mapToLong(s -> s.tokens().length - 1).sum();
        return Math.exp(-sum / Math.max(1, tokens));
    }

    /** Whether a file says that it holds tokens; false for one that cannot be read. */
    public static boolean isOne(Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            String start = new String(in.readNBytes(MARK_BYTES), StandardCharsets.UTF_8).replaceAll("\\s", "");
            return start.startsWith("{\"" + VERSION + "\"");
        } catch (IOException _) {
            return false;
        }
    }

    /** Reads a file; throws {@link RecipeException} that names it and what is wrong. */
    public static TokenFile read(Path file) {
        try {
            JsonNode node = JsonMapper.shared().readTree(Files.readAllBytes(file));
            if (node.path(VERSION).asInt() != 1) {
                throw new IllegalArgumentException("its version is " + node.path(VERSION) + ", not 1");
            }
            List<Sequence> sequences = new ArrayList<>();
            for (JsonNode sequence : node.path("sequences")) {
                sequences.add(sequence(sequence));
            }
            if (!(node.path("origin") instanceof ObjectNode origin)) {
                throw new IllegalArgumentException("it does not say where its tokens come from");
            }
            return new TokenFile(node.path("vocabulary").asString(), origin, sequences, histogram(node.path("experts")));
        } catch (IOException e) {
            throw new RecipeException(file + ": cannot be read (" + e.getMessage() + ")", e);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new RecipeException(file + ": is no file of tokens that can be used (" + e.getMessage().lines().findFirst().orElse("")
                    + "); make it again with mojave sample", e);
        }
    }

    private static ExpertHistogram histogram(JsonNode layers) {
        int experts = layers.path(0).size();
        int[] counts = new int[layers.size() * experts];
        for (int layer = 0; layer < layers.size(); layer++) {
            if (layers.get(layer).size() != experts) {
                throw new IllegalArgumentException("its layers have " + experts + " and " + layers.get(layer).size() + " experts");
            }
            for (int e = 0; e < experts; e++) {
                counts[layer * experts + e] = layers.get(layer).get(e).asInt();
            }
        }
        return new ExpertHistogram(layers.size(), experts, counts);
    }

    /** A sequence as JSON, in files and journals. */
    public static ObjectNode json(Sequence sequence) {
        ObjectNode node = JsonMapper.shared().createObjectNode().put("log_probability", sequence.logProbability())
                .put("imbalance", sequence.imbalance()).put("compressed", sequence.compressed());
        ArrayNode tokens = node.putArray("tokens");
        for (int token : sequence.tokens()) {
            tokens.add(token);
        }
        return node;
    }

    /** Reads {@link #json}. */
    public static Sequence sequence(JsonNode node) {
        int[] tokens = new int[node.path("tokens").size()];
        Arrays.setAll(tokens, i -> node.path("tokens").get(i).asInt(-1));
        return new Sequence(tokens, node.path("log_probability").asDouble(), node.path("imbalance").asDouble(),
                node.path("compressed").asDouble());
    }

    /** What is known of the sequences, without them. */
    public ObjectNode summary() {
        ObjectNode node = JsonMapper.shared().createObjectNode().put(VERSION, 1);
        node.set("origin", origin);
        node.put("vocabulary", vocabulary).put("count", sequences.size())
                .put("tokens", sequences.stream().mapToLong(s -> s.tokens().length).sum())
                .put("imbalance", experts.imbalance()).put("least_expert_tokens", experts.least())
                .put("perplexity", perplexity()).put("degenerate", degenerate());
        ArrayNode layers = node.putArray("experts");
        for (int layer = 0; layer < experts.layers(); layer++) {
            ArrayNode row = layers.addArray();
            for (int e = 0; e < experts.experts(); e++) {
                row.add(experts.counts()[layer * experts.experts() + e]);
            }
        }
        return node;
    }

    /** Writes the file, durably; an older one is replaced. */
    public void write(Path file) {
        ObjectNode node = summary();
        ArrayNode all = node.putArray("sequences");
        sequences.forEach(sequence -> all.add(json(sequence)));
        DurableFile.write(file, (JsonMapper.shared().writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** All tokens one after the other, each sequence cut to whole windows of {@code length}. */
    public int[] stream(int length) {
        int total = sequences.stream().mapToInt(s -> s.tokens().length / length * length).sum();
        int[] stream = new int[total];
        int at = 0;
        for (Sequence sequence : sequences) {
            int whole = sequence.tokens().length / length * length;
            System.arraycopy(sequence.tokens(), 0, stream, at, whole);
            at += whole;
        }
        return stream;
    }
}
