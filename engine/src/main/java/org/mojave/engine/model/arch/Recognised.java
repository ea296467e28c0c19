package org.mojave.engine.model.arch;

import org.mojave.engine.model.ModelSpec;
import org.mojave.engine.model.TensorNames;

/** A model and what its tensors are called. */
public record Recognised(ModelSpec spec, TensorNames names) {}
