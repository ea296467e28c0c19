package org.mojave.engine.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mojave.testkit.GoldenModel;
import org.mojave.testkit.Goldens;

/** What every model family must do; inherited once per golden model. */
abstract class ArchitectureContract {
    private static final float LOGIT_TOLERANCE = 1e-4f;
    private static final float WEIGHT_TOLERANCE = 1e-5f;

    /** Folder name in {@code testkit/goldens}. */
    abstract String golden();

    private GoldenModel expected() {
        return Goldens.ofRepository().model(golden());
    }

    @Test
    void logitsEqualTheOfficialOnes() {
        logitsEqual(expected());
    }

    @Test
    void routersChooseTheOfficialExperts() {
        routersEqual(expected());
    }

    @Test
    void greedyTokensAreTheOfficialOnes() {
        greedyEqual(expected());
    }

    @Test
    void promptInChunksGivesTheSame() {
        chunksEqual(expected());
    }

    @Test
    void batchGivesTheSameAsOneByOne() {
        GoldenModel golden = expected();
        try (Model model = Model.open(golden.folder()); GoldenRun run = new GoldenRun(model, 1)) {
            for (int s = 0; s < golden.inputs().length; s++) {
                assertThat(difference(run.logits(new int[][] {golden.inputs()[s]}, 1 << 20), new float[][][] {golden.logits()[s]}))
                        .isLessThan(LOGIT_TOLERANCE);
            }
        }
    }

    @Test
    void threadCountDoesNotChangeOneBit() {
        GoldenModel golden = expected();
        try (Model model = Model.open(golden.folder()); GoldenRun one = new GoldenRun(model, 1);
                GoldenRun two = new GoldenRun(model, 2); GoldenRun three = new GoldenRun(model, 3)) {
            float[][][] first = one.logits(golden.inputs(), 1 << 20);
            assertThat(two.logits(golden.inputs(), 1 << 20)).isDeepEqualTo(first);
            assertThat(three.logits(golden.inputs(), 1 << 20)).isDeepEqualTo(first);
        }
    }

    static void logitsEqual(GoldenModel golden) {
        try (Model model = Model.open(golden.folder()); GoldenRun run = new GoldenRun(model, 2)) {
            assertThat(difference(run.logits(golden.inputs(), 1 << 20), golden.logits())).isLessThan(LOGIT_TOLERANCE);
        }
    }

    static void chunksEqual(GoldenModel golden) {
        try (Model model = Model.open(golden.folder()); GoldenRun run = new GoldenRun(model, 2)) {
            for (int chunk : List.of(1, 5, 16)) {
                float[][][] logits = run.logits(golden.inputs(), chunk);
                assertThat(difference(new float[][][] {lastOf(logits)}, new float[][][] {lastOf(golden.logits())}))
                        .as("chunks of %d", chunk).isLessThan(LOGIT_TOLERANCE);
            }
        }
    }

    static void greedyEqual(GoldenModel golden) {
        try (Model model = Model.open(golden.folder()); GoldenRun run = new GoldenRun(model, 2)) {
            for (int s = 0; s < golden.inputs().length; s++) {
                assertThat(run.greedy(golden.inputs()[s], golden.greedy()[s].length)).isEqualTo(golden.greedy()[s]);
            }
        }
    }

    static void routersEqual(GoldenModel golden) {
        try (Model model = Model.open(golden.folder()); GoldenRun run = new GoldenRun(model, 2)) {
            run.logits(golden.inputs(), 1 << 20);
            assertThat(run.choices()).hasSameSizeAs(golden.routers());
            for (int i = 0; i < golden.routers().size(); i++) {
                GoldenModel.Router expected = golden.routers().get(i);
                GoldenRun.Choice found = run.choices().get(i);
                assertThat(found.layer()).isEqualTo(expected.layer());
                assertThat(found.experts()).as("layer %d", found.layer()).isDeepEqualTo(expected.experts());
                assertThat(difference(new float[][][] {found.weights()}, new float[][][] {expected.weights()}))
                        .isLessThan(WEIGHT_TOLERANCE);
            }
        }
    }

    /** Logits of the last position of every sequence: those that the whole prompt decides. */
    private static float[][] lastOf(float[][][] logits) {
        float[][] last = new float[logits.length][];
        for (int s = 0; s < logits.length; s++) {
            last[s] = logits[s][logits[s].length - 1];
        }
        return last;
    }

    /** Largest absolute difference; infinite where shapes or NaN differ. */
    static float difference(float[][][] found, float[][][] expected) {
        float largest = found.length == expected.length ? 0 : Float.POSITIVE_INFINITY;
        for (int a = 0; a < expected.length; a++) {
            for (int b = 0; b < expected[a].length; b++) {
                for (int c = 0; c < expected[a][b].length; c++) {
                    float difference = Math.abs(found[a][b][c] - expected[a][b][c]);
                    largest = Float.isNaN(difference) ? Float.POSITIVE_INFINITY : Math.max(largest, difference);
                }
            }
        }
        return largest;
    }
}
