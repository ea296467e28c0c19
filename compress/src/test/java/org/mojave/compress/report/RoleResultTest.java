package org.mojave.compress.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.mojave.compress.recipe.RuleRole;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;

class RoleResultTest {
    private static MatrixResult result(String name, String state, long bytes, long tokens, double error, JobEvent... events) {
        return new MatrixResult(name, 8, 16, state, "4g64a", bytes, tokens, MatrixResult.Evidence.NONE, error, List.of(events));
    }

    @Test
    void countsByRoleAndFindsTheWorst() {
        List<RoleResult> roles = RoleResult.of(List.of(
                result("embedding", "kept", 256, 0, 0),
                result("layers.0.router", "kept", 256, 0, 0),
                result("layers.0.experts.0.gate", "gptq", 64, 90, 0.01),
                result("layers.0.experts.1.gate", "rtn", 64, 0, 0.03, new JobEvent.NoTokens("layers.0.experts.1.gate")),
                result("layers.0.experts.2.down", "kept", 256, 0, 0),
                result("layers.0.experts.3.down", "gptq", 64, 20, 0.02, new JobEvent.DeadInputs("layers.0.experts.3.down", 2))));
        assertThat(roles).extracting(RoleResult::role).containsExactly(RuleRole.EMBEDDING, RuleRole.ROUTER, RuleRole.EXPERT);
        RoleResult experts = roles.getLast();
        assertThat(experts.quantized()).isEqualTo(3);
        assertThat(experts.kept()).isEqualTo(1);
        assertThat(experts.fallen()).as("dead inputs are no step back").isEqualTo(1);
        assertThat(experts.bitsPerWeight()).isEqualTo((3 * 64 + 256) * 8.0 / (4 * 128));
        assertThat(experts.leastTokens()).hasValue(0);
        assertThat(experts.worst().orElseThrow().matrix()).isEqualTo("layers.0.experts.1.gate");
        assertThat(roles.getFirst().leastTokens()).isEqualTo(OptionalLong.empty());
        assertThat(roles.getFirst().worst()).isEmpty();
    }

    @Test
    void namesOfMatricesAreReadAsTheyAreWritten() {
        for (MatrixId id : List.of(MatrixId.of(MatrixRole.HEAD), MatrixId.of(MatrixRole.QUERY_UP, 3), new MatrixId(MatrixRole.DOWN, 12, 7))) {
            assertThat(MatrixId.parse(id.name())).isEqualTo(id);
        }
        for (String name : List.of("", "heads", "layers.x.query", "layers.1.expert.2.gate", "layers.1.experts.2.gate.x", "layer.1.query")) {
            assertThatThrownBy(() -> MatrixId.parse(name)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'" + name + "'");
        }
    }
}
