package org.mojave.engine.model.arch;

import org.mojave.engine.model.Config;

/** A model family. */
interface Architecture {
    /** {@code model_type} in config.json. */
    String modelType();

    /** Reads the config; throws CheckpointException or UnsupportedModelException that names the key. */
    Recognised read(Config config);
}
