package org.mojave.compress.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;

class RuleTest {
    private static final MatrixId EXPERT = new MatrixId(MatrixRole.DOWN, 1, 3);
    private static final String TENSOR = "model.layers.1.mlp.experts.3.down_proj.weight";

    @ParameterizedTest
    @ValueSource(strings = {"attention=8", "expert@layers.0.*=keep", "@*.down=4g64s6", "router=keep", "shared_expert=3"})
    void isReadAsItIsWritten(String text) {
        assertThat(Rule.parse(text).text()).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "expert=4, true", "dense=4, false", "down=4, true", "gate=4, false", "attention=4, false",
        "@layers.1.*=4, true", "@layers.11.*=4, false", "@model.layers.1.*=4, true", "@*down_proj*=4, true", "@*.down=4, true",
        "@layers_1.experts.3.down=4, false", "expert@layers.0.*=4, false", "expert@layers.1.experts.3.down=4, true"})
    void matchesByRoleAndByEitherName(String text, boolean matches) {
        assertThat(Rule.parse(text).matches(EXPERT, TENSOR)).isEqualTo(matches);
    }

    @Test
    void aNetworkWithoutExpertsIsDense() {
        MatrixId dense = MatrixId.of(MatrixRole.GATE, 0);
        assertThat(Rule.parse("dense=4").matches(dense, "x")).isTrue();
        assertThat(Rule.parse("expert=4").matches(dense, "x")).isFalse();
        for (MatrixRole role : MatrixRole.values()) {
            assertThat(RuleRole.valueOf(role.name()).includes(MatrixId.of(role, 0))).as(role.name()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            experts=4      | no such role; write attention, expert
            =4             | a rule must say which matrices
            attention      | not a rule: 'attention'; write ROLE=WHAT
            attention=7    | bits must be 1, 2, 3, 4, 5, 6 or 8, not 7
            attention=44   | bits must be 1, 2, 3, 4, 5, 6 or 8, not 44
            attention=4x   | not a scheme: '4x'
            router=4       | routers are always kept
            """)
    void nonsenseIsRefusedInOneLine(String text, String told) {
        assertThatThrownBy(() -> Rule.parse(text)).isInstanceOf(RecipeException.class).hasMessageContaining(told)
                .message().doesNotContain("\n");
    }
}
