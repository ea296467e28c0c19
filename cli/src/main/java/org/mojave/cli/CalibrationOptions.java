package org.mojave.cli;

import java.nio.file.Path;
import java.util.List;
import org.mojave.compress.recipe.Affinity;
import org.mojave.compress.recipe.CalibrationWish;
import picocli.CommandLine.Option;

/** Which text a model is calibrated with. */
final class CalibrationOptions {
    @Option(names = "--calibration", paramLabel = "FILE", arity = "1..*",
            description = "UTF-8 text like what the model will be used on, or tokens of mojave sample (default: a bundled mix).")
    private List<Path> calibration;

    @Option(names = "--sample", description = "The model writes its own calibration text, as mojave sample does, and keeps it beside DIR.")
    private boolean sample;

    @Option(names = "--sequences", paramLabel = "N", defaultValue = "128", description = "Calibration sequences (default: ${DEFAULT-VALUE}).")
    private int sequences;

    @Option(names = "--length", paramLabel = "N", defaultValue = "256", description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--balance", paramLabel = "R", arity = "0..1", fallbackValue = "2", defaultValue = "0",
            description = "Choose sequences until every expert has R times its even share of the tokens (R if not given: 2).")
    private double balance;

    @Option(names = "--balance-most", paramLabel = "N", defaultValue = "0",
            description = "Choose at most N sequences for the balance (default: as many as it takes).")
    private int balanceMost;

    @Option(names = "--affinity-power", paramLabel = "P", defaultValue = "0",
            description = "Tokens count in an expert's statistics with their routing weight to this power: 0, 1 or 2 (default: ${DEFAULT-VALUE}).")
    private int affinityPower;

    /** The text; {@code balanced}: whether it is to be chosen for balance where that was asked, which takes a walk through the model. */
    CalibrationWish wish(boolean balanced) {
        List<Path> texts = calibration == null ? BundledTexts.calibration() : calibration;
        if (sample && (calibration != null || balance > 0)) {
            throw new UsageException("--sample lets the model write its own text, with its experts in balance; leave out --calibration and --balance");
        }
        return new CalibrationWish(texts, sequences, length, balanced ? balance : 0, balanceMost);
    }

    /** How a token counts, with routing weights of that source. */
    Affinity affinity(Affinity.Source source) {
        return new Affinity(affinityPower, source);
    }

    /** Whether something was said of the text or how it counts. */
    boolean isGiven() {
        return calibration != null || sample || balance > 0 || affinityPower != 0;
    }

    /** Whether the model writes the text itself. */
    boolean samples() {
        return sample;
    }
}
