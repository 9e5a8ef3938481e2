package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Decides over two files together what each column is, and encodes both. */
final class Pooling {
    /** A number with a sign of a currency, percent or degrees. */
    private static final Pattern WITH_UNIT = Pattern.compile("[-+]?\\p{Sc} ?[-+]?\\d[\\d.,]*+|[-+]?\\d[\\d.,]*+ ?[\\p{Sc}%\u2030\u00b0]");

    private static final String TIME = "\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d{1,9})?)?(?: ?(?:[AaPp][Mm]|Z|UTC|[-+]\\d{2}:?\\d{2}))?";
    /** A day, a time, or both. */
    private static final Pattern DATE = Pattern.compile("(?:\\d{4}([-/.])\\d{1,2}\\1\\d{1,2}|\\d{1,2}([-/.])\\d{1,2}\\2\\d{2,4}"
        + "|\\d{1,2}[- ][A-Za-z]{3,9}[- ]\\d{2,4})(?:[T ]" + TIME + ")?|" + TIME);
    /** A row as LIBSVM has it, {@code 1 3:0.5 7:2}. */
    private static final Pattern SPARSE = Pattern.compile("\\S++(?: \\d++:\\S++)++");
    private static final List<String> OTHER_SEPARATORS = List.of("|", "^", "~", " ");

    private final ColumnChoice choice;
    private final Table train;
    private final Table validation;
    private final TableOptions options;
    private final List<ColumnValues> trainColumns = new ArrayList<>();
    private final List<ColumnValues> validationColumns = new ArrayList<>();
    private final List<EncodedColumn> encoded = new ArrayList<>();

    Pooling(ColumnChoice choice, Table train, Table validation, TableOptions options) {
        this.choice = choice;
        this.train = train;
        this.validation = validation;
        this.options = options;
    }

    TablePair pair() {
        List<Integer> kept = kept();
        if (kept.isEmpty() && !(options.exclude().isEmpty() && options.id() == null)) {
            throw UsageException.of("exclude", "exclude and id leave no column of " + name(train) + ", and at least one was expected");
        }
        for (int f : kept) {
            encode(f);
        }
        if (encoded.isEmpty()) {
            throw new AdiwException(
                name(train) + " and " + name(validation) + " have no column with values, and at least one was expected");
        }
        refuseSplitNumbers(train, trainColumns);
        refuseSplitNumbers(validation, validationColumns);
        refuseTwoDecimalSigns(train, trainColumns);
        refuseTwoDecimalSigns(validation, validationColumns);
        Header header = train.source().header();
        TableEncoding encoding = new TableEncoding(
            header.isNamed() || validation.source().header().isNamed(), header.width(), options.id(), options.missing(), encoded);
        return new TablePair(encoding, new EncodedRows(train.rows(), trainColumns, encoded),
            new EncodedRows(validation.rows(), validationColumns, encoded), train.ids());
    }

    private static String name(Table table) {
        return table.source().header().file();
    }

    /** The features without those that have no name, and are row numbers or nothing at all. */
    private List<Integer> kept() {
        List<Integer> kept = new ArrayList<>();
        List<String> onlyTrain = new ArrayList<>();
        List<String> onlyValidation = new ArrayList<>();
        for (int f = 0; f < choice.names().size(); f++) {
            String name = choice.names().get(f);
            ColumnValues t = train.columns().get(f);
            ColumnValues v = validation.columns().get(f);
            if (options.columns() == null && isNameless(f)) {
                List<ColumnValues> there = Stream.of(t, v).filter(Objects::nonNull).toList();
                String where = t == null ? name(validation) : name(train);
                if (there.stream().allMatch(ColumnValues::isEmpty)) {
                    options.notices().accept(where + ": " + Wording.column(name) + " has no name and no values, and is left out.");
                    continue;
                }
                if (there.stream().allMatch(ColumnValues::isWhole) && there.stream().anyMatch(ColumnValues::isRowNumber)) {
                    options.notices()
                        .accept(where + ": " + Wording.column(name) + " has no name of its own and different whole numbers: it is "
                            + "taken for the row number, and left out.");
                    continue;
                }
            }
            if (t == null || v == null) {
                (v == null ? onlyTrain : onlyValidation).add(name);
            }
            kept.add(f);
        }
        ColumnChoice.refuseOneSided(train.source().header(), validation.source().header(), onlyTrain, onlyValidation);
        return kept;
    }

