package org.mojave.compress.quantize;

import java.util.Random;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.Workers;

/** Seeded weights and calibration inputs that depend on each other, as activations of a trained model do. */
record QuantizerSamples(WeightMatrix weights, float[] inputs, Hessian hessian) {
    /** Inputs are mixtures of a few common directions with some noise; channels differ in size. */
    static QuantizerSamples correlated(long seed, int rows, int columns, int tokens) {
        Random random = new Random(seed);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() * 0.05f;
        }
        int directions = Math.max(1, columns / 8);
        float[] mixing = new float[directions * columns];
        for (int i = 0; i < mixing.length; i++) {
            mixing[i] = (float) (random.nextGaussian() * Math.exp(0.5 * Math.sin(i % columns)));
        }
        float[] inputs = new float[tokens * columns];
        for (int t = 0; t < tokens; t++) {
            for (int d = 0; d < directions; d++) {
                float amount = (float) random.nextGaussian();
                for (int c = 0; c < columns; c++) {
                    inputs[t * columns + c] += amount * mixing[d * columns + c];
                }
            }
            for (int c = 0; c < columns; c++) {
                inputs[t * columns + c] += (float) random.nextGaussian() * 0.3f;
            }
        }
        return new QuantizerSamples(new WeightMatrix("w", rows, columns, values), inputs, hessian(inputs, columns));
    }

    /** The same with some inputs that are always zero. */
    QuantizerSamples withDeadColumns(int... dead) {
        float[] changed = inputs.clone();
        for (int column : dead) {
            for (int at = column; at < changed.length; at += weights.columns()) {
                changed[at] = 0;
            }
        }
        return new QuantizerSamples(weights, changed, hessian(changed, weights.columns()));
    }

    private static Hessian hessian(float[] inputs, int columns) {
        Gram gram = new Gram(columns);
        try (Workers workers = new Workers(1)) {
            gram.add(inputs, inputs.length / columns, workers);
        }
        return Hessian.of(gram);
    }
}
