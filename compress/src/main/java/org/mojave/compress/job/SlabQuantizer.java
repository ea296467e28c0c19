package org.mojave.compress.job;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.mojave.compress.calibrate.Hessians;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.plan.SourceModel;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.report.JobEvent;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.PackedCodec;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.CheckpointException;

/** Quantizes one slab. Safe for several threads. */
final class SlabQuantizer {
    /** Bytes per weight: weights, a working copy, codes, packed codes. */
    private static final int BYTES_PER_WEIGHT = 11;

    private final SourceModel source;

    SlabQuantizer(SourceModel source) {
        this.source = source;
    }

    record Outcome(byte[] packed, Method method, long tokens, double error, double reference, List<JobEvent> events) {}

    static long bytes(Slab slab, boolean withHessian) {
        long columns = slab.matrix().shape().columns();
        return slab.weights() * BYTES_PER_WEIGHT + (withHessian ? 2L * Double.BYTES * columns * columns : 0);
    }

    static boolean isInLayer(MatrixId id) {
        return id.layer() != MatrixId.NONE;
    }

    Outcome quantize(Slab slab, Hessians hessians) {
        float[] weights = weights(slab);
        CodedMatrix coded = roundWip(slab.matrix().scheme().orElseThrow(), slab.rows(), slab.matrix().shape().columns(), weights);
        byte[] packed = new byte[Math.toIntExact(slab.layout().bytes())];
        PackedCodec.pack(coded, MemorySegment.ofArray(packed));
        double error = 0, reference = 0;
        int columns = slab.matrix().shape().columns();
        for (int r = 0; r < slab.rows(); r++)
            for (int c = 0; c < columns; c++) {
                double w = weights[r * columns + c];
                double d = w - coded.weight(r, c);
                error += d * d;
                reference += w * w;
            }
        return new Outcome(packed, Method.RTN, 0, error, reference, List.of());
    }

    private float[] weights(Slab slab) {
        Matrix matrix = source.model().weights().matrix(slab.matrix().id());
        float[] weights = new float[Math.toIntExact(slab.weights())];
        matrix.decode(slab.firstRow(), slab.rows(), weights, 0);
        for (int i = 0; i < weights.length; i++) {
            if (!Float.isFinite(weights[i])) {
                throw new CheckpointException(source.checkpoint().folder() + ", " + slab.matrix().id().name() + " (tensor "
                        + source.model().weights().tensorNamesOf(slab.matrix().id()).iterator().next() + ")", "weight at row "
                        + (slab.firstRow() + i / matrix.columns()) + ", column " + i % matrix.columns() + " is " + weights[i]
                        + "; the model is damaged, download it again");
            }
        }
        return weights;
    }

    static CodedMatrix roundWip(Scheme s, int rows, int columns, float[] w) {
        int groups = s.groups(columns), size = s.groupColumns(columns);
        byte[] codes = new byte[rows * columns];
        float[] scales = new float[rows * groups];
        byte[] zeros = new byte[s.symmetric() ? 0 : rows * groups];
        for (int r = 0; r < rows; r++)
            for (int g = 0; g < groups; g++) {
                float min = 0, max = 0;
                int end = Math.min(columns, (g + 1) * size);
                for (int c = g * size; c < end; c++) {
                    min = Math.min(min, w[r * columns + c]);
                    max = Math.max(max, w[r * columns + c]);
                }
                if (s.symmetric()) {
                    max = Math.max(-min, max);
                    min = -max;
                }
                float scale = Float.float16ToFloat(Float.floatToFloat16((max - min) / s.largestCode()));
                if (scale == 0) scale = 1;
                int zero = s.symmetric() ? s.symmetricZero() : Math.clamp((int) Math.rint(-min / scale), 0, s.largestCode());
                scales[r * groups + g] = scale;
                if (!s.symmetric()) zeros[r * groups + g] = (byte) zero;
                for (int c = g * size; c < end; c++)
                    codes[r * columns + c] = (byte) Math.clamp((int) Math.rint(w[r * columns + c] / scale) + zero, 0, s.largestCode());
            }
        return new CodedMatrix(s, rows, columns, codes, scales, zeros);
    }
}
