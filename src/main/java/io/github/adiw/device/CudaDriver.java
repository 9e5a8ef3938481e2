package io.github.adiw.device;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import jcuda.CudaException;
import jcuda.NativePointerObject;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * The CUDA driver of this process: NVIDIA's, or the stand-in. A process has one library of that name, so the first choice
 * is the last. No class of JCuda is touched before the driver's library is known to be there.
 */
final class CudaDriver {
    /** Whose driver. */
    enum Kind { NVIDIA, STAND_IN }

    static final int OUT_OF_MEMORY = 2;
    private static final String JCUDA = "lib/libJCudaDriver-12.6.0-linux-x86_64.so";
    static final int LEAST_CAPABILITY = 80;
    private static Kind loaded;
    private static AdiwException failure;

    private CudaDriver() {}

    /** What this process has loaded; null before anything is. */
    static synchronized Kind loaded() {
        return loaded;
    }

    /**
     * Loads and initialises a driver, once.
     *
     * @throws UsageException if the process has loaded the other one
     * @throws AdiwException  if there is none, or it cannot be used
     */
    @SuppressWarnings("StaticAssignmentOfThrowable")    // a driver is tried once; who asks again gets the first failure as the cause
    static synchronized void load(Kind wanted) {
        if (loaded != null && loaded != wanted) {
            throw new UsageException("this process has loaded " + (loaded == Kind.NVIDIA ? "NVIDIA's driver" : "the stand-in driver (simt)")
                + " and can have one CUDA driver only: use " + (wanted == Kind.NVIDIA ? "cuda" : "simt") + " in a process of its own");
        }
        if (failure != null) {
            throw new AdiwException(failure.getMessage(), failure);
        }
        if (loaded == wanted) {
            return;
        }
        if (wanted == Kind.STAND_IN) {
            if (!HostRuntime.hasAvx2()) {
                throw new AdiwException("simt needs a processor with AVX2 and FMA; use host");
            }
            if (!Devices.hasStandIn()) {
                throw new AdiwException(
                    "simt needs the stand-in driver, which has a jar of its own: add io.github.adiw:adiw with the classifier "
                        + "simt to the dependencies, or use host");
            }
            StandInDriver.load();
        } else if (!HostRuntime.findsDriver()) {
            throw new AdiwException("no NVIDIA driver is installed (libcuda.so.1 is not found); install one, or use host");
        }
        loaded = wanted;
        try {
            loadJCuda();
            int result = result(() -> JCudaDriver.cuInit(0));
            if (result != 0) {
                throw new AdiwException("the NVIDIA driver finds no GPU that can be used: " + error(result) + "; use host");
            }
            if (wanted == Kind.STAND_IN && !deviceName(device(0)).equals(StandInDriver.DEVICE_NAME)) {
                throw new AdiwException("another library has loaded NVIDIA's driver into this process: use simt in a process of its own");
            }
        } catch (AdiwException e) {
            failure = e;
            throw e;
        }
    }

    private static void loadJCuda() {
        loadJCudaClass(JCUDA, "jcuda.driver.JCudaDriver", "update the NVIDIA driver, or use host");
    }

