package org.mojave.cli.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.mojave.cli.terminal.Quantities;
import org.mojave.engine.stream.StreamStatistics;

/**
 * What streamed experts cost while a test counted.
 *
 * @param did what the store did
 * @param tokens that were computed
 * @param nanos they took
 * @param possibleBytesPerSecond what the disk gives to experts that are read with nothing else to do
 */
public record DiskUse(StreamStatistics did, long tokens, long nanos, double possibleBytesPerSecond) {
    public DiskUse {
        if (tokens < 1 || nanos < 1) {
            throw new IllegalArgumentException(tokens + " tokens in " + nanos + " ns");
        }
    }

    /** The same, knowing what the disk can do. */
    public DiskUse of(double bytesPerSecond) {
        return new DiskUse(did, tokens, nanos, bytesPerSecond);
    }

    /** Bytes read per second of the test. */
    public double bytesPerSecond() {
        return did.bytesRead() * 1e9 / nanos;
    }

    /** Of what the disk gives when it alone is waited for. */
    public double share() {
        return bytesPerSecond() / possibleBytesPerSecond;
    }

    String text() {
        return Quantities.percent(did.hitRate()) + " of experts in memory, " + Quantities.bytes(did.bytesRead() / tokens) + " read and "
                + Quantities.decimals(did.stallNanos() / 1e6 / tokens, 1) + " ms of waiting per token; " + Quantities.bytesPerSecond(bytesPerSecond())
                + " from disk (" + Quantities.bytesPerSecond(did.bytesPerSecond()) + " while it was reading)"
                + (possibleBytesPerSecond > 0 ? ", " + Quantities.percent(share()) + " of the "
                        + Quantities.bytesPerSecond(possibleBytesPerSecond) + " measured before and after" : "") + ".";
    }

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("hitRate", did.hitRate());
        json.put("bytesPerToken", (double) did.bytesRead() / tokens);
        json.put("stallMilliseconds", did.stallNanos() / 1e6 / tokens);
        json.put("bytesPerSecond", bytesPerSecond());
        json.put("bytesPerSecondWhileReading", did.bytesPerSecond());
        json.put("readSecondsOfAllThreads", did.readNanos() / 1e9);
        if (possibleBytesPerSecond > 0) {
            json.put("possibleBytesPerSecond", possibleBytesPerSecond);
        }
        return json;
    }
}
