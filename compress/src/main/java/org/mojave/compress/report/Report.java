package org.mojave.compress.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Everything a finished job has to tell.
 *
 * @param version of the program
 * @param source the original
 * @param result what was written
 * @param recipe what was asked
 * @param calibration text that was used; empty if none was needed
 * @param quality perplexity before and after; empty if it could not be measured
 * @param verification how the written files were checked
 * @param stages seconds by stage, in order of first use, summed over interruptions
 * @param memory bytes
 * @param matrices every matrix of the model
 * @param routers how far each repaired router agrees with the original; none where none was repaired
 * @param events everything that did not go the straight way, those of matrices included
 */
public record Report(String version, Source source, Result result, JsonNode recipe, Optional<Calibration> calibration,
        Optional<Quality> quality, Verification verification, Map<String, Stage> stages, Memory memory,
        List<MatrixResult> matrices, List<RouterResult> routers, List<JobEvent> events) {
    public Report {
        matrices = List.copyOf(matrices);
        routers = List.copyOf(routers);
        events = List.copyOf(events);
    }

    /** The original: folder name, family, parameters, bytes of its weight files. */
    public record Source(String folder, String modelType, long parameters, long bytes) {
        /** Bits of the weight files per parameter. */
        public double bitsPerWeight() {
            return bytes * 8.0 / parameters;
        }
    }

    /** The result: bytes of all its files but the report, as planned and as they are; kept bytes are unquantized tensors. */
    public record Result(String folder, long plannedBytes, long bytes, long keptBytes, long parameters) {
        /** Bits of all files per parameter. */
        public double bitsPerWeight() {
            return bytes * 8.0 / parameters;
        }
    }

    /** Text that was used. */
    public record Calibration(List<String> files, int sequences, int length, String digest) {
        public Calibration {
            files = List.copyOf(files);
        }

        /** Tokens of all sequences. */
        public long tokens() {
            return (long) sequences * length;
        }
    }

    /**
     * Measured on text that calibration has not seen: perplexity before and after, mean Kullback-Leibler divergence from the
     * original in nats a token, share of positions with the same most probable token.
     */
    public record Quality(List<String> files, int windows, int window, double before, double after, double divergence,
            double agreement) {
        public Quality {
            files = List.copyOf(files);
        }
    }

    /** Tensors whose bytes were compared, sequences whose logits were, and the largest difference of a logit. */
    public record Verification(int tensors, int sequences, double largestDifference) {}

    /** What a stage took: its seconds, and the most bytes that the process had resident meanwhile, mapped files included (0 if unknown). */
    public record Stage(double seconds, long residentPeak) {
        /** Of two pieces together. */
        public Stage and(Stage other) {
            return new Stage(seconds + other.seconds, Math.max(residentPeak, other.residentPeak));
        }
    }

    /** The limit given, the most that was counted against it, and the most that the process had resident (0 if unknown). */
    public record Memory(long limit, long countedPeak, long residentPeak) {}
}
