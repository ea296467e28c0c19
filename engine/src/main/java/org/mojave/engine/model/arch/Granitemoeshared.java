package org.mojave.engine.model.arch;

import org.mojave.engine.model.Config;

/** Granite-MoE with a shared expert, whose size 0 means none. */
final class Granitemoeshared implements Architecture {
    @Override
    public String modelType() {
        return "granitemoeshared";
    }

    @Override
    public Recognised read(Config config) {
        return new GraniteConfig(config).read(config.integer("shared_intermediate_size", 0, 0));
    }
}
