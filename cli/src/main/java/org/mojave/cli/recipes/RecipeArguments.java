package org.mojave.cli.recipes;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.mojave.compress.recipe.RecipeException;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Puts what {@code --recipe} or {@code --preset} says into the arguments, as options. What the command line says itself counts more:
 * a key that it gives, or that contradicts what it gives, is left out of the recipe. Rules are added before those of the command line.
 *
 * <p>Example: {@code compress MODEL --out DIR --preset fast-rtn --bits 3} becomes {@code compress MODEL --out DIR --preset fast-rtn --bits 3
 * --method=rtn}.
 */
public final class RecipeArguments {
    private static final String RECIPE = "--recipe";
    private static final String PRESET = "--preset";
    /** Options of any command that a recipe may hold beside those of the group that {@code --recipe} is in. */
    private static final List<String> OTHERS = List.of("seed", "strict");
    private static final Set<String> TARGETS = Set.of("target-bits", "target-size");
    /** With it a recipe has both a target and schemes. */
    private static final String ALLOCATION = "allocation";
    private static final Set<String> SCHEMES = Set.of("bits", "group-size", "symmetric", "vocabulary-bits");
    /** Two ways to say the same: one on the command line puts the other of the recipe aside. */
    private static final List<List<Set<String>>> ALTERNATIVES = List.of(
            List.of(Set.of("smoothing", "smoothing-strength"), Set.of("rotation")),
            List.of(Set.of("router-bits", "router-breadth"), Set.of("router-damping")),
            List.of(Set.of("calibration", "balance"), Set.of("sample")),
            List.of(Set.of("statistics"), Set.of("calibration", "balance", "balance-most", "sample", "affinity-power", "affinity-from", "router-damping")));

    private final CommandLine command;
    private final List<String> arguments;

    private RecipeArguments(CommandLine command, List<String> arguments) {
        this.command = command;
        this.arguments = arguments;
    }

    /** The arguments with the recipe's among them; the same if there is none. Throws {@link RecipeException} with file, line and key. */
    public static String[] expand(CommandLine program, String... arguments) {
        CommandLine command = arguments.length == 0 ? null : program.getSubcommands().get(arguments[0]);
        if (command == null || !command.getCommandSpec().optionsMap().containsKey(RECIPE)) {
            return arguments;
        }
        RecipeArguments all = new RecipeArguments(command, List.of(arguments));
        return all.file().map(all::with).orElse(arguments);
    }

    private Optional<RecipeFile> file() {
        Optional<String> recipe = value(RECIPE);
        Optional<String> preset = value(PRESET);
        if (recipe.isPresent() && preset.isPresent()) {
            throw new RecipeException("--recipe and --preset both name a recipe; give one of them");
        }
        return recipe.map(file -> RecipeFile.read(Path.of(file))).or(() -> preset.map(Presets::read));
    }

    /** What follows an option; empty if it is not given, or nothing follows, which is for the parser to tell. */
    private Optional<String> value(String option) {
        for (int i = 0; i < arguments.size(); i++) {
            if (arguments.get(i).startsWith(option + "=")) {
                return Optional.of(arguments.get(i).substring(option.length() + 1));
            }
            if (arguments.get(i).equals(option) && i + 1 < arguments.size() && !arguments.get(i + 1).startsWith("--")) {
                return Optional.of(arguments.get(i + 1));
            }
        }
        return Optional.empty();
    }

    private String[] with(RecipeFile file) {
        Set<String> known = keys();
        Set<String> given = arguments.stream().filter(argument -> argument.startsWith("--"))
                .map(argument -> argument.substring(2).split("=", 2)[0]).collect(Collectors.toSet());
        Set<String> inRecipe = file.settings().stream().map(Setting::key).collect(Collectors.toSet());
        Set<String> aside = aside(given, inRecipe);
        List<String> options = new ArrayList<>();
        List<String> rules = new ArrayList<>();
        for (Setting setting : file.settings()) {
            requireKnown(file, setting, known);
            List<String> written = written(file, setting);
            if (setting.key().equals(RecipeFile.RULE)) {
                rules.addAll(written);
            } else if (!aside.contains(setting.key())) {
                options.addAll(written);
            }
        }
        List<String> all = new ArrayList<>(arguments.subList(0, 1));
        all.addAll(rules);
        all.addAll(arguments.subList(1, arguments.size()));
        all.addAll(options);
        return all.toArray(String[]::new);
    }

