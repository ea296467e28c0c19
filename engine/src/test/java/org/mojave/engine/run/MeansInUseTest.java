package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.NativeProducts;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.PackedMatrix;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.store.WeightRewrite;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.testkit.Goldens;

class MeansInUseTest {
    private static final String VECTORS = "Java vectors of \\d+ bits";

    /** Experts' down projections in a trellis, their others in four bits; contents do not matter. */
    private record Packed(Model base) implements WeightRewrite {
        @Override
        public Matrix matrix(MatrixId id, Matrix matrix) {
            if (id.expert() == MatrixId.NONE) {
                return matrix;
            }
            Scheme scheme = Scheme.parse(id.role() == MatrixRole.DOWN ? "2g64t6" : "4g64a");
            PackedLayout layout = new PackedLayout(scheme, matrix.rows(), matrix.columns());
            return new PackedMatrix(layout, MemorySegment.ofArray(new byte[Math.toIntExact(layout.bytes())]));
        }

        @Override
        public float[] bias(MatrixId id, float[] original) {
            return original;
        }

        @Override
        public float[] vector(VectorRole role, int layer, float[] original) {
            return original;
        }
    }

    @Test
    void everyStorageOfAModelIsNamed() {
        try (Model model = Model.open(Goldens.ofRepository().folder().resolve("olmoe"))) {
            Model packed = model.rewritten(model.config().node(), new Packed(model));
            assertThat(MeansInUse.of(packed, ProductPath.vectors()).describe())
                    .matches("decoding to floats in " + VECTORS + " for f32; " + VECTORS + " × 8-bit activations for 4g64a; decoding to floats element by element for 2g64t6");
            if (NativeSupport.load(new NativeChoice.Best()) instanceof NativeSupport.Available(NativeKernels kernels)) {
                MeansInUse use = MeansInUse.of(packed, new NativeProducts(kernels, 128));
                assertThat(use.storages().values().stream().flatMap(List::stream)).containsExactlyInAnyOrder("f32", "4g64a", "2g64t6");
                assertThat(use.describe()).doesNotContain("Java").contains("native " + kernels.variant().label() + " × 8-bit activations for 4g64a");
            }
        }
    }

    @Test
    void whatHasNoNativeKernelIsPointedOut() {
        if (NativeSupport.load(new NativeChoice.Best()) instanceof NativeSupport.Available(NativeKernels kernels)) {
            try (Model model = Model.open(Goldens.ofRepository().folder().resolve("gpt_oss_mxfp4"))) {
                assertThat(MeansInUse.of(model, new NativeProducts(kernels, 128)).describe())
                        .contains("decoding to floats element by element for mxfp4 (without a native kernel)");
            }
        }
    }

    @Test
    void blocksOfGgufFilesAreNamedByTheirTypes() {
        Path file = Path.of(System.getProperty("mojave.root"), "engine/src/test/resources/org/mojave/engine/run/gguf/llama3-mixed.gguf");
        try (Model model = Model.open(file)) {
            assertThat(MeansInUse.of(model, ProductPath.vectors()).describe()).matches(".*decoding to floats in " + VECTORS + " for .*q\\d_.*")
                    .doesNotContainPattern("(^|; )Java vectors");
        }
    }
}
