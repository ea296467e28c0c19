package org.mojave.compress.report;

import java.util.Locale;

/**
 * Something that did not go the straight way. Every event reaches progress, journal and report; those that {@link
 * #degrades} are fatal under {@code --strict}.
 */
public sealed interface JobEvent {
    /** No calibration token reached the matrix: it keeps rounded weights. */
    record NoTokens(String matrix) implements JobEvent {}

    /** No calibration token reached the matrix: it is fitted to the inputs of the layer's other experts. */
    record InputsBorrowed(String matrix) implements JobEvent {}

    /** The method failed for a reason of arithmetic: the matrix keeps rounded weights. */
    record Rounded(String matrix, String reason) implements JobEvent {}

    /** The Hessian could only be factored with more damping than the usual fraction of its mean diagonal. */
    record DampingRaised(String matrix, double damping) implements JobEvent {}

    /** Inputs that were zero in all calibration tokens: nothing is known of their columns, which are rounded. */
    record DeadInputs(String matrix, int count) implements JobEvent {}

    /** Less calibration text than asked for. */
    record ShortCalibration(int wanted, int found, int length) implements JobEvent {}

    /** Sequences were chosen for an even use of the experts. */
    record BalancedCalibration(int sequences, int pool, int required, int shortExperts) implements JobEvent {}

    /** Tensors that the model does not use (vision towers, extra prediction layers) and the result does not hold. */
    record TensorsLeftOut(int count, long bytes, String first) implements JobEvent {}

    /** A record that the journal lists is damaged on disk and is made again. */
    record RecordLost(String matrix) implements JobEvent {}

    /** Perplexity could not be measured. */
    record QualityNotMeasured(String reason) implements JobEvent {}

    /** Whether the result is worse than what was asked for. */
    default boolean degrades() {
        return switch (this) {
            case NoTokens _, InputsBorrowed _, Rounded _, DampingRaised _ -> true;
            case DeadInputs _, ShortCalibration _, BalancedCalibration _, TensorsLeftOut _, RecordLost _, QualityNotMeasured _ -> false;
        };
    }

    /** One line for people. */
    default String text() {
        return switch (this) {
            case NoTokens e -> e.matrix + ": no calibration token reached it; its weights are rounded";
            case InputsBorrowed e -> e.matrix + ": no calibration token reached it; it is fitted to the inputs of the layer's other experts";
            case Rounded e -> e.matrix + ": " + e.reason + "; its weights are rounded";
            case DampingRaised e -> String.format(Locale.ROOT, "%s: damping raised to %.3g of the mean diagonal", e.matrix, e.damping);
            case DeadInputs e -> e.matrix + ": " + e.count + " of its inputs were zero in all calibration tokens";
            case ShortCalibration e -> "the calibration text gives " + e.found + " sequences of " + e.length + " tokens, not " + e.wanted;
            case BalancedCalibration e -> e.sequences + " of " + e.pool + " sequences were chosen, for " + e.required
                    + " tokens an expert in each layer; " + (e.shortExperts == 0 ? "all have them" : e.shortExperts + " have fewer");
            case TensorsLeftOut e -> e.count + " tensors that the model does not use are left out (first: " + e.first + ")";
            case RecordLost e -> e.matrix + ": its record on disk is damaged and is made again";
            case QualityNotMeasured e -> "perplexity not measured: " + e.reason;
        };
    }
}
