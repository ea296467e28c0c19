package org.mojave.engine.chat;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mojave.engine.tokenize.SpecialTokens;
import org.mojave.format.checkpoint.Checkpoint;
import org.mojave.format.gguf.GgufFile;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.JsonNode;

/**
 * A model's chat template. What the messages contain is never taken for template code.
 *
 * <p>Example: {@code ChatTemplate.open(folder, tokenizer.specialTokens()).render(List.of(new Message("user", "Hi")), true,
 * ZonedDateTime.now())}. The result holds the special tokens already: encode it with {@code Tokenizer.encode}, which adds
 * none.
 */
public final class ChatTemplate {
    private static final String FILE = "chat_template.jinja";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String GGUF_KEY = "tokenizer.chat_template";
    private static final String KEY = "chat_template";
    private static final String DEFAULT_NAME = "default";

    private final String place;
    private final String source;
    private final SpecialTokens specialTokens;
    private final Jinjava jinja;

    /** {@code place}: where the template comes from, for messages; {@code source}: the template. */
    ChatTemplate(String place, String source, SpecialTokens specialTokens) {
        this.place = place;
        try {
            this.source = TemplateSource.normalise(source);
        } catch (ChatTemplateException e) {
            throw new ChatTemplateException(place + ": " + e.getMessage());
        }
        this.specialTokens = specialTokens;
        this.jinja = jinja();
    }

    /**
     * Opens the template of a model folder: {@code chat_template.jinja}, else {@code chat_template} of
     * {@code tokenizer_config.json} (the one called "default" where there are several). Of a GGUF file: {@code
     * tokenizer.chat_template}.
     */
    public static ChatTemplate open(Path folder, SpecialTokens specialTokens) {
        if (Files.isRegularFile(folder)) {
            return ofGguf(folder, specialTokens);
        }
        Path file = folder.resolve(FILE);
        if (Files.isRegularFile(file)) {
            try {
                return new ChatTemplate(file.toString(), Files.readString(file), specialTokens);
            } catch (IOException e) {
                throw new CheckpointException(file.toString(), "cannot be read as UTF-8 (" + e.getMessage() + ")", e);
            }
        }
        Path config = folder.resolve(CONFIG);
        JsonNode template = Files.isRegularFile(config) ? named(Checkpoint.readJson(config).path(KEY)) : null;
        if (template == null || !template.isString()) {
            throw new CheckpointException(folder.toString(), "has no chat template (neither " + FILE + " nor " + KEY + " in "
                    + CONFIG + "): this is a model for plain text; leave --chat away, or add its template");
        }
        return new ChatTemplate(config + ", " + KEY, template.stringValue(), specialTokens);
    }

    private static ChatTemplate ofGguf(Path path, SpecialTokens specialTokens) {
        try (Arena arena = Arena.ofShared()) {
            String source = GgufFile.open(path, arena).text(GGUF_KEY).orElseThrow(() -> new CheckpointException(path.toString(),
                    "has no chat template (key " + GGUF_KEY + "): this is a model for plain text; leave --chat away"));
            return new ChatTemplate(path + ", " + GGUF_KEY, source, specialTokens);
        }
    }

    private static JsonNode named(JsonNode node) {
        if (!node.isArray()) {
            return node;
        }
        for (JsonNode entry : node.values()) {
            if (DEFAULT_NAME.equals(entry.path("name").asString(""))) {
                return entry.path("template");
            }
        }
        return null;
    }

    /**
     * The text of a conversation.
     *
     * @param addGenerationPrompt ends with the words that open the assistant's answer
     * @param now what {@code strftime_now} shows
     * @throws ChatTemplateException where the template refuses the conversation
     */
    public String render(List<Message> messages, boolean addGenerationPrompt, ZonedDateTime now) {
        List<Map<String, Object>> turns = new ArrayList<>();
        for (Message message : messages) {
            Map<String, Object> turn = new LinkedHashMap<>();
            turn.put("role", message.role());
            turn.put("content", message.content());
            turns.add(turn);
        }
        Map<String, Object> bindings = new HashMap<>();
        bindings.put("messages", turns);
        bindings.put("add_generation_prompt", addGenerationPrompt);
        specialTokens.beginning().ifPresent(token -> bindings.put("bos_token", token));
        specialTokens.end().ifPresent(token -> bindings.put("eos_token", token));
        bindings.put(TemplateFunctions.CLOCK, now);
        bindings.put("strftime_now", true);  // functions are no variables to Jinjava; "is defined" must see this one
        RenderResult result;
        try {
            result = jinja.renderForResult(source, bindings);
        } catch (RuntimeException | StackOverflowError e) { // what the library does not turn into an error of its own
            throw new ChatTemplateException(place + ": the template cannot be rendered (" + e.getClass().getSimpleName() + ")");
        }
        for (TemplateError error : result.getErrors()) {
            if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
                throw new ChatTemplateException(place + ", line " + error.getLineno() + ": " + reason(error));
            }
        }
        return result.getOutput();
    }

    private static String reason(TemplateError error) {
        for (Throwable t = error.getException(); t != null; t = t.getCause()) {
            if (t instanceof TemplateFunctions.Raised raised) {
                return "the template refuses this conversation: " + raised.getMessage();
            }
        }
        return "the template cannot be rendered: " + error.getMessage().lines().findFirst().orElse("unknown reason");
    }

    private static Jinjava jinja() {
        JinjavaConfig config = JinjavaConfig.newBuilder()
                .withKeepTrailingNewline(true)
                .withNestedInterpretationEnabled(false)
                .withEnableRecursiveMacroCalls(true)
                .withLegacyOverrides(asJinja2())
                .withElResolver(PythonMethods.resolver())
                .build();
        Jinjava jinja = new Jinjava(config);
        jinja.getGlobalContext().registerFilter(new PythonJson());
        jinja.getGlobalContext().registerFilter(new PythonReversed());
        jinja.getGlobalContext().registerTag(new GenerationTag());
        jinja.getGlobalContext().registerFunction(new ELFunctionDefinition("", "raise_exception",
                TemplateFunctions.class, "raise", Object.class));
        jinja.getGlobalContext().registerFunction(new ELFunctionDefinition("", "strftime_now",
                TemplateFunctions.class, "now", String.class));
        return jinja;
    }

    private static LegacyOverrides asJinja2() {
        return LegacyOverrides.newBuilder()
                .withEvaluateMapKeys(true)
                .withIterateOverMapKeys(true)
                .withUsePyishObjectMapper(true)
                .withUseSnakeCasePropertyNaming(true)
                .withUseNaturalOperatorPrecedence(true)
                .withParseWhitespaceControlStrictly(true)
                .withAllowAdjacentTextNodes(true)
                .withUseTrimmingForNotesAndExpressions(true)
                .withKeepNullableLoopValues(true)
                .withHandleBackslashInQuotesOnly(true)
                .build();
    }
}
