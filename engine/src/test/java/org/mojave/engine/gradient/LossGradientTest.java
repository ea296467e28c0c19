package org.mojave.engine.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Router;
import org.mojave.engine.run.Batch;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.GoldenCopy;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.Logits;
import org.mojave.engine.run.Model;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.Routing;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** The gradient against differences of the loss, token by token and half by half, in every family. */
class LossGradientTest {
    private static final long SEED = 20260605;
    private static final int TOKENS_COMPARED = 4;
    private static final int TOKENS_TRIED = 200;
    /** Step as a share of a state's length. */
    private static final double STEP = 1e-3;

    static List<String> goldens() {
        return Goldens.ofRepository().models();
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void gradientIsTheSlopeOfTheLoss(String name) {
        GoldenModel golden = Goldens.ofRepository().model(name);
        holdAgainstDifferences(golden.folder(), Arrays.asList(golden.inputs()));
    }

    /** What no golden has, on its weights: the loss only has to be a function, not a good one. */
    @ParameterizedTest
    @ValueSource(strings = {"gelu", "gelu_pytorch_tanh", "quick_gelu", "relu", "relu2"})
    void gradientIsTheSlopeOfTheLossWithEveryActivation(String activation, @TempDir Path folder) {
        List<int[]> sequences = Arrays.asList(Goldens.ofRepository().model("mixtral").inputs());
        holdAgainstDifferences(GoldenCopy.make("mixtral", folder, config -> changed(config, "\"silu\"", "\"" + activation + "\"")), sequences);
    }

    /** So wide that most tokens compare several logits, where that of the golden leaves the best alone. */
    @ParameterizedTest
    @ValueSource(doubles = {0.2, 0.5})
    void gradientIsTheSlopeOfTheLossWhereSparseMixerCompares(double jitter, @TempDir Path folder) {
        List<int[]> sequences = Arrays.asList(Goldens.ofRepository().model("phimoe_crossing").inputs());
        holdAgainstDifferences(GoldenCopy.make("phimoe_crossing", folder,
                config -> changed(config, "\"router_jitter_noise\": 0.05", "\"router_jitter_noise\": " + jitter)), sequences);
    }

    /** In the golden that has them, attention says too little for an error in them to show. */
    @Test
    void gradientIsTheSlopeOfTheLossBehindNormsAfterRopeAndTemperatures(@TempDir Path folder) {
        List<int[]> sequences = Arrays.asList(Goldens.ofRepository().model("llama4_text").inputs());
        holdAgainstDifferences(GoldenCopy.make("llama4_text", folder, config -> changed(
                changed(config, "\"use_qk_norm\": false", "\"use_qk_norm\": true"), "\"attn_temperature_tuning\": false",
                "\"attn_temperature_tuning\": true, \"attn_scale\": 0.5, \"floor_scale\": 4")), sequences);
    }

    private static String changed(String config, String from, String to) {
        assertThat(config).contains(from);
        return config.replace(from, to);
    }

    private static void holdAgainstDifferences(Path folder, List<int[]> sequences) {
        Random random = new Random(SEED);
        try (Model model = Model.open(folder); Workers workers = new Workers(2)) {
            Forward forward = new Forward(model, workers, sequences);
            float[][] gradients = new LossGradient(model, workers).behindHalves(sequences);
            assertThat(gradients).hasNumberOfRows(2 * model.spec().layers().size());
            for (int half = 0; half < gradients.length; half++) {
                int compared = 0;
                for (int i = 0; i < TOKENS_TRIED && compared < TOKENS_COMPARED; i++) {
                    compared += forward.check(half, random.nextInt(forward.tokens), gradients[half], random) ? 1 : 0;
                }
                assertThat(compared).as("tokens of half %d that keep their experts", half).isEqualTo(TOKENS_COMPARED);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void threadCountDoesNotChangeOneBit(int threads) {
        GoldenModel golden = Goldens.ofRepository().model("qwen2_moe");
        try (Model model = Model.open(golden.folder()); Workers one = new Workers(1); Workers many = new Workers(threads)) {
            List<int[]> sequences = Arrays.asList(golden.inputs());
            assertThat(new LossGradient(model, many).behindHalves(sequences)).isDeepEqualTo(new LossGradient(model, one).behindHalves(sequences));
        }
    }

    /** The loss as a function of what one half adds. */
    private static final class Forward {
        private final Model model;
        private final ModelSpec spec;
        private final Workers workers;
        private final List<int[]> sequences;
        private final LayerRunner runner;
        private final Batch batch;
        private final int tokens;

        Forward(Model model, Workers workers, List<int[]> sequences) {
            this.model = model;
            this.workers = workers;
            this.sequences = sequences;
            spec = model.spec();
            runner = new LayerRunner(spec, workers);
            batch = Batch.whole(sequences.stream().mapToInt(sequence -> sequence.length).toArray());
            tokens = batch.tokens();
        }

        /**
         * A direction along the gradient and one at random together: neither a wrong length nor a missing part escapes. False, with nothing
         * compared, if the step makes any token choose other experts, where the loss jumps.
         */
        boolean check(int half, int token, float[] gradient, Random random) {
            int size = spec.hiddenSize();
            float[] own = Arrays.copyOfRange(gradient, token * size, (token + 1) * size);
            double length = length(own);
            double[] direction = random.doubles(size, -1, 1).toArray();
            double scale = Math.sqrt(Arrays.stream(direction).map(x -> x * x).sum());
            double slope = 0;
            for (int c = 0; c < size; c++) {
                direction[c] = direction[c] / scale + (length == 0 ? 0 : own[c] / length);
                slope += direction[c] * own[c];
            }
            float[] states = states(half + 1);
            double step = STEP * length(Arrays.copyOfRange(states, token * size, (token + 1) * size));
            Loss more = loss(half + 1, moved(states, token, direction, step));
            Loss less = loss(half + 1, moved(states, token, direction, -step));
            if (!more.choices().equals(less.choices())) {
                return false;
            }
            assertThat((more.value() - less.value()) / (2 * step)).as("%s, half %d, token %d (seed %d)", spec.modelType(), half, token, SEED)
                    .isCloseTo(slope, within(0.01 * length + 2e-4));
            return true;
        }

        private float[] moved(float[] states, int token, double[] direction, double step) {
            float[] moved = states.clone();
            for (int c = 0; c < direction.length; c++) {
                moved[token * direction.length + c] += (float) (spec.multipliers().residual() * step * direction[c]);
            }
            return moved;
        }

        private static double length(float[] x) {
            double squares = 0;
            for (float value : x) {
                squares += (double) value * value;
            }
            return Math.sqrt(squares);
        }

        /** States before that half. */
        private float[] states(int half) {
            float[] states = new float[tokens * spec.hiddenSize()];
            int row = 0;
            for (int[] sequence : sequences) {
                new Ends(model, workers).embed(sequence, states, row);
                row += sequence.length;
            }
            carry(states, 0, half, RouterListener.NONE);
            return states;
        }

        private void carry(float[] states, int from, int to, RouterListener listener) {
            for (int half = from; half < to; half++) {
                LayerWeights weights = LayerWeights.of(spec, model.weights(), half / 2);
                if (half % 2 == 0) {
                    runner.attention(weights, states, batch, LinearObserver.NONE);
                } else {
                    runner.feedForward(weights, states, tokens, LinearObserver.NONE, listener);
                }
            }
        }

        /** A loss and the choices on the way, by layer and token: experts, and for SparseMixer their order and with what each was compared. */
        private record Loss(double value, List<List<Integer>> choices) {}

        private static List<Integer> choices(Router router, Routing routing, int token) {
            List<Integer> experts = Arrays.stream(routing.experts(), token * routing.chosen(), (token + 1) * routing.chosen()).sorted().boxed().toList();
            if (!(router.score() instanceof Router.Score.SparseMixer mixer)) {
                return experts;
            }
            float[] logits = Arrays.copyOfRange(routing.logits(), token * router.experts(), (token + 1) * router.experts());
            List<Integer> choices = new ArrayList<>(experts);
            choices.sort(Comparator.comparingDouble(e -> -logits[e]));
            for (int best : experts) {
                for (int e = 0; e < logits.length; e++) {
                    choices.add(mixer.near(logits[e], logits[best]) ? e : -1);
                }
            }
            return choices;
        }

        /** Loss of the states before that half. */
        private Loss loss(int half, float[] states) {
            List<List<Integer>> choices = new ArrayList<>();
            carry(states, half, 2 * spec.layers().size(), (layer, routing) -> {
                for (int t = 0; t < tokens; t++) {
                    choices.add(choices(spec.mixture(layer).router(), routing, t));
                }
            });
            int vocabulary = spec.vocabularySize();
            float[] logits = new float[tokens * vocabulary];
            new Ends(model, workers).logits(states, 0, tokens, logits);
            double loss = 0;
            int row = 0;
            for (int[] sequence : sequences) {
                for (int t = 0; t + 1 < sequence.length; t++) {
                    int at = (row + t) * vocabulary;
                    loss += Logits.logSum(logits, at, vocabulary) - logits[at + sequence[t + 1]];
                }
                row += sequence.length;
            }
            return new Loss(loss, choices);
        }
    }
}
