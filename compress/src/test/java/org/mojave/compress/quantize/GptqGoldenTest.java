package org.mojave.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.mojave.engine.kernel.Gram;
import org.mojave.engine.kernel.LinearAlgebra;
import org.mojave.engine.kernel.PortableAlgebra;
import org.mojave.engine.kernel.Workers;
import org.mojave.format.packed.CodedMatrix;
import org.mojave.format.packed.Scheme;
import org.mojave.format.safetensors.SafetensorsFile;
import org.mojave.format.tensor.TensorData;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Results of the official implementation (IST-DASLab/gptq), every item of every case in {@code testkit/goldens/gptq} and in
 * the folder named by the environment variable {@code MOJAVE_GOLDENS}, if set.
 */
class GptqGoldenTest {
    /** Most of the entries that may differ by a step, and scales that follow from them, where float rounding differs. */
    private static final double FLIPPED = 0.05;

    @TestFactory
    Stream<DynamicTest> official() throws IOException {
        List<Path> files = new ArrayList<>(cases(Path.of(System.getProperty("mojave.root"), "testkit", "goldens", "gptq")));
        assertThat(files).hasSizeGreaterThanOrEqualTo(2);
        String more = System.getenv("MOJAVE_GOLDENS");
        if (more != null) {
            files.addAll(cases(Path.of(more)));
        }
        return files.stream().flatMap(GptqGoldenTest::tests);
    }

    private static List<Path> cases(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(path -> path.toString().endsWith(".json")).filter(path -> isCase(read(path))).sorted().toList();
        }
    }

    private static boolean isCase(JsonNode node) {
        return node.has("weight_shape") && node.has("inputs_shape") && node.path("items").path(0).has("percdamp");
    }

    private static JsonNode read(Path path) {
        try {
            return JsonMapper.shared().readTree(Files.readString(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<DynamicTest> tests(Path path) {
        JsonNode node = read(path);
        Case data = Case.read(path.resolveSibling(node.get("file").asString()));
        return node.get("items").valueStream().map(item -> DynamicTest.dynamicTest(
                path.getFileName() + " " + item.get("id").asString(), () -> check(data, item)));
    }

    private record Case(WeightMatrix weights, float[] inputs, Hessian hessian, Map<String, float[]> tensors) {
        static Case read(Path file) {
            Map<String, float[]> tensors = new HashMap<>();
            try (Arena arena = Arena.ofConfined()) {
                Map<String, TensorData> all = SafetensorsFile.open(file, arena).tensors();
                all.forEach((name, tensor) -> {
                    if (tensor.type().isFloat()) {
                        tensors.put(name, tensor.toFloats());
                    }
                });
                TensorData weight = all.get("weight");
                WeightMatrix weights = new WeightMatrix(
                        file.getFileName().toString(), weight.dimension(0), weight.dimension(1), tensors.get("weight"));
                return new Case(weights, tensors.get("inputs"), hessian(tensors.get("inputs"), all.get("inputs")), tensors);
            }
        }

        /** (2 / batches) · Σ XᵀX. */
        private static Hessian hessian(float[] inputs, TensorData shape) {
            Gram gram = new Gram(shape.dimension(2));
            try (Workers workers = new Workers(1)) {
                gram.add(inputs, shape.dimension(0) * shape.dimension(1), workers);
            }
            float[] values = gram.matrix().clone();
            for (int i = 0; i < values.length; i++) {
                values[i] *= 2f / shape.dimension(0);
            }
            return new Hessian(gram.columns(), values, gram.tokens());
        }

        /** Σ (X·Wᵀ − X·Qᵀ)² over all tokens and rows, float64. */
        double outputError(float[] quantized) {
            int columns = weights.columns();
            double sum = 0;
            for (int t = 0; t < inputs.length; t += columns) {
                for (int r = 0; r < weights.rows(); r++) {
                    double difference = 0;
                    for (int c = 0; c < columns; c++) {
                        int at = r * columns + c;
                        difference += (double) inputs[t + c] * ((double) weights.values()[at] - quantized[at]);
                    }
                    sum += difference * difference;
                }
            }
            return sum;
        }
    }

    private static void check(Case data, JsonNode item) {
        int group = item.get("groupsize").asInt();
        int bits = item.get("bits").asInt();
        Clip clip = item.get("mse").asBoolean() ? Clip.WEIGHTS : Clip.NONE;
        Scheme scheme = new Scheme(bits, group == -1 ? Scheme.WHOLE_ROW : group, item.get("sym").asBoolean());
        GptqSettings settings = new GptqSettings(
                item.get("static_groups").asBoolean() ? GptqSettings.Groups.STATIC : GptqSettings.Groups.DYNAMIC,
                item.get("actorder").asBoolean() ? GptqSettings.Order.ACTIVATION : GptqSettings.Order.NATURAL,
                clip, item.get("percdamp").asDouble(), item.get("blocksize").asInt(), Fidelity.REFERENCE, 0);
        double tolerance = bits <= 2 ? 0.02 : 0.01;
        for (LinearAlgebra algebra : List.of(LinearAlgebra.preferred(), new PortableAlgebra())) {
            QuantizedMatrix result = new Gptq(settings, algebra).quantize(data.weights(), data.hessian(), scheme);
            double expected = item.get("output_error").asDouble();
            assertThat(data.outputError(result.weights())).isCloseTo(expected, within(tolerance * expected));
            compare(data.tensors(), item.get("id").asString(), result);
        }
        double rounded = item.get("rtn_output_error").asDouble();
        QuantizedMatrix rtn = new Rtn(clip, Fidelity.REFERENCE).quantize(data.weights(), Statistics.NONE, scheme);
        assertThat(data.outputError(rtn.weights())).isCloseTo(rounded, within(tolerance * rounded));
    }

    private static void compare(Map<String, float[]> tensors, String id, QuantizedMatrix result) {
        CodedMatrix coded = result.coded();
        assertThat(different(result.weights(), tensors.get(id + ".weight"))).as("weights that differ").isLessThan(FLIPPED);
        float[] scales = tensors.get(id + ".scale");
        if (scales != null && scales.length == coded.scales().length) {
            assertThat(different(coded.scales(), scales)).as("scales that differ").isLessThan(FLIPPED);
        }
        float[] zeros = tensors.get(id + ".zero");
        if (zeros != null && zeros.length == coded.zeros().length) {
            float[] actual = new float[zeros.length];
            for (int i = 0; i < actual.length; i++) {
                actual[i] = coded.zeros()[i] & 0xff;
            }
            assertThat(different(actual, zeros)).as("zeros that differ").isLessThan(FLIPPED);
        }
    }

    private static double different(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        int count = 0;
        for (int i = 0; i < actual.length; i++) {
            if (Math.abs(actual[i] - expected[i]) > 1e-4 * Math.abs(expected[i]) + 1e-6) {
                count++;
            }
        }
        return (double) count / actual.length;
    }
}
