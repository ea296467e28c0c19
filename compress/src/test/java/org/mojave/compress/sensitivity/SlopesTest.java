package org.mojave.compress.sensitivity;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.Routing;

class SlopesTest {
    private static final float[] ERROR = {9, 9, 3, 4};

    @Test
    void withoutGradientAllComponentsCountTheSame() {
        assertThat(Slopes.even(2).squares(MatrixId.NONE, 1, ERROR, 2)).isEqualTo(25);
        assertThat(Slopes.even(2).known()).isFalse();
    }

    @Test
    void anErrorMeetsTheGradientOfItsOwnToken() {
        Slopes slopes = new Slopes(new float[] {1, 0, 0, 2, 10, 10}, 2);
        assertThat(slopes.squares(MatrixId.NONE, 1, ERROR, 2)).as("token 1: (3·0)² + (4·2)²").isEqualTo(64);
        slopes.routes().routed(0, new Routing(3, 2, new float[9], new int[] {2, 0, 1, 0, 2, 1}, new float[6]));
        assertThat(slopes.squares(2, 1, ERROR, 2)).as("the second token of expert 2 is token 2").isEqualTo(2500);
        assertThat(slopes.squares(0, 1, ERROR, 2)).as("the second token of expert 0 is token 1").isEqualTo(64);
    }
}
