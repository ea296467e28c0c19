package org.mojave.cli.synth;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixShape;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.TensorSlice;
import org.mojave.engine.model.VectorRole;
import org.mojave.engine.model.arch.Recognised;
import org.mojave.format.safetensors.TensorEntry;
import org.mojave.format.tensor.ElementType;

/**
 * Every tensor of a checkpoint as its family lays them out, derived from the roles and names of the spec: a tensor that
 * joins or stacks several matrices is as large as they need.
 */
final class Inventory {
    /** What a tensor is filled with. */
    enum Fill {
        NORMAL,
        ONES,
        ZEROS
    }

    /** A tensor and its content. */
    record Item(TensorEntry entry, Fill fill) {}

    /** A tensor that grows while its parts are found. */
    private static final class Parts {
        final boolean stacked;
        final boolean transposed;
        /** Input features; 0 for a bias. */
        final int columns;
        int experts;
        int rows;

        Parts(TensorSlice slice, int columns) {
            stacked = slice.stacked();
            transposed = slice.transposed();
            this.columns = columns;
        }

        void include(TensorSlice slice, int count, int expert) {
            rows = Math.multiplyExact(slice.parts(), count);
            experts = Math.max(experts, expert + 1);
        }

        Item item(String name) {
            List<Long> shape = new ArrayList<>();
            if (stacked) {
                shape.add((long) experts);
            }
            if (columns == 0) {
                shape.add((long) rows);
            } else {
                shape.add((long) (transposed ? columns : rows));
                shape.add((long) (transposed ? rows : columns));
            }
            return new Item(TensorEntry.of(name, ElementType.BF16, shape.stream().mapToLong(Long::longValue).toArray()), Fill.NORMAL);
        }
    }

    private final ModelSpec spec;
    private final TensorNames names;
    private final List<Item> items = new ArrayList<>();

    private Inventory(Recognised model) {
        spec = model.spec();
        names = model.names();
    }

    /** The tensors in file order: embedding, layers, the rest. */
    static List<Item> of(Recognised model) {
        Inventory inventory = new Inventory(model);
        List<MatrixId> all = model.spec().matrices();
        inventory.addMatrices(all.subList(0, 1));
        for (int layer = 0; layer < model.spec().layers().size(); layer++) {
            inventory.addVectors(layer);
            inventory.addMatrices(model.spec().matrices(layer));
        }
        inventory.addVectors(MatrixId.NONE);
        if (!model.spec().tiedHead()) {
            inventory.addMatrices(all.subList(all.size() - 1, all.size()));
        }
        return List.copyOf(inventory.items);
    }

    private void addMatrices(List<MatrixId> matrices) {
        Map<String, Parts> tensors = new LinkedHashMap<>();
        for (MatrixId id : matrices) {
            MatrixShape shape = spec.shape(id);
            include(tensors, names.matrix(id), shape, id, shape.columns());
            if (spec.hasBias(id)) {
                include(tensors, names.bias(id), shape, id, 0);
            }
        }
        tensors.forEach((name, parts) -> items.add(parts.item(name)));
    }

    private static void include(Map<String, Parts> tensors, TensorSlice slice, MatrixShape shape, MatrixId id, int columns) {
        tensors.computeIfAbsent(slice.tensor(), _ -> new Parts(slice, columns)).include(slice, shape.rows(), id.expert());
    }

    private void addVectors(int layer) {
        for (VectorRole role : spec.vectors(layer)) {
            items.add(new Item(TensorEntry.of(names.vector(role, layer), ElementType.BF16, spec.length(role, layer)), fill(role)));
        }
    }

    private static Fill fill(VectorRole role) {
        return switch (role) {
            case ATTENTION_NORM, FEED_FORWARD_NORM, FINAL_NORM, QUERY_NORM, KEY_NORM, QUERY_LATENT_NORM, LATENT_NORM -> Fill.ONES;
            case ATTENTION_NORM_BIAS, FEED_FORWARD_NORM_BIAS, FINAL_NORM_BIAS -> Fill.ZEROS;
            case SINKS, ROUTER_CORRECTION -> Fill.NORMAL;
        };
    }
}
