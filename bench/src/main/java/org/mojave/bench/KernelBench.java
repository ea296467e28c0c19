package org.mojave.bench;

import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.mojave.engine.kernel.FloatPeak;
import org.mojave.engine.kernel.LinearAlgebra;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures the kernels and prints each as a share of what the machine can do with as many threads, measured in the same
 * run. The fastest call counts, since other work on the machine can only slow one down.
 *
 * <p>Run it with {@code mvn -q -pl bench -am -P kernels -DskipTests verify}; arguments are patterns that select ladders,
 * e.g. {@code ProductLadder}.
 */
public final class KernelBench {
    private static final int WARM_UPS = 2;
    private static final int ITERATIONS = 4;
    private static final long MILLIS = 500;

    private KernelBench() {}

    /** Runs the selected ladders, by default all. */
    public static void main(String[] arguments) throws RunnerException {
        System.out.println("Arithmetic: " + LinearAlgebra.preferred().describe());
        Collection<RunResult> results = new Runner(options(arguments)).run();
        Map<String, Double> peaks = new HashMap<>();
        for (RunResult result : results) {
            if (isPeak(result.getParams())) {
                peaks.put(result.getParams().getParam("threads"), rate(result));
            }
        }
        System.out.printf("%-64s %12s %12s %10s%n", "kernel", "ms", "Gop/s", "of peak");
        for (RunResult result : results) {
            print(result, peaks);
        }
    }

    private static Options options(String[] patterns) {
        var builder = new OptionsBuilder()
                .mode(Mode.SampleTime).timeUnit(TimeUnit.MILLISECONDS)
                .forks(1).warmupIterations(WARM_UPS).measurementIterations(ITERATIONS)
                .warmupTime(TimeValue.milliseconds(MILLIS)).measurementTime(TimeValue.milliseconds(MILLIS))
                .jvmArgsAppend("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                        "-Xmx2g", "-XX:+UseParallelGC")
                .verbosity(VerboseMode.SILENT);
        builder.include(PeakLadder.class.getName());
        for (String pattern : patterns.length == 0 ? new String[] {"org.mojave.bench"} : patterns) {
            builder.include(pattern);
        }
        return builder.build();
    }

    private static boolean isPeak(BenchmarkParams parameters) {
        return parameters.getBenchmark().startsWith(PeakLadder.class.getName());
    }

    private static void print(RunResult result, Map<String, Double> peaks) {
        BenchmarkParams parameters = result.getParams();
        String threads = parameters.getParamsKeys().contains("threads") ? parameters.getParam("threads") : "1";
        StringBuilder name = new StringBuilder(parameters.getBenchmark().replaceFirst(".*\\.(\\w+)$", "$1"));
        for (String key : parameters.getParamsKeys()) {
            name.append(' ').append(key).append('=').append(parameters.getParam(key));
        }
        double peak = peaks.get(threads);
        String share = isDecoding(parameters) ? "" : String.format(Locale.ROOT, "%.0f %%", 100 * rate(result) / peak);
        System.out.printf(Locale.ROOT, "%-64s %12.3f %12.1f %10s%n", name, best(result), rate(result), share);
    }

    private static boolean isDecoding(BenchmarkParams parameters) {
        return parameters.getBenchmark().startsWith(DecodeLadder.class.getName());
    }

    /** Milliseconds of the fastest call. */
    private static double best(RunResult result) {
        return result.getPrimaryResult().getStatistics().getMin();
    }

    /** Giga-operations per second; weights where there are no operations to speak of. */
    private static double rate(RunResult result) {
        return operations(result.getParams()) / best(result) / 1e6;
    }

    private static double operations(BenchmarkParams parameters) {
        String method = parameters.getBenchmark().replaceFirst(".*\\.(\\w+)$", "$1");
        return switch (method) {
            case "peak" -> (double) PeakLadder.TASKS * FloatPeak.operations(PeakLadder.ITERATIONS);
            case "product" -> 2 * product(parameters.getParam("shape"));
            case "gram" -> Math.pow(Double.parseDouble(parameters.getParam("columns")), 2) * GramLadder.TOKENS;
            case "factor" -> Math.pow(Ladder.shape(parameters.getParam("shape"))[1], 3) * 2 / 3;
            case "gptq", "gptqAsPublished" -> product(parameters.getParam("shape")) * Ladder.shape(parameters.getParam("shape"))[1];
            case "rounding", "roundingWithClipSearch" -> product(parameters.getParam("shape"));
            case "attention" -> AttentionLadder.operations(parameters.getParam("shape"));
            case "blocks" -> GgufLadder.operations(parameters.getParam("tokens"));
            case "decode" -> (double) DecodeLadder.SIZE * DecodeLadder.SIZE;
            default -> throw new IllegalArgumentException("no operation count for " + method);
        };
    }

    private static double product(String shape) {
        double product = 1;
        for (int size : Ladder.shape(shape)) {
            product *= size;
        }
        return product;
    }
}
