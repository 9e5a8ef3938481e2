package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** What the columns of a file are called. */
final class Header {
    private final String file;
    private final List<String> names;
    private final boolean named;
    private final BitSet nameless;
    private final Map<String, Integer> columns = new HashMap<>();

    private Header(String file, List<String> names, boolean named, BitSet nameless) {
        this.file = file;
        this.names = names;
        this.named = named;
        this.nameless = nameless;
        for (int c = 0; c < names.size(); c++) {
            columns.putIfAbsent(names.get(c), c);
        }
    }

    /** Of a file without names. */
    static Header of(String file, int columns) {
        return new Header(file, IntStream.range(0, columns).mapToObj(Wording::position).toList(), false, new BitSet());
    }

    /**
     * Of a file whose first row has them.
     *
     * @param fields the row
     * @throws AdiwException if a name is there twice
     */
    static Header of(String file, List<String> fields) {
        List<String> names = new ArrayList<>();
        BitSet nameless = new BitSet();
        for (int c = 0; c < fields.size(); c++) {
            String name = fields.get(c).strip();
            nameless.set(c, name.isEmpty() || name.startsWith("Unnamed: 0"));       // pandas' name of a column without one
            names.add(name.isEmpty() ? Wording.position(c) : name);
        }
        Header header = new Header(file, List.copyOf(names), true, nameless);
        for (int c = 0; c < names.size(); c++) {
            int first = header.columns.get(names.get(c));
            if (first != c) {
                throw new AdiwException(
                    file + " has the name " + Wording.quoted(names.get(c)) + " twice in its header, in fields " + (first + 1)
                        + " and " + (c + 1) + ", and every column needs a name of its own");
            }
        }
        return header;
    }

    String file() {
        return file;
    }

    /** In the file's order; {@code column 3} of one that has none. */
    List<String> names() {
        return names;
    }

    int width() {
        return names.size();
    }

    /** Whether the file has names. */
    boolean isNamed() {
        return named;
    }

    /** Whether a column of a file with names has none. */
    boolean isNameless(int column) {
        return nameless.get(column);
    }

    /** The column of that name, or -1; where there are no names, {@code 3} is short for {@code column 3}. */
    int column(String name) {
        Integer column = columns.get(name);
        return column != null || named ? column == null ? -1 : column : columns.getOrDefault("column " + name, -1);
    }
}
