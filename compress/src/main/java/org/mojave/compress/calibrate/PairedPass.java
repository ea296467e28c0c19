package org.mojave.compress.calibrate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.Router;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.Routing;

/**
 * Shows {@link Moments} the inputs of a half layer in the quantized model and, token by token beside them, in the original. The
 * original's states go through the experts that the quantized model chose for the token: each expert is fitted on the tokens that it
 * will get, to what its original weights make of the token's original state. Where routing weights are to be the original's, they are
 * those that it would give these experts, 0 to one that it would not choose.
 */
public final class PairedPass {
    private final LayerPass quantized;
    private final Optional<LayerPass> original;

    /** Both over the same sequences; no original where nothing is matched. */
    public PairedPass(LayerPass quantized, Optional<LayerPass> original) {
        this.quantized = quantized;
        this.original = original;
    }

    /** Weights of the layer with what is quantized so far, and as they were. */
    public record Weights(LayerWeights quantized, LayerWeights original) {}

    /** Runs all tokens; the states stay as they are. */
    public void observe(Weights weights, InputGroup.Half half, Moments moments) {
        for (int chunk = 0; chunk < quantized.chunks(); chunk++) {
            if (original.isEmpty()) {
                quantized.observe(chunk, weights.quantized(), half, (id, x, tokens, affinity) -> moments.add(id, x, null, tokens, affinity),
                        RouterListener.NONE);
                continue;
            }
            Recorder recorder = new Recorder(moments);
            quantized.observe(chunk, weights.quantized(), half, recorder, recorder);
            Optional<Routing> routing = moments.takesOriginalAffinity() ? recorder.routing().map(reweighted(chunk, weights.original()))
                    : recorder.routing();
            original.get().observeRouted(chunk, weights.original(), half, routing, (id, x, tokens, affinity) -> {
                Seen seen = recorder.inputs.remove(id);
                if (seen != null) {
                    moments.add(id, seen.x(), moments.matches(id) ? x : null, tokens, moments.takesOriginalAffinity() ? affinity : seen.affinity());
                }
            });
        }
    }

    /** Keeps the experts and takes the original's weights for them, unless these would scale the experts' inputs. */
    private UnaryOperator<Routing> reweighted(int chunk, LayerWeights weights) {
        return made -> {
            if (weights.spec().feedForward() instanceof FeedForward.Mixture mixture && mixture.router().target() == Router.Target.EXPERT_INPUT) {
                return made;
            }
            float[] affinities = new float[made.weights().length];
            original.orElseThrow().observeRouter(chunk, weights, LinearObserver.NONE, (_, own) -> {
                for (int slot = 0; slot < made.tokens() * made.chosen(); slot++) {
                    affinities[slot] = own.weight(slot / made.chosen(), made.experts()[slot]);
                }
            });
            return new Routing(made.tokens(), made.chosen(), made.logits(), made.experts(), affinities);
        };
    }

    private record Seen(float[] x, float[] affinity) {}

    /** Keeps what one chunk shows in the quantized model. */
    private static final class Recorder implements LinearObserver, RouterListener {
        private final Moments moments;
        private final Map<MatrixId, Seen> inputs = new HashMap<>();
        private Routing routing;

        Recorder(Moments moments) {
            this.moments = moments;
        }

        @Override
        public void input(MatrixId id, float[] x, int tokens, float[] affinity) {
            if (moments.matches(id) || (moments.takesOriginalAffinity() && affinity != null && moments.wants(id))) {
                float[] weights = affinity == null ? null : Arrays.copyOf(affinity, tokens);
                inputs.put(id, new Seen(Arrays.copyOf(x, tokens * moments.columns(id)), weights));
            } else {
                moments.add(id, x, null, tokens, affinity);
            }
        }

        @Override
        public void routed(int layer, Routing made) {
            routing = new Routing(made.tokens(), made.chosen(), new float[0], made.experts().clone(), made.weights().clone());
        }

        Optional<Routing> routing() {
            return Optional.ofNullable(routing);
        }
    }
}
