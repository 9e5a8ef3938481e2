package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What only a real GPU can show. Skipped, with the reason, where there is none. */
@Tag("gpu")
class GpuTest {
    @BeforeEach
    void needsAGpu() {
        Devices.Choice choice = Devices.choose("auto");
        assumeTrue(choice.name().startsWith("cuda"), choice.reason());
    }

    @Test
    void autoTakesIt() {
        try (Device device = Devices.open("auto", 1)) {
            assertThat(device.name()).isEqualTo("cuda:0");
            assertThat(device.description()).contains("compute capability");
        }
    }

    @Test
    void everyKernelIsInThePtxAndLoads() {
        try (Device device = Devices.open("cuda", 1)) {
            Buffer x = device.floats(new float[100_000]);
            Graph graph = device.record(() -> device.launch("fill", Launch.elements(100_000), x, 2f, 100_000));
            graph.replay();
            assertThat(x.toFloats()).containsOnly(2);
            for (String kernel : device.kernelNames()) {
                if (kernel.endsWith("_cluster") && !device.hasClusters()) {
                    continue;
                }
                assertThat(((CudaDevice) device).mostThreads(kernel)).as(kernel).isGreaterThanOrEqualTo(32);
            }
        }
    }

    @Test
    void productsByCublas() {
        assumeTrue(HostRuntime.finds("libcublas.so.12"), "libcublas.so.12, which JCublas 12.6 needs, is not on this machine");
        System.setProperty(CudaDevice.PRODUCTS_PROPERTY, "cublas");
        try (Device device = Devices.open("cuda", 1)) {
            assertThat(device.description()).contains("plain matrix products by cuBLAS");
            CublasProductsTest.everyLayout(device);
        } finally {
            System.clearProperty(CudaDevice.PRODUCTS_PROPERTY);
        }
    }

    @Test
    void leavesTheThreadAsItWas() {
        GivenStream.leavesTheThreadAsItWas("cuda");
    }

    @Test
    void worksOnAGivenStream() {
        GivenStream.isInOrderWithTheDevice("cuda");
    }

    @Test
    void saysHowMuchMemoryIsFree() {
        try (Device device = Devices.open("cuda", 1)) {
            assertThatThrownBy(() -> device.allocate(ElementType.UINT8, 1L << 44)).isInstanceOf(AdiwException.class)
                .hasMessageContaining(String.valueOf(1L << 44)).hasMessageContaining("bytes are free");
        }
    }

    @Test
    void refusesAGpuThatIsNotThereAndTheStandIn() {
        assertThatThrownBy(() -> Devices.open("cuda:999", 1)).isInstanceOf(UsageException.class)
            .hasMessageContaining("there is no cuda:999");
        assertThatThrownBy(() -> Devices.open("simt", 1)).isInstanceOf(UsageException.class)
            .hasMessageContaining("use simt in a process of its own");
    }
}
