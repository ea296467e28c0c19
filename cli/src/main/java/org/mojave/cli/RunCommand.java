package org.mojave.cli;

import java.nio.file.Path;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Streams;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.bounded.Mode;
import org.mojave.engine.chat.ChatTemplate;
import org.mojave.engine.chat.Message;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.DynamicPruning;
import org.mojave.engine.run.Generator;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.run.Sampler;
import org.mojave.engine.run.SamplingOptions;
import org.mojave.engine.stream.MemoryShares;
import org.mojave.engine.tokenize.TokenStream;
import org.mojave.engine.tokenize.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave run}: continues a prompt, or answers it. */
@Command(
        name = "run",
        description = "Continues a prompt and shows the text as it comes. With --chat the prompt is a question put into the model's chat template.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave run examples/wren-moe -p \"The wren is\"",
            "  mojave run examples/wren-moe -p \"The wren is\" -n 40 --temperature 0.8 --top-p 0.9 --seed 7",
            "  mojave run MODEL --chat --system \"Be terse.\" -p \"Why is the sky blue?\"",
            "  mojave run MODEL -p - --kv q8 < long-prompt.txt",
            "  mojave run examples/wren-moe -p \"The wren is\" -p \"A river\" -p \"In winter\"    continues all three together",
            "  mojave run MODEL -p \"The wren is\" --memory 2GB --bounded skip-misses --decisions run.log",
            "  mojave run MODEL -p \"The wren is\" --bounded neurons:50%%               half of each expert's neurons left out",
            "  mojave run MODEL -p \"The wren is\" --replay run.log               the same text again, whatever is in memory",
            "  mojave run MODEL -p \"The wren is\" --memory 2GB --max-kl 0.02    the fastest mode that is close enough",
        })
