package org.mojave.engine.model.gguf;

import java.util.ArrayList;
import java.util.List;
import org.mojave.engine.model.Attention;
import org.mojave.engine.model.LayerSpec;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.Rope;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.model.arch.Architectures;
import org.mojave.format.gguf.GgufShards;
import org.mojave.format.tensor.CheckpointException;

/** The values of {@code general.architecture} that can be run. */
public final class GgufFamilies {
    private static final List<GgufFamily> ALL = List.of(
            new Deepseek(),
            new Deepseek2(),
            new Dots1(),
            new Ernie45Moe(),
            new Glm4Moe(),
            new GptOss(),
            new GraniteMoe(),
            new Llama(),
            new Olmoe(),
            new Qwen2Moe(),
            new Qwen3Moe());

    private GgufFamilies() {}

    /** The supported architectures, alphabetical. */
    public static List<String> architectures() {
        return ALL.stream().map(GgufFamily::architecture).sorted().toList();
    }

    /**
     * Reads the metadata. Throws {@link UnsupportedModelException} for another architecture or an unsupported feature, {@link
     * CheckpointException} for missing keys and values that make no sense.
     */
    public static GgufModel recognise(GgufShards shards) {
        String place = shards.metadata().path().toString();
        String name = shards.metadata().text("general.architecture").orElseThrow(() ->
                new CheckpointException(place, "lacks the key general.architecture; the file is no complete model"));
        for (GgufFamily family : ALL) {
            if (family.architecture().equals(name)) {
                try {
                    return read(family, shards);
                } catch (IllegalArgumentException | ArithmeticException e) {
                    throw new CheckpointException(place, "has metadata that makes no sense (" + e.getMessage() + ")", e);
                }
            }
        }
        throw new UnsupportedModelException(place + ": general.architecture '" + name + "' is not supported; supported GGUF models: "
                + String.join(", ", architectures()));
    }

    private static GgufModel read(GgufFamily family, GgufShards shards) {
        GgufKeys keys = new GgufKeys(shards, family.architecture());
        family.describe(keys);
        ModelSpec spec = turned(Architectures.recognise(keys.config()).spec(), family.interleaved());
        GgufNames names = family.names();
        boolean joined = shards.tensors().keySet().stream().anyMatch(tensor -> tensor.endsWith(".ffn_gate_up_exps.weight"));
        return new GgufModel(spec, joined ? names.joinExperts() : names, keys.config());
    }

    /** The converter reorders rows of query and key of some families so that rope pairs are neighbours. */
    private static ModelSpec turned(ModelSpec spec, boolean interleaved) {
        List<LayerSpec> layers = new ArrayList<>();
        for (LayerSpec layer : spec.layers()) {
            layers.add(new LayerSpec(switch (layer.attention()) {
                case Attention.GroupedQuery a -> new Attention.GroupedQuery(a.heads(), a.keyValueHeads(), a.headDimension(),
                        a.rope().map(rope -> turned(rope, interleaved)), a.mask(), a.scale(), a.biases(), a.norm(), a.clip(),
                        a.sinks(), a.temperature());
                case Attention.Latent a -> new Attention.Latent(a.heads(), a.queryRank(), a.latentRank(), a.plainDimension(),
                        a.ropeDimension(), a.valueDimension(), turned(a.latentRope(), interleaved), a.mask(), a.scale(), a.biases());
            }, layer.feedForward()));
        }
        return new ModelSpec(spec.modelType(), spec.hiddenSize(), spec.vocabularySize(), spec.contextLength(), spec.norm(),
                spec.tiedHead(), spec.headBias(), spec.multipliers(), layers, spec.endTokens());
    }

    private static Rope turned(Rope rope, boolean interleaved) {
        return new Rope(rope.dimension(), interleaved, rope.base(), rope.scaling());
    }
}
