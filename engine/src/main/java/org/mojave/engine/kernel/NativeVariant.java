package org.mojave.engine.kernel;

/** An instruction set for which the native library has kernels; the best one first. All variants return the same bits. */
public enum NativeVariant {
    /** 512-bit vectors with VNNI. */
    AVX512("AVX-512 VNNI", 4, "mojave_packed_avx512", "mojave_dense_avx512"),
    /** 256-bit vectors with VNNI. */
    AVX_VNNI("AVX-VNNI", 2, "mojave_packed_avxvnni", "mojave_dense_avx2"),
    /** 256-bit vectors. */
    AVX2("AVX2", 1, "mojave_packed_avx2", "mojave_dense_avx2");

    private final String label;
    private final int capability;
    private final String packed;
    private final String dense;

    NativeVariant(String label, int capability, String packed, String dense) {
        this.label = label;
        this.capability = capability;
        this.packed = packed;
        this.dense = dense;
    }

    /** Name for people. */
    public String label() {
        return label;
    }

    /** Whether a processor with these capabilities (bits of {@code mojave_capability}) runs this variant. */
    boolean runsOn(int capabilities) {
        return (capabilities & capability) != 0;
    }

    /** Symbol of the product with packed matrices. */
    String packedSymbol() {
        return packed;
    }

    /** Symbol of the product with float matrices. */
    String denseSymbol() {
        return dense;
    }
}
