package org.mojave.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.cli.terminal.Table;
import org.mojave.compress.job.CompressionJob;
import org.mojave.compress.job.JobRequest;
import org.mojave.compress.recipe.CalibrationWish;
import org.mojave.compress.recipe.Method;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.report.Report;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.Generator;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.Sampler;
import org.mojave.engine.run.SamplingOptions;
import org.mojave.engine.tokenize.Tokenizer;
import org.mojave.format.packed.Scheme;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code mojave demo}: the whole walk on the bundled model. */
@Command(
        name = "demo",
        description = "Compresses the bundled model to 4 and to 3 bits, verifies, measures, lets each write a few lines, and prints a table.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave demo",
            "  mojave demo --out demo",
        })
final class DemoCommand implements Callable<Integer> {
    private static final List<Scheme> SCHEMES = List.of(new Scheme(4, 64, false), new Scheme(3, 64, false));
    private static final String PROMPT = "The river rose in the night, and in the morning";
    private static final int NEW_TOKENS = 48;
    private static final SamplingOptions SAMPLING = new SamplingOptions(0.7f, 0, 0.9f, 0, 1.1f);

    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder for the compressed models, replaced if they are there (default: target/demo of the program's folder).")
    private Path output;

    DemoCommand(Streams streams) {
        this.streams = streams;
    }

    /** One model of the table. */
    private record Entry(String name, long bytes, double bitsPerWeight, double perplexity, double divergence, double agreement, Written text) {}

    /** What a model wrote, and how fast. */
    private record Written(String text, double tokensPerSecond) {}

    @Override
    public Integer call() {
        long start = System.nanoTime();
        Console console = common.console(streams);
        Path folder = output == null ? BundledTexts.root().resolve("target").resolve("demo") : output;
        console.note("Compressing " + BundledTexts.model() + " into " + folder);
        List<Entry> entries = new ArrayList<>();
        for (Scheme scheme : SCHEMES) {
            Path result = folder.resolve("wren-moe-" + scheme.bits() + "-bit");
            Report report;
            try (JobConsole job = new JobConsole(console)) {
                report = CompressionJob.run(request(result, scheme), job);
            }
            Report.Quality quality = report.quality().orElseThrow(() -> new UsageException(BundledTexts.root()
                    + ": the folder examples/evaluation is missing; start mojave from a complete checkout"));
            if (entries.isEmpty()) {
                entries.add(new Entry("original", report.source().bytes(), report.source().bitsPerWeight(), quality.before(), 0, 1,
                        write(BundledTexts.model())));
            }
            entries.add(new Entry(result.getFileName().toString(), report.result().bytes(), report.result().bitsPerWeight(), quality.after(),
                    quality.divergence(), quality.agreement(), write(result)));
        }
        show(console, entries, Duration.ofNanos(System.nanoTime() - start));
        return ExitCode.DONE.code();
    }

    private JobRequest request(Path result, Scheme scheme) {
        CalibrationWish wish = new CalibrationWish(BundledTexts.calibration(), CalibrationWish.DEFAULT.sequences(),
                CalibrationWish.DEFAULT.length());
        return new JobRequest(BundledTexts.model(), result, new Recipe(Method.GPTQ, scheme, 8, wish, common.seed()), Optional.empty(),
                BundledTexts.evaluation(), new JobRequest.Limits(0, common.threads(), false, true));
    }

    private Written write(Path folder) {
        try (Model model = Model.open(folder); Tokenizer tokenizer = Tokenizer.open(folder); Workers workers = new Workers(common.threads())) {
            List<Integer> ids = new ArrayList<>();
            ProductPath path = ProductPath.of(NativeSupport.load(new NativeChoice.Best()));
            Generator generator = new Generator(model, new Decoder(model, workers, path));
            Generator.Report report = generator.run(new Generator.Request(tokenizer.encodePrompt(PROMPT), NEW_TOKENS, model.endTokens()),
                    new Sampler(SAMPLING, new SplittableRandom(common.seed())), ids::add);
            return new Written(tokenizer.decodePlain(ids.stream().mapToInt(Integer::intValue).toArray()), report.generationSpeed());
        }
    }

    private static void show(Console console, List<Entry> entries, Duration took) {
        if (console.json()) {
            console.json(entries.stream().map(DemoCommand::json).toList());
            return;
        }
        for (Entry entry : entries) {
            console.heading(entry.name() + ":");
            console.line("  " + PROMPT + entry.text().text().replace("\n", "\n  "));
        }
        console.line("");
        Table table = new Table("model", ">bytes", ">bits/weight", ">perplexity", ">divergence", ">same top token", ">tokens/s");
        for (Entry entry : entries) {
            table.row(entry.name(), entry.bytes(), JobConsole.bits(entry.bitsPerWeight()), Quantities.decimals(entry.perplexity(), 3),
                    Quantities.decimals(entry.divergence(), 4), Quantities.percent(entry.agreement()),
                    Quantities.decimals(entry.text().tokensPerSecond(), 0));
        }
        console.table(table);
        console.note("Took " + Quantities.duration(took));
    }

    private static Map<String, Object> json(Entry entry) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", entry.name());
        json.put("bytes", entry.bytes());
        json.put("bitsPerWeight", entry.bitsPerWeight());
        json.put("perplexity", entry.perplexity());
        json.put("divergence", entry.divergence());
        json.put("sameTopToken", entry.agreement());
        json.put("tokensPerSecond", entry.text().tokensPerSecond());
        json.put("text", entry.text().text());
        return json;
    }
}
