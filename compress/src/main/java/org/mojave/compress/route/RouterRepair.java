package org.mojave.compress.route;

/**
 * Repairs a router in closed form after the layers before it changed: the correction C that makes it say, on the changed inputs x̂,
 * what the original said,
 *
 * <p>{@code min Σ_t ‖z_t − (W + C)·x̂_t‖² + λ‖C‖², C = (Z − X̂Wᵀ)ᵀ·X̂·(X̂ᵀX̂ + λI)⁻¹}
 *
 * <p>with λ a share of the mean diagonal of X̂ᵀX̂ (ridge regression toward no change). Tokens are added piece by piece; holds
 * {@code 8·hidden·(hidden + experts)} bytes. Not safe for several threads.
 *
 * <p>Example: {@code repair.add(sample); float[] weight = repair.weight(0.01);}
 */
public final class RouterRepair {
    private final float[] weight;
    private final int experts;
    private final int hidden;
    private final double[] moments;
    private final double[] residuals;
    private long tokens;

    /** Starts without tokens; {@code weight} [experts, hidden] is only read. */
    public RouterRepair(float[] weight, int experts) {
        if (experts < 1 || weight.length == 0 || weight.length % experts != 0) {
            throw new IllegalArgumentException(weight.length + " weights of " + experts + " experts");
        }
        this.weight = weight;
        this.experts = experts;
        this.hidden = weight.length / experts;
        this.moments = new double[Math.multiplyExact(hidden, hidden)];
        this.residuals = new double[Math.multiplyExact(experts, hidden)];
    }

    /** Tokens added so far. */
    public long tokens() {
        return tokens;
    }

    /** Adds tokens: x̂ [count, hidden] of the changed model and z [count, experts] of the original, without bias. */
    public void add(float[] inputs, float[] logits) {
        RouterSample sample = new RouterSample(weight, inputs, logits, experts);
        float[] outputs = sample.outputs(weight);
        for (int t = 0; t < sample.tokens(); t++) {
            for (int i = 0; i < hidden; i++) {
                double x = inputs[t * hidden + i];
                for (int j = 0; j <= i; j++) {
                    moments[i * hidden + j] += x * inputs[t * hidden + j];
                }
            }
            for (int e = 0; e < experts; e++) {
                double residual = (double) logits[t * experts + e] - outputs[t * experts + e];
                for (int j = 0; j < hidden; j++) {
                    residuals[e * hidden + j] += residual * inputs[t * hidden + j];
                }
            }
        }
        tokens += sample.tokens();
    }

    /**
     * The repaired weight [experts, hidden]. {@code damping}: λ over the mean diagonal, positive; more holds on to the old
     * weight where tokens are few. IllegalArgumentException without tokens or with inputs that are not finite.
     */
    public float[] weight(double damping) {
        double trace = 0;
        for (int i = 0; i < hidden; i++) {
            trace += moments[i * hidden + i];
        }
        if (!(damping > 0) || !(trace > 0 && trace < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("cannot repair a router with damping " + damping + " from " + tokens
                    + " tokens whose inputs have squared norm " + trace);
        }
        double[] system = moments.clone();
        for (int i = 0; i < hidden; i++) {
            system[i * hidden + i] += damping * trace / hidden;
        }
        factor(system);
        float[] repaired = new float[weight.length];
        double[] row = new double[hidden];
        for (int e = 0; e < experts; e++) {
            System.arraycopy(residuals, e * hidden, row, 0, hidden);
            solve(system, row);
            for (int j = 0; j < hidden; j++) {
                repaired[e * hidden + j] = (float) (weight[e * hidden + j] + row[j]);
            }
        }
        return repaired;
    }

    /** Lower Cholesky factor in place. */
    private void factor(double[] a) {
        for (int i = 0; i < hidden; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = a[i * hidden + j];
                for (int k = 0; k < j; k++) {
                    sum -= a[i * hidden + k] * a[j * hidden + k];
                }
                if (i == j && !(sum > 0)) {
                    throw new IllegalArgumentException("router inputs are singular at channel " + i + "; raise the damping");
                }
                a[i * hidden + j] = i == j ? Math.sqrt(sum) : sum / a[j * hidden + j];
            }
        }
    }

    /** Solves {@code L·Lᵀ·y = b} in place of b. */
    private void solve(double[] l, double[] b) {
        for (int i = 0; i < hidden; i++) {
            for (int k = 0; k < i; k++) {
                b[i] -= l[i * hidden + k] * b[k];
            }
            b[i] /= l[i * hidden + i];
        }
        for (int i = hidden - 1; i >= 0; i--) {
            b[i] /= l[i * hidden + i];
            for (int k = 0; k < i; k++) {
                b[k] -= l[i * hidden + k] * b[i];
            }
        }
    }
}
