package org.mojave.format.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class FloatEncoderTest {
    private static final float[] VALUES = {0, -0f, 1, -2.5f, 0.333f, 65000, 1e-6f, 3.0039062f};

    @Test
    void decodesToTheNearestValueOfTheType() {
        for (ElementType type : List.of(ElementType.F64, ElementType.F32, ElementType.F16, ElementType.BF16)) {
            float[] decoded = new float[VALUES.length];
            FloatDecoder.decode(type, FloatEncoder.encode(type, VALUES), 0, decoded, 0, VALUES.length);
            for (int i = 0; i < VALUES.length; i++) {
                float expected = switch (type) {
                    case F16 -> Float.float16ToFloat(Float.floatToFloat16(VALUES[i]));
                    case BF16 -> FloatDecoder.bfloat16(FloatDecoder.toBfloat16(VALUES[i]));
                    default -> VALUES[i];
                };
                assertThat(decoded[i]).as("%s, %s", type, VALUES[i]).isEqualTo(expected);
            }
        }
    }

    @Test
    void takesTheSpaceOfTheType() {
        assertThat(FloatEncoder.encode(ElementType.BF16, VALUES).byteSize()).isEqualTo(16);
        assertThat(FloatEncoder.encode(ElementType.F64, VALUES).byteSize()).isEqualTo(64);
    }

    @Test
    void refusesTypesWithScalesOrIntegers() {
        assertThatThrownBy(() -> FloatEncoder.encode(ElementType.F8_E4M3, VALUES)).hasMessageContaining("F8_E4M3");
        assertThatThrownBy(() -> FloatEncoder.encode(ElementType.I32, VALUES)).hasMessageContaining("I32");
    }
}
