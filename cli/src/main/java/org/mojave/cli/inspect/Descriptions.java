package org.mojave.cli.inspect;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.Mask;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Router;

/** Parts of a spec in words, layers that are alike together. */
final class Descriptions {
    private Descriptions() {}

    static List<String> attention(ModelSpec spec) {
        return byLayers(spec, layer -> attention(layer.attention()));
    }

    static List<String> feedForward(ModelSpec spec) {
        return byLayers(spec, layer -> feedForward(layer.feedForward()));
    }

    private static List<String> byLayers(ModelSpec spec, Function<LayerSpec, String> description) {
        Map<String, List<Integer>> layers = new LinkedHashMap<>();
        for (int i = 0; i < spec.layers().size(); i++) {
            layers.computeIfAbsent(description.apply(spec.layer(i)), _ -> new ArrayList<>()).add(i);
        }
        List<String> lines = new ArrayList<>();
        layers.forEach((text, numbers) -> lines.add(layers.size() == 1 ? text : (numbers.size() == 1 ? "layer " : "layers ") + ranges(numbers) + ": " + text));
        return lines;
    }

    /** {@code 0–2, 5}. */
    private static String ranges(List<Integer> numbers) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < numbers.size(); i++) {
            int first = numbers.get(i);
            while (i + 1 < numbers.size() && numbers.get(i + 1) == numbers.get(i) + 1) {
                i++;
            }
            int last = numbers.get(i);
            text.append(text.isEmpty() ? "" : ", ").append(first).append(last > first ? "–" + last : "");
        }
        return text.toString();
    }

    private static String attention(Attention attention) {
        String heads = switch (attention) {
            case Attention.GroupedQuery grouped -> grouped.heads() + " query heads over " + grouped.keyValueHeads()
                    + " key-value heads of " + grouped.headDimension();
            case Attention.Latent latent -> "latent, " + latent.heads() + " heads over " + latent.latentRank() + " + " + latent.ropeDimension()
                    + " cached components" + (latent.queryRank() > 0 ? ", queries through " + latent.queryRank() : "");
        };
        return heads + mask(attention.mask()) + (attention.rope().isEmpty() ? ", without positions" : "")
                + (attention.sinks() ? ", with sinks" : "");
    }

    private static String mask(Mask mask) {
        return switch (mask) {
            case Mask.Full _ -> "";
            case Mask.Sliding sliding -> ", window of " + sliding.window();
            case Mask.Chunked chunked -> ", chunks of " + chunked.size();
        };
    }

    private static String feedForward(FeedForward feedForward) {
        return switch (feedForward) {
            case FeedForward.Dense dense -> "dense, " + dense.intermediate() + " wide";
            case FeedForward.Mixture mixture -> mixture.router().chosen() + " of " + mixture.router().experts() + " experts, each "
                    + mixture.intermediate() + " wide, by " + score(mixture.router().score())
                    + mixture.shared().map(shared -> ", and a shared expert " + shared.intermediate() + " wide").orElse("");
        };
    }

    private static String score(Router.Score score) {
        return switch (score) {
            case Router.Score.Softmax _ -> "softmax";
            case Router.Score.SoftmaxOfChosen _ -> "softmax of the chosen";
            case Router.Score.Sigmoid _ -> "sigmoid";
            case Router.Score.SparseMixer _ -> "SparseMixer";
        };
    }
}
