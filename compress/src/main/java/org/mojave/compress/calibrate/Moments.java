package org.mojave.compress.calibrate;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.recipe.Fitting;
import org.mojave.compress.statistics.AffinityCounts;
import org.mojave.compress.statistics.ExpertStatistics;
import org.mojave.engine.kernel.CrossGram;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;

/**
 * The moments of some input groups, summed while the calibration tokens run through a layer. For an expert only the tokens
 * routed to it count, each with the weight c^p. The memory is taken from a budget until closed.
 */
public final class Moments implements MomentSource, AutoCloseable {
    /** One running sum. */
    private static final class Sums {
        private final Gram gram;
        private final Optional<CrossGram> cross;
        private AffinityCounts counts = AffinityCounts.NONE;
        private double weightSum;
        private double weightSquareSum;

        Sums(int columns, boolean matching) {
            gram = new Gram(columns);
            cross = matching ? Optional.of(new CrossGram(columns)) : Optional.empty();
        }

        ExpertStatistics statistics(int power) {
            return new ExpertStatistics(power, counts, weightSum, weightSquareSum, gram.matrix());
        }
    }

    private final Map<MatrixId, Sums> groups = new HashMap<>();
    private final Map<MatrixRole, Sums> layers = new EnumMap<>(MatrixRole.class);
    private final Fitting fitting;
    private final Workers workers;
    private final MemoryBudget.Share share;
    private float[] difference = new float[0];

    /** Empty sums for these groups, all of one step of a layer. */
    public Moments(List<InputGroup> groups, Fitting fitting, MemoryBudget budget, Workers workers) {
        this.fitting = fitting;
        this.workers = workers;
        share = budget.take("second moments of activations",
                groups.stream().mapToLong(group -> bytes(group, fitting)).sum() + commonBytes(groups, fitting));
        for (InputGroup group : groups) {
            this.groups.put(group.lead(), new Sums(group.columns(), fitting.matching()));
            if (isShrunk(group, fitting)) {
                layers.computeIfAbsent(group.lead().role(), _ -> new Sums(group.columns(), false));
            }
        }
    }

    private static boolean isShrunk(InputGroup group, Fitting fitting) {
        return fitting.shrinkage() > 0 && group.lead().expert() != MatrixId.NONE;
    }

    /** Bytes that the moments of a group take. */
    public static long bytes(InputGroup group, Fitting fitting) {
        return (long) group.columns() * group.columns() * Float.BYTES * (fitting.matching() ? 2 : 1);
    }

    /** Bytes that come on top once for all groups of a step: the moments of the whole layer. */
    public static long commonBytes(List<InputGroup> groups, Fitting fitting) {
        return groups.stream().filter(group -> isShrunk(group, fitting))
                .mapToLong(group -> (long) group.columns() * group.columns() * Float.BYTES).max().orElse(0);
    }

    /** Whether the inputs of a matrix are needed. */
    boolean wants(MatrixId id) {
        return groups.containsKey(id) || isOfLayer(id);
    }

    /** Whether the original's inputs of a matrix are needed. */
    boolean matches(MatrixId id) {
        return fitting.matching() && groups.containsKey(id);
    }

    /** Whether the original's routing weights are needed for tokens of a matrix that wants its inputs. */
    boolean takesOriginalAffinity() {
        return fitting.affinity().needsOriginal();
    }

    /** Inputs of a matrix that is wanted. */
    int columns(MatrixId id) {
        Sums own = groups.get(id);
        return (own != null ? own : layers.get(id.role())).gram.columns();
    }

    private boolean isOfLayer(MatrixId id) {
        return id.expert() != MatrixId.NONE && layers.containsKey(id.role());
    }

    /**
     * Adds inputs of a matrix; those that nobody wants are ignored.
     *
     * @param x [tokens, columns]
     * @param original what the original model has in their place; null without matching
     * @param affinity routing weights, or null where every token counts fully
     */
    void add(MatrixId id, float[] x, float[] original, int tokens, float[] affinity) {
        if (!wants(id)) {
            return;
        }
        float[] weights = affinity == null || fitting.affinity().power() == 0 ? null
                : ExpertStatistics.weights(fitting.affinity().power(), Arrays.copyOf(affinity, tokens));
        AffinityCounts counts = affinity == null ? new AffinityCounts(tokens, tokens, tokens) : AffinityCounts.of(affinity, tokens);
        Sums own = groups.get(id);
        if (own != null) {
            add(own, x, weights, counts);
            if (original != null) {
                own.cross.orElseThrow().add(weightedDifference(original, x, weights, tokens * own.gram.columns()), x, tokens, workers);
            }
        }
        if (isOfLayer(id)) {
            add(layers.get(id.role()), x, weights, counts);
        }
    }

    private void add(Sums sums, float[] x, float[] weights, AffinityCounts counts) {
        int tokens = (int) counts.tokens();
        sums.gram.add(x, weights, tokens, workers);
        sums.counts = sums.counts.plus(counts);
        for (int t = 0; t < tokens; t++) {
            double weight = weights == null ? 1 : weights[t];
            sums.weightSum += weight;
            sums.weightSquareSum += weight * weight;
        }
    }

    private float[] weightedDifference(float[] original, float[] x, float[] weights, int count) {
        if (difference.length < count) {
            difference = new float[count];
        }
        if (weights == null) {
            for (int i = 0; i < count; i++) {
                difference[i] = original[i] - x[i];
            }
            return difference;
        }
        int columns = count / weights.length;
        for (int i = 0; i < count; i++) {
            difference[i] = weights[i / columns] * (original[i] - x[i]);
        }
        return difference;
    }

    @Override
    public GroupMoments of(InputGroup group) {
        Sums sums = groups.get(group.lead());
        Optional<ExpertStatistics> layer = isShrunk(group, fitting)
                ? Optional.of(layers.get(group.lead().role()).statistics(fitting.affinity().power())) : Optional.empty();
        return new GroupMoments(sums.statistics(fitting.affinity().power()), sums.cross.map(CrossGram::matrix), layer);
    }

    @Override
    public void close() {
        groups.clear();
        layers.clear();
        share.close();
    }
}
