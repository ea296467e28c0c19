package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.ExactProducts;
import org.mojave.engine.kernel.Matrix;
import org.mojave.engine.kernel.NativeChoice;
import org.mojave.engine.kernel.NativeSupport;
import org.mojave.engine.kernel.ProductPath;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.testkit.Goldens;

/** Parts of experts left out, against whole experts of whose matrices these parts are zero. */
class SparseExpertsTest {
    private static final Path WREN = Path.of(System.getProperty("mojave.root")).resolve("examples/wren-moe");
    private static final long SEED = 47;

    /** Keeps a share of the blocks, drawn by what is asked; remembers what it was asked and how it answered. */
    private static final class Drawn implements NeuronChoice {
        private final Way way;
        private final double share;
        private final Map<Question, BitSet> kept = new HashMap<>();
        private final Map<Question, Integer> blocks = new HashMap<>();
        private Reads reads = new Reads(0, 0);

        Drawn(Way way, double share) {
            this.way = way;
            this.share = share;
        }

        @Override
        public Way way() {
            return way;
        }

        @Override
        public void begins(int layer, int tokens) {}

        @Override
        public BitSet kept(Question question, float[] scores) {
            Random random = new Random(31L * question.layer() + 7L * question.expert() + question.part().name().length());
            BitSet answer = new BitSet();
            for (int i = 0; i < scores.length; i++) {
                answer.set(i, i == 0 || random.nextDouble() < share);
            }
            kept.put(question, answer);
            blocks.put(question, scores.length);
            return answer;
        }

        @Override
        public void ends(int layer, Reads of) {
            reads = of;
        }

        boolean keeps(Question question, int component, int components) {
            int width = 1;
            while (Math.ceilDiv(components, width) > blocks.get(question)) {
                width++;
            }
            return kept.get(question).get(component / width);
        }
    }

    /** A matrix with columns set to zero. */
    private record Zeroed(Matrix whole, boolean[] kept) implements Matrix {
        @Override
        public int rows() {
            return whole.rows();
        }

        @Override
        public int columns() {
            return whole.columns();
        }

        @Override
        public long storedBytes() {
            return whole.storedBytes();
        }

        @Override
        public String storage() {
            return whole.storage();
        }

        @Override
        public void decode(int firstRow, int rowCount, float[] target, int offset) {
            whole.decode(firstRow, rowCount, target, offset);
            for (int i = 0; i < rowCount * columns(); i++) {
                target[offset + i] = kept[i % columns()] ? target[offset + i] : 0;
            }
        }
    }

