package org.mojave.compress.plan;

import java.util.Locale;

/** Byte sizes as people read them: powers of 1000, as on a disk's label. */
public final class ByteSizes {
    private ByteSizes() {}

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
