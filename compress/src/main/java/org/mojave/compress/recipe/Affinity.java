package org.mojave.compress.recipe;

import java.util.Arrays;
import java.util.Locale;

/**
 * How tokens count in an expert's Hessian: with c^p, c being the token's routing weight (MoEQuant, arXiv 2505.03804, affinity-guided
 * quantization).
 *
 * @param power p: 0 plain, 1 MoEQuant, 2 exact for the layer's output
 * @param source whose routing weights
 */
public record Affinity(int power, Source source) {
    /** Every token counts fully. */
    public static final Affinity NONE = new Affinity(0, Source.ORIGINAL);

    /** Where routing weights come from. */
    public enum Source {
        /**
         * What the original model would give the expert for the token; a token that it would send elsewhere does not count. Quantization
         * errors do not change how much a token counts.
         */
        ORIGINAL,
        /** What the quantized model gives, as MoEQuant's public code does. */
        QUANTIZED;

        /** The spelling in options, files and reports. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Reads {@link #wireName}; throws RecipeException for any other text. */
        public static Source parse(String text) {
            return Arrays.stream(values()).filter(source -> source.wireName().equals(text)).findFirst()
                    .orElseThrow(() -> new RecipeException("--affinity-from must be original or quantized, not " + text));
        }
    }

    public Affinity {
        if (power < 0 || power > 2) {
            throw new RecipeException("--affinity-power must be 0, 1 or 2, not " + power);
        }
    }

    /** That power of the original's routing weights. */
    public static Affinity power(int power) {
        return new Affinity(power, Source.ORIGINAL);
    }

    /** Whether the original model must be run beside the quantized one for it. */
    public boolean needsOriginal() {
        return power > 0 && source == Source.ORIGINAL;
    }
}
