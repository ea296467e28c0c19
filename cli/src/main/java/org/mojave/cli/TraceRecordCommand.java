package org.mojave.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Progress;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouteChange;
import org.mojave.engine.run.Routing;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.tokenize.Tokenizer;
import org.mojave.engine.trace.RouteRecorder;
import org.mojave.engine.trace.RouteTrace;
import org.mojave.engine.trace.TraceFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave trace record}: the router's choices for texts, token by token. */
@Command(
        name = "record",
        description = {
            "Runs texts through a model and writes which experts each token chose, as if the text had been generated token by",
            "token. Each text is cut into windows that begin with an empty context.",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave trace record examples/wren-moe --text book.txt --tokens 4000 --out book.trace",
            "  mojave trace record examples/wren-moe --text book.txt --tokens 4000 --out book.trace --guesses book.guesses",
        })
final class TraceRecordCommand implements Callable<Integer> {
    private static final long MOST_BYTES = 256L << 20;
    private static final int CHUNK = 128;

    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "MODEL", description = "Folder of the model, or a .gguf file.")
    private Path folder;

    @Option(names = "--text", paramLabel = "FILE", arity = "1..*", required = true, description = "UTF-8 text files.")
    private List<Path> texts;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The trace.")
    private Path out;

    @Option(names = "--guesses", paramLabel = "FILE",
            description = "Also write what each layer's router picks before the layer's attention, for mojave trace replay --guesses. Slower: tokens one by one.")
    private Path guesses;

    @Option(names = "--window", paramLabel = "N", defaultValue = "512", description = "Tokens per window (default: ${DEFAULT-VALUE}).")
    private int window;

    @Option(names = "--tokens", paramLabel = "N", defaultValue = "0", description = "At most N tokens of each text (default: all).")
    private int most;

    TraceRecordCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        if (Files.exists(out)) {
            throw new UsageException("--out " + out + ": exists already; choose another name");
        }
        if (guesses != null && (Files.exists(guesses) || guesses.equals(out))) {
            throw new UsageException("--guesses " + guesses + ": exists already, or is the trace itself; choose another name");
        }
        try (Model model = Model.open(folder); Tokenizer tokenizer = Tokenizer.open(folder); Workers workers = new Workers(common.threads())) {
            check(model);
            List<int[]> all = texts.stream().map(text -> ids(text, tokenizer)).toList();
            RouteRecorder recorder = new RouteRecorder(model.spec(), RouteRecorder.Steps.TOKEN_BY_TOKEN, MOST_BYTES);
            RouteRecorder early = new RouteRecorder(model.spec(), RouteRecorder.Steps.TOKEN_BY_TOKEN, MOST_BYTES);
            Decoder decoder = new Decoder(model, workers,
                    RunParts.of(model, new ExactProducts()).routes(guesses == null ? Optional.empty() : Optional.of(new Listening(early))));
            long total = all.stream().mapToLong(ids -> ids.length).sum();
            try (Progress progress = console.progress("Recording", total, Progress.Unit.ITEMS)) {
                for (int[] ids : all) {
                    record(decoder, ids, recorder, progress);
                }
            }
            if (!recorder.complete()) {
                throw new UsageException("the trace of " + total + " tokens would take more than " + Quantities.bytes(MOST_BYTES)
                        + "; give fewer with --tokens");
            }
            TraceFile.write(out, recorder.trace());
            if (guesses != null) {
                TraceFile.write(guesses, early.trace());
            }
            show(console, recorder.trace());
        }
        return ExitCode.DONE.code();
    }

    /** Changes nothing, and records what routers pick early. */
    private record Listening(RouteRecorder recorder) implements RouteChange {
        @Override
        public void apply(int layer, Routing routing) {}

        @Override
        public boolean wantsGuesses() {
            return true;
        }

        @Override
        public void guessed(int layer, Routing guess) {
            recorder.routed(layer, guess);
        }
    }

    private void check(Model model) {
        if (model.spec().layers().stream().noneMatch(layer -> layer.feedForward() instanceof FeedForward.Mixture)) {
            throw new UsageException(folder + ": has no layer with experts, so there is nothing to record");
        }
        if (window < 1 || window > model.contextLength()) {
            throw new UsageException("--window must be between 1 and the model's context of " + model.contextLength() + " tokens, not " + window);
        }
        if (most < 0) {
            throw new UsageException("--tokens must be 0 or more, not " + most);
        }
    }

    private int[] ids(Path text, Tokenizer tokenizer) {
        int[] ids = tokenizer.encode(TextFiles.read(text));
        if (ids.length == 0) {
            throw new UsageException(text + ": is empty; give some text");
        }
        return most == 0 || ids.length <= most ? ids : Arrays.copyOf(ids, most);
    }

    private void record(Decoder decoder, int[] ids, RouteRecorder recorder, Progress progress) {
        int step = guesses == null ? CHUNK : 1;
        for (int from = 0; from < ids.length; from += window) {
            int end = Math.min(ids.length, from + window);
            KvCache cache = decoder.newCache(end - from);
            for (int start = from; start < end; start += step) {
                int[] part = Arrays.copyOfRange(ids, start, Math.min(end, start + step));
                decoder.last(List.of(new Decoder.Chunk(cache, part)), recorder);
                progress.step(part.length);
            }
        }
    }

    private void show(Console console, RouteTrace trace) {
        if (console.json()) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("file", out.toString());
            json.put("tokens", trace.tokens());
            json.put("layers", trace.layers());
            console.json(json);
            return;
        }
        int perToken = trace.layers().stream().mapToInt(RouteTrace.Layer::chosen).sum();
        console.line(out + ": " + trace.tokens() + " tokens, " + perToken + " experts each, out of " + trace.numbers().total());
    }
}
