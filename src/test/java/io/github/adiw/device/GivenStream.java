package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.adiw.AdiwException;
import java.util.Arrays;
import jcuda.CudaException;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
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
        Devices.open(name, 1).close();      // loads the driver
        CUdevice gpu = new CUdevice();
        assertThat(JCudaDriver.cuDeviceGet(gpu, 0)).isZero();
        CUcontext context = new CUcontext();
        assertThat(JCudaDriver.cuDevicePrimaryCtxRetain(context, gpu)).isZero();
        try {
            JCudaDriver.cuCtxSetCurrent(context);
            GivenStream stream = new GivenStream();
            assertThat(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING)).isZero();
            assertThat(stream.address()).isNotZero();
            try (Device device = Devices.openOnStream(name, stream.address()); Buffer x = device.floats(new float[n]);
                 Buffer sum = device.floats(new float[n])) {
                CUdeviceptr memory = new CUdeviceptr().withByteOffset(x.address());
                assertThat(JCudaDriver.cuMemsetD8Async(memory, (byte) 0x40, 4L * n, stream)).isZero();
                device.copy(x, sum);
                assertThat(JCudaDriver.cuMemsetD8Async(memory, (byte) 0x41, 4L * n, stream)).isZero();
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
        } finally {
            JCudaDriver.cuCtxSetCurrent(new CUcontext());
            JCudaDriver.cuDevicePrimaryCtxRelease(gpu);
        }
    }

    /** The calling thread's context and JCuda's exceptions are as they were after every call; with exceptions failures read the same. */
    static void leavesTheThreadAsItWas(String name) {
        Devices.open(name, 1).close();
        CUcontext none = new CUcontext();
        CUcontext current = new CUcontext();
        JCudaDriver.setExceptionsEnabled(true);
        try (Device device = Devices.open(name, 1)) {
            try (Buffer x = device.floats(1, 2, 3); Graph graph = device.record(() -> device.zero(x))) {
                graph.replay();
                device.launch("fill", Launch.elements(2), x, 4f, 2);
                assertThat(x.toFloats()).containsExactly(4, 4, 0);
                device.synchronize();
            }
            JCudaDriver.cuCtxGetCurrent(current);
            assertThat(current).isEqualTo(none);
            assertThatThrownBy(() -> device.allocate(ElementType.FLOAT32, 1L << 42)).isInstanceOf(AdiwException.class)
                .hasMessageContaining("bytes are free");
            assertThatThrownBy(() -> JCudaDriver.cuCtxSynchronize()).as("still throws").isInstanceOf(CudaException.class);
        } finally {
            JCudaDriver.setExceptionsEnabled(false);
        }
        JCudaDriver.cuCtxGetCurrent(current);
        assertThat(current).isEqualTo(none);
    }
}
