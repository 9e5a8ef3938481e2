package io.github.adiw.data.table;

import io.github.adiw.AdiwException;
import io.github.adiw.UsageException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which columns of two files belong together: those of one name, or, where one file has no names, those of one place.
 *
 * @param names      the features
 * @param train      the column of each in the training file; -1 if it has none, which only columns without a name may
 * @param validation likewise
 * @param trainId    the column of the training file that names the rows, or -1
 */
record ColumnChoice(List<String> names, int[] train, int[] validation, int trainId) {
    /**
     * Chooses.
     *
     * @throws UsageException if the options name a column that is not there, or in one file alone, or contradict each other
     * @throws AdiwException  if one file alone has a column, or columns go by their place, and the files have not equally many
     */
    static ColumnChoice of(Header train, Header validation, TableOptions options) {
        refuseContradictions(options);
        return train.isNamed() && validation.isNamed() ? byName(train, validation, options) : byPlace(train, validation, options);
    }

    private static void refuseContradictions(TableOptions options) {
        List<String> columns = options.columns() == null ? List.of() : options.columns();
        if (options.columns() != null && columns.isEmpty()) {
            throw UsageException.of("columns", "columns names no column, and at least one was expected");
        }
        for (int i = 0; i < columns.size(); i++) {
            String name = columns.get(i);
            if (columns.indexOf(name) != i) {
                throw UsageException.of("columns", "columns names " + Wording.quoted(name) + " twice, and once was expected");
            }
            if (options.exclude().contains(name)) {
                throw UsageException.of("exclude",
                    "exclude and columns both name " + Wording.quoted(name) + ": take it out of one of them");
            }
            if (name.equals(options.id())) {
                throw UsageException.of("id", "id and columns both name " + Wording.quoted(name)
                    + ", and what names the rows is no feature: take it out of one of them");
            }
        }
    }

    private static ColumnChoice byName(Header train, Header validation, TableOptions options) {
        Set<String> all = new LinkedHashSet<>(train.names());
        all.addAll(validation.names());
        List<String> known = List.copyOf(all);
        requireKnown("exclude", options.exclude(), all);
        requireKnown("columns", options.columns() == null ? List.of() : options.columns(), all);
        if (options.id() != null && train.column(options.id()) < 0) {
            throw Wording.unknown("id", options.id(), train.names());
        }
        Set<String> others = Set.copyOf(options.exclude());
        List<String> names = options.columns() != null ? options.columns() : known.stream()
            .filter(name -> !others.contains(name) && !name.equals(options.id())).toList();
        int[] inTrain = names.stream().mapToInt(train::column).toArray();
        int[] inValidation = names.stream().mapToInt(validation::column).toArray();
        List<String> onlyTrain = new ArrayList<>();
        List<String> onlyValidation = new ArrayList<>();
        for (int f = 0; f < names.size(); f++) {
            if (inValidation[f] < 0 && (options.columns() != null || !train.isNameless(inTrain[f]))) {
                onlyTrain.add(names.get(f));
            } else if (inTrain[f] < 0 && (options.columns() != null || !validation.isNameless(inValidation[f]))) {
                onlyValidation.add(names.get(f));
            }
        }
        if (options.columns() != null && onlyTrain.size() + onlyValidation.size() > 0) {
            throw UsageException.of("columns", only(train, validation, onlyTrain, onlyValidation) + ", which columns names, and both files "
                + "need it: take it out of columns, or give both the same names");
        }
        refuseOneSided(train, validation, onlyTrain, onlyValidation);
        return new ColumnChoice(names, inTrain, inValidation, options.id() == null ? -1 : train.column(options.id()));
    }

    private static void requireKnown(String parameter, List<String> names, Set<String> known) {
        for (String name : names) {
            if (!known.contains(name)) {
                throw Wording.unknown(parameter, name, List.copyOf(known));
            }
        }
    }

