package io.github.adiw.device;

import static jcuda.jcurand.curandRngType.CURAND_RNG_PSEUDO_PHILOX4_32_10;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.DeviceMatrix;
import java.util.function.IntSupplier;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.JCudaDriver;
import jcuda.jcurand.JCurand;
import jcuda.jcurand.curandGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * {@code kernels/random.cu} draws the numbers of NVIDIA's cuRAND: word 4 (s + 65536 c) + l of its Philox 4x32-10 is lane l of Philox under
 * the seed as key, at the counter (c, 0, s, 0), for s below 65536. Its generator on the processor needs no GPU.
 */
class JCurandTest {
    private static final String LIBRARY = "libcurand.so.10";
    private static final int SEQUENCES = 65536;
    private static final int COUNT = 3;
    private static final int WORDS = 4 * SEQUENCES * COUNT;
    private static final long[] SEEDS = {0, 1, 0x0123456789abcdefL, -1};
    private static final int[] CHOSEN = {0, 1, 2, 255, 40_000, 65_535};

    @BeforeEach
    void needsCurand() {
        assumeTrue(HostRuntime.finds(LIBRARY),
            LIBRARY + " is not on this machine: any CUDA 11 to 13 has it (Debian non-free: libcurand10)");
        CudaDriver.loadJCudaClass("lib/libJCurand-12.6.0-linux-x86_64.so", "jcuda.jcurand.JCurand", "build with mvn test-compile");
    }

    @Test
    void drawsWhatCurandDrawsOnTheProcessor() {
        try (Device device = DeviceMatrix.open()) {
            for (long seed : SEEDS) {
                int[] words = new int[WORDS];
                curandGenerator generator = new curandGenerator();
                check(() -> JCurand.curandCreateGeneratorHost(generator, CURAND_RNG_PSEUDO_PHILOX4_32_10));
                generate(generator, seed, Pointer.to(words));
                compare(device, seed, words);
            }
        }
    }

    @Test
    @Tag("gpu")
    void drawsWhatCurandDrawsOnAGpu() {
        Devices.Choice choice = Devices.choose("auto");
        assumeTrue(choice.name().startsWith("cuda"), choice.reason());
        try (Device device = Devices.open("cuda", 1); Buffer words = device.allocate(ElementType.INT32, WORDS)) {
            for (long seed : SEEDS) {
                device.zero(words);
                device.synchronize();
                curandGenerator generator = new curandGenerator();
                check(() -> JCurand.curandCreateGenerator(generator, CURAND_RNG_PSEUDO_PHILOX4_32_10));
                generate(generator, seed, new CUdeviceptr().withByteOffset(words.address()));
                compare(device, seed, words.toInts());
            }
        }
    }

    private static void generate(curandGenerator generator, long seed, Pointer words) {
        try {
            check(() -> JCurand.curandSetPseudoRandomGeneratorSeed(generator, seed));
            check(() -> JCurand.curandGenerate(generator, words, WORDS));
            if (CudaDriver.loaded() == CudaDriver.Kind.NVIDIA) {
                CudaDriver.check(() -> JCudaDriver.cuCtxSynchronize(), "waiting for cuRAND");      // it works on a stream of its own
            }
        } finally {
            check(() -> JCurand.curandDestroyGenerator(generator));
        }
    }

    private static void check(IntSupplier call) {
        assertThat(call.getAsInt()).as("status of cuRAND").isZero();
    }

    private static void compare(Device device, long seed, int[] curand) {
        try (Buffer key = device.ints((int) seed, (int) (seed >>> 32)); Buffer out = device.allocate(ElementType.INT32, 4 * COUNT);
             Buffer uniform = device.allocate(ElementType.FLOAT32, 4 * COUNT)) {
            for (int s : CHOSEN) {
                try (Buffer counter = device.ints(0, 0, s, 0)) {
                    device.launch("philox_words", Launch.elements(4 * COUNT), out, 4 * COUNT, counter, key);
                }
                device.launch("uniform_fill", Launch.elements(4 * COUNT), uniform, 4 * COUNT, 0f, 1f, seed, (long) s);
                int[] words = out.toInts();
                float[] numbers = uniform.toFloats();
                for (int i = 0; i < 4 * COUNT; i++) {
                    int theirs = curand[4 * (s + SEQUENCES * (i / 4)) + i % 4];
                    assertThat(words[i]).as("seed %d, s %d, word %d", seed, s, i).isEqualTo(theirs);
                    assertThat(numbers[i]).as("seed %d, s %d, number %d", seed, s, i).isEqualTo((theirs >>> 8) * 0x1p-24f);
                }
            }
        }
    }
}
