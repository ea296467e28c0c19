package org.mojave.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.mojave.cli.synth.Shapes;
import org.mojave.cli.synth.SyntheticCheckpoint;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Progress;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.plan.ResourceException;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.tensor.CheckpointException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ObjectNode;

/** {@code mojave synth}: random checkpoints for benchmarks. */
@Command(
        name = "synth",
        description = "Writes a checkpoint of random bfloat16 weights in the shape of a well-known model, for benchmarks. It has no tokenizer.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave synth olmoe-1b-7b --out olmoe-4 --layers 4",
            "  mojave synth --config config.json --out random --seed 7",
        })
final class SynthCommand implements Callable<Integer> {
    /** Left free for others on the same disk. */
    private static final long SPARE_BYTES = 100_000_000L;

    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(arity = "0..1", paramLabel = "SHAPE", description = "deepseek-v2-lite, mixtral-8x7b, olmoe-1b-7b or qwen3-30b-a3b.")
    private String shape;

    @Option(names = "--config", paramLabel = "FILE", description = "A config.json that describes another shape.")
    private Path config;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "New folder for the checkpoint.")
    private Path out;

    private OptionalInt layers = OptionalInt.empty();

    SynthCommand(Streams streams) {
        this.streams = streams;
    }

    @Option(names = "--layers", paramLabel = "N", description = "Keep only the first N layers.")
    private void setLayers(int count) {
        layers = OptionalInt.of(count);
    }

    @Override
    public Integer call() throws IOException {
        Console console = common.console(streams);
        SyntheticCheckpoint checkpoint = new SyntheticCheckpoint(shapeConfig(), common.seed());
        requireRoom(checkpoint.fileBytes());
        long started = System.nanoTime();
        try (Workers workers = new Workers(common.threads());
                Progress progress = console.progress("Writing " + out, checkpoint.tensorBytes(), Progress.Unit.BYTES)) {
            checkpoint.write(out, workers, progress::step);
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        if (console.json()) {
            console.json(Map.of("folder", out.toString(), "bytes", checkpoint.fileBytes(), "tensors", checkpoint.tensors(),
                    "parameters", checkpoint.parameters(), "seconds", seconds));
        } else {
            console.line(out + ": " + Quantities.count(checkpoint.parameters()) + " parameters in " + checkpoint.tensors() + " tensors, "
                    + Quantities.bytes(checkpoint.fileBytes()) + ", written in " + Quantities.duration(Duration.ofNanos((long) (seconds * 1e9)))
                    + " (" + Quantities.bytesPerSecond(checkpoint.fileBytes() / seconds) + ")");
        }
        return ExitCode.DONE.code();
    }

    private ObjectNode shapeConfig() {
        if ((shape == null) == (config == null)) {
            throw new UsageException("give either a SHAPE (" + String.join(", ", Shapes.names()) + ") or --config FILE");
        }
        try {
            ObjectNode whole = config == null ? Shapes.named(shape) : read(config);
            return layers.isPresent() ? Shapes.cut(whole, layers.getAsInt()) : whole;
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static ObjectNode read(Path file) {
        if (Checkpoint.readJson(file) instanceof ObjectNode object) {
            return object;
        }
        throw new CheckpointException(file.toString(), "is not a JSON object");
    }

    private void requireRoom(long bytes) throws IOException {
        if (Files.exists(out)) {
            try (Stream<Path> content = Files.list(out)) {
                if (content.findAny().isPresent()) {
                    throw new UsageException("--out " + out + ": is not empty; choose another folder");
                }
            }
        }
        Path existing = out.toAbsolutePath();
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        long free = Files.getFileStore(existing).getUsableSpace();
        if (free < bytes + SPARE_BYTES) {
            throw new ResourceException("--out " + out + ": " + Quantities.bytes(bytes) + " are needed and " + Quantities.bytes(free)
                    + " are free; free some space, or write fewer layers with --layers");
        }
    }
}
