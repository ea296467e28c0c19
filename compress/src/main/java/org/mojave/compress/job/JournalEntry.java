package org.mojave.compress.job;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.report.EventJson;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.report.Report;
import org.mojave.compress.report.ReportJson;
import org.mojave.compress.report.RouterResult;
import org.mojave.compress.transform.LayerScales;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** One line of a journal. */
sealed interface JournalEntry {
    /** The job: what decides the result, and what else is needed to continue it. Always the first line. */
    record Begun(ObjectNode identity, ObjectNode options) implements JournalEntry {}

    /**
     * Tensors that are on disk, with the CRC-32C of their bytes, and what became of the matrices in them.
     */
    record Written(Map<String, Long> checksums, List<MatrixResult> results) implements JournalEntry {
        public Written {
            checksums = Map.copyOf(checksums);
            results = List.copyOf(results);
        }
    }

    /** A router's tensor that is on disk, with the CRC-32C of its bytes, and how far it agrees with the original. */
    record RouterWritten(String tensor, long checksum, RouterResult result) implements JournalEntry {}

    /** The scales that a layer's weights are rewritten with. */
    record Scaled(int layer, LayerScales scales) implements JournalEntry {
        /** One entry for each layer. */
        static JournalEntry[] all(List<LayerScales> scales) {
            JournalEntry[] entries = new JournalEntry[scales.size()];
            Arrays.setAll(entries, layer -> new Scaled(layer, scales.get(layer)));
            return entries;
        }
    }

    /** Something worth telling that belongs to no matrix. */
    record Noted(JobEvent event) implements JournalEntry {}

    /** Time spent in a stage. */
    record Spent(String stage, Report.Stage spent) implements JournalEntry {}

    /** The line. */
    default ObjectNode json() {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        switch (this) {
            case Begun e -> {
                node.put("entry", "begun");
                node.set("identity", e.identity);
                node.set("options", e.options);
            }
            case Written e -> {
                node.put("entry", "written");
                ObjectNode checksums = node.putObject("crc32c");
                e.checksums.forEach(checksums::put);
                ArrayNode results = node.putArray("results");
                e.results.forEach(result -> results.add(resultJson(result)));
            }
            case RouterWritten e -> {
                node.put("entry", "router").put("tensor", e.tensor).put("crc32c", e.checksum);
                node.set("result", ReportJson.router(e.result));
            }
            case Scaled e -> {
                node.put("entry", "scaled").put("layer", e.layer);
                node.set("scales", e.scales.json());
            }
            case Noted e -> {
                node.put("entry", "noted");
                node.set("event", EventJson.write(e.event));
            }
            case Spent e -> node.put("entry", "spent").put("stage", e.stage).put("seconds", e.spent.seconds())
                    .put("resident_peak", e.spent.residentPeak());
        }
        return node;
    }

    /** Reads {@link #json()}; throws IllegalArgumentException for anything else. */
    static JournalEntry read(JsonNode node) {
        return switch (node.path("entry").asString()) {
            case "begun" -> new Begun(object(node, "identity"), object(node, "options"));
            case "written" -> {
                Map<String, Long> checksums = new LinkedHashMap<>();
                object(node, "crc32c").properties().forEach(e -> checksums.put(e.getKey(), e.getValue().asLong()));
                List<MatrixResult> results = new ArrayList<>();
                node.path("results").forEach(result -> results.add(result(result)));
                yield new Written(checksums, results);
            }
            case "router" -> new RouterWritten(node.path("tensor").asString(), node.path("crc32c").asLong(), ReportJson.router(object(node, "result")));
            case "scaled" -> new Scaled(node.path("layer").asInt(), LayerScales.read(object(node, "scales")));
            case "noted" -> new Noted(EventJson.read(node.path("event")));
            case "spent" -> new Spent(node.path("stage").asString(),
                    new Report.Stage(node.path("seconds").asDouble(), node.path("resident_peak").asLong()));
            default -> throw new IllegalArgumentException("unknown entry " + node.path("entry"));
        };
    }

    private static ObjectNode object(JsonNode node, String field) {
        if (node.path(field) instanceof ObjectNode object) {
            return object;
        }
        throw new IllegalArgumentException("no object '" + field + "'");
    }

    private static ObjectNode resultJson(MatrixResult result) {
        ObjectNode node = ReportJson.matrix(result);
        ArrayNode events = node.putArray("events");
        result.events().forEach(event -> events.add(EventJson.write(event)));
        return node;
    }

    private static MatrixResult result(JsonNode node) {
        List<JobEvent> events = new ArrayList<>();
        node.path("events").forEach(event -> events.add(EventJson.read(event)));
        return new MatrixResult(node.path("matrix").asString(), node.path("rows").asInt(), node.path("columns").asInt(),
                node.path("state").asString(), node.path("storage").asString(), node.path("bytes").asLong(),
                node.path("tokens").asLong(), new MatrixResult.Evidence(node.path("affinity").asDouble(),
                        node.path("squared_affinity").asDouble(), node.path("borrowed").asDouble()), node.path("error").asDouble(), events);
    }
}
