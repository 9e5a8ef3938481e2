package io.github.adiw.data.table;

import de.siegmar.fastcsv.reader.AbstractBaseCsvCallbackHandler;
import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.RecordWrapper;
import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The rows of a text file: comma-separated values as RFC 4180 has them, or with {@code ;} or tabs, in UTF-8. Its first row is a header
 * unless all its fields are numbers.
 */
final class CsvSource extends TableSource {
    private static final int LONGEST_FIELD = 1 << 20;
    private static final int LONGEST_HEADER = 1 << 22;

    private final String name;
    private final CsvText text;
    private final char separator;
    private final Records records = new Records();
    private final CsvReader<Boolean> reader;
    private final CloseableIterator<Boolean> rows;
    private final Header header;
    /** The first row, if it is one of values; null once it was given. */
    private List<String> first = new ArrayList<>();

    /** @throws AdiwException if the file is no text, or has no row */
    static TableSource of(Path path, InputStream in) throws IOException {
        try {
            return new CsvSource(path.toString(), new CsvText(path.toString(), in));
        } catch (CharacterCodingException e) {
            throw CsvText.noText(path.toString(), e);
        }
    }

    private CsvSource(String name, CsvText text) {
        this.name = name;
        this.text = text;
        separator = text.separator();
        reader = CsvReader.builder().fieldSeparator(separator).skipEmptyLines(false).ignoreDifferentFieldCount(true)
            .acceptCharsAfterQuotes(false).maxBufferSize(LONGEST_FIELD).build(records, text);
        rows = reader.iterator();
        boolean any = false;
        while (!any && advance()) {
            any = !records.blank;
        }
        if (!any) {
            throw new AdiwException(name + " has no row, and at least one was expected");
        }
        records.columns = first.size();
        if (isHeader(first)) {
            header = Header.of(name, first);
            first = null;
        } else {
            header = Header.of(name, first.size());
        }
        refuseSpaces();
    }

    /** Whether they are no values. */
    private static boolean isHeader(List<String> fields) {
        Field field = new Field();
        boolean number = false;
        boolean empty = false;
        Set<String> others = new HashSet<>();
        for (int c = 0; c < fields.size(); c++) {
            field.set(fields.get(c).toCharArray(), 0, fields.get(c).length());
            if (field.kind() == Field.Kind.TEXT) {
                return true;
            }
            number |= field.kind() == Field.Kind.NUMBER;
            empty |= c == 0 && field.length() == 0;
            if (c > 0 && isWhole(field)) {
                others.add(field.text());
            }
        }
        // Pandas' names of columns that have none are 0, 1, ..., and that of the row numbers before them is empty.
        return !number || empty && fields.size() > 1 && others.size() == fields.size() - 1;
    }

    private static boolean isWhole(Field field) {
        return field.kind() == Field.Kind.NUMBER && field.decimalSign() == 0 && field.value() == Math.rint(field.value());
    }

    /** Numbers with spaces between them are one field of text, which nobody meant. */
    private void refuseSpaces() {
        String only = header.names().get(0);
        if (header.width() == 1 && header.isNamed() && only.indexOf(' ') > 0) {
            Field field = new Field();
            for (String part : only.split(" +")) {
                field.set(part.toCharArray(), 0, part.length());
                if (field.kind() != Field.Kind.NUMBER) {
                    return;
                }
            }
            throw new AdiwException(
                place(position()) + ": " + Wording.quoted(only) + " has spaces between its numbers, and a comma, a semicolon or a "
                    + "tab was expected");
        }
    }

    @Override
    Header header() {
        return header;
    }

    @Override
    boolean mayUseDecimalComma() {
        return separator != ',';
    }

    @Override
    boolean next(Fields fields) {
        if (first != null) {
            Field field = new Field();
            for (int c = 0; c < first.size(); c++) {
                field.set(first.get(c).toCharArray(), 0, first.get(c).length());
                fields.accept(c, field);
            }
            first = null;
            return true;
        }
        records.fields = fields;
        while (advance()) {
            if (!records.blank) {
                return true;
            }
        }
        return false;
    }

