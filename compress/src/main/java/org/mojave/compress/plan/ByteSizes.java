package org.mojave.compress.plan;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mojave.compress.recipe.RecipeException;

/** Byte sizes as people write them: powers of 1000, as on a disk's label. */
public final class ByteSizes {
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([kKmMgGtT]?)[bB]?");

    private ByteSizes() {}

    /** {@code 4GB}, {@code 512MB}, {@code 1.5g}, {@code 4000000000}; throws {@link RecipeException} that quotes the text. */
    public static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw new RecipeException("not a size: '" + text + "'; write for example 4GB or 800MB");
        }
        double factor = switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
            case "k" -> 1e3;
            case "m" -> 1e6;
            case "g" -> 1e9;
            case "t" -> 1e12;
            default -> 1;
        };
        return Math.round(Double.parseDouble(matcher.group(1)) * factor);
    }

    /** A size that can be given as an option and is not below {@code bytes}: {@code 1.3GB}, {@code 410MB}. */
    public static String roundedUp(long bytes) {
        return bytes > 1_000_000_000L ? String.format(Locale.ROOT, "%.1fGB", Math.ceil(bytes / 1e8) / 10)
                : (bytes + 999_999) / 1_000_000 + "MB";
    }

    /** {@code 4.2 GB}, {@code 12.9 MB}, {@code 312 kB}, {@code 17 bytes}. */
    public static String text(long bytes) {
        if (bytes >= 1_000_000_000L) {
            return String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
        }
        if (bytes >= 1_000_000L) {
            return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
        }
        return bytes >= 1_000 ? String.format(Locale.ROOT, "%.0f kB", bytes / 1e3) : bytes + " bytes";
    }
}
