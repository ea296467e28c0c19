package org.mojave.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.mojave.cli.bench.BenchResult;
import org.mojave.cli.bench.DiskUse;
import org.mojave.cli.bench.MemoryBeside;
import org.mojave.cli.bench.Speed;
import org.mojave.cli.bench.SpeedTest;
import org.mojave.cli.machine.MemoryBandwidth;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Progress;
import org.mojave.cli.terminal.Streams;
import org.mojave.compress.job.ProcessMemory;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.ActiveBytes;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.DynamicPruning;
import org.mojave.engine.run.Generator;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouteChange;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.stream.MemoryShares;
import org.mojave.engine.stream.ReadSpeed;
import org.mojave.engine.trace.Replay;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave bench}: how fast a model runs here, and what bounds it. */
@Command(
        name = "bench",
        description = "Measures how fast a model reads prompts (pp) and generates (tg), and how much of this machine's memory speed "
                + "that is, beside what the performance model predicted. Needs no tokenizer.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave bench wren-4",
            "  mojave bench model-Q4_K_M.gguf -p 128,512 -n 64 -r 3",
            "  mojave bench MODEL -p 0 -n 128 --kernels java --markdown",
            "  mojave bench MODEL -p 0 -n 64 --batch 1,2,4,8",
            "  mojave bench MODEL -p 0 -n 64 --memory 2GB --routes uniform",
            "  mojave bench MODEL -p 0 -n 64 --memory 2GB --bounded skip-misses",
            "  mojave bench MODEL -p 0 -n 64 --bounded neurons:50%%",
        })
final class BenchCommand implements Callable<Integer> {
    private static final int MOST_SEQUENCES = 256;

    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Mixin
    private final KernelOption kernels = new KernelOption(KernelOption.Kernels.AUTO);

    @Mixin
    private StoreOption place = new StoreOption();

    @Mixin
    private PruneOption prune = new PruneOption();

    @Mixin
    private final KeyValueOption keyValues = new KeyValueOption();

    @Mixin
    private BoundedOption bounded = new BoundedOption();

    @Mixin
    private RoutesOption chosenRoutes = new RoutesOption();

    @Parameters(paramLabel = "MODEL", description = "Folder of the model, or a .gguf file.")
    private Path folder;

    @Option(names = "-p", paramLabel = "N", split = ",", defaultValue = "512",
            description = "Tokens of a prompt, several with commas between; 0 for none (default: ${DEFAULT-VALUE}).")
    private List<Integer> prompts;

    @Option(names = "-n", paramLabel = "N", split = ",", defaultValue = "128",
            description = "Tokens to generate from an empty context, several with commas between; 0 for none (default: ${DEFAULT-VALUE}).")
    private List<Integer> generations;

    @Option(names = {"--batch", "--sequences"}, paramLabel = "N", split = ",", defaultValue = "1",
            description = "Sequences that generate together, one token each at a time, so that weights are read once for all; several with commas "
                    + "between. Speeds count all of them (default: ${DEFAULT-VALUE}).")
    private List<Integer> batches;

    @Option(names = "-r", paramLabel = "N", defaultValue = "5", description = "Repetitions; the median counts (default: ${DEFAULT-VALUE}).")
    private int repetitions;

    @Option(names = "--warm-up", paramLabel = "S", defaultValue = "4",
            description = "Seconds to run each test before it counts, once at least (default: ${DEFAULT-VALUE}).")
    private double warmUp;

    @Option(names = "--markdown", description = "Print a Markdown table, as llama-bench does.")
    private boolean markdown;

    BenchCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws InterruptedException {
        List<SpeedTest> tests = tests();
        bounded.check();
        Console console = common.console(streams);
        if (console.json() && markdown) {
            throw new UsageException("give --json or --markdown, not both");
        }
        try (Model model = Model.open(folder); Workers workers = new Workers(common.threads())) {
            for (SpeedTest test : tests) {
                if (test.tokens() > model.contextLength()) {
                    throw new UsageException(test.name() + " is longer than the model's context of " + model.contextLength() + " tokens");
                }
            }
            Optional<RoutesOption.Routes> routes = chosenRoutes.routes(model, common.seed());
            KernelOption.Selected selected = kernels.select();
            selected.note(console, model);
            Optional<DynamicPruning> pruning = prune.pruning(model, folder);
            StoreOption.Placed placed = place.place(model, working(model, tests), console);
            boolean forecasts = tests.stream().anyMatch(SpeedTest::oneByOne);
            Optional<ReadSpeed> disk = forecasts ? BenchForecast.disk(placed, common.seed()) : Optional.empty();
            List<Tried> tried = new ArrayList<>();
            long peak;
            try (Model ready = placed.model(); MemoryBeside memory = forecasts && placed.plan().isEmpty() ? MemoryBeside.with(common.threads())
                    : MemoryBeside.never(); BoundedOption.Opened decides = bounded.open(ready, Optional.empty())) {
                Optional<RouteChange> forced = routes.map(RoutesOption.Routes::change);
                Decoder decoder = new Decoder(ready, workers, RunParts.of(ready, selected.path()).pruning(pruning).keyValues(keyValues.type())
                        .routes(forced.map(first -> decides.change().map(first::then).orElse(first)).or(decides::change)).neurons(decides.choice()));
                for (SpeedTest test : tests) {
                    Speed speed = measure(console, placed, decoder, test, memory);
                    tried.add(new Tried(speed, routes.isPresent() ? routes.map(given -> given.forecast(placed.report().slots())) : placed.report().replay()));
                }
                decides.line().ifPresent(console::note);
                peak = ProcessMemory.residentPeak() - memory.bytes();
            }
            MemoryBandwidth bandwidth = MemoryBandwidth.best(common.threads());
            pruning.ifPresent(skips -> console.note(PruneOption.line(skips)));
            BenchForecast.Context context = new BenchForecast.Context(bandwidth.bytesPerSecond(), disk, keyValues.type(), common.seed());
            List<Speed> speeds = forecasts ? withForecasts(placed, workers, selected.path(), context, tried) : tried.stream().map(Tried::speed).toList();
            show(console, new BenchResult(folder.toString(), weightBytes(model), ActiveBytes.of(model), selected.line(model), keyValues.type(),
                    common.threads(), speeds, bandwidth, peak));
        }
        return ExitCode.DONE.code();
    }

