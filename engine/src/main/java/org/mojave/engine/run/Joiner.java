package org.mojave.engine.run;

import java.util.Optional;
import org.mojave.engine.kernel.NativeKernels;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.Activation;
import org.mojave.engine.model.Gating;

/** Joins the results of gate and up projection, with a native kernel where there is one. */
final class Joiner {
    private static final Gating SILU = new Gating.Product(Activation.SILU);

    private final Workers workers;
    private final Linears linears;

    Joiner(Workers workers, Linears linears) {
        this.workers = workers;
        this.linears = linears;
    }

    /** Rows {@code first … end−1} of {@code width} floats. */
    record Part(int first, int end, int width) {}

    /** {@code gate = activation(gate) · up}, or what the gating says. */
    void join(Gating gating, float[] gate, float[] up, Part part) {
        Optional<NativeKernels> natives = gating.equals(SILU) ? linears.natives() : Optional.empty();
        int width = part.width();
        Rows.forEach(workers, part.end() - part.first(), (first, end) -> {
            int from = (part.first() + first) * width;
            int to = (part.first() + end) * width;
            natives.ifPresentOrElse(kernels -> kernels.silu(gate, up, from, to), () -> Activations.join(gating, gate, up, from, to));
        });
    }
}
