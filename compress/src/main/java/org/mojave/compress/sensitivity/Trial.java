package org.mojave.compress.sensitivity;

import java.lang.foreign.MemorySegment;
import org.mojave.compress.calibrate.GroupMoments;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.quantize.Gptq;
import org.mojave.compress.quantize.GptqSettings;
import org.mojave.compress.quantize.Hessian;
import org.mojave.compress.quantize.HessianFactor;
import org.mojave.compress.quantize.OutputError;
import org.mojave.compress.quantize.QuantizedMatrix;
import org.mojave.compress.quantize.WeightMatrix;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.compress.statistics.Shrinkage;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;

/** Quantizes a matrix for a trial: much as the job will do it, but in one go. Safe for several threads. */
final class Trial {
    /** Fewer paths than the job keeps: schemes only have to be told apart. */
    private static final int PATHS = 16;

    private final Gptq gptq;
    private final LinearAlgebra algebra;
    private final double shrinkage;

    /** What is known of the inputs of some matrices; {@code tokens} may be none where an expert leans on its layer. */
    record Inputs(Hessian hessian, HessianFactor natural, HessianFactor ordered, long tokens) {}

    /** A matrix in a scheme, and the squared error of its outputs, summed over tokens. */
    record Result(PackedMatrix matrix, double error) {}

    Trial(LinearAlgebra algebra, double shrinkage) {
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
        return new Inputs(hessian, HessianFactor.of(hessian, false, gptq.settings().damping(), algebra),
                HessianFactor.of(hessian, true, gptq.settings().damping(), algebra), own.counts().tokens());
    }

    /** Bytes that a trial takes beside the inputs. */
    static long bytes(PlannedMatrix matrix) {
        long weights = matrix.weights();
        return weights * (4 + 4 + 1 + 1) + 3L * Float.BYTES * Math.min(256, matrix.shape().rows()) * matrix.shape().columns();
    }

    /** Quantizes {@code source}; without inputs that say anything, by rounding. */
    Result quantize(PlannedMatrix matrix, Matrix source, Inputs inputs, Scheme scheme) {
        int rows = matrix.shape().rows();
        int columns = matrix.shape().columns();
        float[] values = new float[Math.multiplyExact(rows, columns)];
        source.decode(0, rows, values, 0);
        QuantizedMatrix quantized = gptq.quantize(new WeightMatrix(matrix.id().name(), rows, columns, values),
                gptq.settings().activationOrder(scheme) ? inputs.ordered() : inputs.natural(), scheme);
        PackedLayout layout = new PackedLayout(scheme, rows, columns);
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(layout.bytes())]);
        PackedCodec.pack(quantized.coded(), bytes);
        return new Result(new PackedMatrix(layout, bytes), OutputError.of(values, quantized.weights(), inputs.hessian(), algebra));
    }
}
