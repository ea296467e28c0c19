package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.FloatDecoder;
import org.mojave.format.tensor.TensorData;

/** Seeded inputs and the implementations that the kernel tests run over. */
final class KernelSamples {
    private KernelSamples() {}

    /** Every implementation that works on this machine; OpenBLAS with its own products, whatever its code path. */
    static Stream<LinearAlgebra> algebras() {
        return switch (OpenBlas.status()) {
            case OpenBlas.Status.Available(OpenBlas algebra) -> Stream.of(new PortableAlgebra(), algebra, algebra.withOwnProducts());
            case OpenBlas.Status.Unavailable _ -> Stream.of(new PortableAlgebra());
        };
    }

    static float[] floats(int count, Random random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** A dense matrix of that type with random content. */
    static DenseMatrix dense(ElementType type, int rows, int columns, Random random) {
        byte[] bytes = new byte[rows * columns * type.bytes()];
        MemorySegment memory = MemorySegment.ofArray(bytes);
        for (int i = 0; i < rows * columns; i++) {
            float value = (float) random.nextGaussian();
            switch (type) {
                case F32 -> memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, value);
                case BF16 -> memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, FloatDecoder.toBfloat16(value));
                case F16 -> memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16(value));
                default -> throw new IllegalArgumentException("no sample of type " + type);
            }
        }
        return new DenseMatrix(new TensorData("w", type, List.of((long) rows, (long) columns), memory));
    }

    /** Largest absolute difference. */
    static float largestDifference(float[] a, float[] b) {
        assertThat(a).hasSameSizeAs(b);
        float largest = 0;
        for (int i = 0; i < a.length; i++) {
            // Math.max keeps a NaN.
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }

    /** A well-conditioned symmetric positive definite matrix. */
    static double[] positiveDefinite(int n, Random random) {
        double[] x = new double[n * n];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextGaussian();
        }
        double[] h = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double sum = i == j ? n * 0.1 : 0;
                for (int k = 0; k < n; k++) {
                    sum += x[i * n + k] * x[j * n + k];
                }
                h[i * n + j] = sum;
            }
        }
        return h;
    }
}
