package org.mojave.compress.job;

import java.util.List;
import org.mojave.compress.calibrate.InputGroup;
import org.mojave.compress.calibrate.Moments;
import org.mojave.compress.plan.ByteSizes;
import org.mojave.compress.plan.MemoryBudget;
import org.mojave.compress.plan.PlannedMatrix;
import org.mojave.compress.plan.ResourceException;
import org.mojave.compress.recipe.Recipe;
import org.mojave.engine.model.MatrixRole;

/**
 * From {@code --memory} to the budget for buffers. Of the memory of the process, a fifth, but at least {@value
 * #OTHER_BYTES} bytes, belongs to the JVM itself and to native libraries (the launcher gives the heap the rest); of the heap, a
 * quarter to small objects and to garbage that is not collected yet.
 */
final class Memory {
    private static final long OTHER_BYTES = 300_000_000;

    private Memory() {}

    /** The budget; throws {@link ResourceException} with the smallest possible {@code --memory} where it is too small. */
    static MemoryBudget budget(Preparation preparation) {
        long heap = Runtime.getRuntime().maxMemory();
        long given = preparation.request().limits().memoryBytes();
        long allowed = given == 0 ? heap : Math.min(heap, given - Math.max(given / 5, OTHER_BYTES));
        long limit = allowed / 4 * 3;
        long floor = floor(preparation);
        if (limit < floor) {
            long least = floor / 3 * 4 + 4;
            long needed = Math.max(least / 4 * 5, least + OTHER_BYTES);
            throw new ResourceException("this model needs at least --memory " + ByteSizes.roundedUp(needed) + " (buffers of "
                    + ByteSizes.text(floor) + "); " + (given == 0 ? "the JVM has a heap of " + ByteSizes.text(heap)
                    : "given are " + ByteSizes.text(given)));
        }
        return new MemoryBudget(limit);
    }

    /** Activations of one step, the moments of one group, one matrix being rewritten or quantized. */
    static long floor(Preparation preparation) {
        Recipe recipe = preparation.request().recipe();
        long forward = LayerWalk.activationBytes(preparation);
        long moments = 0;
        if (recipe.method().calibrates()) {
            for (int layer = 0; layer < preparation.source().spec().layers().size(); layer++) {
                for (InputGroup.Step step : InputGroup.Step.values()) {
                    for (InputGroup group : InputGroup.of(preparation.plan().quantized(layer), step)) {
                        moments = Math.max(moments, Moments.bytes(group, recipe.fitting())
                                + Moments.commonBytes(List.of(group), recipe.fitting()));
                    }
                }
            }
        }
        long matrix = PreparedLayer.matrixBytes(preparation.source());
        for (PlannedMatrix planned : preparation.plan().matrices()) {
            matrix = Math.max(matrix, Quantization.bytes(recipe, planned));
        }
        return forward + Math.max(Math.max(moments, router(preparation)), ScaleSearch.bytes(preparation)) + matrix;
    }

    private static long router(Preparation preparation) {
        if (preparation.repaired().isEmpty()) {
            return 0;
        }
        return preparation.source().spec().matrices().stream().filter(id -> id.role() == MatrixRole.ROUTER)
                .mapToLong(id -> RouterFitting.bytes(preparation, id)).max().orElse(0);
    }
}
