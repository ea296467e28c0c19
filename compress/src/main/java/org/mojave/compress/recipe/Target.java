package org.mojave.compress.recipe;

import java.util.Locale;

/** How large the result may be: all its files but the report. */
public sealed interface Target {
    /** So many bits for each parameter of the model, counted over whole files. */
    record Bits(double perWeight) implements Target {
        public Bits {
            if (!(perWeight > 0 && perWeight <= 64)) {
                throw new RecipeException("--target-bits must be between 0 and 64, not " + perWeight);
            }
        }
    }

    /** So many bytes. */
    record Bytes(long limit) implements Target {
        public Bytes {
            if (limit < 1) {
                throw new RecipeException("--target-size must be positive, not " + limit);
            }
        }
    }

    /** Most bytes for a model of that many parameters. */
    default long bytes(long parameters) {
        return switch (this) {
            case Bits(double perWeight) -> (long) (perWeight * parameters / 8);
            case Bytes(long limit) -> limit;
        };
    }

    /** The spelling in files: {@code 2.5bits} or {@code 9000000bytes}. */
    default String text() {
        return switch (this) {
            case Bits(double perWeight) -> String.format(Locale.ROOT, "%sbits", perWeight);
            case Bytes(long limit) -> limit + "bytes";
        };
    }

    /** Reads {@link #text()}; throws IllegalArgumentException that quotes it. */
    static Target parse(String text) {
        if (text.endsWith("bits")) {
            return new Bits(Double.parseDouble(text.substring(0, text.length() - 4)));
        }
        if (text.endsWith("bytes")) {
            return new Bytes(Long.parseLong(text.substring(0, text.length() - 5)));
        }
        throw new IllegalArgumentException("not a target: '" + text + "'");
    }
}
