package org.mojave.cli.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.cli.machine.MemoryBandwidth;
import org.mojave.cli.terminal.Quantities;
import org.mojave.cli.terminal.Table;
import org.mojave.engine.kernel.KeyValueType;
import org.mojave.engine.run.ActiveBytes;

/**
 * All that {@code mojave bench} found out.
 *
 * @param model as the user named it
 * @param weightBytes bytes of all its matrices
 * @param active bytes that one token reads
 * @param kernels how matrices were multiplied
 * @param keyValues how keys and values were kept
 * @param threads that worked
 * @param speeds one for each test
 * @param bandwidth of this machine's memory, measured right after the tests; what it gave beside a test counts more
 * @param peakBytes most memory that the process ever had resident, mapped files included, before bandwidth was measured
 */
public record BenchResult(String model, long weightBytes, ActiveBytes active, String kernels, KeyValueType keyValues, int threads, List<Speed> speeds,
        MemoryBandwidth bandwidth, long peakBytes) {
    public BenchResult {
        speeds = List.copyOf(speeds);
    }

    /** What memory gave: the middle of what it gave beside the first test that it bounds, else after the tests. */
    private double memoryBytesPerSecond() {
        return speeds.stream().flatMapToDouble(speed -> speed.memoryMedian().stream()).findFirst().orElse(bandwidth.bytesPerSecond());
    }

    /** Tokens per second that the memory allows in generation. */
    public double limit() {
        return memoryBytesPerSecond() / active.total();
    }

    /** Of the memory's limit; empty for prompts and several sequences, which read a weight once for many tokens. */
    private Optional<Double> fraction(Speed speed) {
        return speed.test().oneByOne() ? Optional.of(speed.memoryShare(active.total()).orElse(speed.median() / limit())) : Optional.empty();
    }

    /** Lines for people. */
    public List<String> text() {
        Table table = new Table("test", ">tokens/s", ">slowest", ">fastest", ">of the memory's limit", ">predicted", ">achieved");
        for (Speed speed : speeds) {
            table.row(speed.test().name(), number(speed.median()), number(speed.least()), number(speed.most()),
                    fraction(speed).map(Quantities::percent).orElse(""), speed.forecast().map(f -> number(f.tokensPerSecond())).orElse(""),
                    speed.forecast().map(f -> Quantities.percent(speed.median() / f.tokensPerSecond())).orElse(""));
        }
        List<String> lines = new ArrayList<>(table.render());
        lines.add("");
        lines.add("A token reads " + Quantities.bytes(active.total()) + " of " + Quantities.bytes(weightBytes) + " of weights; "
                + Quantities.bytesPerSecond(memoryBytesPerSecond()) + " of memory speed bound generation to " + number(limit())
                + " tokens/s.");
        for (Speed speed : speeds) {
            speed.forecast().filter(forecast -> forecast.bytesRead() > 0).ifPresent(forecast -> lines.add(speed.test().name() + ", predicted: "
                    + milliseconds(forecast.computeNanos()) + " of computing and " + milliseconds(forecast.stallNanos()) + " of waiting per token; "
                    + number(forecast.overlappedTokensPerSecond()) + " tokens/s if reading and computing never waited for each other."));
        }
        for (Speed speed : speeds) {
            speed.disk().ifPresent(use -> lines.add(speed.test().name() + ", measured: " + use.text()));
            speed.explanation().ifPresent(known -> lines.add(speed.test().name() + ": with the disk as fast as it was then, "
                    + number(known.tokensPerSecond()) + " tokens/s would have been predicted (achieved: "
                    + Quantities.percent(speed.median() / known.tokensPerSecond()) + "); "
                    + Quantities.percent(speed.median() / known.overlappedTokensPerSecond()) + " of what never waiting for each other would give."));
        }
        lines.add("At most " + Quantities.bytes(peakBytes) + " of memory in use, the model's mapped files included.");
        return lines;
    }

    /** A table as llama-bench prints it. */
    public List<String> markdown() {
        List<String> lines = new ArrayList<>();
        lines.add("| model | size | kernels | threads | test | t/s | limit | peak memory |");
        lines.add("| --- | ---: | --- | ---: | --- | ---: | ---: | ---: |");
        for (Speed speed : speeds) {
            lines.add("| " + String.join(" | ", model, Quantities.bytes(weightBytes), kernels, Integer.toString(threads),
                    speed.test().name(), number(speed.median()) + " (" + number(speed.least()) + " – " + number(speed.most()) + ")",
                    fraction(speed).map(f -> Quantities.percent(f) + " of " + number(limit())).orElse(""),
                    Quantities.bytes(peakBytes)) + " |");
        }
        return lines;
    }

    /** For machines. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", model);
        json.put("weightBytes", weightBytes);
        json.put("activeBytesPerToken", active.total());
        json.put("activeExpertBytesPerToken", active.routed());
        json.put("kernels", kernels);
        json.put("keyValues", keyValues.toString());
        json.put("threads", threads);
        json.put("memoryBytesPerSecond", memoryBytesPerSecond());
        json.put("memoryBytesPerSecondAfterwards", bandwidth.bytesPerSecond());
        json.put("limitTokensPerSecond", limit());
        json.put("peakMemoryBytes", peakBytes);
        json.put("tests", speeds.stream().map(this::json).toList());
        return json;
    }

    private Map<String, Object> json(Speed speed) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("test", speed.test().name());
        json.put("tokensPerSecond", speed.median());
        json.put("samples", speed.samples());
        fraction(speed).ifPresent(fraction -> json.put("fractionOfLimit", fraction));
        if (!speed.memory().isEmpty()) {
            json.put("memoryBytesPerSecondBeside", speed.memory());
        }
        speed.forecast().ifPresent(forecast -> {
            json.put("predictedTokensPerSecond", forecast.tokensPerSecond());
            json.put("overlappedTokensPerSecond", forecast.overlappedTokensPerSecond());
            json.put("predictedStallMilliseconds", forecast.stallNanos() / 1e6);
            json.put("predictedComputeMilliseconds", forecast.computeNanos() / 1e6);
            json.put("predictedHitRate", forecast.hitRate());
        });
        speed.explanation().ifPresent(known -> {
            json.put("predictedKnowingTheDisk", known.tokensPerSecond());
            json.put("overlappedKnowingTheDisk", known.overlappedTokensPerSecond());
        });
        speed.disk().ifPresent(use -> json.put("experts", use.json()));
        return json;
    }

    private static String milliseconds(double nanos) {
        return Quantities.decimals(nanos / 1e6, 1) + " ms";
    }

    private static String number(double tokensPerSecond) {
        return Quantities.decimals(tokensPerSecond, tokensPerSecond < 1000 ? 1 : 0);
    }
}
