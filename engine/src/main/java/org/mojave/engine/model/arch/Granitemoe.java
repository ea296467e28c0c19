package org.mojave.engine.model.arch;

import org.mojave.engine.model.Config;

/** Granite-MoE: fused expert tensors, multipliers on embedding, attention, residual and logits. */
final class Granitemoe implements Architecture {
    @Override
    public String modelType() {
        return "granitemoe";
    }

    @Override
    public Recognised read(Config config) {
        return new GraniteConfig(config).read(0);
    }
}
