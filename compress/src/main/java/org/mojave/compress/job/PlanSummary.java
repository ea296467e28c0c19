package org.mojave.compress.job;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.mojave.compress.plan.Plan;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.engine.model.MatrixRole;

/**
 * What a job would make, without making it.
 *
 * @param bytes of all files but the report, exactly
 * @param parameters of the model
 * @param sourceBytes of the original's weights
 * @param schemes how many matrices get each scheme, by role; {@code kept} for those that stay as they are
 * @param estimate of the mean divergence from the original in nats a token; only where a target was planned for
 */
public record PlanSummary(long bytes, long parameters, long sourceBytes, Map<MatrixRole, Map<String, Integer>> schemes,
        OptionalDouble estimate) {
    private static final String KEPT = "kept";

    static PlanSummary of(Preparation preparation) {
        Plan plan = preparation.plan();
        Map<MatrixRole, Map<String, Integer>> schemes = new TreeMap<>();
        for (PlannedMatrix matrix : plan.matrices()) {
            schemes.computeIfAbsent(matrix.id().role(), _ -> new TreeMap<>())
                    .merge(matrix.scheme().map(scheme -> scheme.id()).orElse(KEPT), 1, Integer::sum);
        }
        return new PlanSummary(preparation.plannedBytes(), plan.source().parameters(), plan.source().bytes(), schemes,
                preparation.estimate());
    }

    /** Bits of all files for each parameter. */
    public double bitsPerWeight() {
        return bytes * 8.0 / parameters;
    }
}
