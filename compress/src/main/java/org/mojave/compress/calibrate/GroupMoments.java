package org.mojave.compress.calibrate;

import java.util.Optional;
import org.mojave.compress.statistics.ExpertStatistics;

/**
 * What was gathered of the inputs of one group.
 *
 * @param own second moments and counts of the tokens that reached it
 * @param cross {@code Σ w · (x_original − x) · xᵀ} [columns, columns]; empty if the original's inputs were not looked at
 * @param layer second moments of the same input over all experts of the layer; empty for groups that are no expert's, or
 *     where nobody asked
 */
public record GroupMoments(ExpertStatistics own, Optional<float[]> cross, Optional<ExpertStatistics> layer) {}
