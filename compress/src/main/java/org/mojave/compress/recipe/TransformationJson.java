package org.mojave.compress.recipe;

import java.util.Optional;
import org.mojave.compress.smooth.SmoothingMode;
import org.mojave.engine.kernel.ActivationScheme;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Transformations in journals and reports: only what is done is named. */
final class TransformationJson {
    private TransformationJson() {}

    static ObjectNode write(Transformation transformation) {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        transformation.smoothing().ifPresent(mode -> node.put("smoothing", mode.text()).put("smoothing_strength", transformation.strength()));
        if (transformation.outlierScaling()) {
            node.put("outlier_scaling", true);
        }
        if (transformation.rotation()) {
            node.put("rotation", true);
        }
        transformation.router().ifPresent(router -> node.put("router_bits", router.bits()).put("router_breadth", router.breadth()));
        transformation.activations().ifPresent(scheme -> node.put("activations", scheme.id()));
        return node;
    }

    static Transformation read(JsonNode node) {
        Optional<SmoothingMode> smoothing = node.has("smoothing") ? Optional.of(SmoothingMode.parse(node.path("smoothing").asString()))
                : Optional.empty();
        Optional<Transformation.RouterRounding> router = node.has("router_bits") ? Optional.of(new Transformation.RouterRounding(
                node.path("router_bits").asInt(), node.path("router_breadth").asDouble())) : Optional.empty();
        Optional<ActivationScheme> activations = node.has("activations")
                ? Optional.of(ActivationScheme.parse(node.path("activations").asString())) : Optional.empty();
        double strength = smoothing.isPresent() ? node.path("smoothing_strength").asDouble() : Transformation.USUAL_STRENGTH;
        return new Transformation(smoothing, strength, node.path("outlier_scaling").asBoolean(), node.path("rotation").asBoolean(), router,
                activations);
    }
}