    private boolean isNameless(int f) {
        int t = choice.train()[f];
        int v = choice.validation()[f];
        return t >= 0 && train.source().header().isNameless(t) || v >= 0 && validation.source().header().isNameless(v);
    }

    private void encode(int f) {
        String name = choice.names().get(f);
        ColumnValues t = train.columns().get(f);
        ColumnValues v = validation.columns().get(f);
        boolean categories = t.hasText() || v.hasText();
        refuseMissing(train, categories ? t.absent() : t.missing(), name);
        refuseMissing(validation, categories ? v.absent() : v.missing(), name);
        if (t.isEmpty() && v.isEmpty()) {
            options.notices().accept(Wording.column(name) + " has no values in either file, and is left out.");
            return;
        }
        EncodedColumn column;
        if (categories) {
            column = category(f, name, t, v);
        } else {
            refuseInfinite(train, t, name);
            refuseInfinite(validation, v, name);
            column = new EncodedColumn(name, choice.train()[f], null, new double[] {mean(t, v)});
        }
        encoded.add(column);
        trainColumns.add(t);
        validationColumns.add(v);
    }

    private void refuseMissing(Table table, ColumnValues.Mark missing, String name) {
        if (options.missing() == Missing.FAIL && missing != null) {
            String text = missing.text();
            throw AdiwException.of("missing", table.place(missing, name) + ": "
                + (text.isEmpty() ? "it is empty" : "it is " + Wording.quoted(text))
                + ", and a value was expected: exclude the column, or choose mean "
                + "to fill missing values by the column's mean");
        }
    }

    private static void refuseInfinite(Table table, ColumnValues values, String name) {
        if (values.infinite() != null) {
            throw new AdiwException(table.place(values.infinite(), name) + ": it is " + Wording.quoted(values.infinite().text())
                + ", and a finite number was expected: correct it, or write " + (table.source() instanceof NpySource ? "NaN" : "NA")
                + " for a missing value");
        }
    }

