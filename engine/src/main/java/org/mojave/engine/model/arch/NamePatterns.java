package org.mojave.engine.model.arch;

import java.util.EnumMap;
import java.util.Map;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.TensorSlice;
import org.mojave.engine.model.VectorRole;

/**
 * Tensor names from patterns with {@code {layer}} and {@code {expert}}. Starts from the names that most families share
 * (those of Llama); a family changes what differs. {@code GATE}, {@code UP} and {@code DOWN} of routed experts have
 * patterns of their own.
 */
final class NamePatterns implements TensorNames {
    private static final String LAYER = "model.layers.{layer}.";

    private final Map<MatrixRole, TensorSlice> matrices = new EnumMap<>(MatrixRole.class);
    private final Map<MatrixRole, TensorSlice> experts = new EnumMap<>(MatrixRole.class);
    private final Map<MatrixRole, TensorSlice> expertBiases = new EnumMap<>(MatrixRole.class);
    private final Map<VectorRole, String> vectors = new EnumMap<>(VectorRole.class);
    private String prefix = "";

    /** Llama's names; routed experts under {@code mlp.experts.{expert}}, the router {@code mlp.gate}. */
    NamePatterns() {
        matrix(MatrixRole.EMBEDDING, "model.embed_tokens.weight");
        matrix(MatrixRole.HEAD, "lm_head.weight");
        inLayer(MatrixRole.QUERY, "self_attn.q_proj");
        inLayer(MatrixRole.KEY, "self_attn.k_proj");
        inLayer(MatrixRole.VALUE, "self_attn.v_proj");
        inLayer(MatrixRole.OUTPUT, "self_attn.o_proj");
        inLayer(MatrixRole.QUERY_DOWN, "self_attn.q_a_proj");
        inLayer(MatrixRole.QUERY_UP, "self_attn.q_b_proj");
        inLayer(MatrixRole.LATENT_DOWN, "self_attn.kv_a_proj_with_mqa");
        inLayer(MatrixRole.LATENT_UP, "self_attn.kv_b_proj");
        inLayer(MatrixRole.GATE, "mlp.gate_proj");
        inLayer(MatrixRole.UP, "mlp.up_proj");
        inLayer(MatrixRole.DOWN, "mlp.down_proj");
        inLayer(MatrixRole.ROUTER, "mlp.gate");
        experts("mlp.experts.{expert}.", "gate_proj", "up_proj", "down_proj");
        shared("mlp.shared_experts.");
        vector(VectorRole.FINAL_NORM, "model.norm.weight");
        vector(VectorRole.FINAL_NORM_BIAS, "model.norm.bias");
        vector(VectorRole.ATTENTION_NORM, LAYER + "input_layernorm.weight");
        vector(VectorRole.ATTENTION_NORM_BIAS, LAYER + "input_layernorm.bias");
        vector(VectorRole.FEED_FORWARD_NORM, LAYER + "post_attention_layernorm.weight");
        vector(VectorRole.FEED_FORWARD_NORM_BIAS, LAYER + "post_attention_layernorm.bias");
        vector(VectorRole.QUERY_NORM, LAYER + "self_attn.q_norm.weight");
        vector(VectorRole.KEY_NORM, LAYER + "self_attn.k_norm.weight");
        vector(VectorRole.QUERY_LATENT_NORM, LAYER + "self_attn.q_a_layernorm.weight");
        vector(VectorRole.LATENT_NORM, LAYER + "self_attn.kv_a_layernorm.weight");
        vector(VectorRole.SINKS, LAYER + "self_attn.sinks");
        vector(VectorRole.ROUTER_CORRECTION, LAYER + "mlp.gate.e_score_correction_bias");
    }

    /** A module of each layer, without {@code .weight}. */
    NamePatterns inLayer(MatrixRole role, String module) {
        return matrix(role, LAYER + module + ".weight");
    }

    /** A matrix by its full tensor name pattern. */
    NamePatterns matrix(MatrixRole role, String tensor) {
        return matrix(role, TensorSlice.whole(tensor));
    }

    /** A matrix that is part of a tensor. */
    NamePatterns matrix(MatrixRole role, TensorSlice slice) {
        matrices.put(role, slice);
        return this;
    }

    /** Modules of each routed expert, below {@code folder} of the layer. */
    NamePatterns experts(String folder, String gate, String up, String down) {
        return expert(MatrixRole.GATE, TensorSlice.whole(LAYER + folder + gate + ".weight"))
                .expert(MatrixRole.UP, TensorSlice.whole(LAYER + folder + up + ".weight"))
                .expert(MatrixRole.DOWN, TensorSlice.whole(LAYER + folder + down + ".weight"));
    }

    /** A matrix of each routed expert. */
    NamePatterns expert(MatrixRole role, TensorSlice slice) {
        experts.put(role, slice);
        return this;
    }

    /** A bias of each routed expert. */
    NamePatterns expertBias(MatrixRole role, TensorSlice slice) {
        expertBiases.put(role, slice);
        return this;
    }

    /** The shared expert's modules, below {@code folder} of the layer. */
    NamePatterns shared(String folder) {
        return inLayer(MatrixRole.SHARED_GATE, folder + "gate_proj").inLayer(MatrixRole.SHARED_UP, folder + "up_proj")
                .inLayer(MatrixRole.SHARED_DOWN, folder + "down_proj");
    }

    /** A vector by its full tensor name pattern. */
    NamePatterns vector(VectorRole role, String tensor) {
        vectors.put(role, tensor);
        return this;
    }

    /** Put before every name. */
    NamePatterns prefix(String text) {
        prefix = text;
        return this;
    }

    @Override
    public TensorSlice matrix(MatrixId id) {
        return filled((id.expert() == MatrixId.NONE ? matrices : experts).get(id.role()), id);
    }

    @Override
    public TensorSlice bias(MatrixId id) {
        TensorSlice own = id.expert() == MatrixId.NONE ? null : expertBiases.get(id.role());
        if (own != null) {
            return filled(own, id);
        }
        TensorSlice matrix = matrix(id);
        String name = matrix.tensor();
        String module = name.endsWith(".weight") ? name.substring(0, name.length() - ".weight".length()) : name;
        return matrix.in(module + ".bias");
    }

    @Override
    public String vector(VectorRole role, int layer) {
        return filled(vectors.get(role), layer, MatrixId.NONE);
    }

    private TensorSlice filled(TensorSlice slice, MatrixId id) {
        return new TensorSlice(filled(slice.tensor(), id.layer(), id.expert()), slice.stacked(), slice.transposed(), slice.part(),
                slice.parts(), slice.interleaved());
    }

    private String filled(String pattern, int layer, int expert) {
        return prefix + pattern.replace("{layer}", Integer.toString(layer)).replace("{expert}", Integer.toString(expert));
    }
}
