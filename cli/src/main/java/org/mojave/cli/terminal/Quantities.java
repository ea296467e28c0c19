package org.mojave.cli.terminal;

import java.time.Duration;
import java.util.Locale;

/** Numbers as people read them; the only place that formats them. Always with a point as the decimal mark. */
public final class Quantities {
    private static final String[] PREFIXES = {"", "k", "M", "G", "T", "P", "E"};

    private Quantities() {}

    /** {@code 13.84 GB}: decimal units, as file systems and model hubs count. */
    public static String bytes(long bytes) {
        return scaled((double) bytes, "B");
    }

    /** {@code 6.92 G}, {@code 128}: a count of parameters or tokens; exact below 10,000. */
    public static String count(long count) {
        return Math.abs(count) < 10_000 ? Long.toString(count) : scaled((double) count, "").stripTrailing();
    }

    /** {@code 35.2 GB/s}. */
    public static String bytesPerSecond(double rate) {
        return scaled(rate, "B/s");
    }

    /** {@code 62.5 %} of a fraction 0.625. */
    public static String percent(double fraction) {
        return decimals(fraction * 100, 1) + " %";
    }

    /** A number with that many digits after the point. */
    public static String decimals(double value, int digits) {
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    /** {@code 0.8 s}, {@code 3 min 20 s}, {@code 2 h 5 min}. */
    public static String duration(Duration duration) {
        long seconds = duration.toSeconds();
        if (seconds < 60) {
            return decimals(duration.toNanos() / 1e9, 1) + " s";
        }
        if (seconds < 3600) {
            return seconds / 60 + " min " + seconds % 60 + " s";
        }
        return seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }

    private static String scaled(double value, String unit) {
        double rest = value;
        int prefix = 0;
        while (Math.abs(rest) >= 999.5 && prefix < PREFIXES.length - 1) {
            rest /= 1000;
            prefix++;
        }
        int digits = prefix == 0 ? 0 : Math.abs(rest) < 10 ? 2 : Math.abs(rest) < 100 ? 1 : 0;
        return decimals(rest, digits) + " " + PREFIXES[prefix] + unit;
    }
}