    /**
     * Refuses columns that one file alone has, if there are any.
     *
     * @throws AdiwException with which {@code exclude} helps
     */
    static void refuseOneSided(Header train, Header validation, List<String> onlyTrain, List<String> onlyValidation) {
        if (onlyTrain.isEmpty() && onlyValidation.isEmpty()) {
            return;
        }
        String only = only(train, validation, onlyTrain, onlyValidation) + ", and both files need a column";
        for (Header file : List.of(train, validation)) {
            List<String> names = file == train ? onlyTrain : onlyValidation;
            if (file.width() == 1 && names.size() == 1 && train.width() != validation.width()) {
                throw new AdiwException(only + "; " + file.file() + " has this column only, and no column of the other file has this name: "
                    + "are its fields separated by commas, semicolons or tabs?");
            }
        }
        throw AdiwException.of("exclude", only + ": exclude " + (onlyTrain.size() + onlyValidation.size() == 1 ? "it" : "them")
            + ", or give both the same names");
    }

    private static String only(Header train, Header validation, List<String> onlyTrain, List<String> onlyValidation) {
        List<String> parts = new ArrayList<>();
        if (!onlyTrain.isEmpty()) {
            parts.add("only " + train.file() + " has " + Wording.list(onlyTrain));
        }
        if (!onlyValidation.isEmpty()) {
            parts.add("only " + validation.file() + " has " + Wording.list(onlyValidation));
        }
        return String.join(", ", parts);
    }

    private static ColumnChoice byPlace(Header train, Header validation, TableOptions options) {
        Header named = validation.isNamed() ? validation : train;
        Header other = named == train ? validation : train;
        List<Integer> features = features(named, options);
        List<Integer> withNames = features.stream().filter(c -> !named.isNameless(c)).toList();
        List<Integer> places;
        if (other.width() == named.width()) {
            places = features;
        } else if (other.width() == features.size()) {
            places = inOrder(features.size());
        } else if (other.width() == withNames.size()) {
            features = withNames;
            places = inOrder(features.size());
        } else {
            throw new AdiwException(named.file() + " has " + Wording.count(named.width(), "column", "columns")
                + (features.size() == named.width()
                    ? "" : ", of which " + features.size() + " are used,")
                + " and " + other.file() + " has " + other.width()
                + ", which go by their places as it has no header: both must have the same number of columns");
        }
        if (named.isNamed()) {
            options.notices().accept(other.file() + " has no names of columns: they are taken to be those of " + named.file()
                + ", in the same order.");
        }
        int id = options.id() == null ? -1 : named.column(options.id());
        if (id >= 0 && named != train && other.width() != named.width()) {
            throw UsageException.of("id", "id names " + Wording.quoted(options.id()) + ", and " + train.file() + " has no such column");
        }
        int[] ofNamed = features.stream().mapToInt(c -> c).toArray();
        int[] ofOther = places.stream().mapToInt(c -> c).toArray();
        List<String> names = features.stream().map(named.names()::get).toList();
        return new ColumnChoice(names, named == train ? ofNamed : ofOther, named == train ? ofOther : ofNamed, id);
    }

    private static List<Integer> inOrder(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    private static List<Integer> features(Header header, TableOptions options) {
        Set<Integer> excluded = options.exclude().stream().map(name -> known("exclude", header, name)).collect(Collectors.toSet());
        if (options.id() != null) {
            excluded.add(known("id", header, options.id()));
        }
        if (options.columns() != null) {
            List<Integer> columns = options.columns().stream().map(name -> known("columns", header, name)).toList();
            if (columns.stream().anyMatch(excluded::contains) || columns.size() != Set.copyOf(columns).size()) {
                throw UsageException.of("columns", "columns names a column twice, or one that exclude or id names");
            }
            return columns;
        }
        return IntStream.range(0, header.width()).boxed().filter(c -> !excluded.contains(c)).toList();
    }

    private static int known(String parameter, Header header, String name) {
        int column = header.column(name);
        if (column < 0) {
            throw Wording.unknown(parameter, name, header.names());
        }
        return column;
    }
}