    /** Keys of a recipe: the options that stand beside {@code --recipe}, and a few others. */
    private Set<String> keys() {
        Set<String> keys = new TreeSet<>(OTHERS);
        command.getCommandSpec().mixins().values().stream().map(mixin -> mixin.options())
                .filter(options -> options.stream().anyMatch(option -> option.longestName().equals(RECIPE)))
                .flatMap(Collection::stream).map(option -> option.longestName().substring(2))
                .filter(key -> !RECIPE.endsWith(key) && !PRESET.endsWith(key)).forEach(keys::add);
        return keys;
    }

    private static Set<String> aside(Set<String> given, Set<String> inRecipe) {
        Set<String> aside = new LinkedHashSet<>(given);
        if (given.stream().anyMatch(TARGETS::contains)) {
            aside.addAll(TARGETS);
            if (inRecipe.stream().noneMatch(TARGETS::contains)) {
                aside.addAll(SCHEMES);
            }
        } else if (given.stream().anyMatch(SCHEMES::contains) && !inRecipe.contains(ALLOCATION)) {
            aside.addAll(TARGETS);
        }
        for (List<Set<String>> pair : ALTERNATIVES) {
            if (given.stream().anyMatch(pair.getFirst()::contains)) {
                aside.addAll(pair.getLast());
            }
            if (given.stream().anyMatch(pair.getLast()::contains)) {
                aside.addAll(pair.getFirst());
            }
        }
        return aside;
    }

    private static void requireKnown(RecipeFile file, Setting setting, Set<String> known) {
        if (!known.contains(setting.key()) && !setting.key().equals(RecipeFile.RULE)) {
            String nearest = known.stream().map(key -> key.equals(RecipeFile.RULE) ? RecipeFile.RULES : key).min((a, b) -> Integer.compare(distance(setting.key(), a), distance(setting.key(), b))).orElseThrow();
            throw new RecipeException(file.name() + ":" + setting.line() + ": unknown key '" + setting.key() + "'; the nearest is '" + nearest
                    + "' (keys are the long options of mojave compress)");
        }
    }

    /** Letters to insert, remove or replace to make one word of the other (Levenshtein). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    /** The setting as arguments; none for a switch that is off, or one that this command does not have. */
    private List<String> written(RecipeFile file, Setting setting) {
        OptionSpec option = command.getCommandSpec().optionsMap().get("--" + setting.key());
        if (option == null) {
            return List.of();
        }
        boolean list = option.isMultiValue();
        if (setting.values().size() != 1 && !list) {
            throw failed(file, setting, "takes one value, not " + setting.values().size());
        }
        setting.values().forEach(value -> check(file, setting, option, value));
        if (option.arity().max() == 0) {
            return setting.values().getFirst().equals("true") ? List.of("--" + setting.key()) : List.of();
        }
        List<String> values = setting.values().stream().map(value -> isPath(option) ? file.folder().resolve(value).toString() : value).toList();
        if (!list || setting.key().equals(RecipeFile.RULE)) {
            return List.of("--" + setting.key() + "=" + values.getFirst());
        }
        List<String> written = new ArrayList<>(List.of("--" + setting.key()));
        written.addAll(values);
        return written;
    }

    private static boolean isPath(OptionSpec option) {
        return Arrays.asList(option.typeInfo().getAuxiliaryTypes()).contains(Path.class) || option.type() == Path.class;
    }

    private static void check(RecipeFile file, Setting setting, OptionSpec option, String value) {
        if (option.arity().max() == 0 && !value.equals("true") && !value.equals("false")) {
            throw failed(file, setting, "is true or false, not '" + value + "'");
        }
        Class<?> type = option.type();
        try {
            if (type == int.class || type == Integer.class || type == long.class) {
                Long.parseLong(value);
            } else if (type == double.class || type == Double.class) {
                Double.parseDouble(value);
            }
        } catch (NumberFormatException _) {
            throw failed(file, setting, "needs a number, not '" + value + "'");
        }
    }

    private static RecipeException failed(RecipeFile file, Setting setting, String reason) {
        return new RecipeException(file.name() + ":" + setting.line() + ": " + setting.key() + " " + reason);
    }
}
