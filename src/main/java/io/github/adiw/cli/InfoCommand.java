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
@Command(name = "info", sortOptions = false,
    description = "Says which devices were found, the versions, and which device is chosen and why.",
    footer = {"", "Examples:", "  adiw info", "  adiw info --json",
        "  adiw info --device cuda:1      can this GPU be used, and if not, why?"})
final class InfoCommand extends Subcommand {
    /** A device by name: what it is, or why it cannot be used. */
    private record Found(String name, boolean usable, String description) {}

    InfoCommand(Console console) {
        super(console);
    }

    @Override
    void execute() {
        Devices.Choice choice = Devices.choose(common.device());
        Found chosen;
        try {
            chosen = opened(choice.name());
        } catch (AdiwException | UsageException e) {
            if (!common.device().equals("auto")) {
                throw e;
            }
            chosen = new Found(choice.name(), false, e.getMessage());
        }
        List<Found> found = devices(choice.name());
        if (common.json()) {
            console.result(RunReport.text(json(choice, chosen, found)));
        } else {
            print(choice, chosen, found);
        }
    }

    private Found opened(String name) {
        try (Device device = Devices.open(name, common.threads(), console::notice)) {
            return new Found(name, true, device.description());
        }
    }

    private List<Found> devices(String chosen) {
        List<Found> found = new ArrayList<>();
        try (Device host = Devices.open("host", common.threads(), notice -> {})) {
            found.add(new Found("host", true, host.description()));
        } catch (AdiwException | UsageException e) {
            found.add(new Found("host", false, e.getMessage()));
        }
        if (chosen.equals("simt")) {
            found.add(new Found("cuda", false, "not looked for, since this process runs the stand-in driver"));
        } else {
            try {
                List<String> gpus = Devices.gpus();
                for (int i = 0; i < gpus.size(); i++) {
                    found.add(new Found("cuda:" + i, true, gpus.get(i)));
                }
            } catch (AdiwException | UsageException e) {
                found.add(new Found("cuda", false, e.getMessage()));
            }
        }
        boolean standIn = Devices.hasStandIn();
        found.add(new Found("simt", standIn, standIn ? "the GPU's code path over a stand-in driver, on this processor; slow, for tests"
            : "the stand-in driver's jar is not there (classifier simt)"));
        return found;
    }

    private List<String[]> versions() {
        return List.of(
            new String[] {"adiw", Main.Version.number()},
            new String[] {"java", Runtime.version() + ", " + System.getProperty("java.vm.name")},
            new String[] {"system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", " + System.getProperty("os.arch")},
            new String[] {"gpuKernels", requirements()});
    }

    private static String requirements() {
        try {
            return Devices.requirements();
        } catch (AdiwException e) {
            return e.getMessage();
        }
    }

    private ObjectNode json(Devices.Choice choice, Found chosen, List<Found> found) {
        ObjectNode node = RunReport.object();
        versions().forEach(row -> node.put(row[0], row[1]));
        node.put("threads", common.threads());
        ArrayNode devices = node.putArray("devices");
        for (Found device : found) {
            devices.addObject().put("name", device.name()).put("usable", device.usable()).put("description", device.description());
        }
        node.putObject("chosen").put("name", chosen.name()).put("usable", chosen.usable()).put("description", chosen.description())
            .put("reason", choice.reason());
        return node;
    }

    private void print(Devices.Choice choice, Found chosen, List<Found> found) {
        versions().forEach(row -> line(row[0], row[1]));
        line("threads", String.valueOf(common.threads()));
        console.result("");
        found.forEach(device -> line(device.name(), said(device)));
        console.result("");
        line("chosen", chosen.name() + ": " + said(chosen));
        line("because", choice.reason().replaceFirst("^device \\S+: ", ""));
    }

    private static String said(Found device) {
        return (device.usable() ? "" : "not usable: ") + device.description();
    }

    private void line(String name, String value) {
        console.result(String.format(Locale.ROOT, "%-11s %s", name, value));
    }
}
