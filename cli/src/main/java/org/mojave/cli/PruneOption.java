package org.mojave.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.run.DynamicPruning;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.PruningThresholds;
import picocli.CommandLine.Option;

/** {@code --prune-rate} and {@code --prune-thresholds}: online dynamic pruning. */
final class PruneOption {
    private static final Pattern SHARE = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*%|(0(?:\\.\\d{1,8})?)");

    private static final String MEDIAN = "median";

    /** Who says from which weight on an expert is skipped. */
    enum Thresholds {
        /** What was skipped too much or too little while running. */
        RUNNING,
        /** The model's own {@code pruning.json}. */
        CHECKPOINT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--prune-rate", paramLabel = "SHARE",
            description = "Skip about that share of the experts that tokens chose, those of least weight, e.g. 15%%: faster, and less exact (default: "
                    + "none). With --prune-thresholds checkpoint also median, Mixture Compressor's rule for two experts per token.")
    private String rate;

    @Option(names = "--prune-thresholds", paramLabel = "KIND", defaultValue = "running",
            description = "Thresholds for --prune-rate: running (adjusted while running, so that the share is held), checkpoint (fixed for each "
                    + "layer, stored in the model by mojave calibrate MODEL --pruning) (default: ${DEFAULT-VALUE}).")
    private Thresholds thresholds;

    /** What skips experts, if that was asked for. Throws {@link UsageException} for a share that the model does not allow. */
    Optional<DynamicPruning> pruning(Model model, Path folder) {
        if (rate == null) {
            return Optional.empty();
        }
        boolean median = rate.strip().equals(MEDIAN);
        if (median && thresholds == Thresholds.RUNNING) {
            throw new UsageException("--prune-rate median needs --prune-thresholds checkpoint: nothing is known of the median while running");
        }
        double share = median ? 0 : share();
        try {
            return Optional.of(switch (thresholds) {
                case RUNNING -> new DynamicPruning(model.spec(), share);
                case CHECKPOINT -> stored(model, folder, median, share);
            });
        } catch (IllegalArgumentException e) {
            throw new UsageException("--prune-rate " + rate + ": " + e.getMessage() + "; a token's first expert always stays");
        }
    }

    private double share() {
        Matcher matcher = SHARE.matcher(rate.strip());
        if (!matcher.matches()) {
            throw new UsageException("--prune-rate '" + rate + "' is not a share; write for example 15% or 0.15");
        }
        return matcher.group(1) != null ? Double.parseDouble(matcher.group(1)) / 100 : Double.parseDouble(matcher.group(2));
    }

    private static DynamicPruning stored(Model model, Path folder, boolean median, double share) {
        if (!PruningThresholds.in(folder)) {
            throw new UsageException(folder + " has no thresholds for skipping experts; make them with mojave calibrate " + folder + " --pruning");
        }
        PruningThresholds found = PruningThresholds.read(folder);
        return median ? DynamicPruning.median(model.spec(), found) : DynamicPruning.skipping(model.spec(), found, share);
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
