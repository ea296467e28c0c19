package org.mojave.cli.recipes;

import java.util.List;

/**
 * One key of a recipe.
 *
 * @param key long name of an option, without dashes
 * @param values as they are written; one, unless the file has a list
 * @param line of the file, from 1
 */
record Setting(String key, List<String> values, int line) {
    Setting {
        values = List.copyOf(values);
    }
}
