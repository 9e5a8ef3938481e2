package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/** A device on a stream that an embedding program made. */
final class GivenStream extends CUstream {
    long address() {
        return getNativePointer();
    }

    /** What is enqueued on the stream by hand and through the device is done in that order, without waiting in between. */
    static void isInOrderWithTheDevice(String name) {
        int n = 10_000;
        try (Device embedder = Devices.open(name, 1)) {     // keeps the primary context
            embedder.synchronize();
            GivenStream stream = new GivenStream();
            assertThat(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING)).isZero();
            assertThat(stream.address()).isNotZero();
            try (Device device = Devices.openOnStream(name, stream.address()); Buffer x = device.floats(new float[n]);
                 Buffer sum = device.floats(new float[n])) {
                CUdeviceptr memory = new CUdeviceptr().withByteOffset(x.address());
                assertThat(JCudaDriver.cuMemsetD8Async(memory, (byte) 0x40, 4 * n, stream)).isZero();
                device.copy(x, sum);
                assertThat(JCudaDriver.cuMemsetD8Async(memory, (byte) 0x41, 4 * n, stream)).isZero();
                Graph graph = device.record(() -> device.launch("fill", Launch.elements(n / 2), x, 4f, n / 2));
                graph.replay();
                assertThat(JCudaDriver.cuStreamSynchronize(stream)).isZero();
                float[] expected = new float[n];
                Arrays.fill(expected, 0, n / 2, 4);
                Arrays.fill(expected, n / 2, n, Float.intBitsToFloat(0x41414141));
                assertThat(x.toFloats()).isEqualTo(expected);
                assertThat(sum.toFloats()).containsOnly(Float.intBitsToFloat(0x40404040));
            }
            assertThat(JCudaDriver.cuStreamSynchronize(stream)).as("still the caller's").isZero();
            assertThat(JCudaDriver.cuStreamDestroy(stream)).isZero();
        }
    }
}
