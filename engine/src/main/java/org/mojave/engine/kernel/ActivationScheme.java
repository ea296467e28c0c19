package org.mojave.engine.kernel;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How activations become whole numbers before they meet the codes of a quantized matrix: one scale (and, if not symmetric, one zero) for
 * each token's input of a matrix, taken from that input alone (per token, dynamic). EAQuant (arXiv 2506.13329): asymmetric, the range
 * shrunk to 0.9 of itself at 4 bits.
 *
 * <p>Example: {@code ActivationScheme.parse("4a")}, {@code parse("8s")}, {@code parse("4a0.95")}.
 *
 * @param bits of an activation, 2 to 8
 * @param symmetric whether there is no zero point: codes −(2^(bits−1) − 1) … 2^(bits−1) − 1
 * @param clip share of the range that is kept, above 0 and at most 1; what lies outside is cut off
 */
public record ActivationScheme(int bits, boolean symmetric, double clip) {
    private static final Pattern ID = Pattern.compile("([2-8])([as]?)(0\\.\\d{1,6}|1|1\\.0)?");
    /** EAQuant's, for widths that have few codes to spare. */
    private static final double USUAL_CLIP = 0.9;
    private static final int CLIPPED_BITS = 4;

    public ActivationScheme {
        if (bits < 2 || bits > 8) {
            throw new IllegalArgumentException("activations have 2 to 8 bits, not " + bits);
        }
        if (!(clip > 0 && clip <= 1)) {
            throw new IllegalArgumentException("the share of the activations' range that is kept must be above 0 and at most 1, not " + clip);
        }
    }

    /** Asymmetric, with the usual clip: 0.9 up to 4 bits, none above. */
    public static ActivationScheme of(int bits) {
        return new ActivationScheme(bits, false, bits <= CLIPPED_BITS ? USUAL_CLIP : 1);
    }

    /** The spelling in options and files: bits, {@code a} or {@code s}, clip; e.g. {@code 4a0.9}. */
    public String id() {
        return bits + (symmetric ? "s" : "a") + String.format(Locale.ROOT, "%s", clip);
    }

    /** Reads {@link #id()}, of which all but the bits may be left out; throws IllegalArgumentException that quotes the text. */
    public static ActivationScheme parse(String id) {
        Matcher matcher = ID.matcher(id);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a way to round activations: '" + id + "' (expected 4, 8, or e.g. 4s, 4a0.95)");
        }
        ActivationScheme usual = of(Integer.parseInt(matcher.group(1)));
        return new ActivationScheme(usual.bits, matcher.group(2).equals("s"),
                matcher.group(3) == null ? usual.clip : Double.parseDouble(matcher.group(3)));
    }
}
