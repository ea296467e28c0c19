package org.mojave.cli;

import java.util.concurrent.Callable;
import org.mojave.cli.recipes.Presets;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code mojave recipes}: lists the presets, or shows one. */
@Command(
        name = "recipes",
        description = "Lists the recipes that come with the program, or shows one of them, to copy and change.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave recipes",
            "  mojave recipes mixed-2.5bit > mine.yaml",
            "  mojave compress MODEL --out DIR --recipe mine.yaml",
            "  mojave compress MODEL --out DIR --preset mixed-2.5bit --target-bits 3",
        })
final class RecipesCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME", arity = "0..1", description = "A preset to show as YAML.")
    private String name;

    RecipesCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        if (name != null) {
            String text = Presets.text(name);
            if (console.json()) {
                console.json(JsonMapper.shared().createObjectNode().put("preset", name).put("yaml", text));
            } else {
                console.line(text.strip());
            }
        } else if (console.json()) {
            ObjectNode presets = JsonMapper.shared().createObjectNode();
            Presets.NAMES.forEach(preset -> presets.put(preset, Presets.description(preset)));
            console.json(presets);
        } else {
            Table table = new Table("preset", "what it makes");
            Presets.NAMES.forEach(preset -> table.row(preset, Presets.description(preset)));
            table.render().forEach(console::line);
        }
        return ExitCode.DONE.code();
    }
}
