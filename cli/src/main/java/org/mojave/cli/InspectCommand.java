package org.mojave.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.mojave.cli.inspect.FileSummary;
import org.mojave.cli.inspect.MatrixKind;
import org.mojave.cli.inspect.ModelSummary;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import org.mojave.format.tensor.CheckpointException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code mojave inspect}: what is in a checkpoint, from its headers. */
@Command(
        name = "inspect",
        description = "Shows what is in a checkpoint: architecture, experts, matrices, sizes, possible exports. Reads headers only.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave inspect examples/wren-moe",
            "  mojave inspect examples/wren-moe --json",
            "  mojave inspect examples/wren-moe/model.safetensors    lists the tensors of one file",
        })
final class InspectCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of a checkpoint, or one .safetensors or .gguf file.")
    private Path model;

    InspectCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        if (Files.isRegularFile(model)) {
            FileSummary file = file();
            if (console.json()) {
                console.json(file);
            } else {
                show(console, file);
            }
            return ExitCode.DONE.code();
        }
        ModelSummary summary = ModelSummary.of(model);
        if (console.json()) {
            console.json(summary);
        } else {
            show(console, summary);
        }
        return ExitCode.DONE.code();
    }

    private FileSummary file() {
        String name = model.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".safetensors")) {
            return FileSummary.ofSafetensors(model);
        }
        if (name.endsWith(".gguf")) {
            return FileSummary.ofGguf(model);
        }
        throw new CheckpointException(model.toString(), "is no .safetensors or .gguf file; give one, or the folder of a checkpoint");
    }

    private void show(Console console, ModelSummary model) {
        console.heading(this.model + ": " + model.modelType() + (model.compressed() ? ", compressed by Mojave" : ""));
        Table facts = new Table("", "");
        facts.row("parameters", Quantities.count(model.parameters()) + ", of which " + Quantities.count(model.activeParameters())
                + " work on one token");
        facts.row("size", Quantities.bytes(model.fileBytes()) + " in " + model.files() + (model.files() == 1 ? " file, " : " files, ")
                + Quantities.decimals(model.bitsPerWeight(), 2) + " bits per weight");
        facts.row("layers", model.layers() + ", " + model.hiddenSize() + " wide");
        facts.row("tokens", model.vocabularySize() + " in the vocabulary, context of " + model.contextLength());
        model.attention().forEach(line -> facts.row("attention", line));
        model.feedForward().forEach(line -> facts.row("feed-forward", line));
        facts.row("tokenizer", model.tokenizer() ? "tokenizer.json" : "none; commands that take text need one");
        facts.row("exports", model.exports().isEmpty() ? "none: it is compressed already" : String.join(", ", model.exports()) + " (mojave compress)");
        if (!model.unusedTensors().isEmpty()) {
            facts.row("unused", model.unusedTensors().size() + " tensors that this model does not read, e.g. " + model.unusedTensors().getFirst());
        }
        console.table(facts);
        console.line("");
        Table matrices = new Table("matrix", ">count", ">rows", ">columns", "storage", ">parameters", ">size", ">bits per weight");
        for (MatrixKind kind : model.matrices()) {
            matrices.row(kind.role(), kind.count(), kind.shape().rows(), kind.shape().columns(), kind.storage(),
                    Quantities.count(kind.parameters()), Quantities.bytes(kind.bytes()), Quantities.decimals(kind.bitsPerWeight(), 2));
        }
        console.table(matrices);
    }

    private void show(Console console, FileSummary file) {
        console.heading(model + ": " + file.format() + ", " + file.tensors().size() + " tensors, " + Quantities.bytes(file.fileBytes()));
        file.metadata().forEach((key, value) -> console.line(key + " = " + value));
        Table tensors = new Table("tensor", "type", ">shape", ">size");
        for (FileSummary.Tensor tensor : file.tensors()) {
            tensors.row(tensor.name(), tensor.type(), tensor.shape().stream().map(String::valueOf).collect(Collectors.joining(" × ")),
                    Quantities.bytes(tensor.bytes()));
        }
        console.table(tensors);
    }
}
