package org.mojave.engine.run;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Continues a prompt token by token. Pair it with a {@code TokenStream} to get text.
 *
 * <p>Example: {@code new Generator(model, decoder).run(new Generator.Request(ids, 128, model.endTokens()), sampler, token -> …)}
 */
public final class Generator {
    /** Prompt tokens computed at a time; bounds the memory for activations. */
    public static final int PROMPT_CHUNK = 512;

    private final int contextLength;
    private final Decoder decoder;

    /** Continues with that model's decoder. */
    public Generator(Model model, Decoder decoder) {
        this.contextLength = model.contextLength();
        this.decoder = decoder;
    }

    /**
     * What to continue.
     *
     * @param prompt token ids, at least one
     * @param most new tokens at most
     * @param ends ids that end the text; they are not handed out
     */
    public record Request(int[] prompt, int most, Set<Integer> ends) {
        /** Checks that there is something to do. */
        public Request {
            if (prompt.length == 0) {
                throw new IllegalArgumentException("the prompt is empty");
            }
            if (most < 1) {
                throw new IllegalArgumentException("at least one new token must be asked for, not " + most);
            }
            ends = Set.copyOf(ends);
        }
    }

    /** Why a text ended. */
    public enum Stop {
        /** The model ended it. */
        END_OF_TEXT,
        /** As many tokens as asked for. */
        MOST_TOKENS,
        /** The model's context is full. */
        CONTEXT_FULL
    }

    /**
     * How it went. The first new token comes out of the prompt's computation; generation time counts from there.
     *
     * @param promptTokens tokens of the prompt
     * @param newTokens tokens handed out
     * @param steps decoding steps after the prompt
     * @param promptNanos time for the prompt
     * @param generationNanos time for the steps
     * @param stop why it ended
     */
    public record Report(int promptTokens, int newTokens, int steps, long promptNanos, long generationNanos, Stop stop) {
        /** Prompt tokens per second. */
        public double promptSpeed() {
            return promptTokens * 1e9 / Math.max(1, promptNanos);
        }

        /** Decoding steps per second; 0 where there were none. */
        public double generationSpeed() {
            return steps * 1e9 / Math.max(1, generationNanos);
        }
    }

    /**
     * Continues the prompt and hands out each new token as it is drawn. Throws IllegalArgumentException for a prompt that
     * does not fit into the model's context.
     */
    public Report run(Request request, Sampler sampler, IntConsumer tokens) {
        int[] prompt = request.prompt();
        if (prompt.length > contextLength) {
            throw new IllegalArgumentException("the prompt has " + prompt.length + " tokens, more than the model's context of "
                    + contextLength + "; shorten it");
        }
        KvCache cache = decoder.newCache((int) Math.min(contextLength, (long) prompt.length + request.most()));
        long start = System.nanoTime();
        float[] logits = null;
        for (int first = 0; first < prompt.length; first += PROMPT_CHUNK) {
            int[] part = Arrays.copyOfRange(prompt, first, Math.min(prompt.length, first + PROMPT_CHUNK));
            logits = step(cache, part);
        }
        long prompted = System.nanoTime();
        sampler.accept(prompt);
        int made = 0;
        int steps = 0;
        while (true) {
            int token = sampler.next(logits);
            Stop stop = null;
            if (request.ends().contains(token)) {
                stop = Stop.END_OF_TEXT;
            } else {
                tokens.accept(token);
                made++;
                stop = made == request.most() ? Stop.MOST_TOKENS : cache.length() == contextLength ? Stop.CONTEXT_FULL : null;
            }
            if (stop != null) {
                return new Report(prompt.length, made, steps, prompted - start, System.nanoTime() - prompted, stop);
            }
            logits = step(cache, new int[] {token});
            steps++;
        }
    }

    private float[] step(KvCache cache, int[] tokens) {
        return decoder.last(List.of(new Decoder.Chunk(cache, tokens))).getFirst();
    }
}
