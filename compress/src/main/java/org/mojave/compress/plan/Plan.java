package org.mojave.compress.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.mojave.compress.recipe.Recipe;
import org.mojave.compress.recipe.RecipeException;
import org.mojave.compress.recipe.Transformation;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.ModelSpec;
import org.mojave.format.packed.Scheme;
import org.mojave.format.tensor.ElementType;
import org.mojave.format.tensor.TensorData;

/**
 * A scheme for every matrix of one model, or the decision to keep it. Routers and the gate of a shared expert are always
 * kept: they are small and decide which experts run.
 *
 * <p>Example: {@code Plan.of(source, recipe).matrices()}.
 */
public final class Plan {
    private final SourceModel source;
    private final Map<String, PlannedMatrix> matrices;
    private final Set<String> folded;

    private Plan(SourceModel source, Map<String, PlannedMatrix> matrices, Set<String> folded) {
        this.source = source;
        this.matrices = matrices;
        this.folded = folded;
    }

    /** A plan with these schemes by matrix name; what is not named is kept. */
    public static Plan of(SourceModel source, Map<String, Scheme> schemes) {
        Map<String, PlannedMatrix> matrices = new LinkedHashMap<>();
        for (MatrixId id : source.spec().matrices()) {
            Optional<Scheme> scheme = Optional.ofNullable(schemes.get(id.name()));
            if (scheme.isEmpty()) {
                requireKeepable(source, id);
            }
            matrices.put(id.name(), new PlannedMatrix(id, source.spec().shape(id), scheme));
        }
        return new Plan(source, matrices, Set.of());
    }

    /** As {@link #of(SourceModel, Map)}, with the tensors that the recipe changes to fold scales into them. */
    public static Plan of(SourceModel source, Map<String, Scheme> schemes, Recipe recipe) {
        return new Plan(source, of(source, schemes).matrices, folded(source, recipe));
    }

    private static Set<String> folded(SourceModel source, Recipe recipe) {
        return recipe.folds() ? source.foldedTensors() : Set.of();
    }

    /** What the recipe means for this model; throws {@link RecipeException} for a wish that the model cannot fulfil. */
    public static Plan of(SourceModel source, Recipe recipe) {
        Map<String, PlannedMatrix> matrices = new LinkedHashMap<>();
        ModelSpec spec = source.spec();
        RuledMatrices ruled = RuledMatrices.of(source, recipe);
        for (MatrixId id : spec.matrices()) {
            Optional<Scheme> scheme = ruled.schemes().getOrDefault(id.name(), scheme(id.role(), recipe));
            if (scheme.isEmpty()) {
                requireKeepable(source, id);
            }
            matrices.put(id.name(), new PlannedMatrix(id, spec.shape(id), scheme));
        }
        return new Plan(source, matrices, folded(source, recipe));
    }

    /** Throws {@link RecipeException} for a wish that the model cannot fulfil, a target below the smallest plan included; looks at no text. */
    public static void requirePossible(SourceModel source, Recipe recipe) {
        if (recipe.target().isPresent()) {
            TargetPlan.requireReachable(source, recipe);
        } else {
            of(source, recipe).requireFit(recipe.transformation());
        }
    }

    /** Throws {@link RecipeException} where rounded activations would meet codes that are no whole numbers. */
    public void requireFit(Transformation transformation) {
        if (transformation.activations().isEmpty()) {
            return;
        }
        matrices().stream().filter(m -> m.scheme().isPresent() && m.scheme().get().trellis()).findFirst().ifPresent(matrix -> {
            throw new RecipeException(matrix.id().name() + " would be stored as " + matrix.scheme().orElseThrow().id()
                    + ", whose codes are no whole numbers for rounded activations to meet; leave out --activations, or give --bits");
        });
    }

    private static Optional<Scheme> scheme(MatrixRole role, Recipe recipe) {
        return switch (role) {
            case ROUTER, SHARED_ROUTER -> Optional.empty();
            case EMBEDDING, HEAD -> recipe.vocabularyBits() == Recipe.KEEP ? Optional.empty()
                    : Optional.of(recipe.vocabularyScheme());
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, GATE, UP, DOWN, SHARED_GATE,
                    SHARED_UP, SHARED_DOWN -> Optional.of(recipe.scheme());
        };
    }

    /** A kept matrix is copied tensor by tensor, so its tensor must stand for itself. */
    private static void requireKeepable(SourceModel source, MatrixId id) {
        KeptTensor tensor = source.kept(source.names().matrix(id).tensor());
        switch (tensor.type()) {
            case F32, F16, BF16, F64 -> { }
            case BOOL, U8, I8, I16, U16, I32, U32, I64, U64, F8_E4M3, F8_E5M2, F8_E8M0 ->
                throw new RecipeException(id.name() + " cannot be kept as it is: " + tensor.tensorName() + " holds "
                        + tensor.type().wireName() + " codes with scales elsewhere; " + (id.layer() == MatrixId.NONE
                        ? "write --vocabulary-bits 8" : "leave out the rule that keeps it"));
        }
    }

    /** The model it was made for. */
    public SourceModel source() {
        return source;
    }

    /** Kept tensors into which scales are folded: norms and routers. They are stored as float32, so that folding is exact. */
    public Set<String> folded() {
        return folded;
    }

    /** How a kept tensor is stored. */
    public ElementType storedType(String tensor) {
        return folded.contains(tensor) ? ElementType.F32 : source.kept(tensor).type();
    }

    /** Bytes of a kept tensor as it is stored. */
    public long storedBytes(String tensor) {
        return TensorData.elements(source.kept(tensor).dimensions()) * storedType(tensor).bytes();
    }

    /** Every matrix, in file order. */
    public List<PlannedMatrix> matrices() {
        return List.copyOf(matrices.values());
    }

    /** The matrix of that id. */
    public PlannedMatrix matrix(MatrixId id) {
        PlannedMatrix matrix = matrices.get(id.name());
        if (matrix == null) {
            throw new IllegalArgumentException("the model has no " + id.name());
        }
        return matrix;
    }

    /** The quantized matrices of a layer ({@link MatrixId#NONE}: embedding and head), in file order. */
    public List<PlannedMatrix> quantized(int layer) {
        return matrices.values().stream().filter(m -> m.id().layer() == layer && m.scheme().isPresent()).toList();
    }

    /** The schemes of the quantized matrices by name: what a native config says. */
    public Map<String, String> schemes() {
        Map<String, String> schemes = new LinkedHashMap<>();
        matrices.forEach((name, matrix) -> matrix.scheme().ifPresent(scheme -> schemes.put(name, scheme.id())));
        return schemes;
    }

    /** Tensors of the source that stay in the result under their own names, in file order, layer by layer. */
    public List<String> kept(int layer) {
        List<MatrixId> ids = new ArrayList<>();
        List<String> tensors = new ArrayList<>();
        for (PlannedMatrix matrix : matrices.values()) {
            if (matrix.id().layer() == layer) {
                ids.add(matrix.id());
                if (matrix.scheme().isEmpty()) {
                    tensors.add(source.names().matrix(matrix.id()).tensor());
                }
            }
        }
        tensors.addAll(source.biasTensors(ids));
        tensors.addAll(source.vectorTensors(layer));
        return tensors.stream().distinct().toList();
    }
}
