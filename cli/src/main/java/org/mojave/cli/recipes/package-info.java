/**
 * Recipes as files: {@link org.mojave.cli.recipes.RecipeFile} reads YAML whose keys are the long names of options, {@link
 * org.mojave.cli.recipes.Presets} knows those that come with the program, and {@link org.mojave.cli.recipes.RecipeArguments} puts them
 * into the arguments before these are parsed, so that a recipe can say what the command line can say, and nothing else.
 *
 * <p>Must not know what an option means. Start reading at {@link org.mojave.cli.recipes.RecipeArguments}.
 */
package org.mojave.cli.recipes;
