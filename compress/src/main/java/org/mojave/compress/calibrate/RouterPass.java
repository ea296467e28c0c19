package org.mojave.compress.calibrate;

import java.util.Arrays;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.RouterListener;

/** Shows, token by token, what a layer's router reads in the quantized model and what the original's router says of the same token. */
public final class RouterPass {
    private final LayerPass quantized;
    private final LayerPass original;

    /** Both over the same sequences, standing before the second half of the layer. */
    public RouterPass(LayerPass quantized, LayerPass original) {
        this.quantized = quantized;
        this.original = original;
    }

    /** Hears of tokens. */
    @FunctionalInterface
    public interface Visitor {
        /** {@code inputs} [tokens, hidden] of the quantized model; {@code logits} [tokens, experts] of the original, bias included. */
        void tokens(float[] inputs, float[] logits);
    }

    /** Goes through all tokens; the states stay as they are. */
    public void run(PairedPass.Weights weights, Visitor visitor) {
        MatrixId router = MatrixId.of(MatrixRole.ROUTER, weights.original().layer());
        int hidden = weights.original().matrix(router).columns();
        int experts = weights.original().matrix(router).rows();
        for (int chunk = 0; chunk < quantized.chunks(); chunk++) {
            float[][] logits = new float[1][];
            original.observeRouter(chunk, weights.original(), LinearObserver.NONE,
                    (_, routing) -> logits[0] = Arrays.copyOf(routing.logits(), routing.tokens() * experts));
            quantized.observeRouter(chunk, weights.quantized(), (id, x, tokens, _) -> {
                if (id.equals(router)) {
                    visitor.tokens(Arrays.copyOf(x, tokens * hidden), logits[0]);
                }
            }, RouterListener.NONE);
        }
    }
}
