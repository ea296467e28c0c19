package org.mojave.compress.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class BeamSearchTest {
    private static final int VOCABULARY = 40;
    private static final int LAYERS = 3;
    private static final int EXPERTS = 5;

    /** Logits and routes that depend on the last two tokens only. */
    private record ToyModel(long seed) {
        float[] logits(int[] tokens) {
            Random random = new Random(seed + hash(tokens));
            float[] logits = new float[VOCABULARY];
            for (int i = 0; i < VOCABULARY; i++) {
                logits[i] = 3 * (float) random.nextGaussian();
            }
            return logits;
        }

        int route(int[] tokens, int length, int layer) {
            return Math.floorMod(hash(Arrays.copyOf(tokens, length)) * (layer + 3), EXPERTS);
        }

        private static int hash(int[] tokens) {
            return 31 * tokens[tokens.length - 1] + (tokens.length > 1 ? 7 * tokens[tokens.length - 2] : 0);
        }
    }

    private static BitSet all() {
        BitSet all = new BitSet();
        all.set(0, VOCABULARY);
        return all;
    }

    private static BeamSearch search(BeamSettings settings, BitSet allowed, long seed) {
        return new BeamSearch(settings, allowed, new int[0], new ExpertTally(LAYERS, EXPERTS), new Random(seed));
    }

    private static void see(ToyModel model, Beam beam) {
        for (int layer = 0; layer < LAYERS; layer++) {
            beam.use().add(layer, model.route(beam.tokens(), beam.tokens().length, layer));
        }
    }

    private static void grow(ToyModel model, BeamSearch search) {
        List<float[]> logits = new ArrayList<>();
        for (Beam beam : search.beams()) {
            see(model, beam);
            logits.add(model.logits(beam.tokens()));
        }
        search.grow(logits);
    }

    /** The best scores over the whole vocabulary of every beam, one extension after the other. */
    private static List<Double> bestScores(ToyModel model, BeamSettings settings, List<Beam> beams) {
        List<Double> scores = new ArrayList<>();
        for (Beam beam : beams) {
            float[] logits = model.logits(beam.tokens());
            double sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit);
            }
            for (int token = 0; token < VOCABULARY; token++) {
                int[] longer = Arrays.copyOf(beam.tokens(), beam.tokens().length + 1);
                longer[beam.tokens().length] = token;
                if (isFree(longer, settings)) {
                    scores.add(-(beam.logProbability() + Math.log(Math.exp(logits[token]) / sum)) / longer.length
                            + beam.use().histogram().imbalance() / settings.tau());
                }
            }
        }
        return scores.stream().sorted().limit(settings.width()).toList();
    }

    /** Whether no n-gram appears twice and no run is too long. */
    private static boolean isFree(int[] tokens, BeamSettings settings) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; settings.ngram() > 0 && i + settings.ngram() <= tokens.length; i++) {
            if (!seen.add(Arrays.toString(Arrays.copyOfRange(tokens, i, i + settings.ngram())))) {
                return false;
            }
        }
        int run = 1;
        for (int i = 1; i < tokens.length; i++) {
            run = tokens[i] == tokens[i - 1] ? run + 1 : 1;
            if (settings.run() > 0 && run > settings.run()) {
                return false;
            }
        }
        return true;
    }

    @Test
    void everyStepKeepsTheBestOfTheWholeVocabulary() {
        for (long seed = 0; seed < 20; seed++) {
            BeamSettings settings = new BeamSettings(40, 4, 0.05 * (1 + seed), seed % 3 == 0 ? 0 : 3, (int) (seed % 2) * 2);
            ToyModel model = new ToyModel(seed);
            BeamSearch search = search(settings, all(), seed);
            while (!search.isComplete()) {
                List<Beam> before = search.beams();
                grow(model, search);
                if (before.getFirst().tokens().length < 3) {
                    assertThat(search.beams()).as("tokens two and three are drawn").hasSize(1);
                    continue;
                }
                List<Double> expected = bestScores(model, settings, before);
                assertThat(search.beams()).as("seed %d", seed).hasSize(expected.size());
                for (int b = 0; b < expected.size(); b++) {
                    Beam beam = search.beams().get(b);
                    assertThat(beam.score()).as("seed %d", seed).isCloseTo(expected.get(b), Offset.offset(1e-6));
                    int[] parent = before.get(search.parents()[b]).tokens();
                    assertThat(Arrays.copyOf(beam.tokens(), parent.length)).isEqualTo(parent);
                }
            }
            assertThat(search.beams().stream().map(beam -> Arrays.toString(beam.tokens()))).doesNotHaveDuplicates();
        }
    }

    @Test
    void balanceCountsForMoreTheSmallerTau() {
        double even = 0;
        double probable = 0;
        for (long seed = 0; seed < 30; seed++) {
            even += imbalance(0.001, seed);
            probable += imbalance(1000, seed);
        }
        assertThat(even).isLessThan(0.9 * probable);
    }

    private static double imbalance(double tau, long seed) {
        ToyModel model = new ToyModel(seed);
        BeamSearch search = search(new BeamSettings(60, 4, tau, 4, 3), all(), seed);
        while (!search.isComplete()) {
            grow(model, search);
        }
        Beam best = search.beams().getFirst();
        see(model, best);
        return best.use().histogram().imbalance();
    }

    @Test
    void guardsHoldWherePlainSearchLoops() {
        ToyModel model = new ToyModel(3);
        BeamSearch plain = search(new BeamSettings(120, 2, 1.2, 0, 0), all(), 1);
        BeamSettings guarded = new BeamSettings(120, 2, 1.2, 4, 3);
        BeamSearch careful = search(guarded, all(), 1);
        while (!plain.isComplete()) {
            grow(model, plain);
            grow(model, careful);
        }
        assertThat(isFree(plain.beams().getFirst().tokens(), guarded)).isFalse();
        assertThat(isFree(careful.beams().getFirst().tokens(), guarded)).isTrue();
    }

    @Test
    void onlyAllowedTokensAppear() {
        BitSet odd = new BitSet();
        for (int id = 1; id < VOCABULARY; id += 2) {
            odd.set(id);
        }
        ToyModel model = new ToyModel(5);
        for (long seed = 0; seed < 10; seed++) {
            BeamSearch search = search(new BeamSettings(30, 3, 1.2, 4, 3), odd, seed);
            while (!search.isComplete()) {
                grow(model, search);
            }
            assertThat(search.beams()).allSatisfy(beam -> assertThat(Arrays.stream(beam.tokens())).allMatch(id -> id % 2 == 1));
        }
    }

    @Test
    void theTallyKnowsTheImbalanceOfItsHistogram() {
        Random random = new Random(11);
        ExpertTally tally = new ExpertTally(LAYERS, EXPERTS);
        assertThat(tally.imbalance()).isZero();
        for (int i = 0; i < 500; i++) {
            tally.add(random.nextInt(LAYERS), (int) (EXPERTS * Math.pow(random.nextDouble(), 2)));
            assertThat(tally.imbalance()).isCloseTo(tally.histogram().imbalance(), Offset.offset(1e-12));
        }
        ExpertTally copy = new ExpertTally(tally);
        copy.add(0, 0);
        assertThat(tally.histogram().counts()).isNotEqualTo(copy.histogram().counts());
    }
}
