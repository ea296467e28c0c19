package org.mojave.compress.allocate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.compress.GoldenFolder;
import tools.jackson.databind.JsonNode;

/** The reference program against recorded answers of Mixture Compressor's own code, and against enumeration. */
class PmqProgramTest {
    @ParameterizedTest
    @ValueSource(strings = {"pmq", "pmq_raw"})
    void everyRecordedAllocationIsReproduced(String file) {
        JsonNode golden = GoldenFolder.of("mcmoe").json(file);
        assertThat(PmqGoldens.compare(golden)).isEqualTo(file.equals("pmq") ? 4 * 9 : 2 * 7);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4})
    void dynamicProgramEqualsEnumeration(int widest) {
        long seed = 71L + widest;
        Random random = new Random(seed);
        PmqProgram program = PmqProgram.reference(IntStream.rangeClosed(1, widest).boxed().toList());
        for (int round = 0; round < 20; round++) {
            PmqLayer layer = layer(random, 5, widest);
            for (int budget = 8; budget <= 5 * widest; budget++) {
                PmqProgram.Answer answer = program.solve(layer, budget);
                double best = enumerate(program, layer, budget);
                assertThat(answer.cost()).as("seed %d round %d budget %d", seed, round, budget).isCloseTo(best, within(1e-9 * best));
                assertThat(answer.bits()).contains(2, 3);
                assertThat(answer.bits().stream().mapToInt(Integer::intValue).sum()).isLessThanOrEqualTo(budget);
            }
        }
    }

    @Test
    void equalCostsTakeFewerBitsThenLowerExpertsLower() {
        PmqLayer layer = new PmqLayer(new double[] {1, 1, 1}, new double[] {1, 1, 1},
                new double[][] {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}});
        assertThat(PmqProgram.reference(List.of(1, 2, 3)).solve(layer, 9).bits()).containsExactly(1, 2, 3);
    }

    @Test
    void budgetBelowTheRequiredWidthsIsRefused() {
        PmqLayer layer = layer(new Random(3), 4, 3);
        PmqProgram program = PmqProgram.reference(List.of(1, 2, 3));
        assertThat(program.solve(layer, 7).bits()).hasSize(4);
        assertThatThrownBy(() -> program.solve(layer, 6)).hasMessageContaining("6 bits are too few for 4 experts");
        assertThatThrownBy(() -> program.solve(layer, -1)).hasMessageContaining("too few");
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> new PmqProgram(List.of(1, 3), Set.of(2), 1, 1.5, true)).hasMessageContaining("[2]");
        assertThatThrownBy(() -> new PmqLayer(new double[] {1}, new double[] {Double.NaN}, new double[][] {{1}}))
                .hasMessageContaining("weight of expert 0 is NaN");
        PmqLayer silent = new PmqLayer(new double[2], new double[2], new double[2][3]);
        assertThatThrownBy(() -> PmqProgram.reference(List.of(1, 2, 3)).solve(silent, 6)).hasMessageContaining("no token reached");
    }

    private static PmqLayer layer(Random random, int experts, int widths) {
        double[][] error = new double[experts][widths];
        for (double[] row : error) {
            for (int w = 0; w < widths; w++) {
                row[w] = (1 + random.nextDouble()) * Math.pow(0.4, w);
            }
        }
        return new PmqLayer(random.doubles(experts).toArray(), random.doubles(experts).toArray(), error);
    }

    private static double enumerate(PmqProgram program, PmqLayer layer, int budget) {
        double[][] costs = program.costs(layer);
        int widths = program.widths().size();
        double best = Double.POSITIVE_INFINITY;
        for (int code = 0; code < Math.pow(widths, layer.experts()); code++) {
            int rest = code;
            int bits = 0;
            int seen = 0;
            double cost = 0;
            for (int e = 0; e < layer.experts(); e++) {
                int w = rest % widths;
                rest /= widths;
                bits += w + 1;
                seen |= 1 << w;
                cost += costs[e][w];
            }
            if (bits <= budget && (seen & 6) == 6) {
                best = Math.min(best, cost);
            }
        }
        return best;
    }
}
