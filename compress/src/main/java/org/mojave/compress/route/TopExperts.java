package org.mojave.compress.route;

/** Picks the largest of some values and compares distributions over them. Equal values: the lower index first. */
final class TopExperts {
    private TopExperts() {}

    /** Indexes of the {@code count} largest of {@code values[offset … offset + experts)}, by falling value. */
    static int[] of(float[] values, int offset, int experts, int count) {
        int[] top = new int[count];
        int size = 0;
        for (int e = 0; e < experts; e++) {
            float value = values[offset + e];
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("router output " + e + " of token " + offset / experts + " is " + value);
            }
            int place = size;
            while (place > 0 && values[offset + top[place - 1]] < value) {
                place--;
            }
            if (place < count) {
                size = Math.min(size + 1, count);
                System.arraycopy(top, place, top, place + 1, size - place - 1);
                top[place] = e;
            }
        }
        return top;
    }

    /** KL(softmax(p) ‖ softmax(q)) of logits restricted to {@code members}, both renormalised over them; never negative. */
    static double divergence(float[] p, float[] q, int offset, int[] members) {
        double pMaximum = Double.NEGATIVE_INFINITY;
        double qMaximum = Double.NEGATIVE_INFINITY;
        for (int e : members) {
            pMaximum = Math.max(pMaximum, p[offset + e]);
            qMaximum = Math.max(qMaximum, q[offset + e]);
        }
        double pSum = 0;
        double qSum = 0;
        double cross = 0;
        for (int e : members) {
            double weight = Math.exp(p[offset + e] - pMaximum);
            pSum += weight;
            qSum += Math.exp(q[offset + e] - qMaximum);
            cross += weight * ((p[offset + e] - pMaximum) - (q[offset + e] - qMaximum));
        }
        return Math.max(0, cross / pSum - Math.log(pSum) + Math.log(qSum));
    }

    /** Softmax over {@code logits[offset … offset + experts)}. */
    static double[] softmax(float[] logits, int offset, int experts) {
        double maximum = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < experts; e++) {
            maximum = Math.max(maximum, logits[offset + e]);
        }
        double[] probabilities = new double[experts];
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            probabilities[e] = Math.exp(logits[offset + e] - maximum);
            sum += probabilities[e];
        }
        for (int e = 0; e < experts; e++) {
            probabilities[e] /= sum;
        }
        return probabilities;
    }

    static void require(float[] logits, int experts, int count) {
        if (experts < 1 || logits.length % experts != 0 || count < 1 || count > experts) {
            throw new IllegalArgumentException(count + " of " + experts + " experts, and " + logits.length + " router outputs");
        }
    }
}
