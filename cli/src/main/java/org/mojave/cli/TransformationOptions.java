package org.mojave.cli;

import java.util.Optional;
import org.mojave.compress.recipe.Transformation;
import org.mojave.compress.smooth.SmoothingMode;
import org.mojave.engine.kernel.ActivationScheme;
import picocli.CommandLine.Option;

/** What is done to a model beside choosing codes: smoothing, rotation, rounding of routers, activations. */
final class TransformationOptions {
    private static final String OFF = "off";

    @Option(names = "--smoothing", paramLabel = "MODE", defaultValue = OFF,
            description = "Move large activations into the weights, exactly, before quantizing: how experts share a scale, max_gate, max, sum1, "
                    + "sum2_0 to sum2_3 or sum3, with _gate for the router's part; try max_gate (default: ${DEFAULT-VALUE}).")
    private String smoothing;

    @Option(names = "--smoothing-strength", paramLabel = "A", defaultValue = "0.6",
            description = "How much of the activations' range moves, 0 to 1 (default: ${DEFAULT-VALUE}).")
    private double strength;

    @Option(names = "--outlier-scaling", description = "Scale down single channels far outside the others before down projections, exactly.")
    private boolean outlierScaling;

    @Option(names = "--rotation", description = "Turn the states between layers by a Hadamard matrix, exactly, to spread outliers.")
    private boolean rotation;

    @Option(names = "--router-bits", paramLabel = "B",
            description = "Round routers to B bits (try 8), with ranges that keep the original's choices (default: they stay as they are).")
    private Integer routerBits;

    @Option(names = "--router-breadth", paramLabel = "A", defaultValue = "0",
            description = "Share of the experts not chosen that count as well in that, 0 to 1 (default: ${DEFAULT-VALUE}).")
    private double routerBreadth;

    @Option(names = "--activations", paramLabel = "A",
            description = "Activations that the result is meant for, and measured with: 4 or 8 bits (default: floats).")
    private String activations;

    /** The transformation; throws {@link UsageException} for a spelling that means nothing. */
    Transformation transformation() {
        Optional<SmoothingMode> mode = Optional.empty();
        Optional<ActivationScheme> scheme = Optional.empty();
        try {
            mode = smoothing.equals(OFF) ? mode : Optional.of(SmoothingMode.parse(smoothing));
            scheme = activations == null ? scheme : Optional.of(ActivationScheme.parse(activations));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        return new Transformation(mode, strength, outlierScaling, rotation, Optional.ofNullable(routerBits)
                .map(bits -> new Transformation.RouterRounding(bits, routerBreadth)), scheme);
    }
}
