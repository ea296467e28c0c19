package org.mojave.engine.model.arch;

import java.util.List;
import java.util.Optional;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.RopeScaling;
import org.mojave.format.tensor.CheckpointException;

/** Reads the rope keys: {@code rope_theta} and {@code rope_scaling}, or both in {@code rope_parameters} (transformers 5). */
record RopeConfig(Config config, double defaultBase, int defaultContext) {
    RopeConfig {
        config.object("rope_parameters").ifPresent(keys -> {
            if (keys.has("full_attention") || keys.has("sliding_attention")) {
                throw keys.unsupported("rope_parameters", "one set per layer type", "one set for all layers is");
            }
        });
    }

    /** Rope that rotates {@code partial_rotary_factor} (absent: {@code factor}) of a head. */
    Rope partial(int headDimension, double factor) {
        double part = number("partial_rotary_factor", factor);
        return rope((int) (headDimension * part), false);
    }

    /** Rope that rotates {@code dimension} components. */
    Rope rope(int dimension, boolean interleaved) {
        return new Rope(dimension, interleaved, base(), scaling(dimension));
    }

    /** The object with the scaling keys, if there is one with a type other than default. */
    Optional<Config> scalingKeys() {
        Optional<Config> keys = config.has("rope_parameters") ? config.object("rope_parameters") : config.object("rope_scaling");
        return keys.filter(k -> !type(k).equals("default"));
    }

    /** {@code 0.1 · mscale · ln(factor) + 1} (YaRN, equation 22), 1 where nothing is stretched. */
    static double amplitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    private static String type(Config keys) {
        return keys.text("rope_type", keys.text("type", "default"));
    }

    private double base() {
        double base = config.positive("rope_theta", defaultBase);
        return config.object("rope_parameters").map(keys -> keys.positive("rope_theta", base)).orElse(base);
    }

    private double number(String key, double absent) {
        double plain = config.number(key, absent);
        return config.object("rope_parameters").map(keys -> keys.number(key, plain)).orElse(plain);
    }

    private RopeScaling scaling(int dimension) {
        if (scalingKeys().isEmpty()) {
            return new RopeScaling.None();
        }
        Config keys = scalingKeys().get();
        int context = config.size("max_position_embeddings", defaultContext);
        return switch (type(keys)) {
            case "linear" -> new RopeScaling.Linear(factor(keys));
            case "dynamic" -> new RopeScaling.Dynamic(factor(keys), context);
            case "yarn" -> yarn(keys, context);
            case "longrope" -> longRope(keys, context, dimension);
            case "llama3" -> new RopeScaling.Llama3(factor(keys), required(keys, "low_freq_factor"),
                    required(keys, "high_freq_factor"), keys.size("original_max_position_embeddings"));
            default -> throw keys.unsupported("rope_type", type(keys),
                    "supported: default, linear, dynamic, yarn, longrope, llama3");
        };
    }

    private static double factor(Config keys) {
        return required(keys, "factor");
    }

    private static double required(Config keys, String key) {
        keys.number(key);
        return keys.positive(key, 1);
    }

    private static RopeScaling yarn(Config keys, int context) {
        double factor = factor(keys);
        double mscale = keys.number("mscale", 0);
        double mscaleAll = keys.number("mscale_all_dim", 0);
        double inferred = mscale != 0 && mscaleAll != 0 ? amplitude(factor, mscale) / amplitude(factor, mscaleAll)
                : amplitude(factor, 1);
        double betaFast = keys.number("beta_fast", 32);
        double betaSlow = keys.number("beta_slow", 1);
        return new RopeScaling.Yarn(factor, keys.size("original_max_position_embeddings", context),
                betaFast == 0 ? 32 : betaFast, betaSlow == 0 ? 1 : betaSlow, keys.number("attention_factor", inferred),
                keys.flag("truncate", true));
    }

    private RopeScaling longRope(Config keys, int context, int dimension) {
        List<Double> shortFactors = keys.numbers("short_factor");
        List<Double> longFactors = keys.numbers("long_factor");
        if (shortFactors.size() != dimension / 2 || longFactors.size() != dimension / 2) {
            throw new CheckpointException(keys.place(), "short_factor and long_factor must hold " + dimension / 2
                    + " numbers, not " + shortFactors.size() + " and " + longFactors.size());
        }
        int original = keys.size("original_max_position_embeddings",
                config.size("original_max_position_embeddings", context));
        boolean ratio = config.has("original_max_position_embeddings")
                || (keys.has("original_max_position_embeddings") && !keys.has("factor"));
        double factor = ratio ? (double) context / original : factor(keys);
        double inferred = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        double amplitude = keys.number("attention_factor", inferred);
        return new RopeScaling.LongRope(shortFactors, longFactors, original, keys.number("short_mscale", amplitude),
                keys.number("long_mscale", amplitude));
    }
}
