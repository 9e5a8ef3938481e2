package io.github.adiw.cli;

import io.github.adiw.UsageException;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The flags of a command, by the library's names for what they set: the library's messages name parameters, a user typed flags. A parameter
 * is set by the flag whose field in the command has its name ({@code learningRate}, {@code --lr}), or that is its name with hyphens.
 */
final class Flags {
    /**
     * A name of several words, which is no word of a sentence, and no part of a file's name. Possessive, since a message may quote a text
     * of any length: the time is linear, and Java's matcher does not call itself for every word.
     */
    private static final Pattern COMPOUND = Pattern.compile("(?<![\\w./\\\\-])[a-z]++(?:[A-Z][a-z]*+)++(?![\\w/\\\\-]|\\.\\w)");
    /** A parameter with the value to give it, {@code reduction=mean}. */
    private static final Pattern GIVEN = Pattern.compile("(?<![\\w./\\\\-])([a-z][a-zA-Z]*+)=(?=\\w)");
    /** What follows a parameter in a message about two. */
    private static final Pattern SECOND = Pattern.compile(" and ([a-z]+)\\b");

    private final Map<String, String> flags = new HashMap<>();

    /** @param typed what the user typed: of a flag's several names, the one that is there is shown */
    Flags(CommandSpec command, String... typed) {
        for (OptionSpec option : command.options()) {
            String shown = Arrays.stream(option.names()).filter(name -> isTyped(name, typed)).findFirst().orElse(option.longestName());
            for (String name : option.names()) {
                flags.put(parameter(name), shown);
            }
            if (option.userObject() instanceof Field field) {
                flags.put(field.getName(), shown);
            }
        }
    }

    private static boolean isTyped(String name, String[] typed) {
        return Arrays.stream(typed).anyMatch(word -> word.equals(name) || word.startsWith(name + "="));
    }

    /** {@code --upper-bound}: {@code upperBound}. */
    private static String parameter(String flag) {
        return Pattern.compile("-(\\w)").matcher(flag.replaceFirst("^-+", ""))
            .replaceAll(letter -> letter.group(1).toUpperCase(Locale.ROOT));
    }

    /**
     * A message of the library for somebody who typed flags. Where it begins with the parameter, the flag takes its place
     * ({@code --steps must be at least 1, not 0}), else it stands in front ({@code --estimation-steps: steps must be at least 1, not 0}).
     * So it does in a message that begins with two ({@code exclude and id leave no column}). Other parameters in the text become flags if
     * they are no words besides, as {@code validationSamples}, or have a value, as {@code reduction=mean}, of which
     * {@code --reduction mean} is made.
     *
     * @param parameter what the message is about, {@link UsageException#parameter}; null if it is about none
     */
    String inFront(String parameter, String message) {
        String given = GIVEN.matcher(message).replaceAll(
            name -> Matcher.quoteReplacement(flags.containsKey(name.group(1)) ? flags.get(name.group(1)) + " " : name.group()));
        String named = COMPOUND.matcher(given).replaceAll(name -> Matcher.quoteReplacement(named(name.group())));
        String flag = flags.get(parameter);
        if (flag == null || named.startsWith(flag)) {
            return named;
        }
        return beginsWith(message, parameter) ? flag + secondNamed(named.substring(parameter.length())) : flag + ": " + named;
    }

    /** What goes on with another parameter, as {@code  and id leave no column}, with its flag. */
    private String secondNamed(String rest) {
        Matcher second = SECOND.matcher(rest);
        return second.lookingAt() ? " and " + flags.getOrDefault(second.group(1), second.group(1)) + rest.substring(second.end()) : rest;
    }

    /** Not {@code modelled} with {@code model}. */
    private static boolean beginsWith(String message, String word) {
        return message.startsWith(word) && (message.length() == word.length()
            || !Character.isLetterOrDigit(message.charAt(word.length())) && message.charAt(word.length()) != '_');
    }

    /** The flag of a parameter; its name where it has none. */
    String named(String parameter) {
        return flags.getOrDefault(parameter, parameter);
    }

    /**
     * What {@code settings} gives, of a part of the library whose parameters have other names among this command's.
     *
     * @param names the command's names by the part's
     */
    static <T> T renamed(Map<String, String> names, Supplier<T> settings) {
        try {
            return settings.get();
        } catch (UsageException e) {
            throw names.containsKey(e.parameter()) ? UsageException.of(names.get(e.parameter()), e.getMessage(), e) : e;
        }
    }
}
