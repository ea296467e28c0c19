package org.mojave.engine.bounded;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.mojave.engine.model.FeedForward;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.run.NeuronChoice;

/**
 * A mode that leaves out parts of experts at work: of each expert and token the same share, those of the smallest scores, as the mode or the
 * log of an earlier run decides. For one decoder.
 *
 * <p>Example: {@code BoundedNeurons.deciding(spec, new Mode.GateFirst(50), Optional.empty())}.
 */
public final class BoundedNeurons implements NeuronChoice {
    private static final Comparator<Question> ORDER = Comparator.comparingInt(Question::token).thenComparingInt(Question::expert)
            .thenComparing(Question::part);

    private final Mode.OfNeurons mode;
    private final Optional<DecisionLog.Replay> replay;
    private final Optional<DecisionLog.Writer> log;
    /** Of the layer at work: decisions so far, and those of the earlier run. */
    private final TreeMap<Question, DecisionLog.Blocks> decided = new TreeMap<>(ORDER);
    private Map<Question, DecisionLog.Blocks> earlier = new HashMap<>();
    private int step = -1;
    private int lastLayer = Integer.MAX_VALUE;
    private int tokensNow;
    private long tokens;
    private long blocks;
    private long dropped;
    private long bytes;
    private long spared;

    private BoundedNeurons(ModelSpec spec, Mode.OfNeurons mode, Optional<DecisionLog.Replay> replay, Optional<DecisionLog.Writer> log) {
        if (spec.layers().stream().noneMatch(layer -> layer.feedForward() instanceof FeedForward.Mixture)) {
            throw new IllegalArgumentException("the model has no experts to leave parts out of");
        }
        this.mode = mode;
        this.replay = replay;
        this.log = log;
    }

    /** Decides by the mode; {@code log} hears of everything. IllegalArgumentException for a model without experts. */
    public static BoundedNeurons deciding(ModelSpec spec, Mode.OfNeurons mode, Optional<DecisionLog.Writer> log) {
        return new BoundedNeurons(spec, mode, Optional.empty(), log);
    }

    /** Decides as an earlier run did. */
    public static BoundedNeurons replaying(ModelSpec spec, DecisionLog decisions, Optional<DecisionLog.Writer> log) {
        if (!(decisions.mode() instanceof Mode.OfNeurons mode)) {
            throw new IllegalArgumentException("decisions of mode " + decisions.mode().text() + " are not about neurons");
        }
        return new BoundedNeurons(spec, mode, Optional.of(decisions.replay()), log);
    }

    @Override
    public Way way() {
        return mode.way();
    }

    @Override
    public void begins(int layer, int callTokens) {
        step += layer <= lastLayer ? 1 : 0;
        tokensNow = layer <= lastLayer ? callTokens : 0;
        lastLayer = layer;
        decided.clear();
        if (replay.isPresent()) {
            earlier = replay.get().blocks(step, layer);
        }
    }

    @Override
    public BitSet kept(Question question, float[] scores) {
        DecisionLog.Blocks answer;
        if (replay.isPresent()) {
            answer = earlier.get(question);
            if (answer == null || answer.count() != scores.length) {
                throw replay.get().foreign(step, question);
            }
        } else {
            answer = new DecisionLog.Blocks(scores.length, largest(scores, kept(scores.length)));
        }
        decided.put(question, answer);
        blocks += scores.length;
        dropped += scores.length - answer.kept().cardinality();
        return answer.kept();
    }

    /** Blocks that stay: rounded up. */
    private int kept(int count) {
        return count - (int) (count * mode.percent() / 100);
    }

    /** The largest scores; of equal ones the first, and what is not a number before all others. */
    static BitSet largest(float[] scores, int count) {
        BitSet found = new BitSet(scores.length);
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        float least = sorted[scores.length - count];
        for (int i = 0; i < scores.length; i++) {
            if (Float.compare(scores[i], least) > 0) {
                found.set(i);
            }
        }
        for (int i = 0; i < scores.length && found.cardinality() < count; i++) {
            if (Float.compare(scores[i], least) == 0) {
                found.set(i);
            }
        }
        return found;
    }

    @Override
    public void ends(int layer, Reads reads) {
        if (decided.isEmpty()) {
            return;
        }
        log.ifPresent(writer -> decided.forEach((question, answer) -> writer.add(step, question, answer)));
        tokens += tokensNow;
        bytes += reads.bytes();
        spared += reads.spared();
    }

    /** Share of the blocks left out so far. */
    public double droppedShare() {
        return blocks == 0 ? 0 : (double) dropped / blocks;
    }

    /** Tokens of whose experts parts were left out. */
    public long tokens() {
        return tokens;
    }

    /** Bytes of experts' weights per such token, were nothing left out. */
    public long bytesPerToken() {
        return tokens == 0 ? 0 : bytes / tokens;
    }

    /** Bytes of them that were read from memory. */
    public long readPerToken() {
        return tokens == 0 ? 0 : (bytes - spared) / tokens;
    }
}
