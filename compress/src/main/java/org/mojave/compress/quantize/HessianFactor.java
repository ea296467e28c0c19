package org.mojave.compress.quantize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.mojave.engine.kernel.LinearAlgebra;

/**
 * A Hessian made ready for {@link Gptq}: damped, put into the order of processing and inverted into its upper Cholesky
 * factor. Making one costs more than rounding a small matrix with it, and all matrices that read the same input (query, key,
 * value; gate, up) share it. Immutable.
 */
public final class HessianFactor implements Statistics {
    /** Each failure doubles the damping, up to this. */
    private static final double LARGEST_DAMPING = 0.1;

    private final Origin origin;
    private final int[] order;
    private final boolean[] dead;
    private final float[] upper;
    private final List<QuantizationEvent> events;

    /** What a factor is made from. */
    private record Origin(Hessian hessian, boolean activationOrder, double damping) {}

    private HessianFactor(Origin origin, int[] order, float[] upper, List<QuantizationEvent> events) {
        this.origin = origin;
        this.order = order;
        dead = dead(origin.hessian());
        this.upper = upper;
        this.events = List.copyOf(events);
    }

    /**
     * Damps and factorises; in float64, whatever the Hessian was gathered in. A Hessian that cannot be factorised, or that
     * saw no tokens, gives a factor that {@linkplain #rounds() asks for plain rounding}.
     *
     * @param activationOrder whether columns are processed by descending diagonal, else as they are stored
     * @param damping share of the mean diagonal to add at first
     */
    public static HessianFactor of(Hessian hessian, boolean activationOrder, double damping, LinearAlgebra algebra) {
        checkFinite(hessian);
        if (hessian.tokens() == 0) {
            return new HessianFactor(new Origin(hessian, activationOrder, 0), natural(hessian), new float[0],
                    List.of(new QuantizationEvent.NoTokens()));
        }
        List<QuantizationEvent> events = new ArrayList<>();
        int deadColumns = count(dead(hessian));
        if (deadColumns > 0) {
            events.add(new QuantizationEvent.DeadColumns(deadColumns));
        }
        int[] order = activationOrder ? byActivity(hessian) : natural(hessian);
        double[] work = new double[hessian.values().length];
        for (double share = damping; ; ) {
            if (factorise(hessian, order, share, work, algebra)) {
                return new HessianFactor(new Origin(hessian, activationOrder, share), order, floats(work), events);
            }
            if (share >= LARGEST_DAMPING) {
                events.add(new QuantizationEvent.HessianRejected(share));
                return new HessianFactor(new Origin(hessian, activationOrder, share), natural(hessian), new float[0], events);
            }
            double next = share == 0 ? 0.01 : Math.min(LARGEST_DAMPING, 2 * share);
            events.add(new QuantizationEvent.DampingRaised(share, next));
            share = next;
        }
    }

    /** Of inputs of which nothing is known: all count the same. */
    static HessianFactor identity(int columns, LinearAlgebra algebra) {
        float[] values = new float[columns * columns];
        for (int c = 0; c < columns; c++) {
            values[c * columns + c] = 1;
        }
        return of(new Hessian(columns, values, 1), false, 0, algebra);
    }

    /** Bytes that {@link #of} takes at its height, its result included. */
    public static long preparationBytes(int columns) {
        return (Double.BYTES + Float.BYTES) * (long) columns * columns;
    }

    /** Bytes that a factor holds. */
    public static long bytes(int columns) {
        return Float.BYTES * (long) columns * columns;
    }

    private static boolean factorise(Hessian hessian, int[] order, double damping, double[] work, LinearAlgebra algebra) {
        int n = hessian.columns();
        double mean = meanDiagonal(hessian);
        for (int i = 0; i < n; i++) {
            int row = order[i] * n;
            for (int j = 0; j < n; j++) {
                work[i * n + j] = hessian.values()[row + order[j]];
            }
            work[i * n + i] = diagonal(hessian, order[i]) + damping * mean;
        }
        return algebra.inverseUpperFactor(work, n);
    }

    private static double meanDiagonal(Hessian hessian) {
        double mean = 0;
        for (int c = 0; c < hessian.columns(); c++) {
            mean += diagonal(hessian, c) / hessian.columns();
        }
        return mean;
    }

    /** A dead input counts as 1, so that the matrix has an inverse. */
    private static double diagonal(Hessian hessian, int column) {
        float value = hessian.diagonal(column);
        return value == 0 ? 1 : value;
    }

    private static int[] natural(Hessian hessian) {
        return Slices.natural(hessian.columns());
    }

    private static int[] byActivity(Hessian hessian) {
        Integer[] order = Arrays.stream(natural(hessian)).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble((Integer c) -> -diagonal(hessian, c)));
        return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
    }

    private static boolean[] dead(Hessian hessian) {
        boolean[] dead = new boolean[hessian.columns()];
        for (int c = 0; c < dead.length; c++) {
            dead[c] = hessian.diagonal(c) == 0;
        }
        return dead;
    }

    private static int count(boolean[] flags) {
        int count = 0;
        for (boolean flag : flags) {
            count += flag ? 1 : 0;
        }
        return count;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    private static void checkFinite(Hessian hessian) {
        for (int i = 0; i < hessian.values().length; i++) {
            if (!Float.isFinite(hessian.values()[i])) {
                throw new IllegalArgumentException("the Hessian is " + hessian.values()[i] + " at row " + i / hessian.columns()
                        + ", column " + i % hessian.columns() + ": an activation overflowed during calibration");
            }
        }
    }

    /** Order of the Hessian. */
    public int columns() {
        return origin.hessian().columns();
    }

    /** Tokens that the Hessian was gathered from. */
    public long tokens() {
        return origin.hessian().tokens();
    }

    /** Whether columns are processed by descending diagonal. */
    public boolean activationOrder() {
        return origin.activationOrder();
    }

    /** Whether nothing usable is known, so that weights must be rounded to nearest; {@link #events()} says why. */
    public boolean rounds() {
        return upper.length == 0;
    }

    /** What happened on the way. */
    public List<QuantizationEvent> events() {
        return events;
    }

    /** The damped Hessian in natural order, a copy; a dead input, which may wake up on other text, counts as an average one. */
    float[] damped() {
        float[] damped = origin.hessian().values().clone();
        float[] activity = activity();
        for (int p = 0; p < order.length; p++) {
            damped[order[p] * columns() + order[p]] = activity[p];
        }
        return damped;
    }

    /** The diagonal of {@link #damped}, by position in the order of processing. */
    float[] activity() {
        float[] activity = new float[order.length];
        double mean = meanDiagonal(origin.hessian());
        for (int p = 0; p < order.length; p++) {
            activity[p] = (float) ((dead[order[p]] ? mean : origin.hessian().diagonal(order[p])) + origin.damping() * mean);
        }
        return activity;
    }

    /** Column that is processed at each position; not to be changed. */
    int[] order() {
        return order;
    }

    /** Whether an input was zero in all tokens. */
    boolean isDead(int column) {
        return dead[column];
    }

    /** U [columns, columns] in the order of processing with H⁻¹ = Uᵀ·U; not to be changed. */
    float[] upper() {
        return upper;
    }
}
