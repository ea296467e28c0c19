package org.mojave.compress.report;

import org.mojave.compress.report.JobEvent.BalancedCalibration;
import org.mojave.compress.report.JobEvent.DampingRaised;
import org.mojave.compress.report.JobEvent.DeadInputs;
import org.mojave.compress.report.JobEvent.InputsBorrowed;
import org.mojave.compress.report.JobEvent.NoTokens;
import org.mojave.compress.report.JobEvent.QualityNotMeasured;
import org.mojave.compress.report.JobEvent.RecordLost;
import org.mojave.compress.report.JobEvent.Rounded;
import org.mojave.compress.report.JobEvent.ShortCalibration;
import org.mojave.compress.report.JobEvent.TensorsLeftOut;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Events in journals and reports: {@code {"kind": "no_tokens", "matrix": …, "text": …}}. */
public final class EventJson {
    private EventJson() {}

    /** The event as JSON. */
    public static ObjectNode write(JobEvent event) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        switch (event) {
            case NoTokens e -> node.put("kind", "no_tokens").put("matrix", e.matrix());
            case InputsBorrowed e -> node.put("kind", "inputs_borrowed").put("matrix", e.matrix());
            case Rounded e -> node.put("kind", "rounded").put("matrix", e.matrix()).put("reason", e.reason());
            case DampingRaised e -> node.put("kind", "damping_raised").put("matrix", e.matrix()).put("damping", e.damping());
            case DeadInputs e -> node.put("kind", "dead_inputs").put("matrix", e.matrix()).put("count", e.count());
            case ShortCalibration e -> node.put("kind", "short_calibration").put("wanted", e.wanted()).put("found", e.found())
                    .put("length", e.length());
            case BalancedCalibration e -> node.put("kind", "balanced_calibration").put("sequences", e.sequences()).put("pool", e.pool())
                    .put("required", e.required()).put("short_experts", e.shortExperts());
            case TensorsLeftOut e -> node.put("kind", "tensors_left_out").put("count", e.count()).put("bytes", e.bytes())
                    .put("first", e.first());
            case RecordLost e -> node.put("kind", "record_lost").put("matrix", e.matrix());
            case QualityNotMeasured e -> node.put("kind", "quality_not_measured").put("reason", e.reason());
        }
        return node.put("text", event.text());
    }

    /** Reads what {@link #write} wrote; throws IllegalArgumentException that quotes an unknown kind. */
    public static JobEvent read(JsonNode node) {
        String kind = node.path("kind").asString();
        String matrix = node.path("matrix").asString();
        return switch (kind) {
            case "no_tokens" -> new NoTokens(matrix);
            case "inputs_borrowed" -> new InputsBorrowed(matrix);
            case "rounded" -> new Rounded(matrix, node.path("reason").asString());
            case "damping_raised" -> new DampingRaised(matrix, node.path("damping").asDouble());
            case "dead_inputs" -> new DeadInputs(matrix, node.path("count").asInt());
            case "short_calibration" -> new ShortCalibration(node.path("wanted").asInt(), node.path("found").asInt(),
                    node.path("length").asInt());
            case "balanced_calibration" -> new BalancedCalibration(node.path("sequences").asInt(), node.path("pool").asInt(),
                    node.path("required").asInt(), node.path("short_experts").asInt());
            case "tensors_left_out" -> new TensorsLeftOut(node.path("count").asInt(), node.path("bytes").asLong(),
                    node.path("first").asString());
            case "record_lost" -> new RecordLost(matrix);
            case "quality_not_measured" -> new QualityNotMeasured(node.path("reason").asString());
            default -> throw new IllegalArgumentException("unknown event '" + kind + "'");
        };
    }
}
