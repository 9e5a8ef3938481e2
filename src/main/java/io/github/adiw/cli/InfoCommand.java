package io.github.adiw.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import io.github.adiw.device.Device;
import io.github.adiw.device.Devices;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;

/** {@code adiw info}: what is there, and what is chosen. */
@Command(name = "info", sortOptions = false, description = "Says which devices were found, the versions, and which device is chosen and why.",
    footer = {"", "Examples:", "  adiw info", "  adiw info --json", "  adiw info --device cuda:1      why can this GPU not be used?"})
final class InfoCommand extends Subcommand {
    private static final int MOST_GPUS = 16;

    /** A device by name: what it is, or why it cannot be used. */
    private record Found(String name, boolean usable, String description) { }

    InfoCommand(Console console) {
        super(console);
    }

    @Override
    void execute() {
        List<Found> found = new ArrayList<>();
        Found chosen;
        try (Device device = common.open()) {
            chosen = new Found(device.name(), true, device.description());
        }
        found.add(find("host"));
        if (!chosen.name().startsWith("simt")) {
            findGpus(found);
        }
        boolean standIn = Devices.class.getResource("/native/linux-x86_64/libcuda.so.1") != null;
        found.add(new Found("simt", standIn, standIn ? "the GPU code over a stand-in driver, on this processor; slow, for tests"
            : "the jar lacks the stand-in driver"));
        if (common.json()) {
            console.result(RunReport.text(json(chosen, found)));
        } else {
            print(chosen, found);
        }
    }

    private void findGpus(List<Found> found) {
        for (int i = 0; i < MOST_GPUS; i++) {
            Found gpu = find("cuda:" + i);
            if (!gpu.usable() && i > 0) {
                return;
            }
            found.add(gpu.usable() ? gpu : new Found("cuda", false, gpu.description()));
            if (!gpu.usable()) {
                return;
            }
        }
    }

    private Found find(String name) {
        try (Device device = Devices.open(name, common.threads())) {
            return new Found(name, true, device.description());
        } catch (AdiwException | UsageException e) {
            return new Found(name, false, e.getMessage());
        }
    }

    private ObjectNode json(Found chosen, List<Found> found) {
        ObjectNode node = RunReport.object();
        versions().forEach(row -> node.put(row[0], row[1]));
        node.put("threads", common.threads());
        ArrayNode devices = node.putArray("devices");
        for (Found device : found) {
            devices.addObject().put("name", device.name()).put("usable", device.usable()).put("description", device.description());
        }
        node.putObject("chosen").put("name", chosen.name()).put("description", chosen.description()).put("reason", reason(chosen, found));
        return node;
    }

    private void print(Found chosen, List<Found> found) {
        versions().forEach(row -> console.result(String.format(Locale.ROOT, "%-8s %s", row[0], row[1])));
        console.result(String.format(Locale.ROOT, "%-8s %d", "threads", common.threads()));
        console.result("");
        for (Found device : found) {
            console.result(String.format(Locale.ROOT, "%-8s %s%s", device.name(), device.usable() ? "" : "not usable: ", device.description()));
        }
        console.result("");
        console.result("chosen: " + chosen.name() + ", " + reason(chosen, found));
    }

    private String reason(Found chosen, List<Found> found) {
        if (!common.device().equals("auto")) {
            return "because --device " + common.device() + " asks for it";
        }
        return found.stream().filter(d -> d.name().startsWith("cuda")).findFirst().filter(d -> !d.usable())
            .map(gpu -> "because no GPU is usable: " + gpu.description()).orElse("because a usable GPU comes first");
    }

    private static List<String[]> versions() {
        return List.of(
            new String[] {"adiw", Main.Version.number()},
            new String[] {"java", Runtime.version() + ", " + System.getProperty("java.vm.name")},
            new String[] {"system", System.getProperty("os.name") + " " + System.getProperty("os.version") + ", " + System.getProperty("os.arch")});
    }
}
