package org.mojave.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.cli.terminal.Console;
import org.mojave.cli.terminal.Progress;
import org.mojave.engine.run.DynamicPruning;
import org.mojave.engine.run.Generator;
import org.mojave.engine.tokenize.TokenStream;
import org.mojave.engine.tokenize.Tokenizer;

/** Several prompts of {@code mojave run}: they are continued together and shown one after the other when all have ended. */
final class SeveralTexts {
    private final Console console;
    private final Tokenizer tokenizer;
    private final List<String> prompts;

    /** Tokens of one text, and what they say. */
    private static final class Text {
        final List<Integer> ids = new ArrayList<>();
        final StringBuilder text = new StringBuilder();
        final TokenStream stream;

        Text(Tokenizer tokenizer) {
            stream = new TokenStream(tokenizer);
        }
    }

    /** {@code prompts} as the user gave them. */
    SeveralTexts(Console console, Tokenizer tokenizer, List<String> prompts) {
        this.console = console;
        this.tokenizer = tokenizer;
        this.prompts = prompts;
    }

    /** Generates and shows all. */
    void generate(Generator generator, List<Generator.Voice> voices, StoreReport experts, Optional<DynamicPruning> pruning) {
        List<Text> texts = voices.stream().map(_ -> new Text(tokenizer)).toList();
        long most = voices.stream().mapToLong(voice -> voice.request().most()).sum();
        List<Generator.Report> reports;
        try (Progress progress = console.progress("Generating", most, Progress.Unit.ITEMS)) {
            reports = generator.together(voices, (number, token) -> {
                Text text = texts.get(number);
                if (number == 0 && text.ids.isEmpty()) {
                    experts.generationBegins();
                }
                text.ids.add(token);
                text.text.append(text.stream.next(token));
                progress.step(1);
            });
        }
        texts.forEach(text -> text.text.append(text.stream.finish()));
        int steps = reports.stream().mapToInt(Generator.Report::steps).sum();
        double speed = steps * 1e9 / Math.max(1, reports.stream().mapToLong(Generator.Report::generationNanos).max().orElseThrow());
        if (console.json()) {
            Map<String, Object> json = json(voices, texts, reports, speed);
            if (!experts.json(steps).isEmpty()) {
                json.put("experts", experts.json(steps));
            }
            pruning.ifPresent(skips -> json.put("skippedShare", skips.skippedShare()));
            console.json(json);
            return;
        }
        for (int i = 0; i < prompts.size(); i++) {
            console.line("[" + (i + 1) + "] " + prompts.get(i));
            console.line(texts.get(i).text.toString());
            console.line("");
        }
        console.note(prompts.size() + " prompts, " + reports.stream().mapToInt(Generator.Report::newTokens).sum() + " new tokens"
                + (steps == 0 ? "" : " at " + RunCommand.speed(speed) + " in all"));
        if (!experts.line(steps).isEmpty()) {
            console.note(experts.line(steps));
        }
        pruning.ifPresent(skips -> console.note(PruneOption.line(skips)));
    }

    private static Map<String, Object> json(List<Generator.Voice> voices, List<Text> texts, List<Generator.Report> reports, double speed) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            all.add(RunCommand.json(voices.get(i).request().prompt(), texts.get(i).ids, texts.get(i).text.toString(), reports.get(i)));
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("texts", all);
        json.put("tokensPerSecond", speed);
        return json;
    }
}
