package org.mojave.compress.calibrate;

import java.util.Arrays;
import org.mojave.engine.run.Batch;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.RouterListener;

/**
 * Takes all calibration sequences through half a layer, a chunk of sequences at a time. The chunks depend on the length of
 * the sequences alone, never on the memory given, because they decide the order in which floats are added.
 */
public final class LayerPass {
    private static final int CHUNK_TOKENS = 2048;

    private final LayerRunner runner;
    private final HiddenStates states;
    private final int sequences;
    private final int length;
    private final float[] chunk;

    /** For states of {@code sequences · length} tokens of that width. */
    public LayerPass(LayerRunner runner, HiddenStates states, TokenSequences tokens, int width) {
        this.runner = runner;
        this.states = states;
        this.sequences = tokens.count();
        this.length = tokens.length();
        chunk = new float[Math.multiplyExact(chunkTokens(sequences, length), width)];
    }

    /** Most tokens that are taken through a layer at once. */
    public static int chunkTokens(int sequences, int length) {
        return Math.min(sequences, chunkSequences(length)) * length;
    }

    private static int chunkSequences(int length) {
        return Math.max(1, CHUNK_TOKENS / length);
    }

    /** Fills the states with the embeddings of the tokens. */
    public void embed(Ends ends, TokenSequences tokens) {
        for (int s = 0; s < sequences; s++) {
            ends.embed(tokens.sequences().get(s), chunk, 0);
            states.write(s * length, length, chunk);
        }
    }

    /** Shows the inputs of a half layer's matrices to the observer; the states stay as they are. */
    public void observe(LayerWeights weights, InputGroup.Half half, LinearObserver observer) {
        run(weights, half, observer, false);
    }

    /** Replaces the states by what the half layer makes of them. */
    public void carry(LayerWeights weights, InputGroup.Half half) {
        run(weights, half, LinearObserver.NONE, true);
    }

    private void run(LayerWeights weights, InputGroup.Half half, LinearObserver observer, boolean keep) {
        for (int first = 0; first < sequences; first += chunkSequences(length)) {
            int count = Math.min(chunkSequences(length), sequences - first);
            int tokens = count * length;
            states.read(first * length, tokens, chunk);
            switch (half) {
                case ATTENTION -> {
                    int[] lengths = new int[count];
                    Arrays.fill(lengths, length);
                    runner.attention(weights, chunk, Batch.whole(lengths), observer);
                }
                case FEED_FORWARD -> runner.feedForward(weights, chunk, tokens, observer, RouterListener.NONE);
            }
            if (keep) {
                states.write(first * length, tokens, chunk);
            }
        }
    }
}
