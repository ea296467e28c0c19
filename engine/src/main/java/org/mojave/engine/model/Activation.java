package org.mojave.engine.model;

/** The nonlinearity between the two halves of a feed-forward network, named as in transformers' {@code ACT2FN}. */
public enum Activation {
    /** x · sigmoid(x); also called swish. */
    SILU,
    /** x · Φ(x), with the error function. */
    GELU,
    /** The tanh approximation of GELU. */
    GELU_TANH,
    /** x · sigmoid(1.702 x). */
    QUICK_GELU,
    RELU,
    /** relu(x)². */
    RELU_SQUARED;

    /** The activation that a config key names; throws {@link UnsupportedModelException}. */
    public static Activation of(Config config, String key) {
        String name = config.text(key, "silu");
        return switch (name) {
            case "silu", "swish" -> SILU;
            case "gelu", "gelu_python" -> GELU;
            case "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_python_tanh" -> GELU_TANH;
            case "quick_gelu" -> QUICK_GELU;
            case "relu" -> RELU;
            case "relu2" -> RELU_SQUARED;
            default -> throw config.unsupported(key, name,
                    "supported: silu, swish, gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, quick_gelu, relu, relu2");
        };
    }
}