final class RunCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Mixin
    private final KernelOption kernels = new KernelOption(KernelOption.Kernels.AUTO);

    @Parameters(paramLabel = "MODEL", description = "Folder of the model, or a .gguf file.")
    private Path folder;

    @Option(names = {"-p", "--prompt"}, paramLabel = "TEXT", required = true,
            description = "What to continue; - reads standard input. Given several times, all are continued together, faster than one after the "
                    + "other; each text is the one it would be alone.")
    private List<String> prompts;

    @Option(names = "-n", paramLabel = "N", defaultValue = "128", description = "New tokens at most (default: ${DEFAULT-VALUE}).")
    private int most;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0",
            description = "0 takes the most probable token always (default: ${DEFAULT-VALUE}).")
    private float temperature;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "Draw from the K most probable tokens only (default: all).")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1",
            description = "Draw from the most probable tokens that together reach P only (default: all).")
    private float topP;

    @Option(names = "--min-p", paramLabel = "P", defaultValue = "0",
            description = "Draw from tokens at least P times as probable as the best only (default: all).")
    private float minP;

    @Option(names = "--repetition-penalty", paramLabel = "R", defaultValue = "1",
            description = "Above 1 makes tokens that stood in the text before less probable (default: none).")
    private float repetitionPenalty;

    @Mixin
    private StoreOption place = new StoreOption();

    @Mixin
    private PruneOption prune = new PruneOption();

    @Mixin
    private final KeyValueOption keyValues = new KeyValueOption();

    @Mixin
    private BoundedOption bounded = new BoundedOption();

    @Mixin
    private DivergenceOption divergence = new DivergenceOption();

    @Option(names = "--chat", description = "Put the prompt into the model's chat template.")
    private boolean chat;

    @Option(names = "--system", paramLabel = "TEXT", description = "System message, with --chat.")
    private String system;

    RunCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        Console console = common.console(streams);
        SamplingOptions sampling = sampling();
        List<String> texts = prompts.stream().map(prompt -> "-".equals(prompt) ? TextFiles.read(System.in, "standard input") : prompt).toList();
        if (texts.contains("")) {
            throw new UsageException("the prompt is empty; give some text with -p");
        }
        bounded.check();
        divergence.check(bounded.isAsked() || prune.isAsked());
        try (Model model = Model.open(folder); Tokenizer tokenizer = Tokenizer.open(folder); Workers workers = new Workers(common.threads())) {
            List<int[]> ids = texts.stream().map(text -> ids(text, tokenizer)).toList();
            for (int[] prompt : ids) {
                if (prompt.length > model.contextLength()) {
                    throw new UsageException("the prompt has " + prompt.length + " tokens, more than the model's context of "
                            + model.contextLength() + "; shorten it");
                }
            }
            Set<Integer> ends = new TreeSet<>(model.endTokens());
            tokenizer.specialTokens().end().ifPresent(token -> tokenizer.id(token).ifPresent(ends::add));
            KernelOption.Selected selected = kernels.select();
            selected.note(console, model);
            Optional<DynamicPruning> pruning = prune.pruning(model, folder);
            StoreOption.Placed placed = place.place(model, working(model, ids), console);
            try (Model ready = placed.model()) {
                Optional<Mode> mode = divergence.mode(ready, tokenizer, new DivergenceOption.Parts(workers, selected.path(), console));
                placed.report().begins();
                try (BoundedOption.Opened decides = bounded.open(ready, mode)) {
                    RunParts parts = RunParts.of(ready, selected.path()).pruning(pruning).keyValues(keyValues.type()).routes(decides.change())
                            .neurons(decides.choice());
                    Generator generator = new Generator(ready, new Decoder(ready, workers, parts), placed.report().listener());
                    List<Generator.Voice> voices = ids.stream().map(prompt -> new Generator.Voice(new Generator.Request(prompt, most, ends),
                            new Sampler(sampling, new SplittableRandom(common.seed())))).toList();
                    if (voices.size() > 1) {
                        new SeveralTexts(console, tokenizer, texts).generate(generator, voices, placed.report(), pruning);
                    } else {
                        generate(console, new Task(generator, voices.getFirst(), placed.report(), pruning, decides), tokenizer);
                    }
                    if (!console.json()) {
                        decides.line().ifPresent(console::note);
                    }
                }
            }
        }
        return ExitCode.DONE.code();
    }

    /** One text to generate. */
    private record Task(Generator generator, Generator.Voice voice, StoreReport report, Optional<DynamicPruning> pruning,
            BoundedOption.Opened decides) {}

    private MemoryShares.Working working(Model model, List<int[]> ids) {
        long cache = KvCache.bytes(model.spec(), divergence.positions(model), KeyValueType.F32);
        int rows = ids.size();
        for (int[] prompt : ids) {
            cache += KvCache.bytes(model.spec(), (int) Math.min(model.contextLength(), (long) prompt.length + most), keyValues.type());
            rows = Math.max(rows, Math.min(prompt.length, Generator.PROMPT_CHUNK));
        }
        long logits = ids.size() == 1 ? 0 : 2L * Float.BYTES * ids.size() * model.vocabularySize();
        return new MemoryShares.Working(cache, LayerRunner.workingBytes(model.spec(), rows) + logits + divergence.bytes(model)
                + bounded.bytes(model));
    }

    private SamplingOptions sampling() {
        if (most < 1) {
            throw new UsageException("-n must be at least 1, not " + most);
        }
        if (system != null && !chat) {
            throw new UsageException("--system needs --chat");
        }
        try {
            return new SamplingOptions(temperature, topK, topP, minP, repetitionPenalty);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private int[] ids(String text, Tokenizer tokenizer) {
        if (!chat) {
            return tokenizer.encodePrompt(text);
        }
        List<Message> messages = new ArrayList<>();
        if (system != null) {
            messages.add(new Message("system", system));
        }
        messages.add(new Message("user", text));
        return tokenizer.encode(ChatTemplate.open(folder, tokenizer.specialTokens()).render(messages, true, ZonedDateTime.now(ZoneId.systemDefault())));
    }

    private void generate(Console console, Task task, Tokenizer tokenizer) {
        TokenStream stream = new TokenStream(tokenizer);
        List<Integer> ids = new ArrayList<>();
        StringBuilder whole = new StringBuilder();
        Generator.Report report = task.generator().run(task.voice().request(), task.voice().sampler(), token -> {
            if (ids.isEmpty()) {
                task.report().generationBegins();
            }
            ids.add(token);
            piece(console, stream.next(token), whole);
        });
        piece(console, stream.finish(), whole);
        if (console.json()) {
            Map<String, Object> json = json(task.voice().request().prompt(), ids, whole.toString(), report);
            Map<String, Object> experts = task.report().json(report.steps());
            if (!experts.isEmpty()) {
                json.put("experts", experts);
            }
            if (task.decides().bounded().isPresent()) {
                json.put("bounded", task.decides().json());
            }
            task.pruning().ifPresent(pruning -> json.put("skippedShare", pruning.skippedShare()));
            console.json(json);
            return;
        }
        console.line("");
        if (report.stop() == Generator.Stop.CONTEXT_FULL) {
            console.note("The model's context is full.");
        }
        console.note(report.promptTokens() + " prompt tokens at " + speed(report.promptSpeed()) + ", " + report.newTokens()
                + " new tokens" + (report.steps() == 0 ? "" : " at " + speed(report.generationSpeed())));
        String experts = task.report().line(report.steps());
        if (!experts.isEmpty()) {
            console.note(experts);
        }
        task.pruning().ifPresent(pruning -> console.note(PruneOption.line(pruning)));
    }

    private static void piece(Console console, String piece, StringBuilder whole) {
        if (console.json()) {
            whole.append(piece);
        } else if (!piece.isEmpty()) {
            console.piece(piece);
        }
    }

    static String speed(double tokensPerSecond) {
        return Quantities.decimals(tokensPerSecond, tokensPerSecond < 100 ? 1 : 0) + " tokens/s";
    }

    static Map<String, Object> json(int[] prompt, List<Integer> ids, String text, Generator.Report report) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("promptIds", prompt);
        json.put("ids", ids);
        json.put("text", text);
        json.put("stop", report.stop().name().toLowerCase(Locale.ROOT));
        json.put("promptTokensPerSecond", report.promptSpeed());
        json.put("tokensPerSecond", report.generationSpeed());
        return json;
    }
}
