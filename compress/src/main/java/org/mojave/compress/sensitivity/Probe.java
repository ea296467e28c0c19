package org.mojave.compress.sensitivity;

import java.util.Arrays;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.engine.run.Batch;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.RouterListener;

/**
 * Takes the states of a few whole sequences through half a layer.
 *
 * @param runner computes
 * @param lengths tokens of each sequence
 */
record Probe(LayerRunner runner, int[] lengths) {
    /** Tokens of all sequences. */
    int tokens() {
        return Arrays.stream(lengths).sum();
    }

    /** Replaces {@code states} [tokens, hidden] by what the half layer makes of them. */
    void run(LayerWeights weights, InputGroup.Half half, float[] states, LinearObserver observer) {
        run(weights, half, states, observer, RouterListener.NONE);
    }

    /** The same, telling what the router chooses. */
    void run(LayerWeights weights, InputGroup.Half half, float[] states, LinearObserver observer, RouterListener listener) {
        switch (half) {
            case ATTENTION -> runner.attention(weights, states, Batch.whole(lengths), observer);
            case FEED_FORWARD -> runner.feedForward(weights, states, tokens(), observer, listener);
        }
    }
}
