package io.github.adiw.data.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** How the columns of two files became numbers, so that those of another file become the same. Immutable. */
public final class TableEncoding {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final boolean named;
    private final int width;
    private final String id;
    private final Missing missing;
    private final List<EncodedColumn> columns;

    /**
     * @param named whether columns have names of their own
     * @param width how many columns the training file had
     * @param id    the column that names the rows, or null
     */
    TableEncoding(boolean named, int width, String id, Missing missing, List<EncodedColumn> columns) {
        this.named = named;
        this.width = width;
        this.id = id;
        this.missing = missing;
        this.columns = List.copyOf(columns);
    }

    /** The encoded columns' names: {@code age} of a number, {@code region=north} of an indicator. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (EncodedColumn column : columns) {
            if (column.isCategory()) {
                column.levels().forEach(level -> names.add(column.name() + "=" + level));
            } else {
                names.add(column.name());
            }
        }
        return names;
    }

    /** The file's columns that are encoded, in order. */
    public List<String> sources() {
        return columns.stream().map(EncodedColumn::name).toList();
    }

    /** What becomes of missing values. */
    public Missing missing() {
        return missing;
    }

    /** The same with another rule for missing values; the means to fill them with are known in any case. */
    public TableEncoding withMissing(Missing other) {
        return new TableEncoding(named, width, id, other, columns);
    }

    /**
     * Begins to read another file, of any number of rows, in memory that does not depend on it.
     *
     * @param file    which has the columns by their names; where it or this has none, by their places
     * @param idName  the column that names the rows; null for that of the training file, if this file has it
     * @param notices is told what the user may want to know; once the last row was read, how many values were of no known category
     * @return the rows; to be closed
     * @throws UsageException if it has no column called {@code idName}
     * @throws AdiwException  if it cannot be read, lacks a column, or its columns go by their places and there are more or fewer of them
     */
    public RowReader open(Path file, String idName, Consumer<String> notices) {
        TableSource source = TableSource.open(file);
        try {
            int[] places = places(source.header(), notices);
            return new RowReader(source, columns, places, idColumn(source.header(), idName), missing, notices);
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private int idColumn(Header header, String idName) {
        if (idName != null && header.column(idName) < 0) {
            throw Wording.unknown("id", idName, header.names());
        }
        boolean same = header.isNamed() == named && (named || header.width() == width);     // else places mean something else
        return idName != null ? header.column(idName) : id != null && same ? header.column(id) : -1;
    }

    private int[] places(Header header, Consumer<String> notices) {
        if (named && header.isNamed()) {
            int[] places = columns.stream().mapToInt(column -> header.column(column.name())).toArray();
            List<String> lacking = columns.stream().map(EncodedColumn::name).filter(name -> header.column(name) < 0).toList();
            if (!lacking.isEmpty()) {
                String near = Wording.nearest(lacking.get(0), header.names());
                throw new AdiwException(header.file() + " has no " + (lacking.size() == 1 ? "column " : "columns ") + Wording.list(lacking)
                    + (near == null ? "" : " (is " + Wording.quoted(near) + " the same?)") + ", and the model was fitted with "
                    + (lacking.size() == 1 ? "it" : "them") + ": its header has " + Wording.list(header.names()));
            }
            return places;
        }
        if (header.width() != width && header.width() != columns.size()) {
            throw new AdiwException(header.file() + " has " + Wording.count(header.width(), "column", "columns") + ", and " + columns.size()
                + " were expected, which go by their places: " + Wording.list(sources()));
        }
        if (named != header.isNamed()) {
            notices.accept(named
                ? header.file() + " has no names of columns: they are taken to be those of the training file, in the same order."
                : "The names of columns in " + header.file() + " do not count, as the model has none: they go by their places.");
        }
        int[] places = columns.stream().mapToInt(EncodedColumn::position).toArray();
        if (header.width() != width) {
            Arrays.setAll(places, c -> c);
        }
        return places;
    }

    /** As JSON on one line, which {@link #parse} reads. */
    public String toJson() {
        ObjectNode node = JSON.createObjectNode().put("named", named).put("width", width).put("id", id).put("missing", missing.toString());
        ArrayNode all = node.putArray("columns");
        for (EncodedColumn column : columns) {
            ObjectNode one = all.addObject().put("name", column.name()).put("position", column.position());
            if (column.isCategory()) {
                column.levels().forEach(one.putArray("levels")::add);
            }
            Arrays.stream(column.means()).forEach(one.putArray("means")::add);
        }
        return node.toString();
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @param name where it is from, for messages
     * @throws AdiwException if it is something else
     */
    public static TableEncoding parse(String json, String name) {
        try {
            JsonNode node = JSON.readTree(json);
            List<EncodedColumn> columns = new ArrayList<>();
            for (JsonNode column : required(node, "columns", name, JsonNode::isArray)) {
                columns.add(column(column, name));
            }
            int width = required(node, "width", name, JsonNode::isInt).intValue();
            String missing = required(node, "missing", name, JsonNode::isTextual).textValue();
            if (columns.isEmpty() || columns.stream().anyMatch(column -> column.position() >= width)
                || Arrays.stream(Missing.values()).noneMatch(m -> m.toString().equals(missing))) {
                throw broken(name, null);
            }
            return new TableEncoding(required(node, "named", name, JsonNode::isBoolean).booleanValue(), width,
                required(node, "id", name, id -> id.isTextual() || id.isNull()).textValue(), Missing.of(missing), columns);
        } catch (JsonProcessingException e) {
            throw broken(name, e);
        }
    }

    private static EncodedColumn column(JsonNode node, String name) {
        List<String> levels = node.has("levels") ? new ArrayList<>() : null;
        for (JsonNode level : node.path("levels")) {
            levels.add(level.asText());
        }
        List<Double> means = new ArrayList<>();
        for (JsonNode mean : required(node, "means", name, JsonNode::isArray)) {
            if (!mean.isNumber() || !Double.isFinite(mean.doubleValue())) {
                throw broken(name, null);
            }
            means.add(mean.doubleValue());
        }
        int position = required(node, "position", name, JsonNode::isInt).intValue();
        boolean different = levels == null || levels.stream().distinct().count() == levels.size();
        if (means.size() != (levels == null ? 1 : levels.size()) || means.isEmpty() || !different || position < 0) {
            throw broken(name, null);
        }
        return new EncodedColumn(required(node, "name", name, JsonNode::isTextual).textValue(), position,
            levels == null ? null : List.copyOf(levels), means.stream().mapToDouble(m -> m).toArray());
    }

    private static JsonNode required(JsonNode node, String key, String name, Predicate<JsonNode> kind) {
        JsonNode value = node.path(key);
        if (!kind.test(value)) {
            throw broken(name, null);
        }
        return value;
    }

    private static AdiwException broken(String name, Throwable cause) {
        return new AdiwException(name + " is broken: its columns are not described as expected: save the model again", cause);
    }
}
