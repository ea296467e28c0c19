package org.mojave.compress.calibrate;

import java.util.Arrays;
import java.util.Optional;
import org.mojave.engine.run.Batch;
import org.mojave.engine.run.Ends;
import org.mojave.engine.run.LayerRunner;
import org.mojave.engine.run.LayerWeights;
import org.mojave.engine.run.LinearObserver;
import org.mojave.engine.run.RouterListener;
import org.mojave.engine.run.Routing;

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

    /** Number of chunks. */
    int chunks() {
        return Math.ceilDiv(sequences, chunkSequences(length));
    }

    /** Shows the inputs of a half layer's matrices to the observer, for one chunk; the states stay as they are. */
    void observe(int number, LayerWeights weights, InputGroup.Half half, LinearObserver observer, RouterListener listener) {
        int tokens = read(number);
        switch (half) {
            case ATTENTION -> attention(weights, tokens, observer);
            case FEED_FORWARD -> runner.feedForward(weights, chunk, tokens, observer, listener);
        }
    }

    /** As {@link #observe}, with the experts that {@code routing} names; empty for a half without a router. */
    void observeRouted(int number, LayerWeights weights, InputGroup.Half half, Optional<Routing> routing, LinearObserver observer) {
        if (routing.isEmpty()) {
            observe(number, weights, half, observer, RouterListener.NONE);
            return;
        }
        read(number);
        runner.feedForward(weights, chunk, routing.get(), observer);
    }

    /** Shows the inputs of a half layer's matrices to the observer, for all tokens; the states stay as they are. */
    public void look(LayerWeights weights, InputGroup.Half half, LinearObserver observer) {
        for (int number = 0; number < chunks(); number++) {
            observe(number, weights, half, observer, RouterListener.NONE);
        }
    }

    /**
     * What the half layer makes of the states of some sequences, [tokens, width]: one chunk of them, spread evenly over all. The states
     * stay as they are.
     */
    public float[] trial(LayerWeights weights, InputGroup.Half half) {
        int count = Math.min(sequences, chunkSequences(length));
        int width = states.width();
        float[] sequence = new float[length * width];
        for (int i = 0; i < count; i++) {
            states.read((int) ((long) i * sequences / count) * length, length, sequence);
            System.arraycopy(sequence, 0, chunk, i * sequence.length, sequence.length);
        }
        switch (half) {
            case ATTENTION -> attention(weights, count * length, LinearObserver.NONE);
            case FEED_FORWARD -> runner.feedForward(weights, chunk, count * length, LinearObserver.NONE, RouterListener.NONE);
        }
        return Arrays.copyOf(chunk, count * sequence.length);
    }

    /** Shows input and output of a layer's router for one chunk; the states stay as they are. */
    void observeRouter(int number, LayerWeights weights, LinearObserver observer, RouterListener listener) {
        runner.route(weights, chunk, read(number), observer, listener);
    }

    /** Hears what the router chose for some sequences in order, the first of which has that number. */
    interface Choices {
        void made(int firstSequence, Routing routing);
    }

    /** Replaces the states by what the half layer makes of them. */
    public void carry(LayerWeights weights, InputGroup.Half half) {
        carry(weights, half, (_, _) -> { });
    }

    /** As {@link #carry(LayerWeights, InputGroup.Half)}, telling the router's choices. */
    void carry(LayerWeights weights, InputGroup.Half half, Choices choices) {
        for (int number = 0; number < chunks(); number++) {
            int firstSequence = number * chunkSequences(length);
            observe(number, weights, half, LinearObserver.NONE, (_, routing) -> choices.made(firstSequence, routing));
            states.write(number * chunkSequences(length) * length, chunkLength(number), chunk);
        }
    }

    /** As {@link #carry(LayerWeights, InputGroup.Half)}, showing every input and choice on the way. */
    void carryObserved(LayerWeights weights, InputGroup.Half half, LinearObserver observer, RouterListener listener) {
        for (int number = 0; number < chunks(); number++) {
            observe(number, weights, half, observer, listener);
            states.write(number * chunkSequences(length) * length, chunkLength(number), chunk);
        }
    }

    private int chunkLength(int number) {
        return Math.min(chunkSequences(length), sequences - number * chunkSequences(length)) * length;
    }

    /** Reads a chunk's states; returns its tokens. */
    private int read(int number) {
        int tokens = chunkLength(number);
        states.read(number * chunkSequences(length) * length, tokens, chunk);
        return tokens;
    }

    private void attention(LayerWeights weights, int tokens, LinearObserver observer) {
        int[] lengths = new int[tokens / length];
        Arrays.fill(lengths, length);
        runner.attention(weights, chunk, Batch.whole(lengths), observer);
    }
}
