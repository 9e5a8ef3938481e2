package io.github.adiw;

import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;

/** The device that this run of the tests is for: {@code host}, or what {@code -Dadiw.test.device} names. */
public final class DeviceMatrix {
    private DeviceMatrix() {}

    /** Name of the device under test. */
    public static String name() {
        return System.getProperty("adiw.test.device", "host");
    }

    /** Whether this run is on the stand-in driver, where everything is slow: use the smaller shapes. */
    public static boolean slow() {
        return name().startsWith("simt");
    }

    /** A new device; the caller closes it. */
    public static Device open() {
        return Devices.open(name(), 2);
    }
}
