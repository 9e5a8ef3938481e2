package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LaunchTest {
    @Test
    void takesEveryGridThatAGpuTakes() {
        assertThat(Launch.tiles(Integer.MAX_VALUE, 65_535, 65_535).y()).isEqualTo(65_535);
        assertThat(Launch.elements(1L << 40).x()).isEqualTo(1L << 40);
        assertThat(Launch.rows(0).x()).isZero();
    }

    @Test
    void refusesAGridThatNoGpuTakes() {
        assertThatThrownBy(() -> Launch.tiles(1, 65_536, 1)).isInstanceOf(IllegalArgumentException.class)
            .hasMessage("a grid has at most 65535 blocks in its second and third size, not 65536 and 1");
        assertThatThrownBy(() -> Launch.tiles(1, 1, 65_536)).hasMessageEndingWith("not 1 and 65536");
        assertThatThrownBy(() -> Launch.rows(1L << 31)).hasMessageContaining("at most 2147483647 rows");
        assertThatThrownBy(() -> Launch.tiles(1, -1, 1)).hasMessageContaining("sizes of at least 0, not 1 x -1 x 1");
    }
}
