package org.mojave.engine.prune;

/**
 * Picks the tokens of the largest norm: in generation no later token exists that could look back, so importance is the norm alone (ODP's
 * {@code ‖t‖₁}; attention sinks have by far the largest). Follows the wanted quantile of what it has seen, in logarithms.
 */
public final class NormGuard {
    private static final double STEP = 0.05;

    private final double share;
    private double level = Double.NEGATIVE_INFINITY;

    /** Protects about that share of the tokens. */
    public NormGuard(double share) {
        if (!(share >= 0 && share < 1)) {
            throw new IllegalArgumentException("cannot protect " + share + " of all tokens");
        }
        this.share = share;
    }

    /** Which tokens are protected, by norm; adapts to them. */
    public boolean[] whole(double[] norms) {
        boolean[] whole = new boolean[norms.length];
        if (share == 0) {
            return whole;
        }
        if (norms.length >= 2 / share) {
            level = Math.log(Quantiles.of(norms, 1 - share) + Double.MIN_NORMAL);
        }
        for (int t = 0; t < norms.length; t++) {
            double value = Math.log(norms[t] + Double.MIN_NORMAL);
            whole[t] = value > level;
            if (level == Double.NEGATIVE_INFINITY) {
                level = value;
            } else if (norms.length < 2 / share) {
                level += STEP * (whole[t] ? 1 - share : -share);
            }
        }
        return whole;
    }
}
