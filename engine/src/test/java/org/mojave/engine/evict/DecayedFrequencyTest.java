package org.mojave.engine.evict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

final class DecayedFrequencyTest {
    private static final ExpertNumbers EXPERTS = new ExpertNumbers(List.of(4, 3, 4));

    @Test
    void numbersFollowTheLayers() {
        assertThat(EXPERTS.total()).isEqualTo(11);
        assertThat(EXPERTS.number(0, 3)).isEqualTo(3);
        assertThat(EXPERTS.number(1, 0)).isEqualTo(4);
        assertThat(EXPERTS.number(2, 3)).isEqualTo(10);
        assertThatThrownBy(() -> new ExpertNumbers(List.of(4, 0))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void worthIsTheDecayedShareOverTheDistance() {
        DecayedFrequency policy = new DecayedFrequency(EXPERTS, new DecayedFrequency.Settings(2, 0.5));
        policy.at(0);
        policy.used(0);
        policy.used(1);
        policy.at(1);
        policy.used(4);
        policy.at(0);
        policy.used(0);
        // Layer 0 is being computed: three layers away. One step ago counts 2^(-1/2).
        double old = Math.pow(2, -0.5);
        assertThat(policy.worth(0)).isCloseTo((1 + old) / (1 + 2 * old) / (1 + 0.5 * 3), within(1e-12));
        assertThat(policy.worth(1)).isCloseTo(old / (1 + 2 * old) / (1 + 0.5 * 3), within(1e-12));
        assertThat(policy.worth(4)).as("the next layer").isCloseTo(1 / (1 + 0.5), within(1e-12));
        assertThat(policy.worth(5)).isZero();
    }

    @Test
    void longRunsDoNotOverflow() {
        DecayedFrequency policy = new DecayedFrequency(EXPERTS, new DecayedFrequency.Settings(1, 0.1));
        for (int step = 0; step < 5000; step++) {
            policy.at(0);
            policy.used(step % 2);
        }
        assertThat(policy.worth(1)).as("the latest of two that take turns").isCloseTo(2.0 / 3 / 1.3, within(1e-9));
        assertThat(policy.worth(0)).isCloseTo(1.0 / 3 / 1.3, within(1e-9));
    }
}
