package org.mojave.engine.model;

/** One transformer layer: pre-norm attention, residual, pre-norm feed-forward, residual. */
public record LayerSpec(Attention attention, FeedForward feedForward) {}
