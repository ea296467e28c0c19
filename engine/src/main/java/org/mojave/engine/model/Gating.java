package org.mojave.engine.model;

/** How gate and up projection are joined before the down projection. */
public sealed interface Gating {
    /** activation(gate) · up. */
    record Product(Activation activation) implements Gating {}

    /** gpt-oss: gate ≤ limit, |up| ≤ limit, then gate · sigmoid(α · gate) · (up + 1). */
    record Clamped(double alpha, double limit) implements Gating {}
}