    private EncodedColumn category(int f, String name, ColumnValues t, ColumnValues v) {
        refuseWide(train, t, name);
        refuseWide(validation, v, name);
        t.categorise();
        v.categorise();
        if (options.missing() == Missing.FAIL && (t.missing() != null || v.missing() != null)) {
            t.answerUnanswered();
            v.answerUnanswered();
            options.notices()
                .accept(Wording.column(name) + " has '" + Field.UNANSWERED + "', which counts as a category of its own: "
                    + "missing=mean fills it in.");
        }
        TreeSet<String> all = new TreeSet<>();
        for (ColumnValues values : List.of(t, v)) {
            if (values.levels() != null) {
                all.addAll(values.levels());
            }
        }
        refuseOtherSeparator(train, t);
        refuseOtherSeparator(validation, v);
        boolean tooMany = t.levels() == null || v.levels() == null || all.size() > ColumnValues.MOST_LEVELS;
        refuseGrouped(train, t, name);
        refuseGrouped(validation, v, name);
        boolean mixed = t.numberCount() + v.numberCount() > 0;
        // Where text is rarer it is more likely to be a slip.
        boolean inTrain = t.hasText() && (v.textCount() == 0 || t.textCount() <= v.textCount());
        Table texts = inTrain ? train : validation;
        ColumnValues.Mark text = (inTrain ? t : v).text();
        boolean measured = tooMany || !t.hasWholeNumbers() || !v.hasWholeNumbers();      // and no codes: few numbers, without fractions
        if (measured && t.numberCount() + (long) v.numberCount() > t.textCount() + (long) v.textCount()) {
            throw new AdiwException(
                texts.place(text, name) + ": " + Wording.quoted(text.text()) + " is no number, as most values of the column are: "
                    + "correct it, write NA for a missing value, or exclude the column");
        }
        boolean withUnit = !mixed && areAll(WITH_UNIT, text, all);
        boolean dates = !mixed && areAll(DATE, text, all);
        if (tooMany && (withUnit || dates)) {
            throw new AdiwException(texts.place(text, name) + ": " + Wording.quoted(text.text()) + (withUnit
                ? " is no number: write the numbers alone, or exclude the column"
                : " looks like a date or a time, of which there are more than " + ColumnValues.MOST_LEVELS + " different ones: write "
                    + "numbers, for instance days since one that you choose, or exclude the column"));
        }
        if (tooMany) {
            String what = Wording.column(name) + " of " + name(texts) + " has text, as " + Wording.quoted(text.text()) + " in "
                + texts.source().place(text.position()) + ", and more than " + ColumnValues.MOST_LEVELS
                + " different values, as an identifier has";
            throw texts.source().header().width() == 1
                ? new AdiwException(what + "; the file has this column only: are its fields separated by commas, semicolons or tabs?")
                : AdiwException.of("exclude", what + ": exclude it, or make it the id");
        }
        if (mixed) {
            options.notices()
                .accept(Wording.column(name) + " is read as categories, numbers too: " + texts.source().place(text.position()) + " has "
                    + Wording.quoted(text.text()) + ".");
        }
        if (withUnit) {
            options.notices().accept(Wording.column(name) + " is read as categories: " + Wording.quoted(text.text())
                + " is no number. If it is meant to be one, write the numbers alone.");
        }
        if (dates) {
            options.notices().accept(Wording.column(name) + " looks like dates or times, as " + Wording.quoted(text.text())
                + ", and is read as categories, which have no order: write numbers, for instance days since one that you choose.");
        }
        EncodedColumn counted = new EncodedColumn(name, choice.train()[f], List.copyOf(all), new double[all.size()]);
        count(counted, t);
        count(counted, v);
        double total = Arrays.stream(counted.means()).sum();
        Arrays.setAll(counted.means(), i -> counted.means()[i] / total);
        return counted;
    }

    /** Numbers that are doubles already, of which several may have become the same, make no categories. */
    private static void refuseWide(Table table, ColumnValues values, String name) {
        if (values.levels() == null && !values.hasText() && values.wide() != null) {
            throw AdiwException.of("exclude",
                Wording.column(name) + " has text in one file, and in the other numbers, as " + Wording.quoted(values.wide().text())
                    + " in "
                    + table.source().place(values.wide().position())
                    + ", that are too large to be categories: exclude it, or make it the id");
        }
    }

    /** @param levels all texts that are known, {@code first} among them or not */
    private static boolean areAll(Pattern pattern, ColumnValues.Mark first, Set<String> levels) {
        return pattern.matcher(first.text()).matches()
            && levels.stream().allMatch(level -> level.equals(Field.UNANSWERED) || pattern.matcher(level).matches());
    }

    /** A file of one column, in whose name and values something else stands where a separator should. */
    private static void refuseOtherSeparator(Table table, ColumnValues values) {
        Header header = table.source().header();
        if (header.width() > 1 || values.text() == null) {
            return;
        }
        String name = header.names().get(0);
        String text = values.text().text();
        if (SPARSE.matcher(text).matches() || OTHER_SEPARATORS.stream().anyMatch(separator -> separates(separator, name, text))) {
            throw new AdiwException(name(table) + " has one column only, " + Wording.quoted(name) + ", with values as "
                + Wording.quoted(text) + ": fields have to be separated by commas, semicolons or tabs");
        }
    }

