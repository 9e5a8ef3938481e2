package io.github.adiw.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the command line starts. The library alone does not need what the command line needs, and who starts the command line from the
 * library's jar may not have it: that is said in a sentence, before {@link Main} is loaded, which cannot be without picocli.
 */
public final class Launcher {
    /** Classes by the name that people know their libraries by. */
    private static final Map<String, String> NEEDED = new LinkedHashMap<>();

    static {
        NEEDED.put("picocli", "picocli.CommandLine");
        NEEDED.put("progressbar", "me.tongfei.progressbar.ProgressBar");
        NEEDED.put("xchart", "org.knowm.xchart.XYChart");
        NEEDED.put("jackson-databind", "com.fasterxml.jackson.databind.ObjectMapper");
        NEEDED.put("slf4j-api", "org.slf4j.Logger");
        NEEDED.put("jcuda", "jcuda.driver.JCudaDriver");
        NEEDED.put("jcublas", "jcuda.jcublas.JCublas2");
    }

    private Launcher() {}

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String[] args) {
        List<String> missing = missing(Launcher.class.getClassLoader());
        if (!missing.isEmpty()) {
            System.err
                .println("adiw: the command line needs " + String.join(", ", missing) + ", which the library's jar does not bring: start "
                    + "the jar with the classifier cli, which has it all, or put " + (missing.size() == 1 ? "it" : "them")
                    + " on the class path");
            System.exit(1);
        }
        Main.main(args);
    }

    /** The libraries that a class loader does not find. */
    static List<String> missing(ClassLoader loader) {
        return NEEDED.entrySet().stream().filter(library -> !has(loader, library.getValue())).map(Map.Entry::getKey).toList();
    }

    private static boolean has(ClassLoader loader, String name) {
        try {
            Class.forName(name, false, loader);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
