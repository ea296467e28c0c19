package org.mojave.compress.job;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.mojave.compress.calibrate.GroupMoments;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.MomentSource;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.quantize.ActivationMatch;
import org.mojave.compress.quantize.Clip;
import org.mojave.compress.quantize.Fidelity;
import org.mojave.compress.quantize.Gptq;
import org.mojave.compress.quantize.GptqSettings;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.HessianFactor;
import org.mojave.compress.quantize.Hqq;
import org.mojave.compress.quantize.OutputError;
import org.mojave.compress.quantize.QuantizationEvent;
import org.mojave.compress.quantize.QuantizedMatrix;
import org.mojave.compress.quantize.Quantizer;
import org.mojave.compress.quantize.Rtn;
import org.mojave.compress.quantize.Statistics;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.recipe.GroupScales;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.report.JobEvent;
import org.mojave.compress.report.MatrixResult;
import org.mojave.compress.statistics.AffinityCounts;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.compress.statistics.Shrinkage;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;

/** Quantizes one slab: reads its weights, calls the quantizer, packs, and measures the error. Safe for several threads. */
final class SlabQuantizer {
    /** Bytes per weight of weights, codes and packed codes. */
    private static final int BYTES_PER_WEIGHT = 4 + 1 + 2;
    /** Rows on which the output error is measured, spread evenly over a larger matrix. */
    private static final int MEASURED_ROWS = 256;

    private final SourceModel source;
    private final LinearAlgebra algebra;
    private final Method method;
    private final Fitting fitting;
    private final Gptq gptq;
    /** For schemes whose scales are chosen together. */
    private final Gptq together;

    /**
     * A quantized slab.
     *
     * @param packed its part of the packed matrix
     * @param method what was done in the end
     * @param tokens calibration tokens
     * @param evidence what they are worth
     * @param error squared error, of outputs where there are tokens, else of weights
     * @param reference squared outputs, or squared weights
     * @param events what did not go the straight way
     */
    record Outcome(byte[] packed, Method method, long tokens, MatrixResult.Evidence evidence, double error, double reference,
            List<JobEvent> events) {}

    /**
     * What is known of a group's inputs.
     *
     * @param hessian for measuring
     * @param natural for compensating in the order of columns, where a scheme of the group needs that
     * @param ordered for compensating in the order of activity, where a scheme of the group takes that
     * @param match for moving the weights first, where the original's inputs were looked at
     * @param tokens that reached it
     * @param evidence what they are worth
     */
    record Prepared(Hessian hessian, Optional<HessianFactor> natural, Optional<HessianFactor> ordered, Optional<ActivationMatch> match,
            long tokens, MatrixResult.Evidence evidence) {
        private HessianFactor factor(boolean activationOrder) {
            return (activationOrder ? ordered : natural).orElseThrow();
        }
    }

    SlabQuantizer(SourceModel source, Recipe recipe, LinearAlgebra algebra) {
        this.source = source;
        method = recipe.method();
        fitting = recipe.fitting();
        this.algebra = algebra;
        together = new Gptq(GptqSettings.careful(fitting.sweeps()), algebra);
        gptq = fitting.groupScales() == GroupScales.COMPENSATED ? new Gptq(GptqSettings.published(), algebra) : together;
    }

    private Gptq gptq(Scheme scheme) {
        return scheme.trellis() || scheme.sixBitScales() ? together : gptq;
    }

    /** Bytes that work on a slab takes at its height, with the factor of its Hessian if it needs one. */
    static long bytes(Slab slab, Method method, Fitting fitting) {
        int columns = slab.matrix().shape().columns();
        long own = slab.weights() * BYTES_PER_WEIGHT + Gptq.workBytes(GptqSettings.careful(fitting.sweeps()), slab.rows(), columns);
        return switch (method) {
            case RTN, HQQ -> own;
            case AWQ -> own + (fitting.shrinkage() > 0 ? 2L : 1L) * Float.BYTES * columns * columns
                    + 3L * Float.BYTES * Math.min(MEASURED_ROWS, slab.rows()) * columns;
            case GPTQ -> own + 2 * HessianFactor.preparationBytes(columns)
                    + (fitting.matching() ? ActivationMatch.preparationBytes(columns) + Float.BYTES * slab.weights() : 0)
                    + (fitting.shrinkage() > 0 ? (long) Float.BYTES * columns * columns : 0)
                    + 3L * Float.BYTES * Math.min(MEASURED_ROWS, slab.rows()) * columns;
        };
    }

