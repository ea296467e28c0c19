package org.mojave.engine.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.mojave.engine.model.Config;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;
import org.mojave.engine.model.arch.Architectures;
import org.mojave.engine.model.arch.Recognised;
import org.mojave.engine.store.Weights;
import org.mojave.format.checkpoint.Checkpoint;

/**
 * An opened model: its spec and its mapped weights. Safe for several threads; closing it unmaps the weights.
 *
 * <p>Example: {@code try (Model model = Model.open(folder); Workers workers = new Workers(2)) { new Decoder(model, workers); }}
 */
public final class Model implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final ModelSpec spec;
    private final TensorNames names;
    private final Weights weights;
    private final Set<Integer> endTokens;

    private Model(Checkpoint checkpoint, Recognised recognised, Weights weights, Set<Integer> endTokens) {
        this.checkpoint = checkpoint;
        spec = recognised.spec();
        names = recognised.names();
        this.weights = weights;
        this.endTokens = Set.copyOf(endTokens);
    }

    /**
     * Opens a folder in Hugging Face layout. Throws {@link org.mojave.format.tensor.CheckpointException} for damaged or
     * missing files and {@link org.mojave.engine.model.UnsupportedModelException} for a family or feature unknown here.
     */
    public static Model open(Path folder) {
        Checkpoint checkpoint = Checkpoint.open(folder);
        try {
            Config config = new Config(folder.resolve("config.json").toString(), checkpoint.config());
            Recognised recognised = Architectures.recognise(config);
            Weights weights = new Weights(checkpoint, recognised.spec(), recognised.names());
            Set<Integer> endTokens = new TreeSet<>(recognised.spec().endTokens());
            Path generation = folder.resolve("generation_config.json");
            if (Files.exists(generation)) {
                endTokens.addAll(new Config(generation.toString(), Checkpoint.readJson(generation)).integers("eos_token_id", 0));
            }
            return new Model(checkpoint, recognised, weights, endTokens);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
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

    /** The files it lies in. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** The config as read. */
    public Config config() {
        return new Config(checkpoint.folder().resolve("config.json").toString(), checkpoint.config());
    }

    /** Token ids are below this. */
    public int vocabularySize() {
        return spec.vocabularySize();
    }

    /** Positions the model was made for. */
    public int contextLength() {
        return spec.contextLength();
    }

    /** Token ids that end a text, from config.json and generation_config.json. */
    public Set<Integer> endTokens() {
        return endTokens;
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
