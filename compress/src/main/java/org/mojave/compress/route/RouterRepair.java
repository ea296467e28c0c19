package org.mojave.compress.route;

import org.mojave.engine.kernel.Block;
import org.mojave.engine.kernel.Extent;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.Workers;

/**
 * Repairs a router in closed form after the layers before it changed: the correction C that makes it say, on the changed inputs x̂,
 * what the original said,
 *
 * <p>{@code min Σ_t ‖z_t − (W + C)·x̂_t‖² + λ‖C‖², C = (Z − X̂Wᵀ)ᵀ·X̂·(X̂ᵀX̂ + λI)⁻¹}
 *
 * <p>with λ a share of the mean diagonal of X̂ᵀX̂ (ridge regression toward no change). Tokens are added piece by piece; sums are float32,
 * the solution float64. Holds {@code 4·hidden·(hidden + experts)} bytes, while solving three times as much. One thread calls; the
 * workers' threads share the work, and their number does not change the result.
 *
 * <p>Example: {@code repair.add(inputs, logits); float[] weight = repair.weight(0.01);}
 */
public final class RouterRepair {
    private final float[] weight;
    private final int experts;
    private final int hidden;
    private final Workers workers;
    private final Gram moments;
    private final float[] residuals;

    /** Starts without tokens; {@code weight} [experts, hidden] is only read. */
    public RouterRepair(float[] weight, int experts, Workers workers) {
        if (experts < 1 || weight.length == 0 || weight.length % experts != 0) {
            throw new IllegalArgumentException(weight.length + " weights of " + experts + " experts");
        }
        this.weight = weight;
        this.experts = experts;
        this.hidden = weight.length / experts;
        this.workers = workers;
        this.moments = new Gram(hidden);
        this.residuals = new float[weight.length];
    }

    /** Tokens added so far. */
    public long tokens() {
        return moments.tokens();
    }

    /** Adds tokens: x̂ [count, hidden] of the changed model and z [count, experts] of the original, without bias. */
    public void add(float[] inputs, float[] logits) {
        int count = new RouterSample(weight, inputs, logits, experts).tokens();
        Block x = new Block(inputs, 0, hidden);
        float[] residual = new float[logits.length];
        workers.algebra().multiplyTransposed(x, new Block(weight, 0, hidden), new Block(residual, 0, experts),
                new Extent(count, experts, hidden));
        for (int i = 0; i < residual.length; i++) {
            residual[i] = logits[i] - residual[i];
        }
        moments.add(inputs, count, workers);
        workers.algebra().addTransposed(1, new Block(residual, 0, experts), x, new Block(residuals, 0, hidden),
                new Extent(experts, hidden, count));
    }

    /**
     * The repaired weight [experts, hidden]. {@code damping}: λ over the mean diagonal, positive; more holds on to the old
     * weight where tokens are few. IllegalArgumentException without tokens or with inputs that are not finite.
     */
    public float[] weight(double damping) {
        float[] sums = moments.matrix();
        double trace = 0;
        for (int i = 0; i < hidden; i++) {
            trace += sums[i * hidden + i];
        }
        if (!(damping > 0) || !(trace > 0 && trace < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("cannot repair a router with damping " + damping + " from " + tokens()
                    + " tokens whose inputs have squared norm " + trace);
        }
        double[] system = new double[sums.length];
        for (int i = 0; i < system.length; i++) {
            system[i] = sums[i];
        }
        for (int i = 0; i < hidden; i++) {
            system[i * hidden + i] += damping * trace / hidden;
        }
        if (!workers.algebra().cholesky(system, hidden)) {
            throw new IllegalArgumentException("router inputs are singular in " + tokens() + " tokens; raise the damping above " + damping);
        }
        return repaired(system);
    }

    private float[] repaired(double[] factor) {
        float[] repaired = new float[weight.length];
        double[] row = new double[hidden];
        for (int e = 0; e < experts; e++) {
            for (int j = 0; j < hidden; j++) {
                row[j] = residuals[e * hidden + j];
            }
            solve(factor, row);
            for (int j = 0; j < hidden; j++) {
                repaired[e * hidden + j] = (float) (weight[e * hidden + j] + row[j]);
            }
        }
        return repaired;
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
