package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mojave.format.checkpoint.Checkpoint;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code run}, {@code logits} and {@code eval} from end to end, in this process and through the launcher. */
class TextCommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final String WREN = ROOT.resolve("examples/wren-moe").toString();
    private static final Path PASSAGE = ROOT.resolve("engine/src/test/resources/org/mojave/engine/evaluate/passage.txt");
    private static final Launcher MOJAVE = Launcher.ofRepository();
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    private Path folder;

    /** What is said about building comes here, not in a test. */
    @BeforeAll
    static void build() throws IOException, InterruptedException {
        Run version = MOJAVE.run("--version");
        assertThat(version.code()).as(version.err()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"mixtral", "deepseek_v3"})
    void logitsAreThoseOfTheGolden(String family) throws IOException, InterruptedException {
        Path golden = ROOT.resolve("testkit/goldens").resolve(family);
        JsonNode expected = Checkpoint.readJson(golden.resolve("expected.json"));
        List<String> arguments = new ArrayList<>(List.of("logits", golden.toString(), "-n", "16", "--json"));
        for (JsonNode ids : expected.path("input_ids").values()) {
            arguments.add("--ids");
            arguments.add(ids.toString().replaceAll("[\\[\\] ]", ""));
        }
        Run run = MOJAVE.run(arguments.toArray(String[]::new));
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        JsonNode sequences = JSON.readTree(run.out()).path("sequences");
        assertThat(sequences.size()).isEqualTo(expected.path("input_ids").size());
        for (int s = 0; s < sequences.size(); s++) {
            JsonNode sequence = sequences.get(s);
            assertThat(sequence.propertyNames()).containsExactly("ids", "logits", "router", "greedy");
            assertThat(sequence.path("ids")).isEqualTo(expected.path("input_ids").get(s));
            assertThat(sequence.path("greedy")).isEqualTo(expected.path("greedy_continuation").get(s));
            assertClose(sequence.path("logits"), expected.path("logits").get(s), expected.path("tolerance_max_abs").doubleValue());
            assertRouter(sequence.path("router"), expected.path("router"), s * sequence.path("ids").size());
        }
    }

    private static void assertRouter(JsonNode actual, JsonNode expected, int firstRow) {
        assertThat(actual.size()).isEqualTo(expected.size());
        for (int l = 0; l < actual.size(); l++) {
            assertThat(actual.get(l).path("layer")).isEqualTo(expected.get(l).path("layer"));
            JsonNode experts = actual.get(l).path("expert");
            for (int t = 0; t < experts.size(); t++) {
                assertThat(experts.get(t)).isEqualTo(expected.get(l).path("topk_index").get(firstRow + t));
                assertClose(actual.get(l).path("weight").get(t), expected.get(l).path("topk_weight").get(firstRow + t), 1e-4);
            }
        }
    }

    private static void assertClose(JsonNode actual, JsonNode expected, double tolerance) {
        assertThat(actual.size()).isEqualTo(expected.size());
        for (int i = 0; i < actual.size(); i++) {
            if (actual.get(i).isArray()) {
                assertClose(actual.get(i), expected.get(i), tolerance);
            } else {
                assertThat(actual.get(i).doubleValue()).isCloseTo(expected.get(i).doubleValue(), within(tolerance));
            }
        }
    }

    @Test
    void floatsReadBackAndLongSequencesGoInChunks() throws IOException {
        StringBuilder ids = new StringBuilder("1");
        for (int i = 1; i < 600; i++) {
            ids.append(',').append(i * 7 % 4000);
        }
        JsonNode whole = JSON.readTree(Run.mojave("logits", WREN, "--ids", ids.toString(), "--json").out()).path("sequences").get(0);
        assertThat(whole.path("logits").size()).isEqualTo(600);
        assertThat(whole.path("router").get(5).path("expert").size()).isEqualTo(600);
        String start = ids.substring(0, ids.indexOf(",", 20));
        JsonNode part = JSON.readTree(Run.mojave("logits", WREN, "--ids", start, "--json").out()).path("sequences").get(0);
        for (int t = 0; t < part.path("logits").size(); t++) {
            assertClose(part.path("logits").get(t), whole.path("logits").get(t), 1e-4);
        }
        String printed = part.path("logits").get(0).get(0).toString();
        assertThat(Float.toString(Float.parseFloat(printed))).isEqualTo(printed);
    }

    @Test
    void runStreamsTheGreedyTextThroughTheLauncher() throws IOException, InterruptedException {
        Run run = MOJAVE.shell("printf 'The wren is a small bird' | \"$0\" \"$@\"", "run", WREN, "-p", "-", "-n", "24");
        assertThat(run.code()).isZero();
        assertThat(run.err().lines()).hasSize(2).first().asString().startsWith("Kernels: ");
        assertThat(run.err().lines()).last().asString()
                .matches("\\d+ prompt tokens at [0-9.]+ tokens/s, 24 new tokens at [0-9.]+ tokens/s");
        JsonNode same = JSON.readTree(Run.mojave("run", WREN, "-p", "The wren is a small bird", "-n", "24", "--json").out());
        assertThat(run.out()).isEqualTo(same.path("text").stringValue() + "\n");
        assertThat(same.path("stop").stringValue()).isEqualTo("most_tokens");
        JsonNode greedy = JSON.readTree(Run.mojave("logits", WREN, "--text", "The wren is a small bird", "-n", "24", "--json").out());
        assertThat(same.path("ids")).isEqualTo(greedy.path("sequences").get(0).path("greedy"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            auto  | Kernels: .* for bf16
            java  | Kernels: decoding to floats in Java vectors of \\d+ bits for bf16 .--kernels java.$
            exact | Kernels: decoding to floats .* for bf16 .--kernels exact.$
            """)
    void everyKindOfKernelsContinuesTheSame(String kind, String said) {
        Run run = Run.mojave("run", WREN, "-p", "The wren is a small bird", "-n", "12", "--kernels", kind);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err().lines()).first().asString().containsPattern(said);
        assertThat(run.out()).isEqualTo(Run.mojave("run", WREN, "-p", "The wren is a small bird", "-n", "12", "--kernels", "exact", "-q").out());
        Run eval = Run.mojave("eval", WREN, "--text", PASSAGE.toString(), "--window", "64", "--windows", "2", "--kernels", kind);
        assertThat(eval.err().lines()).first().asString().containsPattern(said);
    }

    @Test
    void theSeedDecidesWhatIsDrawn() {
        String[] command = {"run", WREN, "-p", "The", "-n", "12", "--temperature", "1.5", "--quiet", "--seed", "1"};
        String first = Run.mojave(command).out();
        assertThat(Run.mojave(command).out()).isEqualTo(first);
        command[command.length - 1] = "2";
        assertThat(Run.mojave(command).out()).isNotEqualTo(first);
    }

    @Test
    void chatUsesTheTemplate() throws IOException {
        for (String file : List.of("config.json", "generation_config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(Path.of(WREN, file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|endoftext|>\", \"chat_template\": "
                + "\"{% for m in messages %}[{{ m.role }}: {{ m.content }}]{% endfor %}{% if add_generation_prompt %} A{% endif %}\"}");
        JsonNode chat = JSON.readTree(Run.mojave("run", folder.toString(), "--chat", "--system", "Sing.", "-p", "Hi", "-n", "4", "--json").out());
        JsonNode plain = JSON.readTree(Run.mojave("run", WREN, "-p", "[system: Sing.][user: Hi] A", "-n", "4", "--json").out());
        assertThat(chat.path("promptIds")).isEqualTo(plain.path("promptIds"));
        assertThat(chat.path("ids")).isEqualTo(plain.path("ids"));
    }

    @Test
    void evalMeasuresThroughTheLauncher() throws IOException, InterruptedException {
        Run run = MOJAVE.run("eval", WREN, "--text", PASSAGE.toString(), "--window", "64", "--against", WREN, "--json", "-q");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        JsonNode text = JSON.readTree(run.out()).path("texts").get(0);
        assertThat(text.path("windows").intValue()).isEqualTo(6);
        assertThat(text.path("predicted").intValue()).isEqualTo(378);
        assertThat(text.path("loss").path("mean").doubleValue()).isCloseTo(4.036091, within(1e-5)); // tools of wren-moe, numpy in float64
        assertThat(text.path("perplexity").path("value").doubleValue()).isCloseTo(56.6047, within(1e-3));
        assertThat(text.path("against").path("divergence").path("mean").doubleValue()).isBetween(0.0, 1e-9);
        assertThat(text.path("against").path("agreement").path("mean").doubleValue()).isEqualTo(1);
    }

    @Test
    void evalShowsTables() {
        Run run = Run.mojave("eval", WREN, "--text", PASSAGE.toString(), "--window", "64", "--first", "32", "--windows", "2", "--batch", "1");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("passage.txt").contains("perplexity").contains(" – ");
        assertThat(run.err()).contains("Evaluating passage.txt");
    }

    @Test
    void interruptionEndsWith130() throws IOException, InterruptedException {
        // A test run in the background may have been started with interrupts ignored; GNU env undoes that.
        Process process = MOJAVE.builder("env --default-signal=INT true 2>/dev/null && exec env --default-signal=INT \"$0\" \"$@\"; "
                + "exec \"$0\" \"$@\"", "run", WREN, "-p", "The wren is", "-n", "1000", "--temperature", "1").start();
        assertThat(process.getInputStream().read()).as("the first byte of the text").isNotNegative();
        assertThat(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor()).isZero();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(Launcher.text(process.getErrorStream())).contains("mojave: interrupted").doesNotContain("Exception");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            run nowhere -p x                              | 4 | nowhere: no such folder
            run WREN -p ''                                | 2 | prompt is empty
            run WREN -p x -n 0                            | 2 | -n must be at least 1
            run WREN -p x --top-p 3                       | 2 | top-p must be above 0
            run WREN -p x --temperature -1                | 2 | temperature must be 0 or more
            run WREN -p x --chat                          | 4 | no chat template
            run WREN -p x --system a                      | 2 | --system needs --chat
            run WREN -p x --kernels fast                  | 2 | --kernels
            run GOLDENS/llama -p x                        | 4 | holds no tokenizer.json
            logits WREN --ids 1,x                         | 2 | 'x' is not a token id
            logits WREN --ids 1,,2                        | 2 | '' is not a token id
            logits WREN --ids 4096                        | 2 | token id 4096 is not in the vocabulary
            logits WREN --ids=-1                          | 2 | token id -1 is not in the vocabulary
            logits WREN --ids 99999999999                 | 2 | is not a token id
            logits WREN                                   | 2 | either as ids
            logits WREN --ids 1 --text a                  | 2 | either as ids
            logits WREN --text ''                         | 2 | the text is empty
            logits WREN --ids 1 -n 1024                   | 2 | more than the model's context of 1024
            eval WREN --text nofile                       | 2 | nofile: no such file
            eval WREN --text WREN                         | 2 | is a folder
            eval WREN --text WREN/model.safetensors       | 2 | is not UTF-8 text (byte
            eval WREN --text WREN/README.md --window 1025 | 2 | more than the model's context of 1024
            eval WREN --text WREN/README.md --window 1    | 2 | at least 2 tokens
            eval WREN --text WREN/README.md --first 255   | 2 | between 0 and 254
            eval WREN --text WREN/tokenizer_config.json   | 2 | less than one window of 256
            eval WREN --text WREN/README.md --against GOLDENS/llama | 2 | only models with the same tokens
            """)
    void mistakesAreOneClearLine(String command, int code, String message) {
        String[] arguments = command.replace("WREN", WREN).replace("GOLDENS", ROOT.resolve("testkit/goldens").toString()).split(" +");
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = arguments[i].equals("''") ? "" : arguments[i];
        }
        Run run = Run.mojave(arguments);
        assertThat(run.err().lines()).singleElement().asString().startsWith("mojave: ").contains(message);
        assertThat(run.code()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void weightsThatAreNoNumbersEndWithAClearFailure() throws IOException {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(ROOT.resolve("testkit/goldens/llama").resolve(file), folder.resolve(file));
        }
        byte[] bytes = Files.readAllBytes(folder.resolve("model.safetensors"));
        for (int i = bytes.length - 4096; i < bytes.length; i += 4) { // float32 NaN, little-endian
            bytes[i + 2] = (byte) 0xC0;
            bytes[i + 3] = 0x7F;
        }
        Files.write(folder.resolve("model.safetensors"), bytes);
        for (String json : List.of("--json", "--quiet")) {
            Run run = Run.mojave("logits", folder.toString(), "--ids", "1,2,3", json);
            assertThat(run.err().lines()).singleElement().asString().startsWith("mojave: position 0: the model computed logits that are no numbers");
            assertThat(run.code()).isEqualTo(6);
        }
    }

    @Test
    void aPromptLongerThanTheContextIsRefused() {
        Run run = Run.mojave("run", WREN, "-p", "wren ".repeat(1100));
        assertThat(run.err()).contains("more than the model's context of 1024");
        assertThat(run.code()).isEqualTo(2);
    }
}
