package org.mojave.engine.run;

import java.util.LinkedHashMap;
import java.util.Map;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.RopeScaling;

/**
 * Cosines and sines of one rope. Frequencies are float32, as in the official code, because golden logits depend on their
 * rounding at long contexts. Some scalings depend on the length of the whole sequence: {@link #regime} tells lengths apart.
 */
public final class Rotations {
    /** Tables for one regime: [positions, dimension / 2]. */
    public record Table(float[] cosines, float[] sines, int positions, int pairs) {}

    private static final int REGIMES_KEPT = 2;

    private final Rope rope;
    private final Map<Integer, Table> tables = new LinkedHashMap<>();

    /** Of that rope. */
    public Rotations(Rope rope) {
        this.rope = rope;
    }

    /** A number that is equal for sequence lengths with equal frequencies. */
    static int regime(Rope rope, int length) {
        return switch (rope.scaling()) {
            case RopeScaling.Dynamic dynamic -> Math.max(length, dynamic.originalLength());
            case RopeScaling.LongRope longRope -> length > longRope.originalLength() ? 1 : 0;
            case RopeScaling.None _, RopeScaling.Linear _, RopeScaling.Yarn _, RopeScaling.Llama3 _ -> 0;
        };
    }

    /** The table for a sequence of that length, with at least that many positions. */
    public Table table(int length) {
        int regime = regime(rope, length);
        Table table = tables.get(regime);
        if (table == null || table.positions() < length) {
            int positions = Math.max(length, table == null ? 64 : 2 * table.positions());
            table = table(frequencies(regime), positions, amplitude(regime));
            tables.put(regime, table);
            if (tables.size() > REGIMES_KEPT) {
                tables.remove(tables.keySet().iterator().next());
            }
        }
        return table;
    }

    private static Table table(float[] frequencies, int positions, float amplitude) {
        int pairs = frequencies.length;
        float[] cosines = new float[Math.multiplyExact(positions, pairs)];
        float[] sines = new float[cosines.length];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < pairs; i++) {
                float angle = p * frequencies[i];
                cosines[p * pairs + i] = (float) Math.cos(angle) * amplitude;
                sines[p * pairs + i] = (float) Math.sin(angle) * amplitude;
            }
        }
        return new Table(cosines, sines, positions, pairs);
    }

    private float amplitude(int regime) {
        return switch (rope.scaling()) {
            case RopeScaling.Yarn yarn -> (float) yarn.attentionFactor();
            case RopeScaling.LongRope longRope -> (float) (regime == 1 ? longRope.longAmplitude() : longRope.shortAmplitude());
            case RopeScaling.None _, RopeScaling.Linear _, RopeScaling.Dynamic _, RopeScaling.Llama3 _ -> 1;
        };
    }

    private float[] frequencies(int regime) {
        int pairs = rope.dimension() / 2;
        float[] plain = plain(rope.base());
        return switch (rope.scaling()) {
            case RopeScaling.None _ -> plain;
            case RopeScaling.Linear(double factor) -> {
                for (int i = 0; i < pairs; i++) {
                    plain[i] /= (float) factor;
                }
                yield plain;
            }
            case RopeScaling.Dynamic(double factor, int original) -> {
                double dimension = rope.dimension();
                double stretch = factor * regime / original - (factor - 1);
                yield plain(rope.base() * Math.pow(stretch, dimension / (dimension - 2)));
            }
            case RopeScaling.LongRope longRope -> {
                var factors = regime == 1 ? longRope.longFactors() : longRope.shortFactors();
                for (int i = 0; i < pairs; i++) {
                    plain[i] = 1f / (factors.get(i).floatValue() * power(rope.base(), i));
                }
                yield plain;
            }
            case RopeScaling.Yarn yarn -> yarn(yarn, plain);
            case RopeScaling.Llama3 llama3 -> llama3(llama3, plain);
        };
    }

    private float[] plain(double base) {
        float[] frequencies = new float[rope.dimension() / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = 1f / power(base, i);
        }
        return frequencies;
    }

    private float power(double base, int pair) {
        return (float) Math.pow((float) base, 2f * pair / rope.dimension());
    }

    private float[] yarn(RopeScaling.Yarn yarn, float[] plain) {
        double low = correction(yarn.betaFast(), yarn.originalLength());
        double high = correction(yarn.betaSlow(), yarn.originalLength());
        if (yarn.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, rope.dimension() - 1);
        if (low == high) {
            high += 0.001;
        }
        float[] mixed = new float[plain.length];
        for (int i = 0; i < plain.length; i++) {
            float ramp = Math.clamp((float) ((i - (float) low) / (high - low)), 0f, 1f);
            float kept = 1 - ramp;
            float interpolated = 1f / ((float) yarn.factor() * power(rope.base(), i));
            mixed[i] = interpolated * (1 - kept) + plain[i] * kept;
        }
        return mixed;
    }

    /** The dimension that turns {@code rotations} times over the original length. */
    private double correction(double rotations, int originalLength) {
        return rope.dimension() * Math.log(originalLength / (rotations * 2 * Math.PI)) / (2 * Math.log(rope.base()));
    }

    private static float[] llama3(RopeScaling.Llama3 scaling, float[] plain) {
        double longest = scaling.originalLength() / scaling.lowFrequencyFactor();
        double shortest = scaling.originalLength() / scaling.highFrequencyFactor();
        float[] mixed = new float[plain.length];
        for (int i = 0; i < plain.length; i++) {
            double length = 2 * Math.PI / plain[i];
            double divided = plain[i] / scaling.factor();
            double smooth = (scaling.originalLength() / length - scaling.lowFrequencyFactor())
                    / (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
            mixed[i] = (float) (length > longest ? divided : length < shortest ? plain[i]
                    : (1 - smooth) * divided + smooth * plain[i]);
        }
        return mixed;
    }
}
