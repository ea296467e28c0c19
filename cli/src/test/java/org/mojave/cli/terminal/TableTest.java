package org.mojave.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class TableTest {
    @Test
    void columnsLineUpAndNumbersAlignRight() {
        assertThat(new Table("matrix", ">rows").row("query", 2048).row("µ", 4).render()).containsExactly(
                "matrix  rows",
                "──────  ────",
                "query   2048",
                "µ          4");
    }

    @Test
    void emptyHeadingsAreNotPrinted() {
        assertThat(new Table("", "").row("a", "b").render()).containsExactly("a  b");
    }

    @Test
    void aRowOfAnotherLengthIsAMistake() {
        assertThatThrownBy(() -> new Table("a", "b").row("only one")).hasMessageContaining("2 cells");
    }
}
