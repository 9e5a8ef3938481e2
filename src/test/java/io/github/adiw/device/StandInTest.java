package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.AdiwException;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.UsageException;
import io.github.adiw.weight.ImportanceWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@link CudaDevice} does when the driver refuses, seen through the stand-in driver. */
class StandInTest {
    private static final long GIB = 1L << 30;

    @BeforeEach
    void onlyWithTheStandIn() {
        assumeTrue(DeviceMatrix.slow(), "needs the stand-in driver's test run (-Dadiw.test.device=simt)");
        StandInDriver.load();
    }

    @AfterEach
    void restore() {
        if (DeviceMatrix.slow()) {
            StandInDriver.totalMemory(16 * GIB);
            StandInDriver.driverVersion(13_000);
            StandInDriver.takesCubins(true);
            System.clearProperty(CudaContext.CUBIN_PROPERTY);
        }
    }

    @Test
    void loadsJCudaFromThePrivateFolder() throws IOException {
        Devices.open("simt", 1).close();
        String folder = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath() + "/adiw-\\d+/";
        List<String> libraries = Files.readAllLines(Path.of("/proc/self/maps")).stream().map(line -> line.replaceAll("^[^/]* ", ""))
            .filter(path -> path.contains("JCuda") || path.contains("libcuda")).distinct().toList();
        assertThat(libraries).hasSize(2).allMatch(path -> path.matches(folder + "[^/]+ \\(deleted\\)"));
    }

    @Test
    void leavesTheThreadAsItWas() {
        GivenStream.leavesTheThreadAsItWas("simt");
    }

    @Test
    void worksOnAGivenStream() {
        GivenStream.isInOrderWithTheDevice("simt");
        assertThat(StandInDriver.live()).isZero();
    }

    @Test
    void frees() {
        try (Device device = Devices.open("simt", 1)) {
            device.floats(1, 2, 3);
            Buffer x = device.floats(1);
            device.record(() -> device.zero(x)).close();
        }
        assertThat(StandInDriver.live()).isZero();
    }

    @Test
    void saysHowMuchMemoryIsFree() {
        StandInDriver.totalMemory(1000);
        try (Device device = Devices.open("simt", 1); Buffer taken = device.allocate(ElementType.UINT8, 300)) {
            assertThatThrownBy(() -> device.allocate(ElementType.FLOAT32, 200)).isInstanceOf(AdiwException.class)
                .hasMessageContaining("no 800 bytes").hasMessageContaining("700 of 1000 bytes are free");
            // A buffer that nothing refers to is freed.
            assertThat(taken.length()).isEqualTo(300);
        }
    }

