package org.mojave.compress.calibrate;

import java.util.HashMap;
import java.util.Map;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.LinearObserver;

/** Mean magnitude of each input channel of some matrices, over the tokens that reach them. Takes a few numbers a channel. */
public final class Magnitudes implements LinearObserver {
    /** Running sums of one input. */
    private static final class Sums {
        private final double[] channels;
        private long tokens;

        Sums(int columns) {
            channels = new double[columns];
        }
    }

    private final Map<MatrixId, Sums> sums = new HashMap<>();

    /** Of the inputs of these matrices, which have so many columns each. */
    public Magnitudes(Map<MatrixId, Integer> columns) {
        columns.forEach((id, count) -> sums.put(id, new Sums(count)));
    }

    @Override
    public void input(MatrixId id, float[] x, int tokens, float[] affinity) {
        Sums own = sums.get(id);
        if (own == null) {
            return;
        }
        double[] channels = own.channels;
        for (int t = 0; t < tokens; t++) {
            for (int c = 0; c < channels.length; c++) {
                channels[c] += Math.abs(x[t * channels.length + c]);
            }
        }
        own.tokens += tokens;
    }

    /** Tokens that reached a matrix. */
    public long tokens(MatrixId id) {
        return sums.get(id).tokens;
    }

    /** Mean |x| per channel; of a matrix that some token reached. */
    public float[] mean(MatrixId id) {
        Sums own = sums.get(id);
        float[] mean = new float[own.channels.length];
        for (int c = 0; c < mean.length; c++) {
            mean[c] = (float) (own.channels[c] / own.tokens);
        }
        return mean;
    }
}
