package org.mojave.engine.model.gguf;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.MatrixRole;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.TensorSlice;
import org.mojave.engine.model.VectorRole;

/** llama.cpp's tensor names; routed experts lie in one tensor [experts, rows, columns] per role. */
final class GgufNames implements TensorNames {
    private static final Set<MatrixRole> OUTSIDE = Set.of(MatrixRole.EMBEDDING, MatrixRole.HEAD);

    private final Map<VectorRole, String> vectors = new EnumMap<>(VectorRole.class);
    private boolean joinedExperts;

    GgufNames() {
        vectors.put(VectorRole.FINAL_NORM, "output_norm.weight");
        vectors.put(VectorRole.FINAL_NORM_BIAS, "output_norm.bias");
        vectors.put(VectorRole.ATTENTION_NORM, "attn_norm.weight");
        vectors.put(VectorRole.ATTENTION_NORM_BIAS, "attn_norm.bias");
        vectors.put(VectorRole.FEED_FORWARD_NORM, "ffn_norm.weight");
        vectors.put(VectorRole.FEED_FORWARD_NORM_BIAS, "ffn_norm.bias");
        vectors.put(VectorRole.QUERY_NORM, "attn_q_norm.weight");
        vectors.put(VectorRole.KEY_NORM, "attn_k_norm.weight");
        vectors.put(VectorRole.QUERY_LATENT_NORM, "attn_q_a_norm.weight");
        vectors.put(VectorRole.LATENT_NORM, "attn_kv_a_norm.weight");
        vectors.put(VectorRole.SINKS, "attn_sinks.weight");
        vectors.put(VectorRole.ROUTER_CORRECTION, "exp_probs_b.bias");
    }

    /** Another name within the layer. */
    GgufNames vector(VectorRole role, String name) {
        vectors.put(role, name);
        return this;
    }

    /** Gate and up of the routed experts in one tensor {@code ffn_gate_up_exps}, gate rows first. */
    GgufNames joinExperts() {
        joinedExperts = true;
        return this;
    }

    @Override
    public TensorSlice matrix(MatrixId id) {
        return slice(id, ".weight");
    }

    @Override
    public TensorSlice bias(MatrixId id) {
        return slice(id, ".bias");
    }

    @Override
    public String vector(VectorRole role, int layer) {
        return prefix(layer) + vectors.get(role);
    }

    private TensorSlice slice(MatrixId id, String suffix) {
        String prefix = OUTSIDE.contains(id.role()) ? "" : prefix(id.layer());
        if (id.expert() == MatrixId.NONE) {
            return TensorSlice.whole(prefix + module(id.role()) + suffix);
        }
        if (joinedExperts && id.role() != MatrixRole.DOWN) {
            return TensorSlice.stacked(prefix + "ffn_gate_up_exps" + suffix).half(id.role() == MatrixRole.GATE ? 0 : 1);
        }
        return TensorSlice.stacked(prefix + module(id.role()) + "_exps" + suffix);
    }

    private static String prefix(int layer) {
        return layer == MatrixId.NONE ? "" : "blk." + layer + ".";
    }

    private static String module(MatrixRole role) {
        return switch (role) {
            case EMBEDDING -> "token_embd";
            case HEAD -> "output";
            case QUERY -> "attn_q";
            case KEY -> "attn_k";
            case VALUE -> "attn_v";
            case QUERY_DOWN -> "attn_q_a";
            case QUERY_UP -> "attn_q_b";
            case LATENT_DOWN -> "attn_kv_a_mqa";
            case LATENT_UP -> "attn_kv_b";
            case OUTPUT -> "attn_output";
            case ROUTER -> "ffn_gate_inp";
            case GATE -> "ffn_gate";
            case UP -> "ffn_up";
            case DOWN -> "ffn_down";
            case SHARED_GATE -> "ffn_gate_shexp";
            case SHARED_UP -> "ffn_up_shexp";
            case SHARED_DOWN -> "ffn_down_shexp";
            case SHARED_ROUTER -> "ffn_gate_inp_shexp";
        };
    }
}