    /** What a test showed, and what its routes ask of the slab where experts are streamed. */
    private record Tried(Speed speed, Optional<Replay.Result> routes) {}

    /** Experts that were skipped are not in the model, so there is no forecast with pruning or a bounded mode. Opens the folder anew: tests have closed it. */
    private List<Speed> withForecasts(StoreOption.Placed placed, Workers workers, ProductPath path, BenchForecast.Context context, List<Tried> tried) {
        try (Model model = Model.open(folder)) {
            BenchForecast forecast = BenchForecast.measure(model, placed, workers, path, context);
            List<Speed> speeds = new ArrayList<>();
            for (Tried test : tried) {
                Speed speed = forecast.disk().map(disk -> test.speed().with(disk.bytesPerSecond())).orElse(test.speed());
                boolean applies = speed.test().oneByOne() && !prune.isAsked() && !bounded.isAsked();
                speeds.add(applies ? speed.with(forecast.of(speed.test(), test.routes()), speed.disk().flatMap(use ->
                        forecast.knowingTheDisk(speed.test(), test.routes(), use.did().bytesPerSecond()))) : speed);
            }
            return speeds;
        }
    }

    private List<SpeedTest> tests() {
        for (int batch : batches) {
            if (batch < 1 || batch > MOST_SEQUENCES) {
                throw new UsageException("--batch must be between 1 and " + MOST_SEQUENCES + ", not " + batch);
            }
        }
        List<SpeedTest> tests = new ArrayList<>();
        add(tests, "-p", SpeedTest.Kind.PROMPT, prompts, 1);
        for (int batch : batches) {
            add(tests, "-n", SpeedTest.Kind.GENERATION, generations, batch);
        }
        if (tests.isEmpty()) {
            throw new UsageException("nothing to measure: -p and -n are both 0");
        }
        if (repetitions < 1) {
            throw new UsageException("-r must be at least 1, not " + repetitions);
        }
        if (!(warmUp >= 0)) {
            throw new UsageException("--warm-up must be 0 or more seconds, not " + warmUp);
        }
        return tests;
    }

    private static void add(List<SpeedTest> tests, String option, SpeedTest.Kind kind, List<Integer> counts, int sequences) {
        for (int count : counts) {
            if (count < 0) {
                throw new UsageException(option + " must be 0 or more, not " + count);
            }
            if (count > 0) {
                tests.add(new SpeedTest(kind, count, sequences));
            }
        }
    }

    private MemoryShares.Working working(Model model, List<SpeedTest> tests) {
        long cache = 0;
        int rows = 0;
        long logits = 0;
        for (SpeedTest test : tests) {
            cache = Math.max(cache, test.sequences() * KvCache.bytes(model.spec(), test.tokens(), keyValues.type()));
            logits = Math.max(logits, 4L * test.sequences() * model.vocabularySize());
            rows = Math.max(rows, test.sequences() * (test.oneByOne() ? 1 : Math.min(test.tokens(), Generator.PROMPT_CHUNK)));
        }
        return new MemoryShares.Working(cache, LayerRunner.workingBytes(model.spec(), rows) + logits + bounded.bytes(model));
    }

    private Speed measure(Console console, StoreOption.Placed placed, Decoder decoder, SpeedTest test, MemoryBeside memory) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(common.seed());
        int vocabulary = placed.model().vocabularySize();
        RouterListener listener = placed.report().listener();
        List<KvCache> caches = IntStream.range(0, test.sequences()).mapToObj(_ -> decoder.newCache(test.tokens())).toList();
        long started = System.nanoTime();
        do {
            test.nanos(decoder, caches, vocabulary, random, listener);
        } while (System.nanoTime() - started < warmUp * 1e9);
        placed.report().generationBegins();
        long[] nanos = new long[repetitions];
        MemoryBeside.Looks looks = memory.begin(test);
        try (Progress progress = console.progress("Measuring " + test.name(), repetitions, Progress.Unit.ITEMS)) {
            for (int i = 0; i < repetitions; i++) {
                nanos[i] = test.nanos(decoder, caches, vocabulary, random, listener);
                looks.look();
                progress.at(i + 1);
            }
        }
        int tokens = repetitions * test.tokens() * test.sequences();
        Optional<DiskUse> disk = placed.report().generation().map(did -> new DiskUse(did, tokens, LongStream.of(nanos).sum(), 0));
        String experts = placed.report().line(tokens);
        if (!experts.isEmpty()) {
            console.note(test.name() + ": " + experts);
        }
        return Speed.of(test, LongStream.of(nanos), looks.besideEach(), disk);
    }

    private static long weightBytes(Model model) {
        long bytes = 0;
        for (MatrixId id : model.weights().matrices()) {
            bytes += model.weights().matrix(id).storedBytes();
        }
        return bytes;
    }

    private void show(Console console, BenchResult result) {
        if (console.json()) {
            console.json(result.json());
        } else {
            (markdown ? result.markdown() : result.text()).forEach(console::line);
        }
    }
}
