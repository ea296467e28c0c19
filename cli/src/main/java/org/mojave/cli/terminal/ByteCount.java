package org.mojave.cli.terminal;

import java.math.BigDecimal;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An amount of memory or disk as the user writes it: {@code 4GB} (10⁹), {@code 4GiB} (2³⁰), {@code 1.5G}, {@code 800MB}.
 *
 * @param bytes at least 1
 */
public record ByteCount(long bytes) {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)\\s*([kKMGT]?)(i?)[bB]?");

    public ByteCount {
        if (bytes < 1) {
            throw new IllegalArgumentException("an amount of bytes must be positive, not " + bytes);
        }
    }

    /** Reads the text; throws IllegalArgumentException that quotes it. */
    public static ByteCount parse(String text) {
        Matcher matcher = TEXT.matcher(text.strip());
        if (!matcher.matches() || (matcher.group(2).isEmpty() && !matcher.group(3).isEmpty())) {
            throw new IllegalArgumentException("'" + text + "' is not an amount of bytes (write e.g. 4GB or 800MiB)");
        }
        int power = matcher.group(2).isEmpty() ? 0 : "KMGT".indexOf(Character.toUpperCase(matcher.group(2).charAt(0))) + 1;
        BigDecimal unit = BigDecimal.valueOf(matcher.group(3).isEmpty() ? 1000 : 1024).pow(power);
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(unit);
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("'" + text + "' is more bytes than there are");
        }
        return new ByteCount(bytes.longValue());
    }

    @Override
    public String toString() {
        return Quantities.bytes(bytes);
    }
}
