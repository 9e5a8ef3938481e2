/**
 * Where computations run: this machine's processor, an NVIDIA GPU, or a stand-in for one. {@link io.github.adiw.device.Devices} opens a
 * {@link io.github.adiw.device.Device}, and is the only place that knows which kinds there are; a device gives
 * {@link io.github.adiw.device.Buffer memory}, {@link io.github.adiw.device.Launch launches} kernels by name, with arguments that are
 * checked against the kernel's declaration, and records them as a {@link io.github.adiw.device.Graph}. {@link io.github.adiw.device.Scope}
 * owns what is to be closed.
 *
 * <p>The kernels are C++ text, compiled once for each kind of device; what they compute is the same everywhere but for rounding.
 */
package io.github.adiw.device;
