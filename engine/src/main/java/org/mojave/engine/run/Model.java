package org.mojave.engine.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.MatrixId;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.engine.model.arch.Architectures;
import org.mojave.engine.model.arch.Recognised;
import org.mojave.engine.model.gguf.GgufFamilies;
import org.mojave.engine.model.gguf.GgufModel;
import org.mojave.engine.store.ExpertStore;
import org.mojave.engine.store.WeightRewrite;
import org.mojave.engine.store.Weights;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.file.DirectFile;
import org.mojave.format.file.ReadableFile;
import org.mojave.format.gguf.GgufShards;
import tools.jackson.databind.JsonNode;

/**
 * An opened model: its spec and its mapped weights. Safe for several threads; closing it unmaps the weights.
 *
 * <p>Example: {@code try (Model model = Model.open(folder); Workers workers = new Workers(2)) { new Decoder(model, workers); }}
 */
public final class Model implements AutoCloseable {
    private final Path path;
    private final Optional<Checkpoint> checkpoint;
    private final Runnable unmap;
    private final Config config;
    private final ModelSpec spec;
    private final TensorNames names;
    private final Weights weights;
    private final Set<Integer> endTokens;
    private final Optional<ExpertStore> experts;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Model(Checkpoint checkpoint) {
        path = checkpoint.folder();
        experts = Optional.empty();
        this.checkpoint = Optional.of(checkpoint);
        unmap = checkpoint::close;
        config = new Config(path.resolve("config.json").toString(), checkpoint.config());
        Recognised recognised = Architectures.recognise(config);
        spec = recognised.spec();
        names = recognised.names();
        weights = new Weights(checkpoint, spec, names);
        Set<Integer> ends = new TreeSet<>(spec.endTokens());
        Path generation = path.resolve("generation_config.json");
        if (Files.exists(generation)) {
            ends.addAll(new Config(generation.toString(), Checkpoint.readJson(generation)).integers("eos_token_id", 0));
        }
        endTokens = Set.copyOf(ends);
    }

    private Model(GgufShards shards) {
        path = shards.metadata().path();
        experts = Optional.empty();
        checkpoint = Optional.empty();
        unmap = shards::close;
        GgufModel model = GgufFamilies.recognise(shards);
        config = model.config();
        spec = model.spec();
        names = model.names();
        weights = Weights.of(shards, spec, names);
        endTokens = spec.endTokens();
    }

    /** The same model with weights elsewhere; closes {@code base} when it is closed. */
    private Model(Model base, Weights weights, Optional<ExpertStore> experts) {
        path = base.path;
        checkpoint = base.checkpoint;
        config = base.config;
        spec = base.spec;
        names = base.names;
        endTokens = base.endTokens;
        this.weights = weights;
        this.experts = experts;
        unmap = () -> {
            experts.ifPresent(ExpertStore::close);
            base.close();
        };
    }

    /** A view of a model with another config and other weights. */
    private Model(Model base, Config config, WeightRewrite rewrite) {
        path = base.path;
        checkpoint = base.checkpoint;
        this.config = config;
        Recognised recognised = Architectures.recognise(config);
        spec = recognised.spec();
        names = recognised.names();
        weights = base.weights.rewritten(spec, rewrite);
        endTokens = base.endTokens;
        experts = Optional.empty();
        unmap = () -> { };
    }

    /**
     * The same model with weights rewritten so that it computes the same, or something else; {@code config} is this model's but for what
     * {@link Weights#rewritten} allows. A view: valid as long as this model is open, and closing it does nothing.
     */
    public Model rewritten(JsonNode newConfig, WeightRewrite rewrite) {
        return new Model(this, new Config(config.place(), newConfig), rewrite);
    }

    /**
     * Opens a folder in Hugging Face layout, or a GGUF file (the first of several). Throws {@link
     * org.mojave.format.tensor.CheckpointException} for damaged or missing files and {@link UnsupportedModelException} for a
     * family or feature unknown here.
     */
    public static Model open(Path path) {
        if (Files.isRegularFile(path)) {
            GgufShards shards = GgufShards.open(path);
            try {
                return new Model(shards);
            } catch (RuntimeException e) {
                shards.close();
                throw e;
            }
        }
        Checkpoint checkpoint = Checkpoint.open(path);
        try {
            return new Model(checkpoint);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /**
     * The same model with all its weights read into memory. Takes this one's place: closing the result closes both. Throws {@link
     * org.mojave.format.tensor.CheckpointException} for a tensor that cannot be read.
     */
    public Model resident(ReadableFile.Opener opener) {
        return inMemory(weights.tensorNames(), opener, Optional.empty());
    }

    /**
     * The same model with the experts of a store, and all other weights read into memory. Takes this one's place, and the store's:
     * closing the result closes all three.
     */
    public Model withExperts(ExpertStore store, ReadableFile.Opener opener) {
        return inMemory(denseTensors(), opener, Optional.of(store));
    }

    private Model inMemory(Set<String> tensors, ReadableFile.Opener opener, Optional<ExpertStore> store) {
        Checkpoint read = checkpoint().inMemory(tensors::contains, opener);
        return new Model(this, new Weights(read, spec, names), store);
    }

    /** Bytes that the weights outside of routed experts take in memory. */
    public long residentBytes() {
        return bytes(denseTensors());
    }

    /** Bytes that all weights take in memory. */
    public long weightBytes() {
        return bytes(weights.tensorNames());
    }

    private long bytes(Set<String> tensors) {
        long sum = 0;
        for (String tensor : tensors) {
            sum += checkpoint().tensor(tensor).bytes().byteSize() + 2L * DirectFile.USUAL_ALIGNMENT;
        }
        return sum;
    }

    /** All tensors but those of routed experts' matrices. */
    private Set<String> denseTensors() {
        Set<String> tensors = new TreeSet<>(weights.tensorNames());
        for (MatrixId id : spec.matrices()) {
            if (id.expert() != MatrixId.NONE) {
                tensors.removeAll(weights.tensorNamesOf(id));
            }
        }
        return tensors;
    }

    /** Whether the model is a folder, whose weights can be read into memory or streamed. */
    public boolean isFolder() {
        return checkpoint.isPresent();
    }

    /** Where the routed experts come from, if not from {@link #weights}. */
    public Optional<ExpertStore> experts() {
        return experts;
    }

    /** What the model is. */
    public ModelSpec spec() {
        return spec;
    }

    /** What the family calls its tensors. */
    public TensorNames names() {
        return names;
    }

    /** Its weights, mapped. */
    public Weights weights() {
        return weights;
    }

    /** The folder's files; throws {@link UnsupportedModelException} for a GGUF model, which has no such tensors. */
    public Checkpoint checkpoint() {
        return checkpoint.orElseThrow(() -> new UnsupportedModelException(path
                + ": a GGUF file can be run and measured, but not changed; give the folder of the original model"));
    }

    /** The config as read; of a GGUF model the one that means the same. */
    public Config config() {
        return config;
    }

    /** Token ids are below this. */
    public int vocabularySize() {
        return spec.vocabularySize();
    }

    /** Positions the model was made for. */
    public int contextLength() {
        return spec.contextLength();
    }

    /** Token ids that end a text, from config.json and generation_config.json, or from the GGUF metadata. */
    public Set<Integer> endTokens() {
        return endTokens;
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            unmap.run();
        }
    }
}
