package org.mojave.engine.run;

/** The model computed something that is no number; nothing that follows would mean anything. */
public final class InvalidLogitsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** {@code place}: which text, which position. */
    public InvalidLogitsException(String place) {
        super(place + ": the model computed logits that are no numbers (NaN or infinite), so its weights are damaged or "
                + "overflow; check the files with mojave inspect, or compress the original again");
    }
}
