package org.mojave.cli.recipes;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.mojave.compress.recipe.RecipeException;

/** The recipes that come with the program: the files of the folder {@code recipes}, which the build puts into the jar. */
public final class Presets {
    /** Their names, in the order in which they are shown. */
    public static final List<String> NAMES = List.of("balanced-4bit", "mixed-2.5bit", "fast-rtn", "moequant-paper", "mc-paper",
            "eaquant-w4a4");

    private Presets() {}

    /** The text of a preset; throws {@link RecipeException} with the names of all if there is none of that name. */
    public static String text(String name) {
        if (!NAMES.contains(name)) {
            throw new RecipeException("--preset " + name + ": no such preset; write " + String.join(", ", NAMES));
        }
        try (InputStream in = Presets.class.getResourceAsStream("/recipes/" + name + ".yaml")) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its preset " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a preset is for, in one line. */
    public static String description(String name) {
        return read(name).description();
    }

    static RecipeFile read(String name) {
        return RecipeFile.parse("preset " + name, Path.of(""), text(name));
    }
}