    /** Makes what was seen of a group's inputs ready for all its matrices. */
    Prepared prepare(InputGroup group, MomentSource moments) {
        return guarded(group.lead().name(), () -> {
            GroupMoments seen = moments.of(group);
            double[] borrowed = new double[1];
            Hessian hessian = hessian(seen, borrowed);
            AffinityCounts counts = seen.own().counts();
            MatrixResult.Evidence evidence = new MatrixResult.Evidence(counts.sum(), counts.sumOfSquares(), borrowed[0]);
            if (method == Method.AWQ) {
                return new Prepared(hessian, Optional.empty(), Optional.empty(), Optional.empty(), counts.tokens(), evidence);
            }
            Optional<HessianFactor> natural = factor(group, hessian, false);
            Optional<HessianFactor> ordered = factor(group, hessian, true);
            HessianFactor factor = natural.or(() -> ordered).orElseThrow();
            Optional<ActivationMatch> match = factor.rounds() || seen.own().trace() == 0 ? Optional.empty()
                    : seen.cross().map(cross -> ActivationMatch.of(scaled(cross, 1 - borrowed[0]), factor, algebra));
            return new Prepared(hessian, natural, ordered, match, counts.tokens(), evidence);
        });
    }

    private Optional<HessianFactor> factor(InputGroup group, Hessian hessian, boolean activationOrder) {
        return group.matrices().stream().map(matrix -> matrix.scheme().orElseThrow())
                .filter(scheme -> gptq(scheme).settings().activationOrder(scheme) == activationOrder).findFirst()
                .map(scheme -> gptq(scheme).prepare(hessian, scheme));
    }

    /** The group's own second moments, drawn toward the layer's in the units of its own; {@code borrowed[0]} gets the share. */
    private Hessian hessian(GroupMoments seen, double[] borrowed) {
        ExpertStatistics own = seen.own();
        if (seen.layer().isEmpty() || seen.layer().get().trace() == 0) {
            return new Hessian(own.columns(), own.hessian(), own.counts().tokens());
        }
        Shrinkage.Shrunk shrunk = new Shrinkage(fitting.shrinkage() * own.columns()).apply(own, seen.layer().get());
        borrowed[0] = shrunk.mixing();
        float[] values = shrunk.hessian();
        return new Hessian(own.columns(), scaled(values, shrunk.scale() == 0 ? 1 : shrunk.scale()), Math.max(1, own.counts().tokens()));
    }

    private static float[] scaled(float[] values, double factor) {
        float[] scaled = new float[values.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (float) (factor * values[i]);
        }
        return scaled;
    }

    /** Quantizes after scaling; with no prepared Hessian by a method that needs none. */
    Outcome quantize(Slab slab, Optional<Prepared> prepared, Scaling scaling) {
        PlannedMatrix matrix = slab.matrix();
        String name = matrix.id().name();
        float[] values = new float[Math.toIntExact(slab.weights())];
        source.model().weights().matrix(matrix.id()).decode(slab.firstRow(), slab.rows(), values, 0);
        scaling.apply(matrix.id(), slab.firstRow(), slab.rows(), values);
        WeightMatrix original = new WeightMatrix(name, slab.rows(), matrix.shape().columns(), values);
        WeightMatrix weights = prepared.flatMap(Prepared::match).map(match -> match.apply(original, algebra)).orElse(original);
        Scheme scheme = matrix.scheme().orElseThrow();
        Way way = way(matrix, scheme, prepared);
        QuantizedMatrix quantized = guarded(name, () -> way.quantizer().quantize(weights, way.statistics(), scheme));
        byte[] packed = new byte[Math.toIntExact(slab.layout().bytes())];
        PackedCodec.pack(quantized.coded(), MemorySegment.ofArray(packed));
        long tokens = prepared.map(Prepared::tokens).orElse(0L);
        double[] error = tokens == 0 ? new double[] {quantized.loss(), squares(values)}
                : outputError(weights, quantized.coded(), prepared.get().hessian());
        return new Outcome(packed, way.method(), tokens,
                prepared.map(Prepared::evidence).orElse(MatrixResult.Evidence.NONE), error[0], error[1],
                events(name, prepared.isPresent() && way.method() != Method.RTN && tokens == 0, quantized.events()));
    }

