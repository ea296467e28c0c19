package org.mojave.compress.route;

/**
 * A row of a router rounded to codes {@code 0 … 2^bits − 1}: {@code decoded = scale · (code − zero)}. The range always holds 0.
 *
 * @param decoded [hidden]
 */
record RoundedRow(float scale, float zero, float[] decoded) {
    /** Rounds row {@code row} of w [rows, hidden] with its range shrunk to {@code ratio} of itself. */
    static RoundedRow of(float[] w, int row, int hidden, int bits, double ratio) {
        float minimum = 0;
        float maximum = 0;
        for (int i = row * hidden; i < (row + 1) * hidden; i++) {
            if (!Float.isFinite(w[i])) {
                throw new IllegalArgumentException("router weight of expert " + row + " is " + w[i]);
            }
            minimum = Math.min(minimum, w[i]);
            maximum = Math.max(maximum, w[i]);
        }
        int largest = (1 << bits) - 1;
        float scale = (float) ((maximum - minimum) * ratio / largest);
        if (scale == 0) {
            return new RoundedRow(1, 0, new float[hidden]);
        }
        float zero = (float) Math.rint(-minimum * ratio / scale);
        float[] decoded = new float[hidden];
        for (int i = 0; i < hidden; i++) {
            double code = Math.clamp(Math.rint(w[row * hidden + i] / scale) + zero, 0.0, largest);
            decoded[i] = (float) (scale * (code - zero));
        }
        return new RoundedRow(scale, zero, decoded);
    }

    /** Squared distance to the row it was made from. */
    double error(float[] w, int row) {
        double error = 0;
        for (int i = 0; i < decoded.length; i++) {
            double difference = w[row * decoded.length + i] - decoded[i];
            error += difference * difference;
        }
        return error;
    }
}
