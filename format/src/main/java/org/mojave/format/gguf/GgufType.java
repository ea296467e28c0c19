package org.mojave.format.gguf;

import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mojave.format.gguf.codec.BlockBf16;
import org.mojave.format.gguf.codec.BlockCodec;
import org.mojave.format.gguf.codec.BlockF16;
import org.mojave.format.gguf.codec.BlockF32;
import org.mojave.format.gguf.codec.BlockMxfp4;
import org.mojave.format.gguf.codec.BlockQ2K;
import org.mojave.format.gguf.codec.BlockQ3K;
import org.mojave.format.gguf.codec.BlockQ40;
import org.mojave.format.gguf.codec.BlockQ41;
import org.mojave.format.gguf.codec.BlockQ4K;
import org.mojave.format.gguf.codec.BlockQ50;
import org.mojave.format.gguf.codec.BlockQ51;
import org.mojave.format.gguf.codec.BlockQ5K;
import org.mojave.format.gguf.codec.BlockQ6K;
import org.mojave.format.gguf.codec.BlockQ80;

/** Tensor types of GGUF. Those without a codec are known by size only, so that files holding them can be inspected. */
public enum GgufType {
    F32(0, new BlockF32()),
    F16(1, new BlockF16()),
    Q4_0(2, new BlockQ40()),
    Q4_1(3, new BlockQ41()),
    Q5_0(6, new BlockQ50()),
    Q5_1(7, new BlockQ51()),
    Q8_0(8, new BlockQ80()),
    Q8_1(9, 32, 36),
    Q2_K(10, new BlockQ2K()),
    Q3_K(11, new BlockQ3K()),
    Q4_K(12, new BlockQ4K()),
    Q5_K(13, new BlockQ5K()),
    Q6_K(14, new BlockQ6K()),
    Q8_K(15, 256, 292),
    IQ2_XXS(16, 256, 66),
    IQ2_XS(17, 256, 74),
    IQ3_XXS(18, 256, 98),
    IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18),
    IQ3_S(21, 256, 110),
    IQ2_S(22, 256, 82),
    IQ4_XS(23, 256, 136),
    I8(24, 1, 1),
    I16(25, 1, 2),
    I32(26, 1, 4),
    I64(27, 1, 8),
    F64(28, 1, 8),
    IQ1_M(29, 256, 56),
    BF16(30, new BlockBf16()),
    TQ1_0(34, 256, 54),
    TQ2_0(35, 256, 66),
    MXFP4(39, new BlockMxfp4()),
    NVFP4(40, 64, 36),
    Q1_0(41, 128, 18),
    Q2_0(42, 64, 18);

    private static final Map<Integer, GgufType> BY_WIRE_ID =
            Stream.of(values()).collect(Collectors.toUnmodifiableMap(GgufType::wireId, type -> type));

    private final int wireId;
    private final int blockElements;
    private final int blockBytes;
    @SuppressWarnings("ImmutableEnumChecker") // codecs have no state
    private final Optional<BlockCodec> codec;

    GgufType(int wireId, int blockElements, int blockBytes) {
        this.wireId = wireId;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
        this.codec = Optional.empty();
    }

    GgufType(int wireId, BlockCodec codec) {
        this.wireId = wireId;
        this.blockElements = codec.blockElements();
        this.blockBytes = codec.blockBytes();
        this.codec = Optional.of(codec);
    }

    /** The number in the file. */
    public int wireId() {
        return wireId;
    }

    /** Elements of a block; a row is a multiple of it. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of a block. */
    public int blockBytes() {
        return blockBytes;
    }

    /** How to decode it, where Mojave can. */
    public Optional<BlockCodec> codec() {
        return codec;
    }

    /** The type with that number, if there is one. */
    public static Optional<GgufType> ofWireId(int id) {
        return Optional.ofNullable(BY_WIRE_ID.get(id));
    }
}
