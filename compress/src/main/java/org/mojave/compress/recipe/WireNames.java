package org.mojave.compress.recipe;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How the values of the enums of a recipe are spelt in options, files and reports: their names in lower case. */
final class WireNames {
    private WireNames() {}

    /** The spelling of one. */
    static String of(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Reads a spelling; throws {@link RecipeException} with all there are, {@code what} being the enum's name for people. */
    static <E extends Enum<E>> E parse(Class<E> kind, String what, String text) {
        E[] values = kind.getEnumConstants();
        return Arrays.stream(values).filter(value -> of(value).equals(text)).findFirst().orElseThrow(() -> new RecipeException("unknown " + what
                + " '" + text + "'; write " + Arrays.stream(values).map(WireNames::of).collect(Collectors.joining(values.length == 2 ? " or " : ", "))));
    }
}
