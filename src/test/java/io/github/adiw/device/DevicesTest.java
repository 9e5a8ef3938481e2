package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import org.junit.jupiter.api.Test;

/** The choice of a device. */
class DevicesTest {
    @Test
    void knowsNames() {
        assertThat(Devices.choose("cuda")).isEqualTo(new Devices.Choice("cuda:0", "cuda was asked for"));
        assertThat(Devices.choose("cuda:3").name()).isEqualTo("cuda:3");
        assertThat(Devices.choose("host").name()).isEqualTo("host");
        assertThat(Devices.choose("simt").name()).isEqualTo("simt");
        for (String wrong : new String[] {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:99999", "HOST"}) {
            assertThatThrownBy(() -> Devices.choose(wrong)).as(wrong).isInstanceOf(UsageException.class)
                .hasMessageContaining("choose auto, host, cuda, cuda:N or simt");
        }
    }

    @Test
    void saysWhyThereIsNoGpu() {
        assumeTrue(DeviceMatrix.name().equals("host") && !HostRuntime.findsDriver(), "needs a process without a CUDA driver");
        assertThatThrownBy(() -> Devices.open("cuda", 1)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("no NVIDIA driver is installed");
        assertThatThrownBy(Devices::gpus).isInstanceOf(AdiwException.class).hasMessageContaining("no NVIDIA driver is installed");
        assertThat(Devices.choose("auto")).isEqualTo(new Devices.Choice("host",
            "device host: no NVIDIA driver is installed (libcuda.so.1 is not found)"));
    }

    @Test
    void refusesStreamsThatCannotBe() {
        assertThatThrownBy(() -> Devices.openOnStream("simt", 0)).isInstanceOf(UsageException.class)
            .hasMessageContaining("the default stream (0)");
        assertThatThrownBy(() -> Devices.openOnStream("simt", 1)).hasMessageContaining("the default stream (1)");
        for (String name : new String[] {"host", "auto"}) {
            assertThatThrownBy(() -> Devices.openOnStream(name, 16)).isInstanceOf(UsageException.class)
                .hasMessageContaining("device " + name + " has no streams");
        }
        assertThatThrownBy(() -> Devices.openOnStream("gpu", 16)).isInstanceOf(UsageException.class)
            .hasMessageContaining("there is no device gpu");
    }

    @Test
    void saysWhatTheKernelsNeed() {
        assertThat(Devices.requirements()).containsAnyOf("CUDA 11.4 (driver 470 or later; PTX 7.0), compute capability 8.0",
            "this build has no kernels for NVIDIA GPUs");
    }
}
