package org.mojave.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Streams;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Decoder;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Logits;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.RunParts;
import org.mojave.engine.tokenize.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mojave logits}: everything a model says about given tokens, for checking against other implementations. */
@Command(
        name = "logits",
        description = {
            "Computes the logits of every position, the router's choices, and with -n a greedy continuation that ignores ends",
            "of text. --json prints all of it, floats so that they read back to the same float32:",
            "{\"sequences\":[{\"ids\":[…],\"logits\":[[…],…],\"router\":[{\"layer\":0,\"expert\":[[…],…],\"weight\":[[…],…]},…],\"greedy\":[…]}]}",
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mojave logits examples/wren-moe --ids 12,7,300 --json > logits.json",
            "  mojave logits examples/wren-moe --ids 12,7,300 --ids 5,6 -n 8",
            "  mojave logits examples/wren-moe --text \"The wren is\" -n 16",
        })
final class LogitsCommand implements Callable<Integer> {
    /** Tokens computed at a time. */
    private static final int CHUNK = 512;

    private final Streams streams;

    @Mixin
    private CommonOptions common;

    @Mixin
    private final KernelOption kernels = new KernelOption(KernelOption.Kernels.EXACT);

    @Parameters(paramLabel = "MODEL", description = "Folder of the model, or a .gguf file.")
    private Path folder;

    @Option(names = "--ids", paramLabel = "IDS", description = "Token ids with commas between; once per sequence.")
    private List<String> lists = List.of();

    @Option(names = "--text", paramLabel = "TEXT", description = "A text instead; once per sequence.")
    private List<String> texts = List.of();

    @Option(names = "-n", paramLabel = "N", defaultValue = "0", description = "Tokens to append greedily (default: ${DEFAULT-VALUE}).")
    private int more;

    @Mixin
    private final KeyValueOption keyValues = new KeyValueOption();

    LogitsCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        if (more < 0) {
            throw new UsageException("-n must be 0 or more, not " + more);
        }
        if (lists.isEmpty() == texts.isEmpty()) {
            throw new UsageException("give the tokens either as ids (--ids 12,7,300) or as text (--text \"The wren\")");
        }
        Console console = common.console(streams);
        try (Model model = Model.open(folder); Workers workers = new Workers(common.threads())) {
            List<int[]> sequences = texts.isEmpty() ? parsed() : encoded();
            sequences.forEach(ids -> check(ids, model));
            KernelOption.Selected selected = kernels.select();
            selected.note(console, model);
            Decoder decoder = new Decoder(model, workers, RunParts.of(model, selected.path()).with(keyValues.type()));
            try (LogitsOutput output = console.json() ? new JsonLogits(streams.out(), model.vocabularySize())
                    : new ReadableLogits(console, model.vocabularySize())) {
                for (int[] ids : sequences) {
                    run(decoder, ids, output);
                }
            }
        }
        return ExitCode.DONE.code();
    }

    private void run(Decoder decoder, int[] ids, LogitsOutput output) {
        output.begin(ids);
        RouterTrace trace = new RouterTrace();
        KvCache cache = decoder.newCache(ids.length + more);
        int[] best = new int[1];
        for (int from = 0; from < ids.length; from += CHUNK) {
            int start = from;
            int[] part = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + CHUNK));
            decoder.all(List.of(new Decoder.Chunk(cache, part)), (_, first, rows, logits) -> {
                output.logits(start + first, rows, logits);
                int vocabulary = output.vocabulary();
                best[0] = Logits.best(logits, (rows - 1) * vocabulary, vocabulary);
            }, trace);
        }
        output.router(trace.layers());
        int[] greedy = new int[more];
        for (int i = 0; i < more; i++) {
            greedy[i] = best[0];
            if (i + 1 < more) {
                float[] logits = decoder.last(List.of(new Decoder.Chunk(cache, new int[] {best[0]})), RouterListener.NONE).getFirst();
                best[0] = Logits.best(logits, 0, logits.length);
            }
        }
        output.end(greedy);
    }

    private List<int[]> parsed() {
        List<int[]> sequences = new ArrayList<>();
        for (String list : lists) {
            String[] parts = list.split(",", -1);
            int[] ids = new int[parts.length];
            for (int i = 0; i < parts.length; i++) {
                try {
                    ids[i] = Integer.parseInt(parts[i].strip());
                } catch (NumberFormatException _) {
                    throw new UsageException("--ids " + list + ": '" + parts[i] + "' is not a token id; write whole numbers with commas "
                            + "between, e.g. --ids 12,7,300");
                }
            }
            sequences.add(ids);
        }
        return sequences;
    }

    private List<int[]> encoded() {
        List<int[]> sequences = new ArrayList<>();
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            for (String text : texts) {
                sequences.add(tokenizer.encodePrompt(text));
            }
        }
        return sequences;
    }

    private void check(int[] ids, Model model) {
        if (ids.length == 0) {
            throw new UsageException("the text is empty; give at least one token");
        }
        for (int id : ids) {
            if (id < 0 || id >= model.vocabularySize()) {
                throw new UsageException("token id " + id + " is not in the vocabulary; ids of this model go from 0 to "
                        + (model.vocabularySize() - 1));
            }
        }
        if ((long) ids.length + more > model.contextLength()) {
            throw new UsageException(ids.length + " tokens" + (more > 0 ? " and " + more + " more" : "")
                    + " are more than the model's context of " + model.contextLength() + "; shorten the sequence");
        }
    }
}