    /** How a slab is quantized in the end: GPTQ rounds where its Hessian is of no use. */
    private record Way(Method method, Quantizer quantizer, Statistics statistics) {}

    private Way way(PlannedMatrix matrix, Scheme scheme, Optional<Prepared> prepared) {
        if (matrix.id().layer() == MatrixId.NONE) {
            return new Way(Method.RTN, rounding(matrix), Statistics.NONE);
        }
        return switch (method) {
            case RTN -> new Way(method, new Rtn(), Statistics.NONE);
            case HQQ -> new Way(method, new Hqq(), Statistics.NONE);
            case AWQ -> new Way(method, new Rtn(Clip.ACTIVITY, Fidelity.NATIVE), prepared.orElseThrow().hessian());
            case GPTQ -> {
                HessianFactor factor = prepared.orElseThrow().factor(gptq(scheme).settings().activationOrder(scheme));
                yield new Way(factor.rounds() ? Method.RTN : method, gptq(scheme), factor);
            }
        };
    }

    /** Ranges of a vocabulary are chosen with care, since nothing compensates its errors; whoever asks for rounding gets the plain one. */
    private static Rtn rounding(PlannedMatrix matrix) {
        return matrix.id().layer() == MatrixId.NONE && matrix.scheme().orElseThrow().sixBitScales()
                ? new Rtn(Clip.ACTIVITY, Fidelity.NATIVE) : new Rtn();
    }

    /** A mistake in the model's numbers is told as one, with its place. */
    private <T> T guarded(String name, Supplier<T> work) {
        try {
            return work.get();
        } catch (IllegalArgumentException e) {
            String message = e.getMessage().startsWith(name + ": ") ? e.getMessage().substring(name.length() + 2) : e.getMessage();
            throw new CheckpointException(source.checkpoint().folder() + ", " + name, message, e);
        }
    }

    /** Squared output error and squared outputs, tr(Δ·H·Δᵀ) and tr(W·H·Wᵀ), on the measured rows. */
    private double[] outputError(WeightMatrix weights, CodedMatrix coded, Hessian hessian) {
        int columns = weights.columns();
        int count = Math.min(MEASURED_ROWS, weights.rows());
        float[] original = new float[count * columns];
        float[] decoded = new float[count * columns];
        for (int i = 0; i < count; i++) {
            int row = (int) ((long) i * weights.rows() / count);
            System.arraycopy(weights.values(), row * columns, original, i * columns, columns);
            for (int c = 0; c < columns; c++) {
                decoded[i * columns + c] = coded.weight(row, c);
            }
        }
        double error = OutputError.of(original, decoded, hessian, algebra);
        return new double[] {error, OutputError.of(original, new float[original.length], hessian, algebra)};
    }

    private static double squares(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    private static List<JobEvent> events(String matrix, boolean borrowed, List<QuantizationEvent> events) {
        List<JobEvent> all = new ArrayList<>();
        if (borrowed) {
            all.add(new JobEvent.InputsBorrowed(matrix));
        }
        for (QuantizationEvent event : events) {
            all.add(switch (event) {
                case QuantizationEvent.NoTokens _ -> new JobEvent.NoTokens(matrix);
                case QuantizationEvent.HessianRejected _ -> new JobEvent.Rounded(matrix, event.describe());
                case QuantizationEvent.DampingRaised raised -> new JobEvent.DampingRaised(matrix, raised.to());
                case QuantizationEvent.DeadColumns dead -> new JobEvent.DeadInputs(matrix, dead.count());
            });
        }
        return all;
    }
}
