package org.mojave.compress.allocate;

/**
 * What a partial answer must still pay. For the menus from a position on: the cheapest excess per byte of adding and of giving back
 * bytes, and how many bytes can be added and given back at all.
 */
final class Bounds {
    private final double price;
    private final long slack;
    private final double[] adding;
    private final double[] givingBack;
    private final double[] mostAdded;
    private final double[] mostGivenBack;

    /** {@code price} λ and {@code slack} of base; menus are added from the last position to the first. */
    Bounds(double price, long slack, int positions) {
        this.price = price;
        this.slack = slack;
        adding = new double[positions + 1];
        givingBack = new double[positions + 1];
        mostAdded = new double[positions + 1];
        mostGivenBack = new double[positions + 1];
        adding[positions] = Double.POSITIVE_INFINITY;
        givingBack[positions] = Double.POSITIVE_INFINITY;
    }

    /** The menu at {@code position}, whose choices differ from base by these bytes and costs. */
    void add(int position, long[] bytes, double[] cost) {
        adding[position] = adding[position + 1];
        givingBack[position] = givingBack[position + 1];
        double most = 0;
        double least = 0;
        for (int c = 0; c < bytes.length; c++) {
            double perByte = Math.max(0, cost[c] + price * bytes[c]) / Math.abs(bytes[c]);
            if (bytes[c] > 0) {
                adding[position] = Math.min(adding[position], perByte);
            } else {
                givingBack[position] = Math.min(givingBack[position], perByte);
            }
            most = Math.max(most, (double) bytes[c]);
            least = Math.min(least, (double) bytes[c]);
        }
        mostAdded[position] = mostAdded[position + 1] + most;
        mostGivenBack[position] = mostGivenBack[position + 1] - least;
    }

    /**
     * Least distance above the relaxation's bound that any completion by the menus from {@code position} on can reach, given the bytes
     * and the cost added to base so far; infinite if none fits the budget.
     */
    double of(long addedBytes, double addedCost, int position) {
        double excess = Math.max(0, addedCost + price * addedBytes);
        double left = slack - addedBytes;
        if (left < 0) {
            return -left > mostGivenBack[position] ? Double.POSITIVE_INFINITY : excess - left * givingBack[position];
        }
        double fillable = Math.min(left, mostAdded[position]);
        double filling = fillable == 0 ? 0 : Math.min(price, adding[position]) * fillable;
        return excess + filling + price * (left - fillable);
    }
}
