package org.mojave.engine.model.gguf;

import org.mojave.engine.model.Config;
import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;

/**
 * What a GGUF file's metadata says about its model.
 *
 * @param spec the model
 * @param names what its tensors are called
 * @param config the config.json that means the same
 */
public record GgufModel(ModelSpec spec, TensorNames names, Config config) {}
