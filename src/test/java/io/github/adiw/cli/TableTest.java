package io.github.adiw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TableTest {
    private final Table table = new Table("method", "ms").row("diw", "26.50").row("a|b", "1");

    @Test
    void text() {
        assertThat(table.text()).isEqualTo("method     ms\n-------------\ndiw     26.50\na|b         1\n");
    }

    @Test
    void markdown() {
        assertThat(table.markdown()).isEqualTo("| method |    ms |\n| ------ | -----:|\n| diw    | 26.50 |\n| a\\|b   |     1 |\n");
    }

    @Test
    void rowOfAnotherWidth() {
        assertThatIllegalArgumentException().isThrownBy(() -> table.row("one"));
    }
}
