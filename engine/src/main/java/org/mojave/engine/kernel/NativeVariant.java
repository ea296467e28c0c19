package org.mojave.engine.kernel;

/** An instruction set for which the native library has kernels; the best one first. All variants return the same bits. */
public enum NativeVariant {
    /** 512-bit vectors with VNNI. */
    AVX512("AVX-512 VNNI", 4, "avx512", "avx512"),
    /** 256-bit vectors with VNNI. */
    AVX_VNNI("AVX-VNNI", 2, "avxvnni", "avx2"),
    /** 256-bit vectors. */
    AVX2("AVX2", 1, "avx2", "avx2");

    /** Bit of {@code mojave_capability}: 512-bit vectors can be permuted by bytes. */
    private static final int BYTE_PERMUTATIONS = 8;

    private final String label;
    private final int capability;
    private final String integers;
    private final String floats;

    NativeVariant(String label, int capability, String integers, String floats) {
        this.label = label;
        this.capability = capability;
        this.integers = integers;
        this.floats = floats;
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
        return "mojave_packed_" + integers;
    }

    /** Symbol of the product with packed matrices of which parts are read. */
    String sparseSymbol() {
        return "mojave_packed_sparse_" + integers;
    }

    /** Symbol of the product with matrices of trellis schemes: on 512-bit vectors they need more of a processor than others. */
    String trellisSymbol(int capabilities) {
        return switch (this) {
            case AVX512 -> (capabilities & BYTE_PERMUTATIONS) != 0 ? "mojave_trellis_avx512" : AVX2.packedSymbol();
            case AVX_VNNI, AVX2 -> packedSymbol();
        };
    }

    /** Name for people of what the products with trellis schemes use. */
    String trellisLabel(int capabilities) {
        return switch (this) {
            case AVX512 -> (capabilities & BYTE_PERMUTATIONS) != 0 ? "AVX-512 VBMI" : AVX2.label;
            case AVX_VNNI, AVX2 -> label;
        };
    }

    /** Name for people of what the products with float matrices use. */
    String floatLabel() {
        return switch (this) {
            case AVX512 -> "AVX-512";
            case AVX_VNNI, AVX2 -> AVX2.label;
        };
    }

    /** Symbol of the search for codes of trellis schemes. */
    String trellisSearchSymbol() {
        return "mojave_trellis_search_" + floats;
    }

    /** Symbol of the product with GGUF blocks. */
    String ggufSymbol() {
        return "mojave_gguf_" + integers;
    }

    /** Symbol of the product with float matrices. */
    String denseSymbol() {
        return "mojave_dense_" + floats;
    }

    /** Symbol of attention. */
    String attentionSymbol() {
        return "mojave_attend_" + floats;
    }

    /** Symbol of SiLU times up. */
    String siluSymbol() {
        return "mojave_silu_" + floats;
    }
}
