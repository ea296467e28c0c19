package org.mojave.engine.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Continues a prompt token by token. Pair it with a {@code TokenStream} to get text.
 *
 * <p>Example: {@code new Generator(model, decoder).run(new Generator.Request(ids, 128, model.endTokens()), sampler, token -> …)}
 */
public final class Generator {
    /** Prompt tokens computed at a time; bounds the memory for activations. */
    public static final int PROMPT_CHUNK = 512;

    private final int contextLength;
    private final int vocabularySize;
    private final Decoder decoder;
    private final RouterListener listener;

    /** Continues with that model's decoder. */
    public Generator(Model model, Decoder decoder) {
        this(model, decoder, RouterListener.NONE);
    }

    /** As {@link #Generator(Model, Decoder)}, reporting the router's choices. */
    public Generator(Model model, Decoder decoder, RouterListener listener) {
        this.contextLength = model.contextLength();
        this.vocabularySize = model.vocabularySize();
        this.decoder = decoder;
        this.listener = listener;
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

    /** One of several texts, and what draws its tokens. */
    public record Voice(Request request, Sampler sampler) {}

    /** Receives the tokens of several texts. */
    @FunctionalInterface
    public interface TextTokens {
        /** A new token of text {@code text}. */
        void accept(int text, int token);
    }

    /** A text that grows. */
    private final class Text {
        private final Request request;
        private final Sampler sampler;
        private final KvCache cache;
        private final long start = System.nanoTime();
        private long prompted;
        private int last;
        private int made;
        private int steps;
        private Stop stop;

        Text(Request request, Sampler sampler) {
            int length = request.prompt().length;
            if (length > contextLength) {
                throw new IllegalArgumentException("the prompt has " + length + " tokens, more than the model's context of " + contextLength
                        + "; shorten it");
            }
            this.request = request;
            this.sampler = sampler;
            cache = decoder.newCache((int) Math.min(contextLength, (long) length + request.most()));
        }

        /** Computes the prompt and returns the logits after it. */
        float[] prompt() {
            int[] prompt = request.prompt();
            float[] logits = null;
            for (int first = 0; first < prompt.length; first += PROMPT_CHUNK) {
                int[] part = Arrays.copyOfRange(prompt, first, Math.min(prompt.length, first + PROMPT_CHUNK));
                logits = decoder.last(List.of(new Decoder.Chunk(cache, part)), listener).getFirst();
            }
            prompted = System.nanoTime();
            sampler.accept(prompt);
            return logits;
        }

        /** Draws the next token and hands it out, unless it ends the text. */
        void draw(float[] logits, IntConsumer tokens) {
            last = sampler.next(logits);
            if (request.ends().contains(last)) {
                stop = Stop.END_OF_TEXT;
                return;
            }
            tokens.accept(last);
            made++;
            stop = made == request.most() ? Stop.MOST_TOKENS : cache.length() == contextLength ? Stop.CONTEXT_FULL : null;
        }

        Report report(long begun) {
            return new Report(request.prompt().length, made, steps, prompted - start, System.nanoTime() - begun, stop);
        }
    }

    /**
     * Continues the prompt and hands out each new token as it is drawn. Throws IllegalArgumentException for a prompt that
     * does not fit into the model's context.
     */
    public Report run(Request request, Sampler sampler, IntConsumer tokens) {
        Text text = new Text(request, sampler);
        text.draw(text.prompt(), tokens);
        while (text.stop == null) {
            float[] logits = decoder.last(List.of(new Decoder.Chunk(text.cache, new int[] {text.last})), listener).getFirst();
            text.steps++;
            text.draw(logits, tokens);
        }
        return text.report(text.prompted);
    }

    /**
     * Continues several prompts: computes one after the other, then adds a token to each text at a time ({@link Decoder#step}) until all
     * have ended. Each text is the one that {@link #run} gives it, to the bit. A report's generation time is that of all texts until that
     * one ended.
     */
    public List<Report> together(List<Voice> voices, TextTokens tokens) {
        List<Text> texts = new ArrayList<>();
        List<float[]> prompted = new ArrayList<>();
        for (Voice voice : voices) {
            Text text = new Text(voice.request(), voice.sampler());
            texts.add(text);
            prompted.add(text.prompt());
        }
        Report[] reports = new Report[texts.size()];
        long begun = System.nanoTime();
        for (int i = 0; i < reports.length; i++) {
            int number = i;
            texts.get(i).draw(prompted.get(i), token -> tokens.accept(number, token));
            reports[i] = texts.get(i).report(begun);
        }
        float[] logits = new float[Math.multiplyExact(reports.length, vocabularySize)];
        List<Integer> growing = growing(texts);
        while (!growing.isEmpty()) {
            List<KvCache> caches = growing.stream().map(i -> texts.get(i).cache).toList();
            decoder.step(new Decoder.Step(caches, growing.stream().mapToInt(i -> texts.get(i).last).toArray()), listener, logits);
            for (int row = 0; row < growing.size(); row++) {
                int number = growing.get(row);
                Text text = texts.get(number);
                text.steps++;
                text.draw(Arrays.copyOfRange(logits, row * vocabularySize, (row + 1) * vocabularySize), token -> tokens.accept(number, token));
                reports[number] = text.report(begun);
            }
            growing = growing(texts);
        }
        return List.of(reports);
    }

    private static List<Integer> growing(List<Text> texts) {
        return IntStream.range(0, texts.size()).filter(i -> texts.get(i).stop == null).boxed().toList();
    }
}
