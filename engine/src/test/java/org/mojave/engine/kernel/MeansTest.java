package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.mojave.format.gguf.GgufType;
import org.mojave.format.packed.PackedLayout;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;

/** What is said about a matrix; {@link ProductPathTest} checks that it is true of rounding. */
class MeansTest {
    private static final Random RANDOM = new Random(3);

    private static Matrix packed(String scheme) {
        return PackedSamples.random(new PackedLayout(Scheme.parse(scheme), 16, 256), RANDOM);
    }

    private static Matrix gguf(GgufType type) {
        return GgufSamples.random(type, 16, 256, RANDOM);
    }

    private static Matrix dense(ElementType type) {
        return KernelSamples.dense(type, 16, 256, RANDOM);
    }

    @Test
    void javaSaysWhichSchemesAreReadAsTheyLie() {
        ProductPath path = ProductPath.vectors();
        assertThat(path.means(packed("4g64a"))).isEqualTo(new Means.Vectors(TileProduct.BITS));
        assertThat(path.means(packed("5g64a")).describe()).isEqualTo("Java vectors of " + TileProduct.BITS + " bits × 8-bit activations");
        assertThat(path.means(packed("5g64a6"))).isEqualTo(new Means.Decoded(PackedDecoder.SUPPORTED ? PackedDecoder.BITS : 0));
        assertThat(path.means(packed("2g64t6")).describe()).isEqualTo("decoding to floats element by element");
        assertThat(path.means(gguf(GgufType.Q4_K))).isEqualTo(new Means.Decoded(GgufDecoder.BITS));
        assertThat(path.means(gguf(GgufType.MXFP4))).isEqualTo(new Means.Decoded(0));
        assertThat(path.means(dense(ElementType.BF16))).isEqualTo(new Means.Decoded(DenseDecoder.BITS));
    }

    @Test
    void nativeKernelsNameTheInstructionsOfEachStorage() {
        for (NativeKernels kernels : PackedSamples.kernels()) {
            ProductPath path = new NativeProducts(kernels, QuantizedActivations.LARGEST_GROUP);
            String label = kernels.variant().label();
            assertThat(path.means(packed("4g64a"))).isEqualTo(new Means.Native(label, true));
            assertThat(path.means(gguf(GgufType.Q6_K))).isEqualTo(new Means.Native(label, true));
            assertThat(path.means(gguf(GgufType.MXFP4))).isEqualTo(new Means.Decoded(0));
            boolean wide = kernels.variant() == NativeVariant.AVX512;
            assertThat(path.means(dense(ElementType.F16))).isEqualTo(new Means.Native(wide ? "AVX-512" : "AVX2", false));
            boolean permutes = Processor.flags().containsAll(Set.of("avx512vbmi", "avx512_vbmi2"));
            assertThat(path.means(packed("2g64t6"))).isEqualTo(new Means.Native(!wide ? label : permutes ? "AVX-512 VBMI" : "AVX2", true));
        }
    }

    @Test
    void aProcessorWithoutBytePermutationsRunsTrellisCodesWithAvx2() {
        NativeKernels kernels = new NativeKernels(NativeVariant.AVX512, 7, _ -> Optional.of(MemorySegment.ofAddress(1)));
        assertThat(new NativeProducts(kernels, 128).means(packed("2g64t6")).describe()).isEqualTo("native AVX2 × 8-bit activations");
        assertThat(new NativeProducts(kernels, 128).describe()).startsWith("native AVX-512 VNNI (trellis codes AVX2)");
    }

    @Test
    void exactAndWholeNumberPathsSaySo() {
        assertThat(new ExactProducts().means(packed("4g64a"))).isEqualTo(new Means.Decoded(PackedDecoder.SUPPORTED ? PackedDecoder.BITS : 0));
        ProductPath whole = new IntegerProducts(ActivationScheme.parse("4a0.9"));
        assertThat(whole.means(packed("4g64a")).describe()).isEqualTo("whole-number sums of codes and 4-bit activations");
        assertThat(whole.means(dense(ElementType.BF16))).isInstanceOf(Means.Decoded.class);
    }
}
