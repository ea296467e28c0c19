package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.engine.kernel.CrossGram;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.Workers;

class ActivationMatchTest {
    private static final long SEED = 77;
    private static final int ROWS = 12;
    private static final int COLUMNS = 48;
    private static final int TOKENS = 500;

    private final QuantizerSamples samples = QuantizerSamples.correlated(SEED, ROWS, COLUMNS, TOKENS);
    private final LinearAlgebra algebra = LinearAlgebra.preferred();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void movesToTheLeastSquaresFit(boolean activationOrder) {
        float[] original = samples.inputs().clone();
        float[] differences = new float[original.length];
        Random random = new Random(SEED);
        for (int i = 0; i < original.length; i++) {
            original[i] = 0.8f * original[i] + 0.3f * original[i / COLUMNS * COLUMNS + (i + 1) % COLUMNS] + 0.1f * (float) random.nextGaussian();
            differences[i] = original[i] - samples.inputs()[i];
        }
        CrossGram cross = new CrossGram(COLUMNS);
        try (Workers workers = new Workers(2)) {
            cross.add(differences, samples.inputs(), TOKENS, workers);
        }
        HessianFactor factor = HessianFactor.of(samples.hessian(), activationOrder, 1e-6, algebra);
        WeightMatrix moved = ActivationMatch.of(cross.matrix(), factor, algebra).apply(samples.weights(), algebra);
        double least = error(moved.values(), original);
        assertThat(least).as("seed %d", SEED).isLessThan(0.2 * error(samples.weights().values(), original));
        for (int i = 0; i < moved.values().length; i += 7) {
            for (float step : new float[] {-1e-3f, 1e-3f}) {
                float[] other = moved.values().clone();
                other[i] += step;
                assertThat(error(other, original)).as("weight %d, seed %d", i, SEED).isGreaterThan(least);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void equalInputsMoveNothing(boolean activationOrder) {
        HessianFactor factor = HessianFactor.of(samples.hessian(), activationOrder, 0.01, algebra);
        float[] moved = ActivationMatch.of(new float[COLUMNS * COLUMNS], factor, algebra).apply(samples.weights(), algebra).values();
        assertThat(moved).isEqualTo(samples.weights().values());
    }

    /** Σ |W'·x − W·x_original|². */
    private double error(float[] weights, float[] original) {
        double sum = 0;
        for (int t = 0; t < TOKENS; t++) {
            for (int r = 0; r < ROWS; r++) {
                double difference = 0;
                for (int c = 0; c < COLUMNS; c++) {
                    difference += (double) weights[r * COLUMNS + c] * samples.inputs()[t * COLUMNS + c]
                            - (double) samples.weights().values()[r * COLUMNS + c] * original[t * COLUMNS + c];
                }
                sum += difference * difference;
            }
        }
        return sum;
    }
}