    private static float[] state(ModelSpec spec, Random random) {
        float[] hidden = new float[spec.hiddenSize()];
        for (int i = 0; i < hidden.length; i++) {
            hidden[i] = (float) random.nextGaussian();
        }
        return hidden;
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3_moe", "deepseek_v3", "llama4", "gpt_oss_mxfp4", "phimoe"})
    void equalsWholeExpertsWithZeros(String name) {
        try (Model model = Model.open(Goldens.ofRepository().folder().resolve(name)); Workers workers = new Workers(2)) {
            ModelSpec spec = model.spec();
            int last = spec.layers().size() - 1;
            LayerWeights weights = LayerWeights.of(spec, model.weights(), last);
            int neurons = ((FeedForward.Mixture) spec.layer(last).feedForward()).intermediate();
            for (NeuronChoice.Way way : NeuronChoice.Way.values()) {
                Drawn choice = new Drawn(way, 0.5);
                float[] hidden = state(spec, new Random(SEED));
                new LayerRunner(spec, workers, RunParts.of(new ExactProducts()).neurons(Optional.of(choice)))
                        .feedForward(weights, hidden, 1, LinearObserver.NONE, RouterListener.NONE);
                assertThat(choice.kept).as("%s, %s", name, way).isNotEmpty();
                Map<MatrixId, Matrix> zeroed = new HashMap<>();
                for (NeuronChoice.Question question : choice.kept.keySet()) {
                    int components = question.part() == NeuronChoice.Part.INPUTS ? spec.hiddenSize() : neurons;
                    boolean[] kept = new boolean[components];
                    for (int i = 0; i < components; i++) {
                        kept[i] = choice.keeps(question, i, components);
                    }
                    for (MatrixRole role : question.part() == NeuronChoice.Part.INPUTS ? List.of(MatrixRole.GATE, MatrixRole.UP) : List.of(MatrixRole.DOWN)) {
                        MatrixId id = new MatrixId(role, last, question.expert());
                        zeroed.put(id, new Zeroed(weights.matrix(id), kept));
                    }
                }
                float[] expected = state(spec, new Random(SEED));
                new LayerRunner(spec, workers).feedForward(weights.with(zeroed), expected, 1, LinearObserver.NONE, RouterListener.NONE);
                assertThat(hidden).as("%s, %s", name, way).isEqualTo(expected);
                float[] whole = state(spec, new Random(SEED));
                new LayerRunner(spec, workers).feedForward(weights, whole, 1, LinearObserver.NONE, RouterListener.NONE);
                assertThat(whole).as("something was left out").isNotEqualTo(hidden);
            }
        }
    }

    private static List<ProductPath> paths() {
        return List.of(new ExactProducts(), ProductPath.vectors(), ProductPath.of(NativeSupport.load(new NativeChoice.Best())));
    }

    private static List<float[]> logits(Model model, ProductPath path, Optional<NeuronChoice> choice, int threads) {
        try (Workers workers = new Workers(threads)) {
            Decoder decoder = new Decoder(model, workers, RunParts.of(model, path).neurons(choice));
            KvCache cache = decoder.newCache(16);
            List<float[]> all = new ArrayList<>(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {3, 1, 4, 1, 5}))));
            for (int token = 7; token < 12; token++) {
                all.addAll(decoder.last(List.of(new Decoder.Chunk(cache, new int[] {token}))));
            }
            return all;
        }
    }

    @ParameterizedTest
    @EnumSource(NeuronChoice.Way.class)
    void keepingEverythingIsExactAndThreadsDoNotMatter(NeuronChoice.Way way) {
        try (Model model = Model.open(WREN)) {
            for (ProductPath path : paths()) {
                List<float[]> exact = logits(model, path, Optional.empty(), 2);
                List<float[]> all = logits(model, path, Optional.of(new Drawn(way, 1)), 2);
                Drawn half = new Drawn(way, 0.5);
                List<float[]> one = logits(model, path, Optional.of(half), 1);
                List<float[]> three = logits(model, path, Optional.of(new Drawn(way, 0.5)), 3);
                for (int i = 0; i < exact.size(); i++) {
                    assertThat(all.get(i)).as("%s, call %d", path.describe(), i).isEqualTo(exact.get(i));
                    assertThat(three.get(i)).as("%s, call %d", path.describe(), i).isEqualTo(one.get(i));
                }
                assertThat(one.getFirst()).as("a prompt is computed exactly").isEqualTo(exact.getFirst());
                assertThat(one.getLast()).isNotEqualTo(exact.getLast());
                assertThat(half.reads.bytes()).isEqualTo(2L * 3 * 256 * 256 * 2);
                assertThat(half.reads.spared()).isBetween(0L, half.reads.bytes() / 2);
            }
        }
    }

    /** Sequences that step together leave out what each would leave out alone. */
    @Test
    void sequencesThatStepTogetherAreThoseThatStepAlone() {
        try (Model model = Model.open(WREN); Workers workers = new Workers(2)) {
            for (NeuronChoice.Way way : NeuronChoice.Way.values()) {
                Decoder decoder = new Decoder(model, workers, RunParts.of(model, new ExactProducts()).neurons(Optional.of(new Drawn(way, 0.4))));
                int vocabulary = model.vocabularySize();
                int[] tokens = {5, 60, 700};
                float[] together = new float[tokens.length * vocabulary];
                decoder.step(new Decoder.Step(List.of(decoder.newCache(1), decoder.newCache(1), decoder.newCache(1)), tokens), RouterListener.NONE, together);
                for (int s = 0; s < tokens.length; s++) {
                    float[] alone = new float[vocabulary];
                    decoder.step(new Decoder.Step(List.of(decoder.newCache(1)), new int[] {tokens[s]}), RouterListener.NONE, alone);
                    assertThat(Arrays.copyOfRange(together, s * vocabulary, (s + 1) * vocabulary)).as("%s, sequence %d", way, s).isEqualTo(alone);
                }
            }
        }
    }

    @Test
    void normsAreThoseOfTheColumns() {
        try (Model model = Model.open(WREN); Workers two = new Workers(2); Workers one = new Workers(1)) {
            Matrix gate = model.weights().matrix(new MatrixId(MatrixRole.GATE, 1, 2));
            Matrix up = model.weights().matrix(new MatrixId(MatrixRole.UP, 1, 2));
            MatrixId id = new MatrixId(MatrixRole.GATE, 1, 2);
            ColumnNorms norms = new ColumnNorms(two);
            float[] found = norms.squares(id, gate, up);
            assertThat(found).isEqualTo(new ColumnNorms(one).squares(id, gate, up)).isSameAs(norms.squares(id, gate, up));
            double[] expected = new double[gate.columns()];
            float[] row = new float[gate.columns()];
            for (int r = 0; r < 2 * gate.rows(); r++) {
                (r < gate.rows() ? gate : up).decode(r % gate.rows(), 1, row, 0);
                for (int c = 0; c < row.length; c++) {
                    expected[c] += (double) row[c] * row[c];
                }
            }
            for (int c = 0; c < expected.length; c++) {
                assertThat((double) found[c]).isCloseTo(expected[c], withinPercentage(0.001));
            }
            assertThat(norms.bytes()).isEqualTo(4L * gate.columns());
            assertThat(ColumnNorms.bytes(model.spec())).isEqualTo(4L * 6 * 16 * (256 + 256));
        }
    }
}
