package org.mojave.compress.job;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.mojave.compress.calibrate.Hessians;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.quantize.Gptq;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.HessianFactor;
import org.mojave.compress.quantize.OutputError;
import org.mojave.compress.quantize.QuantizationEvent;
import org.mojave.compress.quantize.QuantizedMatrix;
import org.mojave.compress.quantize.Rtn;
import org.mojave.compress.quantize.Statistics;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.report.JobEvent;
import org.mojave.engine.kernel.LinearAlgebra;
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
    private final Gptq gptq;

    /**
     * A quantized slab.
     *
     * @param packed its part of the packed matrix
     * @param method what was done in the end
     * @param tokens calibration tokens
     * @param error squared error, of outputs where there are tokens, else of weights
     * @param reference squared outputs, or squared weights
     * @param events what did not go the straight way
     */
    record Outcome(byte[] packed, Method method, long tokens, double error, double reference, List<JobEvent> events) {}

    /** What a group's Hessian is good for: itself for measuring, its factor for compensating. */
    record Prepared(Hessian hessian, HessianFactor factor) {}

    SlabQuantizer(SourceModel source, LinearAlgebra algebra) {
        this.source = source;
        this.algebra = algebra;
        gptq = new Gptq();
    }

    /** Bytes that work on a slab takes at its height, with the factor of its Hessian if it needs one. */
    static long bytes(Slab slab, Method method) {
        int columns = slab.matrix().shape().columns();
        long own = slab.weights() * BYTES_PER_WEIGHT + Gptq.workBytes(slab.rows(), columns);
        return switch (method) {
            case RTN -> own;
            case GPTQ -> own + HessianFactor.preparationBytes(columns)
                    + 3L * Float.BYTES * Math.min(MEASURED_ROWS, slab.rows()) * columns;
        };
    }

    /** Makes the Hessian of a group ready for all its matrices. */
    Prepared prepare(InputGroup group, Hessians hessians) {
        Hessian hessian = Hessian.of(hessians.of(group));
        Scheme scheme = group.matrices().getFirst().scheme().orElseThrow();
        return guarded(group.lead().name(), () -> new Prepared(hessian, gptq.prepare(hessian, scheme)));
    }

    /** Quantizes; with no prepared Hessian by rounding. */
    Outcome quantize(Slab slab, Optional<Prepared> prepared) {
        PlannedMatrix matrix = slab.matrix();
        String name = matrix.id().name();
        float[] values = new float[Math.toIntExact(slab.weights())];
        source.model().weights().matrix(matrix.id()).decode(slab.firstRow(), slab.rows(), values, 0);
        WeightMatrix weights = new WeightMatrix(name, slab.rows(), matrix.shape().columns(), values);
        Scheme scheme = matrix.scheme().orElseThrow();
        QuantizedMatrix quantized = guarded(name, () -> prepared.isPresent()
                ? gptq.quantize(weights, prepared.get().factor(), scheme)
                : new Rtn().quantize(weights, Statistics.NONE, scheme));
        byte[] packed = new byte[Math.toIntExact(slab.layout().bytes())];
        PackedCodec.pack(quantized.coded(), MemorySegment.ofArray(packed));
        long tokens = prepared.map(p -> p.hessian().tokens()).orElse(0L);
        boolean rounded = prepared.isEmpty() || prepared.get().factor().rounds();
        double[] error = tokens == 0 ? new double[] {quantized.loss(), squares(values)}
                : outputError(weights, quantized.coded(), prepared.get().hessian());
        return new Outcome(packed, rounded ? Method.RTN : Method.GPTQ, tokens, error[0], error[1], events(name, quantized.events()));
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

    private static List<JobEvent> events(String matrix, List<QuantizationEvent> events) {
        List<JobEvent> all = new ArrayList<>();
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
