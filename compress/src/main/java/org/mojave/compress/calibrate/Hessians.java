package org.mojave.compress.calibrate;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.Workers;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.run.LinearObserver;

/**
 * The Hessians of some input groups, gathered while the calibration tokens run through a layer. For an expert only the
 * tokens routed to it count. The memory is taken from a budget until closed.
 */
public final class Hessians implements LinearObserver, AutoCloseable {
    private final Map<MatrixId, Gram> grams = new HashMap<>();
    private final Workers workers;
    private final MemoryBudget.Share share;

    /** Empty sums for these groups. */
    public Hessians(List<InputGroup> groups, MemoryBudget budget, Workers workers) {
        this.workers = workers;
        share = budget.take("Hessians", groups.stream().mapToLong(Hessians::bytes).sum());
        groups.forEach(group -> grams.put(group.lead(), new Gram(group.columns())));
    }

    /** Bytes that the Hessian of a group takes. */
    public static long bytes(InputGroup group) {
        return (long) group.columns() * group.columns() * Float.BYTES;
    }

    @Override
    public void input(MatrixId id, float[] x, int tokens, float[] affinity) {
        Gram gram = grams.get(id);
        if (gram != null) {
            gram.add(x, tokens, workers);
        }
    }

    /** The sum of a group. */
    public Gram of(InputGroup group) {
        return grams.get(group.lead());
    }

    @Override
    public void close() {
        grams.clear();
        share.close();
    }
}
