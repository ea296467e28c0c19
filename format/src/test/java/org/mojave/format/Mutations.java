package org.mojave.format;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Damages valid files in the ways disks, networks and liars do. */
final class Mutations {
    private static final Pattern NUMBER = Pattern.compile("-?\\d+");
    private static final String[] NUMBERS = {"0", "-1", "1", "4294967296", "2147483648", "9223372036854775807",
        "-9223372036854775808", "9223372036854775808", "99999999999999999999999999", "1e3", "1e400", "0.5", "-0", "007", "[]", "null",
        "\"1\"", "{}", ""};
    private static final long[] WORDS = {0, 1, -1, 2, 255, 65_536, Integer.MAX_VALUE, 1L << 31, 1L << 32, 1L << 40, Long.MAX_VALUE,
        Long.MIN_VALUE, 1L << 61, 24, 32};

    private final Random random;

    Mutations(Random random) {
        this.random = random;
    }

    /** A damaged copy of {@code file}, whose first {@code headerBytes} bytes get most of the damage. */
    byte[] mutate(byte[] file, int headerBytes, byte[] other) {
        byte[] mutant = file.clone();
        int rounds = random.nextInt(10) < 7 ? 1 : 2 + random.nextInt(3);
        for (int round = 0; round < rounds; round++) {
            mutant = switch (random.nextInt(7)) {
                case 0 -> flipBits(mutant, headerBytes);
                case 1 -> Arrays.copyOf(mutant, random.nextInt(mutant.length + 1));
                case 2 -> splice(mutant, other);
                case 3 -> replaceNumber(mutant, headerBytes);
                case 4 -> overwriteWord(mutant, headerBytes);
                case 5 -> repeat(mutant, headerBytes);
                default -> Arrays.copyOf(mutant, mutant.length + random.nextInt(100));
            };
        }
        return mutant;
    }

    private int place(byte[] file, int headerBytes) {
        int bound = random.nextInt(10) == 0 ? file.length : Math.min(file.length, headerBytes);
        return bound == 0 ? 0 : random.nextInt(bound);
    }

    private byte[] flipBits(byte[] file, int headerBytes) {
        for (int i = random.nextInt(4); i >= 0 && file.length > 0; i--) {
            file[place(file, headerBytes)] ^= (byte) (1 << random.nextInt(8));
        }
        return file;
    }

    private byte[] splice(byte[] file, byte[] other) {
        int cut = random.nextInt(file.length + 1);
        int from = random.nextInt(other.length + 1);
        int length = random.nextInt(Math.min(64, other.length - from) + 1);
        return join(Arrays.copyOf(file, cut), Arrays.copyOfRange(other, from, from + length),
                Arrays.copyOfRange(file, Math.min(file.length, cut + (random.nextBoolean() ? 0 : length)), file.length));
    }

    /** Repeats a stretch, so that keys stand twice and lists grow. */
    private byte[] repeat(byte[] file, int headerBytes) {
        int from = place(file, headerBytes);
        int to = Math.min(file.length, from + 1 + random.nextInt(120));
        return join(Arrays.copyOf(file, to), Arrays.copyOfRange(file, from, to), Arrays.copyOfRange(file, to, file.length));
    }

    /** Replaces a decimal number of a text header; keeps the header's length word true half of the time. */
    private byte[] replaceNumber(byte[] file, int headerBytes) {
        String header = new String(file, 0, Math.min(file.length, headerBytes), StandardCharsets.ISO_8859_1);
        MatchResult[] numbers = NUMBER.matcher(header).results().toArray(MatchResult[]::new);
        if (numbers.length == 0 || header.length() < 8) {
            return overwriteWord(file, headerBytes);
        }
        MatchResult number = numbers[random.nextInt(numbers.length)];
        byte[] replacement = NUMBERS[random.nextInt(NUMBERS.length)].getBytes(StandardCharsets.ISO_8859_1);
        byte[] mutant = join(Arrays.copyOf(file, number.start()), replacement,
                Arrays.copyOfRange(file, number.end(), file.length));
        if (random.nextBoolean() && number.start() >= 8) {
            put(mutant, 0, headerBytes - 8 + replacement.length - (number.end() - number.start()));
        }
        return mutant;
    }

    private byte[] overwriteWord(byte[] file, int headerBytes) {
        put(file, place(file, headerBytes), WORDS[random.nextInt(WORDS.length)]);
        return file;
    }

    private static void put(byte[] file, int at, long word) {
        for (int i = 0; i < 8 && at + i < file.length; i++) {
            file[at + i] = (byte) (word >>> (8 * i));
        }
    }

    private static byte[] join(byte[]... parts) {
        byte[] joined = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, joined, at, part.length);
            at += part.length;
        }
        return joined;
    }
}
