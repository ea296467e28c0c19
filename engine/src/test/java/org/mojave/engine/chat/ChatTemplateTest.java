package org.mojave.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.mojave.engine.tokenize.SpecialTokens;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/** Renders against what the real jinja2 gave with the settings of transformers. */
class ChatTemplateTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources", "org", "mojave", "engine", "chat");
    private static final SpecialTokens TOKENS =
            new SpecialTokens(Optional.of("<s>"), Optional.of("</s>"), Optional.empty(), Optional.empty());
    private static final ZonedDateTime NOW = ZonedDateTime.of(2026, 3, 5, 14, 7, 9, 0, ZoneOffset.UTC);

    @TestFactory
    Stream<DynamicTest> rendersWhatJinja2Renders() {
        JsonNode expected = Checkpoint.readJson(RESOURCES.resolve("expected.json"));
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode c : expected.path("cases").values()) {
            String name = c.path("template").stringValue() + ", " + c.path("conversation").stringValue()
                    + (c.path("add_generation_prompt").booleanValue() ? ", open" : "");
            List<Message> messages = messages(expected.path("conversations").path(c.path("conversation").stringValue()));
            tests.add(DynamicTest.dynamicTest(name, () -> check(c, messages)));
        }
        return tests.stream();
    }

    private static void check(JsonNode c, List<Message> messages) throws IOException {
        Path file = RESOURCES.resolve(c.path("template").stringValue() + ".jinja");
        ChatTemplate template = new ChatTemplate(file.toString(), Files.readString(file), TOKENS);
        boolean open = c.path("add_generation_prompt").booleanValue();
        if (c.has("error")) {
            assertThatThrownBy(() -> template.render(messages, open, NOW)).isInstanceOf(ChatTemplateException.class)
                    .hasMessageContaining("refuses this conversation: " + c.path("error").stringValue());
        } else {
            assertThat(template.render(messages, open, NOW)).isEqualTo(c.path("text").stringValue());
        }
    }

    @Test
    void findsTheTemplateInEitherPlace(@TempDir Path folder) throws IOException {
        List<Message> hello = List.of(new Message("user", "hello"));
        assertThatThrownBy(() -> ChatTemplate.open(folder, TOKENS)).isInstanceOf(CheckpointException.class)
                .hasMessageContaining("no chat template").hasMessageContaining("--chat");
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"chat_template\": \"one {{ messages[0].content }}\"}");
        assertThat(ChatTemplate.open(folder, TOKENS).render(hello, true, NOW)).isEqualTo("one hello");
        Files.writeString(config, "{\"chat_template\": [{\"name\": \"tool_use\", \"template\": \"t\"},"
                + "{\"name\": \"default\", \"template\": \"two {{ messages[0].content }}\"}]}");
        assertThat(ChatTemplate.open(folder, TOKENS).render(hello, true, NOW)).isEqualTo("two hello");
        Files.writeString(folder.resolve("chat_template.jinja"), "three {{ messages[0].content }}\n");
        assertThat(ChatTemplate.open(folder, TOKENS).render(hello, true, NOW)).isEqualTo("three hello");
    }

    @Test
    void aBrokenTemplateIsOneLineWithItsPlace() {
        ChatTemplate template = new ChatTemplate("model/chat_template.jinja", "line\n{% for m in %}{{ m }}", TOKENS);
        assertThatThrownBy(() -> template.render(List.of(new Message("user", "x")), true, NOW))
                .isInstanceOf(ChatTemplateException.class).hasMessageContaining("model/chat_template.jinja, line 2")
                .message().doesNotContain("\n");
    }

    @Test
    void whatWouldBeRenderedWronglyIsRefused() {
        for (String source : List.of("{% for m in messages if m.role == 'user' %}{{ m }}{% endfor %}",
                "{% for m in messages %}{% if m %}x{% else %}y{% endif %}{% else %}none{% endfor %}",
                "{% for m in messages %}{{ loop.previtem }}{% endfor %}")) {
            assertThatThrownBy(() -> new ChatTemplate("model/chat_template.jinja", source, TOKENS))
                    .isInstanceOf(ChatTemplateException.class).hasMessageStartingWith("model/chat_template.jinja: ")
                    .hasMessageContaining("cannot be rendered");
        }
    }

    @Test
    void anyTextIsRenderedOrRefused() {
        List<String> parts = List.of("{%", "%}", "{{", "}}", "{#", "#}", "-", "+", "for m in messages", "endfor", "if", "not", "x", "=", "(",
                ")", "[::-1]", "|trim", "'", "\"", "\n", " ", "raw", "endraw", "set", "macro", ".role", "messages");
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 500; round++) {
            StringBuilder source = new StringBuilder();
            for (int i = random.nextInt(1, 14); i > 0; i--) {
                source.append(parts.get(random.nextInt(parts.size()))).append(random.nextBoolean() ? " " : "");
            }
            String text;
            try {
                text = new ChatTemplate("t", source.toString(), TOKENS).render(List.of(new Message("user", "x")), true, NOW);
            } catch (ChatTemplateException e) {
                text = e.getMessage();
            }
            assertThat(text).as("seed 11, round " + round + ": " + source).isNotNull();
        }
    }

    @Test
    void aTemplateCannotReachJava() {
        for (String attack : List.of("{{ messages.getClass() }}", "{{ ''.getClass().forName('java.lang.Runtime') }}",
                "{{ mojave_clock.getClass() }}")) {
            ChatTemplate template = new ChatTemplate("t", attack, TOKENS);
            String text;
            try {
                text = template.render(List.of(new Message("user", "x")), true, NOW);
            } catch (ChatTemplateException e) {
                text = "";
            }
            assertThat(text).as(attack).doesNotContain("class");
        }
    }

    private static List<Message> messages(JsonNode conversation) {
        List<Message> messages = new ArrayList<>();
        for (JsonNode turn : conversation.values()) {
            messages.add(new Message(turn.path("role").stringValue(), turn.path("content").stringValue()));
        }
        return messages;
    }
}
