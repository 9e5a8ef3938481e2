package io.github.adiw;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;

/** The tests' class path without some of what it holds, as a program has it that lacks a jar. */
public final class LeftOut extends URLClassLoader {
    private final String prefix;

    /** @param prefix of the resources that are left out: a folder or package with slashes, or a name */
    public LeftOut(String prefix) {
        super(urls(), ClassLoader.getPlatformClassLoader());
        this.prefix = prefix;
    }

    private static URL[] urls() {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(path.split(File.pathSeparator, -1)).map(LeftOut::url).toArray(URL[]::new);
    }

    private static URL url(String file) {
        try {
            return Path.of(file).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(file, e);
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        if (name.replace('.', '/').startsWith(prefix)) {
            throw new ClassNotFoundException(name);
        }
        return super.findClass(name);
    }

    @Override
    public URL findResource(String name) {
        return name.startsWith(prefix) ? null : super.findResource(name);
    }
}