    /** An object whose memory does not suffice leaves none of it taken, so that a smaller one fits. */
    @Test
    void freesWhatAFailedConstructionHasTaken() {
        try (Device device = Devices.open("simt", 1)) {
            Buffer kept = device.floats(1, 2, 3);
            StandInDriver.totalMemory(5 << 20);
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> ImportanceWeights.builder(device, 1000).batch(1000).validationBatch(1000).method("kl").build())
                    .isInstanceOf(AdiwException.class).hasMessageContaining("use a smaller batch");
            }
            assertThat(kept.toFloats()).containsExactly(1, 2, 3);
            ImportanceWeights.builder(device, 500).batch(500).validationBatch(500).method("kl").build().close();
        }
        assertThat(StandInDriver.live()).isZero();
    }

    @Test
    void namesBothVersionsWhenTheDriverIsTooOld() {
        StandInDriver.driverVersion(10_020);
        assertThatThrownBy(() -> Devices.open("simt", 1)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("supports CUDA 10.2").hasMessageContaining("need CUDA 11.4 (driver 470 or later");
    }

    @Test
    void refusesASecondDriver() {
        Devices.open("simt", 1).close();
        assertThatThrownBy(() -> Devices.open("cuda", 1)).isInstanceOf(UsageException.class).hasMessageContaining("the stand-in driver")
            .hasMessageContaining("use cuda in a process of its own");
        Devices.Choice choice = Devices.choose("auto");
        assertThat(choice.name()).isEqualTo("host");
        assertThat(choice.reason()).contains("stand-in");
        try (Device device = Devices.open("auto", 1)) {
            assertThat(device.name()).isEqualTo("host");
        }
    }

    @Test
    void knowsTheDeclaredBlocks() {
        try (Device device = Devices.open("simt", 1)) {
            assertThat(((CudaDevice) device).mostThreads("fill")).isEqualTo(1024);
        }
    }

    @Test
    void describesItself() {
        try (Device device = Devices.open("simt", 1)) {
            assertThat(device.name()).isEqualTo("simt");
            assertThat(device.description()).contains("ADIW stand-in").contains("compute capability 8.0").contains("CUDA 13.0");
        }
    }

    @Test
    void namesTheKernelThatWritesBehindItsMemory() {
        try (Device device = Devices.open("simt", 1)) {
            Buffer x = device.allocate(ElementType.FLOAT32, 10);
            device.launch("fill", Launch.elements(11), x, 1f, 11);
            assertThatThrownBy(device::synchronize).isInstanceOf(AdiwException.class)
                .hasMessageContaining("kernel fill wrote behind allocation").hasMessageContaining("of 40 bytes, at byte 40");
            assertThatThrownBy(() -> device.launch("fill", Launch.elements(1), x, 1f, 1)).as("a failed device stays failed")
                .isInstanceOf(AdiwException.class).hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS");
        }
        try (Device device = Devices.open("simt", 1)) {
            assertThat(device.floats(1, 2).toFloats()).as("a new device works").containsExactly(1, 2);
        }
    }

    @Test
    void namesMemoryThatWasFreed() {
        try (Device device = Devices.open("simt", 1)) {
            Buffer x = device.floats(1, 2, 3);
            Buffer unknown = device.wrap(ElementType.FLOAT32, x.address(), 3);
            Graph graph = device.record(() -> device.launch("fill", Launch.elements(3), unknown, 1f, 3));
            x.close();
            graph.replay();
            assertThatThrownBy(device::synchronize).isInstanceOf(AdiwException.class)
                .hasMessageContaining("argument 1 of kernel fill").hasMessageContaining("was freed");
        }
    }

    @Test
    void refusesMemoryThatIsNotItsOwn() {
        try (Device device = Devices.open("simt", 1); Device host = Devices.open("host", 1)) {
            Buffer foreign = device.wrap(ElementType.FLOAT32, host.floats(1, 2).address(), 2);
            assertThatThrownBy(() -> device.launch("fill", Launch.elements(2), foreign, 1f, 2)).hasMessageContaining("in no allocation");
        }
    }

    @Test
    void aProcessLoadsTheKernelsOnce() {
        Devices.open("simt", 1).close();
        int before = StandInDriver.modulesLoaded();
        try (Device one = Devices.open("simt", 1); Device two = Devices.open("simt", 1)) {
            one.floats(1, 2);
            two.floats(1, 2);
        }
        Devices.open("simt", 1).close();
        assertThat(StandInDriver.modulesLoaded()).isEqualTo(before);
        assertThat(StandInDriver.live()).isZero();
    }

    /** The context that a failure has lost goes with its last device, and with it the kernels. */
    @Test
    void aLostContextIsReplacedOnceItsDevicesAreClosed() {
        int before;
        try (Device one = Devices.open("simt", 1)) {
            loseTheContext(one);
            before = StandInDriver.modulesLoaded();
        }
        try (Device two = Devices.open("simt", 1)) {
            assertThat(two.floats(1, 2).toFloats()).containsExactly(1, 2);
            assertThat(StandInDriver.modulesLoaded()).isEqualTo(before + modules());
        }
    }

    /** Those for the stand-in's device as it usually is. */
    private static int modules() {
        return (int) CudaDriver.kernels().modules().stream().filter(text -> GpuKernels.target(text) <= CudaDriver.LEAST_CAPABILITY).count();
    }

    /** Kernels of clusters are for GPUs of compute capability 9.0, and are left alone on others. */
    @Test
    void pretendsToHaveClustersWhereItIsToldTo() {
        try (Device device = Devices.open("simt", 1)) {
            assertThat(device.hasClusters()).isFalse();
        }
        int before = StandInDriver.modulesLoaded();
        StandInControl.capability(90);
        try (Device device = Devices.open("simt", 1)) {
            assertThat(device.hasClusters()).isTrue();
            assertThat(device.description()).contains("compute capability 9.0");
            assertThat(StandInDriver.modulesLoaded()).isEqualTo(before + CudaDriver.kernels().modules().size());
            assertThatThrownBy(() -> device.launch("km_estimation_cluster", Launch.tiles(3, 1, 1), clusterArguments(device)))
                .isInstanceOf(AdiwException.class)
                .hasMessageContaining("km_estimation_cluster has clusters of 4 blocks, and 3 blocks are no");
        } finally {
            StandInControl.capability(0);
        }
        assertThat(CudaDriver.kernels().requirement()).as("of every GPU").doesNotContain("PTX 7.8");
    }

    private static Object[] clusterArguments(Device device) {
        return new Object[] {device.floats(1, 2), device.floats(1, 3), device.ints(0, 1), device.floats(1, 1), device.floats(1, 1),
            device.floats(1, 1), device.allocate(ElementType.FLOAT64, 1), device.ints(0), 2, 2, 0, 1, 0.5, 1, 2f, 1f, 0f, 0f, 0f};
    }

    private static void loseTheContext(Device device) {
        Buffer x = device.allocate(ElementType.FLOAT32, 10);
        device.launch("fill", Launch.elements(11), x, 1f, 11);
        assertThatThrownBy(device::synchronize).isInstanceOf(AdiwException.class).hasMessageContaining("wrote behind");
    }

    @Test
    void takesMachineCodeWhereThereIsAny() {
        assumeTrue(Cubins.of(80).isPresent(), "this build has no machine code for GPUs: it was made without nvcc");
        assertThat(formOfANewContext()).isEqualTo("machine code for sm_80");
        System.setProperty(CudaContext.CUBIN_PROPERTY, "false");
        assertThat(formOfANewContext()).isEqualTo("PTX, which the driver compiles");
        System.clearProperty(CudaContext.CUBIN_PROPERTY);
        StandInDriver.takesCubins(false);
        assertThat(formOfANewContext()).as("a driver that is too old for it").isEqualTo("PTX, which the driver compiles");
    }

    private static String formOfANewContext() {
        try (Device lost = Devices.open("simt", 1)) {
            loseTheContext(lost);
        }
        try (Device device = Devices.open("simt", 1); Buffer x = device.floats(1, 2, 3)) {
            device.launch("fill", Launch.elements(2), x, 4f, 2);
            assertThat(x.toFloats()).containsExactly(4, 4, 3);
            assertThat(device.description()).contains(", kernels as ");
            return device.description().replaceFirst(".*, kernels as (.*), plain matrix products.*", "$1");
        }
    }

    @Test
    void machineCodeIsOfTheArchitectureOrAnOlderOneOfItsKind() {
        assumeTrue(Cubins.of(80).isPresent(), "this build has no machine code for GPUs: it was made without nvcc");
        assertThat(Cubins.of(86).orElseThrow().architecture()).isEqualTo("sm_80");
        assertThat(Cubins.of(90).orElseThrow().architecture()).isEqualTo("sm_90");
        assertThat(Cubins.of(120)).isEmpty();
        String module = GpuKernels.ofJar().orElseThrow().modules().get(0);
        assertThat(Cubins.of(90).orElseThrow().of(module)).startsWith(0x7f, 'E', 'L', 'F');
        assertThat(Cubins.of(90).orElseThrow().of(module + " ")).as("of other PTX").isNull();
    }

    @Test
    void saysWhatTheDriverSaysOfAModuleThatItRefuses() {
        try (Device lost = Devices.open("simt", 1)) {
            loseTheContext(lost);
        }
        GpuKernels unknown = GpuKernels.parse(".version 7.0\n.target sm_80\n.visible .entry no_such_kernel() { ret; }\n");
        assertThatThrownBy(() -> CudaContext.open(0, CudaDriver.device(0), unknown)).isInstanceOf(AdiwException.class)
            .hasMessageContaining("loading the kernels [no_such_kernel] failed: CUDA_ERROR_INVALID_PTX")
            .hasMessageContaining("the PTX has a kernel no_such_kernel that the simt build lacks");
        try (Device device = Devices.open("simt", 1)) {
            assertThat(device.floats(1, 2).toFloats()).as("nothing of it stays").containsExactly(1, 2);
        }
    }

    @Test
    void twoDevicesShareTheContext() {
        try (Device one = Devices.open("simt", 1)) {
            Buffer x = one.floats(1, 2);
            try (Device two = Devices.open("simt", 1)) {
                Buffer y = two.floats(3, 4);
                two.launch("fill", Launch.elements(2), y, 7f, 2);
                assertThat(y.toFloats()).containsExactly(7, 7);
            }
            assertThat(x.toFloats()).containsExactly(1, 2);
        }
    }

    @Test
    void copiesMoreThanTheStagingBufferHolds() {
        int n = 3_000_001;
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        try (Device device = Devices.open("simt", 1)) {
            assertThat(device.floats(values).toFloats()).isEqualTo(values);
        }
    }

    /** Loading the stand-in's device has compared the PTX with the simt build; here the PTX against the host's signatures. */
    @Test
    void everyKernelHasTheSameParametersInAllThreeBuilds() {
        Optional<GpuKernels> ptx = GpuKernels.ofJar();
        Devices.open("simt", 1).close();
        GpuKernels kernels = ptx.orElseGet(() -> GpuKernels.parse(StandInDriver.declarations()));
        Pattern entry = Pattern.compile("\\.entry\\s+(\\w+)\\s*\\(([^)]*)\\)\\s*([^{]*)");
        Set<String> seen = new HashSet<>();
        for (String module : kernels.modules()) {
            Matcher matcher = entry.matcher(module);
            while (matcher.find()) {
                KernelTable.Kernel kernel = HostRuntime.table().get(matcher.group(1));
                StringBuilder types = new StringBuilder();
                for (String parameter : matcher.group(2).isBlank() ? new String[0] : matcher.group(2).split(",")) {
                    types.append(parameter.trim().split("\\s+")[1]).append(' ');
                }
                StringBuilder expected = new StringBuilder();
                kernel.signature().chars().forEach(c -> expected.append(switch (c) {
                    case 'P', 'C', 'L' -> ".u64 ";
                    case 'I' -> ".u32 ";
                    case 'F' -> ".f32 ";
                    default -> ".f64 ";
                }));
                assertThat(types).as(kernel.name()).hasToString(expected.toString());
                assertThat(matcher.group(3).contains(".maxntid")).as(kernel.name() + " fixes its block").isEqualTo(kernel.fixed());
                seen.add(kernel.name());
            }
        }
        Set<String> host = new HashSet<>(
            Arrays.asList(HostRuntime.table().all().stream().map(KernelTable.Kernel::name).toArray(String[]::new)));
        host.removeAll(seen);
        assertThat(host).as("kernels of the host that the PTX lacks").isEmpty();
    }

    @Test
    void ptxNeedsNoMoreThanItMust() {
        assertThat(GpuKernels.parse(".version 7.0\na\n.version 8.4\nb").modules()).containsExactly(".version 7.0\na\n", ".version 8.4\nb");
        assertThat(GpuKernels.parse(".version 7.0\n.version 8.4\n").requirement()).isEqualTo("CUDA 12.4 (driver 550 or later; PTX 8.4)");
        assertThat(GpuKernels.parse(".version 7.0\n").requirement()).isEqualTo("CUDA 11.4 (driver 470 or later; PTX 7.0)");
        GpuKernels.ofJar().ifPresent(kernels -> assertThat(kernels.cudaVersion()).as("the build lowers the version").isEqualTo(11_040));
        GpuKernels.ofJar().ifPresent(kernels -> kernels.modules().stream().filter(text -> GpuKernels.target(text) == 90)
            .forEach(
                text -> assertThat(text).as("what CUDA 11.8 reads, which came with the first GPU of 9.0").startsWith(".version 7.8\n")));
    }
}
