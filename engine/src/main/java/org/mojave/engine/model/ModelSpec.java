package org.mojave.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A model as a value: everything the forward pass needs to know apart from the weights.
 *
 * @param modelType {@code model_type} of the config
 * @param hiddenSize components of the residual stream
 * @param vocabularySize rows of embedding and head
 * @param contextLength positions the model was made for
 * @param norm of every block and of the end
 * @param tiedHead whether the embedding is the output head too
 * @param headBias whether the head carries a bias
 * @param multipliers constant factors
 * @param layers in order
 * @param endTokens token ids that end a text
 */
public record ModelSpec(String modelType, int hiddenSize, int vocabularySize, int contextLength, Norm norm,
        boolean tiedHead, boolean headBias, Multipliers multipliers, List<LayerSpec> layers, Set<Integer> endTokens) {
    public ModelSpec {
        layers = List.copyOf(layers);
        endTokens = Set.copyOf(endTokens);
        if (layers.isEmpty()) {
            throw new IllegalArgumentException("a model needs at least one layer");
        }
        for (LayerSpec layer : Set.copyOf(layers)) {
            checkWidths(layer.attention());
        }
    }

    /** Throws ArithmeticException where a width does not fit an int, so that later products need no check. */
    private static void checkWidths(Attention attention) {
        Math.multiplyExact(attention.heads(), Math.addExact(attention.keyDimension(), attention.valueDimension()));
    }

    /** The layer of that number. */
    public LayerSpec layer(int layer) {
        return layers.get(layer);
    }

    /** Every matrix of the model, in file order: embedding, layers, head unless tied. */
    public List<MatrixId> matrices() {
        List<MatrixId> all = new ArrayList<>();
        all.add(ends().getFirst());
        for (int layer = 0; layer < layers.size(); layer++) {
            all.addAll(matrices(layer));
        }
        all.addAll(ends().subList(1, ends().size()));
        return all;
    }

    /** The matrices outside the layers: embedding, and head unless tied. */
    public List<MatrixId> ends() {
        MatrixId embedding = MatrixId.of(MatrixRole.EMBEDDING);
        return tiedHead ? List.of(embedding) : List.of(embedding, MatrixId.of(MatrixRole.HEAD));
    }

    /** Every matrix of one layer, in the order of the forward pass; experts ascending, gate, up, down each. */
    public List<MatrixId> matrices(int layer) {
        List<MatrixId> all = new ArrayList<>();
        for (MatrixRole role : attentionRoles(layers.get(layer).attention())) {
            all.add(MatrixId.of(role, layer));
        }
        switch (layers.get(layer).feedForward()) {
            case FeedForward.Dense _ -> addAll(all, layer, MatrixRole.GATE, MatrixRole.UP, MatrixRole.DOWN);
            case FeedForward.Mixture mixture -> addMixture(all, layer, mixture);
        }
        return all;
    }

    private static List<MatrixRole> attentionRoles(Attention attention) {
        return switch (attention) {
            case Attention.GroupedQuery _ ->
                List.of(MatrixRole.QUERY, MatrixRole.KEY, MatrixRole.VALUE, MatrixRole.OUTPUT);
            case Attention.Latent latent when latent.queryRank() > 0 -> List.of(MatrixRole.QUERY_DOWN,
                    MatrixRole.QUERY_UP, MatrixRole.LATENT_DOWN, MatrixRole.LATENT_UP, MatrixRole.OUTPUT);
            case Attention.Latent _ ->
                List.of(MatrixRole.QUERY, MatrixRole.LATENT_DOWN, MatrixRole.LATENT_UP, MatrixRole.OUTPUT);
        };
    }

    private static void addMixture(List<MatrixId> all, int layer, FeedForward.Mixture mixture) {
        addAll(all, layer, MatrixRole.ROUTER);
        for (int expert = 0; expert < mixture.router().experts(); expert++) {
            all.add(new MatrixId(MatrixRole.GATE, layer, expert));
            all.add(new MatrixId(MatrixRole.UP, layer, expert));
            all.add(new MatrixId(MatrixRole.DOWN, layer, expert));
        }
        if (mixture.shared().isPresent()) {
            if (mixture.shared().get().gated()) {
                addAll(all, layer, MatrixRole.SHARED_ROUTER);
            }
            addAll(all, layer, MatrixRole.SHARED_GATE, MatrixRole.SHARED_UP, MatrixRole.SHARED_DOWN);
        }
    }

    private static void addAll(List<MatrixId> all, int layer, MatrixRole... roles) {
        for (MatrixRole role : roles) {
            all.add(MatrixId.of(role, layer));
        }
    }

    /** Whether the model has that matrix. */
    public boolean has(MatrixId id) {
        return switch (id.role()) {
            case EMBEDDING -> id.equals(MatrixId.of(MatrixRole.EMBEDDING));
            case HEAD -> !tiedHead && id.equals(MatrixId.of(MatrixRole.HEAD));
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT, ROUTER, GATE, UP, DOWN,
                    SHARED_GATE, SHARED_UP, SHARED_DOWN, SHARED_ROUTER ->
                id.layer() >= 0 && id.layer() < layers.size() && matrices(id.layer()).contains(id);
        };
    }

    /** Shape of a matrix that the model has. */
    public MatrixShape shape(MatrixId id) {
        return switch (id.role()) {
            case EMBEDDING, HEAD -> new MatrixShape(vocabularySize, hiddenSize);
            case QUERY, KEY, VALUE, QUERY_DOWN, QUERY_UP, LATENT_DOWN, LATENT_UP, OUTPUT ->
                attentionShape(id, layers.get(id.layer()).attention());
            case ROUTER -> new MatrixShape(mixture(id.layer()).router().experts(), hiddenSize);
            case GATE, UP -> new MatrixShape(intermediate(id.layer()), hiddenSize);
            case DOWN -> new MatrixShape(hiddenSize, intermediate(id.layer()));
            case SHARED_ROUTER -> new MatrixShape(1, hiddenSize);
            case SHARED_GATE, SHARED_UP -> new MatrixShape(shared(id.layer()).intermediate(), hiddenSize);
            case SHARED_DOWN -> new MatrixShape(hiddenSize, shared(id.layer()).intermediate());
        };
    }

    private MatrixShape attentionShape(MatrixId id, Attention attention) {
        if (id.role() == MatrixRole.OUTPUT) {
            return new MatrixShape(hiddenSize, Math.multiplyExact(attention.heads(), attention.valueDimension()));
        }
        int queries = Math.multiplyExact(attention.heads(), attention.keyDimension());
        return switch (attention) {
            case Attention.GroupedQuery grouped -> new MatrixShape(id.role() == MatrixRole.QUERY ? queries
                    : Math.multiplyExact(grouped.keyValueHeads(), grouped.headDimension()), hiddenSize);
            case Attention.Latent latent -> switch (id.role()) {
                case QUERY -> new MatrixShape(queries, hiddenSize);
                case QUERY_DOWN -> new MatrixShape(latent.queryRank(), hiddenSize);
                case QUERY_UP -> new MatrixShape(queries, latent.queryRank());
                case LATENT_DOWN -> new MatrixShape(latent.latentRank() + latent.ropeDimension(), hiddenSize);
                case LATENT_UP -> new MatrixShape(Math.multiplyExact(latent.heads(),
                        latent.plainDimension() + latent.valueDimension()), latent.latentRank());
                case EMBEDDING, HEAD, KEY, VALUE, OUTPUT, ROUTER, GATE, UP, DOWN, SHARED_GATE, SHARED_UP, SHARED_DOWN,
                        SHARED_ROUTER -> throw new IllegalArgumentException("no such matrix: " + id.name());
            };
        };
    }

    /** The mixture of a layer that has one; throws IllegalArgumentException otherwise. */
    public FeedForward.Mixture mixture(int layer) {
        return switch (layers.get(layer).feedForward()) {
            case FeedForward.Mixture mixture -> mixture;
            case FeedForward.Dense _ -> throw new IllegalArgumentException("layer " + layer + " has no experts");
        };
    }

    private int intermediate(int layer) {
        return switch (layers.get(layer).feedForward()) {
            case FeedForward.Mixture mixture -> mixture.intermediate();
            case FeedForward.Dense dense -> dense.intermediate();
        };
    }

    private FeedForward.Shared shared(int layer) {
        return mixture(layer).shared()
                .orElseThrow(() -> new IllegalArgumentException("layer " + layer + " has no shared expert"));
    }

    /** Whether the matrix carries a bias. */
    public boolean hasBias(MatrixId id) {
        return switch (id.role()) {
            case EMBEDDING, SHARED_ROUTER, QUERY_UP, LATENT_UP -> false;
            case HEAD -> headBias;
            case QUERY -> switch (layers.get(id.layer()).attention()) {
                case Attention.GroupedQuery grouped -> grouped.biases().input();
                case Attention.Latent _ -> false;
            };
            case KEY, VALUE, QUERY_DOWN, LATENT_DOWN -> layers.get(id.layer()).attention().biases().input();
            case OUTPUT -> layers.get(id.layer()).attention().biases().output();
            case ROUTER -> mixture(id.layer()).router().bias();
            case GATE, UP, DOWN -> switch (layers.get(id.layer()).feedForward()) {
                case FeedForward.Dense dense -> dense.bias();
                case FeedForward.Mixture mixture -> mixture.bias();
            };
            case SHARED_GATE, SHARED_UP, SHARED_DOWN -> shared(id.layer()).bias();
        };
    }

    /** The vectors of a layer ({@link MatrixId#NONE}: outside the layers), with their lengths in {@link #length}. */
    public Set<VectorRole> vectors(int layer) {
        Set<VectorRole> roles = new TreeSet<>();
        boolean normBias = switch (norm) {
            case Norm.RootMeanSquare _ -> false;
            case Norm.Layer _ -> true;
        };
        if (layer == MatrixId.NONE) {
            roles.add(VectorRole.FINAL_NORM);
            if (normBias) {
                roles.add(VectorRole.FINAL_NORM_BIAS);
            }
            return roles;
        }
        roles.add(VectorRole.ATTENTION_NORM);
        roles.add(VectorRole.FEED_FORWARD_NORM);
        if (normBias) {
            roles.add(VectorRole.ATTENTION_NORM_BIAS);
            roles.add(VectorRole.FEED_FORWARD_NORM_BIAS);
        }
        addAttentionVectors(roles, layers.get(layer).attention());
        if (layers.get(layer).feedForward() instanceof FeedForward.Mixture mixture && mixture.router().correction()) {
            roles.add(VectorRole.ROUTER_CORRECTION);
        }
        return roles;
    }

    private static void addAttentionVectors(Set<VectorRole> roles, Attention attention) {
        if (attention.sinks()) {
            roles.add(VectorRole.SINKS);
        }
        switch (attention) {
            case Attention.GroupedQuery grouped -> {
                if (grouped.norm() == QueryKeyNorm.PER_HEAD || grouped.norm() == QueryKeyNorm.WHOLE) {
                    roles.add(VectorRole.QUERY_NORM);
                    roles.add(VectorRole.KEY_NORM);
                }
            }
            case Attention.Latent latent -> {
                roles.add(VectorRole.LATENT_NORM);
                if (latent.queryRank() > 0) {
                    roles.add(VectorRole.QUERY_LATENT_NORM);
                }
            }
        }
    }

    /** Length of a vector that the model has. */
    public int length(VectorRole role, int layer) {
        return switch (role) {
            case ATTENTION_NORM, ATTENTION_NORM_BIAS, FEED_FORWARD_NORM, FEED_FORWARD_NORM_BIAS, FINAL_NORM,
                    FINAL_NORM_BIAS -> hiddenSize;
            case QUERY_NORM -> queryKeyNormLength(layer, true);
            case KEY_NORM -> queryKeyNormLength(layer, false);
            case SINKS -> layers.get(layer).attention().heads();
            case ROUTER_CORRECTION -> mixture(layer).router().experts();
            case QUERY_LATENT_NORM -> latent(layer).queryRank();
            case LATENT_NORM -> latent(layer).latentRank();
        };
    }

    private int queryKeyNormLength(int layer, boolean query) {
        Attention attention = layers.get(layer).attention();
        boolean whole = attention instanceof Attention.GroupedQuery grouped && grouped.norm() == QueryKeyNorm.WHOLE;
        return attention.keyDimension() * (!whole ? 1 : query ? attention.heads() : attention.keyValueHeads());
    }

    private Attention.Latent latent(int layer) {
        return switch (layers.get(layer).attention()) {
            case Attention.Latent latent -> latent;
            case Attention.GroupedQuery _ -> throw new IllegalArgumentException("layer " + layer + " has no latent attention");
        };
    }
}
