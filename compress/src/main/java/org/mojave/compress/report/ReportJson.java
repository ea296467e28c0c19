package org.mojave.compress.report;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Reports as {@code report.json}. */
public final class ReportJson {
    /** Name of the file beside the model. */
    public static final String NAME = "report.json";

    private ReportJson() {}

    /** The text of the file. */
    public static byte[] bytes(Report report) {
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(write(report));
    }

    /** The report as JSON. */
    public static ObjectNode write(Report report) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        node.put("report_version", 1).put("mojave", report.version());
        node.putObject("source").put("folder", report.source().folder()).put("model_type", report.source().modelType())
                .put("parameters", report.source().parameters()).put("bytes", report.source().bytes())
                .put("bits_per_weight", report.source().bitsPerWeight());
        node.putObject("result").put("folder", report.result().folder()).put("planned_bytes", report.result().plannedBytes())
                .put("bytes", report.result().bytes()).put("kept_bytes", report.result().keptBytes())
                .put("bits_per_weight", report.result().bitsPerWeight());
        node.set("recipe", report.recipe());
        report.calibration().ifPresent(c -> {
            ObjectNode calibration = node.putObject("calibration").put("sequences", c.sequences()).put("length", c.length())
                    .put("tokens", c.tokens()).put("digest", c.digest());
            addAll(calibration.putArray("files"), c.files());
        });
        report.quality().ifPresent(q -> {
            ObjectNode quality = node.putObject("quality").put("perplexity_before", q.before()).put("perplexity_after", q.after())
                    .put("divergence", q.divergence()).put("same_top_token", q.agreement())
                    .put("windows", q.windows()).put("window", q.window());
            addAll(quality.putArray("files"), q.files());
        });
        node.putObject("verification").put("tensors", report.verification().tensors())
                .put("sequences", report.verification().sequences())
                .put("largest_logit_difference", report.verification().largestDifference());
        ObjectNode stages = node.putObject("seconds");
        report.stages().forEach((name, stage) -> stages.put(name, stage.seconds()));
        ObjectNode memory = node.putObject("memory").put("limit", report.memory().limit()).put("counted_peak", report.memory().countedPeak())
                .put("resident_peak", report.memory().residentPeak());
        ObjectNode peaks = memory.putObject("resident_peak_of_stages");
        report.stages().forEach((name, stage) -> peaks.put(name, stage.residentPeak()));
        ArrayNode roles = node.putArray("roles");
        RoleResult.of(report.matrices()).forEach(role -> roles.add(role(role)));
        ArrayNode matrices = node.putArray("matrices");
        report.matrices().forEach(matrix -> matrices.add(matrix(matrix)));
        ArrayNode routers = node.putArray("routers");
        report.routers().forEach(router -> routers.add(router(router)));
        ArrayNode events = node.putArray("events");
        report.events().forEach(event -> events.add(EventJson.write(event)));
        return node;
    }

    private static ObjectNode role(RoleResult role) {
        ObjectNode node = JsonMapper.shared().createObjectNode().put("role", role.role().wireName()).put("quantized", role.quantized())
                .put("kept", role.kept()).put("fallen_back", role.fallen()).put("bits_per_weight", role.bitsPerWeight());
        role.leastTokens().ifPresent(tokens -> node.put("least_tokens", tokens));
        role.worst().ifPresent(worst -> node.put("worst", worst.matrix()).put("worst_error", worst.error()));
        return node;
    }

    /** One matrix, as in reports and journals; events apart. */
    public static ObjectNode matrix(MatrixResult result) {
        return JsonMapper.shared().createObjectNode().put("matrix", result.matrix()).put("rows", result.rows())
                .put("columns", result.columns()).put("state", result.state()).put("storage", result.storage())
                .put("bytes", result.bytes()).put("bits_per_weight", result.bitsPerWeight()).put("tokens", result.tokens())
                .put("affinity", result.evidence().affinity()).put("squared_affinity", result.evidence().squaredAffinity())
                .put("borrowed", result.evidence().borrowed())
                .put("error", result.error());
    }

    /** One repaired router, as in reports and journals. */
    public static ObjectNode router(RouterResult result) {
        ObjectNode node = JsonMapper.shared().createObjectNode().put("router", result.router()).put("tokens", result.tokens())
                .put("repaired", result.repaired());
        node.set("before", agreement(result.before()));
        node.set("after", agreement(result.after()));
        return node;
    }

    private static ObjectNode agreement(RouterResult.Agreement agreement) {
        return JsonMapper.shared().createObjectNode().put("kept", agreement.kept()).put("divergence", agreement.divergence());
    }

    /** Reads {@link #router(RouterResult)}. */
    public static RouterResult router(JsonNode node) {
        return new RouterResult(node.path("router").asString(), node.path("tokens").asLong(), node.path("repaired").asBoolean(),
                agreement(node.path("before")), agreement(node.path("after")));
    }

    private static RouterResult.Agreement agreement(JsonNode node) {
        return new RouterResult.Agreement(node.path("kept").asDouble(), node.path("divergence").asDouble());
    }

    private static void addAll(ArrayNode array, List<String> texts) {
        texts.forEach(array::add);
    }
}