    /**
     * Initialises a class of JCuda, which unpacks its library under a fixed name into java.io.tmpdir, where processes race and other
     * users' files and noexec mounts break it; it takes a file that is there already. So the file is laid into the private
     * folder, and java.io.tmpdir points there meanwhile (java.library.path is read once, when Java starts).
     *
     * @param resource the library in JCuda's jar, without a slash in front
     * @param name     of the class
     * @param advice   what to do if it does not load
     * @throws AdiwException if it does not load
     */
    static synchronized void loadJCudaClass(String resource, String name, String advice) {
        NativeLibrary.unpacked(resource, library -> {
            String before = System.getProperty("java.io.tmpdir");
            try {
                System.setProperty("java.io.tmpdir", library.getParent().toString());
                Class.forName(name, true, CudaDriver.class.getClassLoader());
            } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError | ClassNotFoundException e) {
                throw new AdiwException("JCuda's native library " + resource + " does not load (" + String.valueOf(e.getMessage()).lines()
                    .findFirst().orElse("") + "); " + advice, e);
            } finally {
                System.setProperty("java.io.tmpdir", before);
            }
        });
    }

    /** The PTX to load: the jar's, or for the stand-in of a build without nvcc its own declarations. */
    static GpuKernels kernels() {
        return GpuKernels.ofJar().orElseGet(() -> {
            if (loaded() == Kind.STAND_IN) {
                return GpuKernels.parse(StandInDriver.declarations());
            }
            throw new AdiwException("this build has no kernels for NVIDIA GPUs (it was made without nvcc); build it where the CUDA "
                + "toolkit is installed, or use host");
        });
    }

    /**
     * Checks that a device can run the kernels.
     *
     * @throws AdiwException if the driver is too old for the PTX, or the GPU for the kernels
     */
    static void requireUsable(int ordinal, GpuKernels kernels) {
        int driver = version();
        if (driver < kernels.cudaVersion()) {
            throw new AdiwException("the NVIDIA driver is too old: it supports CUDA " + GpuKernels.versionText(driver)
                + ", the kernels need " + kernels.requirement() + "; update the driver, or use host");
        }
        int capability = capability(device(ordinal));
        if (capability < LEAST_CAPABILITY) {
            throw new AdiwException("cuda:" + ordinal + " (" + deviceName(device(ordinal)) + ") has compute capability "
                + capabilityText(capability) + ", the kernels need " + capabilityText(LEAST_CAPABILITY) + "; use host");
        }
    }

    /** JCuda's object for a stream that somebody else made; JCuda has no way to make one, and reads the address from this field. */
    static CUstream stream(long address) {
        CUstream stream = new CUstream();
        try {
            Field field = NativePointerObject.class.getDeclaredField("nativePointer");
            field.setAccessible(true);
            field.setLong(stream, address);
        } catch (ReflectiveOperationException | RuntimeException e) {
            throw new AdiwException("this JCuda does not let a stream be given by its address: " + e, e);
        }
        return stream;
    }

    /** The CUDA version that the driver supports: 1000 major + 10 minor. */
    static int version() {
        int[] version = new int[1];
        check(() -> JCudaDriver.cuDriverGetVersion(version), "asking for the driver's version");
        return version[0];
    }

    static int deviceCount() {
        int[] count = new int[1];
        check(() -> JCudaDriver.cuDeviceGetCount(count), "counting GPUs");
        return count[0];
    }

    static CUdevice device(int ordinal) {
        CUdevice device = new CUdevice();
        check(() -> JCudaDriver.cuDeviceGet(device, ordinal), "asking for GPU " + ordinal);
        return device;
    }

    static String deviceName(CUdevice device) {
        byte[] name = new byte[256];
        check(() -> JCudaDriver.cuDeviceGetName(name, name.length, device), "asking for the GPU's name");
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        return new String(name, 0, length, StandardCharsets.US_ASCII);
    }

    static int attribute(CUdevice device, int attribute) {
        int[] value = new int[1];
        check(() -> JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "asking for attribute " + attribute + " of the GPU");
        return value[0];
    }

    static int capability(CUdevice device) {
        return 10 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
            + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    static String capabilityText(int capability) {
        return capability / 10 + "." + capability % 10;
    }

    /** One line a GPU: name, compute capability, memory. */
    static List<String> describeDevices() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < deviceCount(); i++) {
            CUdevice device = device(i);
            long[] bytes = new long[1];
            check(() -> JCudaDriver.cuDeviceTotalMem(bytes, device), "asking for the GPU's memory");
            lines.add(deviceName(device) + ", compute capability " + capabilityText(capability(device)) + ", "
                + (bytes[0] >> 20) + " MiB");
        }
        return lines;
    }

    /** @throws AdiwException if the call's result is not success; {@code doing} says what was asked */
    static void check(IntSupplier call, String doing) {
        check(result(call), doing);
    }

    static void check(int result, String doing) {
        if (result != 0) {
            throw new AdiwException(doing + " failed: " + error(result));
        }
    }

    /**
     * The result of a call of JCuda's, whether it throws or not: that is a switch of the whole process, which the program around this
     * library may have set either way and is left as it is.
     */
    static int result(IntSupplier call) {
        try {
            return call.getAsInt();
        } catch (CudaException e) {
            try {
                return CUresult.class.getField(e.getMessage()).getInt(null);
            } catch (ReflectiveOperationException | RuntimeException unknown) {
                return CUresult.CUDA_ERROR_UNKNOWN;
            }
        }
    }

    /** The error's name, and the sentence that the driver has for it. */
    static String error(int result) {
        String[] name = {null};
        String[] text = {null};
        result(() -> JCudaDriver.cuGetErrorName(result, name));
        result(() -> JCudaDriver.cuGetErrorString(result, text));
        return (name[0] == null ? "CUDA error " + result : name[0])
            + (text[0] == null || text[0].equals(name[0]) ? "" : " (" + text[0] + ")");
    }
}
