package org.mojave.compress.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    @Test
    void countsWhatIsTakenAndRemembersThePeak() {
        MemoryBudget budget = new MemoryBudget(100);
        MemoryBudget.Share first = budget.take("a", 60);
        assertThat(budget.free()).isEqualTo(40);
        budget.take("b", 30).close();
        first.close();
        first.close();
        assertThat(budget.free()).as("closing twice gives back once").isEqualTo(100);
        assertThat(budget.peak()).isEqualTo(90);
    }

    @Test
    void saysWhatDidNotFit() {
        MemoryBudget budget = new MemoryBudget(2_000_000);
        budget.take("weights", 1_500_000);
        assertThatThrownBy(() -> budget.take("Hessians", 1_000_000)).isInstanceOf(ResourceException.class)
                .hasMessageContaining("Hessians needs 1.0 MB").hasMessageContaining("500 kB").hasMessageContaining("--memory");
    }
}
