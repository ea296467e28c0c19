package org.mojave.format.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class FloatDecoderTest {
    /** Values of the table in the OCP 8-bit floating point specification 1.0, section 5.1. */
    @Test
    void e4m3() {
        assertThat(decode(ElementType.F8_E4M3, 0x00, 0x01, 0x07, 0x08, 0x38, 0x7e)).containsExactly(0, 0x1p-9f, 0.875f * 0x1p-6f,
                0x1p-6f, 1, 448);
        assertThat(decode(ElementType.F8_E4M3, 0xfe, 0x81, 0xb8)).containsExactly(-448, -0x1p-9f, -1);
        assertThat(decode(ElementType.F8_E4M3, 0x7f, 0xff)).containsOnly(Float.NaN);
        assertThat(Float.floatToRawIntBits(decode(ElementType.F8_E4M3, 0x80)[0])).isEqualTo(Integer.MIN_VALUE);
    }

    @Test
    void e5m2() {
        assertThat(decode(ElementType.F8_E5M2, 0x01, 0x04, 0x3c, 0x7b, 0x7c, 0xfc, 0xfb)).containsExactly(0x1p-16f, 0x1p-14f, 1,
                57344, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -57344);
        assertThat(decode(ElementType.F8_E5M2, 0x7d, 0x7e, 0x7f)).containsOnly(Float.NaN);
    }

    @Test
    void e8m0() {
        assertThat(decode(ElementType.F8_E8M0, 0, 127, 128, 254, 255)).containsExactly(0x1p-127f, 1, 2, 0x1p127f, Float.NaN);
    }

    @Test
    void bfloat16RoundsToNearestEven() {
        assertThat(FloatDecoder.toBfloat16(1 + 0x1p-8f)).isEqualTo((short) 0x3f80);
        assertThat(FloatDecoder.toBfloat16(1 + 0x1p-8f + 0x1p-20f)).isEqualTo((short) 0x3f81);
        assertThat(FloatDecoder.toBfloat16(1 + 3 * 0x1p-8f)).isEqualTo((short) 0x3f82);
        assertThat(FloatDecoder.toBfloat16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
        assertThat(FloatDecoder.bfloat16(FloatDecoder.toBfloat16(Float.intBitsToFloat(0x7f800001)))).isNaN();
    }

    @Test
    void tensorsThatArraysCannotHoldAreRefused() {
        TensorData tensor = new TensorData("t", ElementType.F32, List.of(1L << 31, 1L), MemorySegment.NULL.reinterpret(1L << 33));
        assertThatThrownBy(tensor::toFloats).isInstanceOf(CheckpointException.class).hasMessageContaining("too large");
        assertThatThrownBy(() -> tensor.dimension(0)).isInstanceOf(CheckpointException.class).hasMessageContaining("beyond 2^31");
        assertThat(tensor.dimension(1)).isEqualTo(1);
    }

    private static float[] decode(ElementType type, int... bytes) {
        byte[] content = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            content[i] = (byte) bytes[i];
        }
        return new TensorData("t", type, List.of((long) bytes.length), MemorySegment.ofArray(content)).toFloats();
    }
}