    /** Whether it cuts both into as many parts, which spaces do to words too, but not to numbers. */
    private static boolean separates(String separator, String name, String text) {
        String[] parts = text.split(Pattern.quote(separator), -1);
        return parts.length > 1 && parts.length == name.split(Pattern.quote(separator), -1).length
            && (!separator.equals(" ") || Arrays.stream(parts).anyMatch(Pooling::isNumber));
    }

    private static boolean isNumber(String text) {
        Field field = new Field();
        field.set(text.toCharArray(), 0, text.length());
        return field.kind() == Field.Kind.NUMBER;
    }

    private static void refuseGrouped(Table table, ColumnValues values, String name) {
        if (values.grouped() != null) {
            throw new AdiwException(table.place(values.grouped(), name) + ": " + Wording.quoted(values.grouped().text())
                + " looks like a number with its digits in groups, and digits alone with one decimal sign were expected: write it so, or "
                + "exclude the column");
        }
    }

    private static void count(EncodedColumn column, ColumnValues values) {
        Map<String, Integer> places = column.places();
        int[] place = values.levels().stream().mapToInt(places::get).toArray();
        for (int i = 0; i < values.size(); i++) {
            if (values.level(i) >= 0) {
                column.means()[place[values.level(i)]]++;
            }
        }
    }

    /** Of finite numbers; no sum of them overflows. */
    private static double mean(ColumnValues t, ColumnValues v) {
        double count = t.numberCount() + (double) v.numberCount();
        double mean = 0;
        for (ColumnValues values : List.of(t, v)) {
            for (int i = 0; i < values.size(); i++) {
                double number = values.number(i);
                mean += Double.isNaN(number) ? 0 : number / count;
            }
        }
        return mean;
    }

    /** One column with decimal commas, and nothing that says so, looks as two of whole numbers do. */
    private static void refuseSplitNumbers(Table table, List<ColumnValues> columns) {
        Header header = table.source().header();
        if (!header.isNamed() && header.width() == 2 && columns.size() == 2 && !table.source().mayUseDecimalComma()
            && columns.stream().allMatch(ColumnValues::isWhole) && columns.get(0).fraction() == null && columns.get(1).fraction() != null) {
            ColumnValues.Mark digits = columns.get(1).fraction();
            throw new AdiwException(table.place(digits, Wording.position(1)) + ": " + Wording.quoted(digits.text())
                + " looks like the digits after a decimal comma, and columns are separated by commas here: write a decimal point, or a "
                + "header line");
        }
    }

    /** Of columns of numbers: 1,234 is a thousand and more where others write 1.5. */
    private void refuseTwoDecimalSigns(Table table, List<ColumnValues> columns) {
        String point = null;
        String comma = null;
        for (int c = 0; c < columns.size(); c++) {
            ColumnValues values = columns.get(c);
            EncodedColumn column = encoded.get(c);
            if (!column.isCategory()) {
                point = point == null && values.point() != null ? shown(table, values.point(), column.name()) : point;
                comma = comma == null && values.comma() != null ? shown(table, values.comma(), column.name()) : comma;
            }
        }
        refuseTwoDecimalSigns(table.source(), point, comma);
    }

    /**
     * @param point a field with a decimal point, with its place; null if there is none
     * @param comma one with a comma
     */
    static void refuseTwoDecimalSigns(TableSource source, String point, String comma) {
        if (comma != null && !source.mayUseDecimalComma()) {
            throw new AdiwException(comma + ", and a decimal point was expected, as commas separate the fields of this file");
        }
        if (comma != null && point != null) {
            throw new AdiwException(
                comma + " with a comma, and " + point + " with a point: one decimal sign in the whole file was expected");
        }
    }

    private static String shown(Table table, ColumnValues.Mark mark, String column) {
        return table.place(mark, column) + " has " + Wording.quoted(mark.text());
    }
}
