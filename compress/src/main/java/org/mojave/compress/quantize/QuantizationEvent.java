package org.mojave.compress.quantize;

/** A departure from the plain method that a report must show. */
public sealed interface QuantizationEvent {
    /** One clause for people. */
    String describe();

    /** The Hessian could not be factorised with damping {@code from}, so {@code to} was tried. Both are shares of its mean diagonal. */
    record DampingRaised(double from, double to) implements QuantizationEvent {
        @Override
        public String describe() {
            return "Hessian not positive definite at damping " + from + ", raised to " + to;
        }
    }

    /** Not even the largest damping helped: rounded to nearest. */
    record HessianRejected(double damping) implements QuantizationEvent {
        @Override
        public String describe() {
            return "Hessian not positive definite at damping " + damping + ", weights rounded to nearest";
        }
    }

    /** Calibration never reached this matrix: rounded to nearest. */
    record NoTokens() implements QuantizationEvent {
        @Override
        public String describe() {
            return "no calibration tokens, weights rounded to nearest";
        }
    }

    /** Inputs that were zero in every calibration token, so that nothing is known about their columns. */
    record DeadColumns(int count) implements QuantizationEvent {
        @Override
        public String describe() {
            return count + (count == 1 ? " input was" : " inputs were") + " zero in all calibration tokens";
        }
    }
}
