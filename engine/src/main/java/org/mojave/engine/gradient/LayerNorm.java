package org.mojave.engine.gradient;

/** Layer norm of rows as long as {@code weight} (Ba et al. 2016, arXiv 1607.06450, equation 4), forwards and backwards; sums in float64. */
record LayerNorm(double epsilon, float[] weight, float[] bias) implements HiddenNorm {
    @Override
    public float[] forward(float[] x) {
        float[] y = new float[x.length];
        for (int at = 0; at < x.length; at += weight.length) {
            Moments moments = moments(x, at);
            for (int i = 0; i < weight.length; i++) {
                y[at + i] = (float) (moments.normalised(x[at + i]) * weight[i] + bias[i]);
            }
        }
        return y;
    }

    /** With n = (x − mean(x)) · r and r = 1/√(variance(x) + ε): {@code dx = r · (w · dy − mean(w · dy) − n · mean(w · dy · n))}. */
    @Override
    public void back(float[] x, float[] dy, float[] dx) {
        for (int at = 0; at < x.length; at += weight.length) {
            Moments moments = moments(x, at);
            double sum = 0;
            double along = 0;
            for (int i = 0; i < weight.length; i++) {
                double slope = (double) weight[i] * dy[at + i];
                sum += slope;
                along += slope * moments.normalised(x[at + i]);
            }
            for (int i = 0; i < weight.length; i++) {
                double common = (sum + along * moments.normalised(x[at + i])) / weight.length;
                dx[at + i] += (float) (moments.scale() * ((double) weight[i] * dy[at + i] - common));
            }
        }
    }

    private record Moments(double mean, double scale) {
        double normalised(double value) {
            return (value - mean) * scale;
        }
    }

    private Moments moments(float[] x, int at) {
        double sum = 0;
        for (int i = at; i < at + weight.length; i++) {
            sum += x[i];
        }
        double mean = sum / weight.length;
        double squares = 0;
        for (int i = at; i < at + weight.length; i++) {
            squares += (x[i] - mean) * (x[i] - mean);
        }
        return new Moments(mean, 1 / Math.sqrt(squares / weight.length + epsilon));
    }
}
