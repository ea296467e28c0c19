package org.mojave.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class InspectAndSynthTest {
    private static final Path ROOT = Path.of(System.getProperty("mojave.root"));
    private static final Path OLMOE = ROOT.resolve("testkit/goldens/olmoe");

    @TempDir
    Path folder;

    @Test
    void inspectCountsTheBundledModel() {
        JsonNode summary = JsonMapper.shared().readTree(Run.mojave("inspect", ROOT.resolve("examples/wren-moe").toString(), "--json").out());
        assertThat(summary.get("modelType").stringValue()).isEqualTo("qwen3_moe");
        // By hand: 4096·256 embedding, and for each of 6 layers 2·256 + 2·32 norms, (256 + 128 + 128 + 256)·256 attention,
        // 16·256 router, 16 experts of 3·256·256; the last norm of 256.
        long layer = 2 * 256 + 2 * 32 + 768 * 256 + 16 * 256;
        long all = 4096 * 256 + 6 * (layer + 16 * 3 * 256 * 256) + 256;
        assertThat(summary.get("parameters").longValue()).isEqualTo(all);
        assertThat(summary.get("activeParameters").longValue()).isEqualTo(all - 6 * 14 * 3 * 256 * 256);
        assertThat(summary.get("bitsPerWeight").doubleValue()).isBetween(16.0, 16.1);
        assertThat(summary.get("unusedTensors").isEmpty()).isTrue();
        assertThat(summary.get("exports").get(0).stringValue()).isEqualTo("native");
    }

    @Test
    void inspectListsOneFile() {
        Run run = Run.mojave("inspect", OLMOE.resolve("model.safetensors").toString());
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("safetensors").contains("model.embed_tokens.weight");
    }

    @Test
    void inspectListsAGgufFile() {
        Path gguf = ROOT.resolve("format/src/test/resources/org/mojave/format/gguf/gguf-py.gguf");
        Run run = Run.mojave("inspect", gguf.toString());
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains("gguf").contains("general.architecture");
    }

    @Test
    void whatIsNoCheckpointIsSaidInOneLine() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "hello");
        Path short_ = Files.write(folder.resolve("short.safetensors"), new byte[5]);
        Files.writeString(Files.createDirectories(folder.resolve("alien")).resolve("config.json"), "{\"model_type\": \"alien\"}");
        Files.copy(OLMOE.resolve("model.safetensors"), folder.resolve("alien/model.safetensors"));
        assertFails(4, "no such folder", "inspect", folder.resolve("absent").toString());
        assertFails(4, "config.json", "inspect", folder.toString());
        assertFails(4, "notes.txt", "inspect", text.toString());
        assertFails(4, "short.safetensors", "inspect", short_.toString());
        assertFails(3, "olmoe", "inspect", folder.resolve("alien").toString());
    }

    @Test
    void synthWritesWhatInspectReads() {
        Path out = folder.resolve("random");
        Run synth = Run.mojave("synth", "--config", OLMOE.resolve("config.json").toString(), "--layers", "1", "--out", out.toString());
        assertThat(synth.code()).isZero();
        assertThat(synth.out().lines()).hasSize(1);
        assertThat(synth.err()).contains("Writing");
        Run inspect = Run.mojave("inspect", out.toString());
        assertThat(inspect.code()).isZero();
        assertThat(inspect.err()).isEmpty();
        assertThat(inspect.out()).contains("olmoe").contains("bf16").contains("none; commands that take text need one");
        assertFails(2, "not empty", "synth", "--config", OLMOE.resolve("config.json").toString(), "--out", out.toString());
    }

    @Test
    void synthRefusesBeforeItWrites() throws IOException {
        assertFails(2, "olmoe-1b-7b", "synth", "--out", folder.resolve("x").toString());
        assertFails(2, "olmoe-1b-7b", "synth", "pyramid", "--out", folder.resolve("x").toString());
        assertFails(2, "16 layers", "synth", "olmoe-1b-7b", "--layers", "17", "--out", folder.resolve("x").toString());
        // 2^26 × 2^14 embedding weights are more bytes than any disk here has.
        String huge = Files.readString(OLMOE.resolve("config.json"))
                .replaceAll("\"vocab_size\": \\d+", "\"vocab_size\": 67108864").replaceAll("\"hidden_size\": \\d+", "\"hidden_size\": 1048576");
        Path config = Files.writeString(folder.resolve("huge.json"), huge);
        assertFails(5, "are free", "synth", "--config", config.toString(), "--out", folder.resolve("x").toString());
        assertThat(folder.resolve("x")).doesNotExist();
    }

    private static void assertFails(int code, String part, String... arguments) {
        Run run = Run.mojave(arguments);
        assertThat(run.code()).as(run.err()).isEqualTo(code);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).singleElement().asString().startsWith("mojave: ").contains(part);
    }
}
