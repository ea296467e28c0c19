package org.mojave.engine.forecast;

import java.util.List;
import java.util.Optional;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.run.ActiveBytes;
import org.mojave.engine.run.KvCache;
import org.mojave.engine.run.Model;
import org.mojave.engine.stream.ReadSpeed;
import org.mojave.engine.stream.StreamPlan;
import org.mojave.engine.trace.Replay;

/**
 * What generating a token will take. The model of MoE-Lens (arXiv 2504.09345) with layers as its stages, because an expert can be read
 * only when its layer's router has spoken:
 * <pre>
 *   T = C + Σ over layers of max(0, io(m) + e − k · e)      io(m) = t₀ + m · b / B_d,  0 for m = 0
 *   C = computing + (bytes read + keys and values) / B_m
 * </pre>
 * with m of a layer's k experts missing, b bytes of an expert and e the time to compute one, the last of which must wait for its bytes.
 * With perfect overlap a token would take max(C, Σ m · b / B_d).
 *
 * @param hitRate share of needed experts that are in memory
 * @param bytesRead from disk, per token
 * @param computeNanos C
 * @param stallNanos waiting for the disk
 * @param readNanos Σ m · b / B_d: the disk's time if it never paused
 */
public record TokenForecast(double hitRate, double bytesRead, double computeNanos, double stallNanos, double readNanos) {
    /**
     * What was measured on a machine.
     *
     * @param memoryBytesPerSecond B_m
     * @param computing one token with all experts in memory and next to no context
     */
    public record Machine(double memoryBytesPerSecond, DecodeSpeed computing) {}

    /**
     * What a token asks for.
     *
     * @param active bytes of weights
     * @param cacheBytes keys and values it looks back at
     * @param experts routed experts, all layers together
     */
    public record Token(ActiveBytes active, double cacheBytes, int experts) {
        /** The mean of so many tokens that a model generates from an empty context; {@code plan}: of its experts, if they may be streamed. */
        public static Token of(Model model, int tokens, KeyValueType keyValues, Optional<StreamPlan> plan) {
            return new Token(ActiveBytes.of(model), KvCache.bytes(model.spec(), tokens, keyValues) / 2.0, plan.map(StreamPlan::cycle).orElse(0));
        }

        /** e: the share that an expert has of the weights is its share of the time. */
        double expertNanos(DecodeSpeed computing) {
            return experts == 0 ? 0 : computing.nanosPerToken() * active.routed() / active.total() / experts;
        }
    }

    /** With everything in memory. */
    public static TokenForecast resident(Machine machine, Token token) {
        return new TokenForecast(1, 0, machine.computing().nanosPerToken() + token.cacheBytes() / machine.memoryBytesPerSecond() * 1e9, 0, 0);
    }

    /**
     * With experts in a slab.
     *
     * @param disk how experts are read
     * @param expertBytes b
     * @param replay of a trace whose steps are single tokens, with as many slots as the slab has
     */
    public static TokenForecast streamed(Machine machine, Token token, ReadSpeed disk, double expertBytes, Replay.Result replay) {
        double expert = token.expertNanos(machine.computing());
        List<Long> demands = replay.demandsByMisses();
        long layers = demands.stream().mapToLong(Long::longValue).sum();
        double together = layers == 0 ? 0 : (double) replay.requests() / layers * expert;
        double stall = 0;
        for (int missing = 1; missing < demands.size(); missing++) {
            stall += demands.get(missing) * Math.max(0, disk.nanos(missing, missing * expertBytes) + expert - together);
        }
        double bytes = replay.readsPerToken() * expertBytes;
        double compute = resident(machine, token).computeNanos() + bytes / machine.memoryBytesPerSecond() * 1e9;
        return new TokenForecast(replay.hitRate(), bytes, compute, stall / Math.max(1, replay.tokens()), bytes / disk.bytesPerSecond() * 1e9);
    }

    /** What one sequence will generate. */
    public double tokensPerSecond() {
        return 1e9 / (computeNanos + stallNanos);
    }

    /** What it would generate if reading and computing never waited for each other. */
    public double overlappedTokensPerSecond() {
        return 1e9 / Math.max(computeNanos, readNanos);
    }

    /** Whether the disk is what a token waits for most. */
    public boolean diskBound() {
        return readNanos > computeNanos;
    }
}
