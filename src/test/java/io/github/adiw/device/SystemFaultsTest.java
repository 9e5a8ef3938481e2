package io.github.adiw.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.adiw.AdiwException;
import io.github.adiw.ChildJvm;
import io.github.adiw.DeviceMatrix;
import io.github.adiw.Faults;
import io.github.adiw.Fixtures;
import io.github.adiw.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens where the system has no more threads or memory. */
class SystemFaultsTest {
    @TempDir
    Path folder;

    /** Every call of the native libraries to the system for a thread or memory fails once: a sentence, or the same result. */
    @Test
    @Tag(Fixtures.SOURCE_TREE)
    void eachCallToTheSystemMayFail() throws IOException, InterruptedException {
        Path orders = folder.resolve("orders");
        ChildJvm.Outcome outcome = Faults.java(orders).run(FaultProgram.class, DeviceMatrix.name(), orders.toString());
        assertThat(outcome.code()).as(outcome.toString()).isZero();
        Map<String, Integer> failed = new HashMap<>();
        outcome.out().lines().map(line -> line.split(" ")).forEach(word -> {
            failed.put(word[0], Integer.parseInt(word[1]));
            if (word[0].equals("pthread_create")) {
                assertThat(word[2]).as("works with fewer threads").isEqualTo("0");
            } else {
                assertThat(word[2]).as("every failed %s is said", word[0]).isEqualTo(word[1]);
            }
        });
        if (DeviceMatrix.slow()) {
            assertThat(failed.get("mmap")).isGreaterThan(10);
        } else {
            assertThat(failed.get("pthread_create")).isEqualTo(2);
            assertThat(failed.get("aligned_alloc")).isGreaterThan(2);
            assertThat(failed.get("calloc")).isEqualTo(3);
        }
        assertThat(failed.get("posix_memalign")).isGreaterThan(5);
    }

    @Test
    void moreThreadsThanAnyMachineHasAreRefused() {
        assertThatThrownBy(() -> Devices.open("host", 100_000)).isInstanceOf(UsageException.class)
            .hasMessage("threads must be at most 1024, not 100000");
        Devices.open("host", 1024, notice -> {}).close();
    }

    @Test
    void moreThreadsThanProcessorsAreSaid() {
        int processors = Runtime.getRuntime().availableProcessors();
        List<String> notices = new ArrayList<>();
        Devices.open("host", processors, notices::add).close();
        assertThat(notices).isEmpty();
        Devices.open("host", processors + 1, notices::add).close();
        assertThat(notices).singleElement().asString().contains((processors + 1) + " threads are more than the " + processors)
            .endsWith("and work takes longer, with hundreds of threads a hundred times and more; give at most " + processors);
    }

    /** A container's limit shows to Java as fewer processors. */
    @Test
    void asManyThreadsAsProcessorsForThisProcess() throws IOException, InterruptedException {
        ChildJvm.Outcome outcome = new ChildJvm().option("-XX:ActiveProcessorCount=3").run(OneDevice.class);
        assertThat(outcome.out()).as(outcome.toString()).contains(", 3 threads, ");
    }

    /** A control group's quota of processor time, which a container has for its limit, decides how many threads there are. */
    @Test
    void asManyThreadsAsTheQuotaAllows() throws IOException, InterruptedException {
        Path group = Path.of("/sys/fs/cgroup/cpu/adiw-test-" + ProcessHandle.current().pid());
        try {
            Files.createDirectory(group);
            Files.writeString(group.resolve("cpu.cfs_quota_us"), "100000");
            assertThat(Files.readString(group.resolve("cpu.cfs_period_us")).strip()).isEqualTo("100000");
        } catch (IOException e) {
            Files.deleteIfExists(group);
            assumeTrue(false, "a control group of one's own needs root and version 1 of control groups: " + e);
        }
        try {
            ChildJvm.Outcome outcome = new ChildJvm().inGroup(group).run(OneDevice.class);
            assertThat(outcome.out()).as(outcome.toString()).contains(", 1 thread, ");
        } finally {
            Files.delete(group);
        }
    }

    /** Says what the processor is opened as. */
    static final class OneDevice {
        private OneDevice() {}

        public static void main(String[] arguments) {
            try (Device device = Devices.open("host")) {
                System.out.println(device.description());
            } catch (AdiwException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
