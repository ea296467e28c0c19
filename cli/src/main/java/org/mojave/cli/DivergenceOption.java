package org.mojave.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.bounded.Mode;
import org.mojave.engine.bounded.ModeTrial;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.run.Model;
import org.mojave.engine.tokenize.Tokenizer;
import picocli.CommandLine.Option;

/** {@code --max-kl}: the fastest bounded mode that stays close enough to exact computing. */
final class DivergenceOption {
    @Option(names = "--max-kl", paramLabel = "X",
            description = "Try the modes of --bounded on a short text first and take the fastest whose mean divergence from exact computing is at most X "
                    + "nats per token, e.g. 0.02; none where none is faster.")
    private Double most;

    @Option(names = "--kl-text", paramLabel = "FILE", description = "Text for --max-kl (default: a bundled one).")
    private Path text;

    boolean isAsked() {
        return most != null;
    }

    /** Checks without a model; throws {@link UsageException}. {@code others}: whether something else is to change results. */
    void check(boolean others) {
        if (most == null && text != null) {
            throw new UsageException("--kl-text is the text for --max-kl; give that too");
        }
        if (most != null && !(most >= 0)) {
            throw new UsageException("--max-kl must be 0 or more, not " + most);
        }
        if (most != null && others) {
            throw new UsageException("--max-kl chooses the mode itself; leave out --bounded, --replay and --prune-rate");
        }
        if (most != null && text == null && BundledTexts.evaluation().isEmpty()) {
            throw new UsageException("--max-kl needs a text here; name one with --kl-text");
        }
    }

    /** Positions that the trial's cache takes. */
    int positions(Model model) {
        return isAsked() ? ModeTrial.mostTokens(model) : 0;
    }

    /** Bytes that the trial takes beside. */
    long bytes(Model model) {
        return isAsked() ? ModeTrial.bytes(model) : 0;
    }

    /** The mode, if it was asked for and there is one; says what was measured. */
    Optional<Mode> mode(Model model, Tokenizer tokenizer, Parts parts) {
        if (most == null) {
            return Optional.empty();
        }
        Path file = text == null ? BundledTexts.evaluation().getFirst() : text;
        int[] ids = tokenizer.encode(TextFiles.read(file));
        if (ids.length < 2) {
            throw new UsageException("--kl-text " + file + ": is too short to compare anything");
        }
        int[] tokens = Arrays.copyOf(ids, Math.min(ids.length, ModeTrial.mostTokens(model)));
        List<ModeTrial.Outcome> outcomes = new ModeTrial(model, parts.workers(), parts.path())
                .run(tokens, ModeTrial.candidates(model.spec(), model.experts().isPresent()));
        for (ModeTrial.Outcome outcome : outcomes) {
            parts.console().note((outcome.mode().isEmpty() ? "exact" : outcome.mode().get().text()) + ": divergence "
                    + Quantities.decimals(outcome.divergence(), 4) + ", " + Quantities.decimals(outcome.tokensPerSecond(), 1) + " tokens/s");
        }
        Optional<Mode> best = ModeTrial.best(outcomes, most);
        parts.console().note(best.map(mode -> "Taken: " + mode.text() + ".").orElse("No mode is faster and diverges by at most " + most + ": computing stays exact."));
        return best;
    }

    /** With what to compute, and where to tell. */
    record Parts(Workers workers, ProductPath path, Console console) {}
}