    private boolean advance() {
        try {
            if (rows.hasNext()) {
                rows.next();
                return true;
            }
        } catch (UncheckedIOException e) {
            throw failed(e.getCause());
        } catch (CsvParseException e) {
            throw failed(e);
        }
        if (records.quoted && text.last() != '"') {
            throw at(position(), "the quotes of its last field are not closed");
        }
        return false;
    }

    private RuntimeException failed(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (e instanceof Error error) {         // as memory that ran out, which the parser wraps
                throw error;
            }
            if (e instanceof AdiwException || e instanceof UsageException) {
                return (RuntimeException) e;
            }
            if (e instanceof CharacterCodingException) {
                return CsvText.noText(name, failure);
            }
            if (e instanceof IOException io) {
                return unreadable(name, io);
            }
        }
        String what = String.valueOf((failure.getCause() == null ? failure : failure.getCause()).getMessage());
        if (what.contains("buffer size")) {
            return at(position(),
                "a field has more than " + LONGEST_FIELD + " characters, and at most as many were expected: are quotes not closed?");
        }
        return at(position(),
            "there is text after closing quotes, and a separator or the end of the line was expected: inside quotes write "
                + "a quote twice");
    }

    @Override
    long position() {
        return records.line;
    }

    @Override
    String place(long position) {
        return name + ", line " + position;
    }

    private AdiwException at(long line, String what) {
        return new AdiwException(place(line) + ": " + what);
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    /** Gets the fields from the parser as it finds them; a record is whether it was a row. */
    private final class Records extends AbstractBaseCsvCallbackHandler<Boolean> {
        private final Field field = new Field();
        private Fields fields;
        private int columns;
        private int firstLength;
        private long line;
        private long blankLine;
        /** Whether the record has one field, in no quotes, of nothing but spaces. */
        private boolean blank;
        /** Whether the last field was in quotes, and has a line end. */
        private boolean quoted;
        private boolean manyLines;

        @Override
        protected void handleBegin(long startingLineNumber) {
            line = startingLineNumber;
        }

        @Override
        protected void handleField(int column, char[] chars, int offset, int length, boolean inQuotes) {
            quoted = inQuotes;
            if (column == 0) {
                blank = !inQuotes && isBlank(chars, offset, length);
                manyLines = false;
                if (blank) {
                    return;
                }
            } else if (blank) {         // not the whole line
                blank = false;
                give(0, chars, offset, 0);
            }
            manyLines |= inQuotes && hasLineEnd(chars, offset, length);
            give(column, chars, offset, length);
        }

        private void give(int column, char[] chars, int offset, int length) {
            if (blankLine != 0) {
                throw at(blankLine, "it is blank, and values were expected: write NA where one is missing");
            }
            if (column >= MOST_COLUMNS) {
                throw at(line, "it has more than " + MOST_COLUMNS + " fields, and at most as many were expected");
            }
            if (columns == 0) {
                firstLength += length;
                if (firstLength > LONGEST_HEADER) {
                    throw at(line,
                        "it has more than " + LONGEST_HEADER + " characters, and at most as many were expected in the first line");
                }
                first.add(new String(chars, offset, length));
            } else if (column < columns) {
                field.set(chars, offset, length);
                fields.accept(column, field);
            }
        }

        @Override
        protected RecordWrapper<Boolean> buildRecord() {
            if (blank) {
                blankLine = columns > 0 && blankLine == 0 ? line : blankLine;
            } else if (columns > 0 && getFieldCount() != columns) {
                throw at(line, "it has " + Wording.count(getFieldCount(), "field", "fields") + ", and the first line has " + columns
                    + (manyLines ? ": are quotes not closed?" : hint()));
            }
            return wrapRecord(!blank);
        }

        private String hint() {
            if (getFieldCount() < columns) {
                return ": write NA where a value is missing";
            }
            return separator == ','
                ? ": with a comma as decimal sign, separate fields by ; or put quotes around them"
                : ": put quotes around fields with a separator in them";
        }

        private static boolean isBlank(char[] chars, int offset, int length) {
            for (int i = offset; i < offset + length; i++) {
                if (chars[i] > ' ') {
                    return false;
                }
            }
            return true;
        }

        private static boolean hasLineEnd(char[] chars, int offset, int length) {
            for (int i = offset; i < offset + length; i++) {
                if (chars[i] == '\n' || chars[i] == '\r') {
                    return true;
                }
            }
            return false;
        }
    }
}
