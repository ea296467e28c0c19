package org.mojave.cli;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.run.DynamicPruning;
import org.mojave.engine.run.Model;
import picocli.CommandLine.Option;

/** {@code --prune-rate}: online dynamic pruning. */
final class PruneOption {
    private static final Pattern SHARE = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*%|(0(?:\\.\\d{1,8})?)");

    @Option(names = "--prune-rate", paramLabel = "SHARE",
            description = "Skip about that share of the experts that tokens chose, those of least weight, e.g. 15%%: faster, and less exact (default: none).")
    private String rate;

    /** What skips experts, if that was asked for. Throws {@link UsageException} for a share that the model does not allow. */
    Optional<DynamicPruning> pruning(Model model) {
        if (rate == null) {
            return Optional.empty();
        }
        Matcher matcher = SHARE.matcher(rate.strip());
        if (!matcher.matches()) {
            throw new UsageException("--prune-rate '" + rate + "' is not a share; write for example 15% or 0.15");
        }
        double share = matcher.group(1) != null ? Double.parseDouble(matcher.group(1)) / 100 : Double.parseDouble(matcher.group(2));
        try {
            return Optional.of(new DynamicPruning(model.spec(), share));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--prune-rate " + rate + ": " + e.getMessage() + "; a token's first expert always stays");
        }
    }

    /** Whether anything is to be skipped. */
    boolean isAsked() {
        return rate != null;
    }

    /** One line for people. */
    static String line(DynamicPruning pruning) {
        return "Skipped: " + Quantities.percent(pruning.skippedShare()) + " of " + Quantities.count(pruning.pairs()) + " pairs of token and chosen expert";
    }
}
