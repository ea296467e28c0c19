package org.mojave.compress.sensitivity;

import java.util.List;
import java.util.Optional;
import org.mojave.compress.calibrate.GroupMoments;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.quantize.Gptq;
import org.mojave.compress.quantize.GptqSettings;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.HessianFactor;
import org.mojave.compress.quantize.Hqq;
import org.mojave.compress.quantize.OutputError;
import org.mojave.compress.quantize.QuantizedMatrix;
import org.mojave.compress.quantize.Rtn;
import org.mojave.compress.quantize.Statistics;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.smooth.AwqScale;
import org.mojave.compress.smooth.Folding;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.compress.statistics.Shrinkage;
import org.mojave.engine.kernel.DenseMatrix;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatEncoder;
import org.mojave.format.tensor.TensorData;

/** Quantizes a matrix for a trial: much as the job will do it, but in one go. Safe for several threads. */
final class Trial {
    /** Fewer paths than the job keeps: schemes only have to be told apart. */
    private static final int PATHS = 16;

    private static final double AWQ_EXPONENT = 0.5;

    private final Method method;
    private final Gptq gptq;
    private final LinearAlgebra algebra;
    private final double shrinkage;

    /** What is known of the inputs of some matrices; {@code tokens} may be none where an expert leans on its layer. */
    record Inputs(Hessian hessian, Optional<HessianFactor> natural, Optional<HessianFactor> ordered, long tokens) {}

    /** A matrix in a scheme, and the squared error of its outputs, summed over tokens. */
    record Result(Matrix matrix, double error) {}

    Trial(Method method, LinearAlgebra algebra, double shrinkage) {
        this.method = method;
        this.algebra = algebra;
        this.shrinkage = shrinkage;
        gptq = new Gptq(GptqSettings.careful(0).withPaths(PATHS), algebra);
    }

    /** Makes moments ready; an expert that saw little leans on its layer. */
    Inputs inputs(GroupMoments seen) {
        ExpertStatistics own = seen.own();
        Hessian hessian = new Hessian(own.columns(), own.hessian(), own.counts().tokens());
        if (seen.layer().isPresent() && seen.layer().get().trace() > 0) {
            Shrinkage.Shrunk shrunk = new Shrinkage(shrinkage * own.columns()).apply(own, seen.layer().get());
            float[] values = shrunk.hessian();
            for (int i = 0; i < values.length; i++) {
                values[i] *= (float) (shrunk.scale() == 0 ? 1 : shrunk.scale());
            }
            hessian = new Hessian(own.columns(), values, Math.max(1, own.counts().tokens()));
        }
        if (method != Method.GPTQ) {
            return new Inputs(hessian, Optional.empty(), Optional.empty(), own.counts().tokens());
        }
        return new Inputs(hessian, Optional.of(HessianFactor.of(hessian, false, gptq.settings().damping(), algebra)),
                Optional.of(HessianFactor.of(hessian, true, gptq.settings().damping(), algebra)), own.counts().tokens());
    }

    /** Bytes that a trial takes beside the inputs. */
    static long bytes(PlannedMatrix matrix, Method method) {
        long weights = matrix.weights();
        return weights * (method == Method.AWQ ? 4 + 4 + 4 + 4 : 4 + 4 + 1 + 1) + 3L * Float.BYTES * Math.min(256, matrix.shape().rows()) * matrix.shape().columns();
    }

    /** Quantizes {@code source}; without inputs that say anything, by rounding. */
    Result quantize(PlannedMatrix matrix, Matrix source, Inputs inputs, Scheme scheme) {
        int rows = matrix.shape().rows();
        int columns = matrix.shape().columns();
        float[] values = new float[Math.multiplyExact(rows, columns)];
        source.decode(0, rows, values, 0);
        WeightMatrix weights = new WeightMatrix(matrix.id().name(), rows, columns, values);
        if (method == Method.AWQ) {
            float[] rounded = scaledAndRounded(weights, inputs, scheme);
            return new Result(dense(weights, rounded), OutputError.of(values, rounded, inputs.hessian(), algebra));
        }
        QuantizedMatrix quantized = switch (method) {
            case RTN, AWQ -> new Rtn().quantize(weights, Statistics.NONE, scheme);
            case HQQ -> new Hqq().quantize(weights, Statistics.NONE, scheme);
            case GPTQ -> gptq.quantize(weights, (gptq.settings().activationOrder(scheme) ? inputs.ordered() : inputs.natural()).orElseThrow(),
                    scheme);
        };
        return new Result(PackedMatrix.of(quantized.coded()), OutputError.of(values, quantized.weights(), inputs.hessian(), algebra));
    }

    /**
     * As AWQ would, with the middle of its grid instead of a search, and root mean squares for mean magnitudes: scaled by the root of
     * what its inputs are like, rounded, and scaled back.
     */
    private static float[] scaledAndRounded(WeightMatrix weights, Inputs inputs, Scheme scheme) {
        int columns = weights.columns();
        float[] magnitude = new float[columns];
        for (int c = 0; c < columns; c++) {
            magnitude[c] = (float) Math.sqrt(inputs.hessian().diagonal(c) / Math.max(1, inputs.hessian().tokens()));
        }
        float[] scale = AwqScale.scale(magnitude, AWQ_EXPONENT);
        float[] scaled = weights.values().clone();
        Folding.multiplyColumns(scaled, scale);
        float[] rounded = new Rtn().quantize(new WeightMatrix(weights.name(), weights.rows(), columns, scaled), Statistics.NONE, scheme).weights();
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] /= scale[i % columns];
        }
        return rounded;
    }

    /** Other values in the shape of that matrix, as floats. */
    static DenseMatrix dense(WeightMatrix weights, float[] values) {
        return new DenseMatrix(new TensorData(weights.name(), ElementType.F32, List.of((long) weights.rows(), (long) weights.columns()),
                FloatEncoder.encode(ElementType.F32, values)));
    }
}
