package org.mojave.engine.tokenize;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How a byte-level tokenizer cuts text before merging: patterns of the models' own tokenizer.json, by the names that
 * llama.cpp gives them in {@code tokenizer.ggml.pre}.
 *
 * @param names names of the same way
 * @param patterns each cuts the pieces that the one before left; matches and gaps are both pieces
 * @param composed whether text is brought to Unicode form C first
 * @param wholeWords whether a piece that is a token is taken whole, without merging
 * @param begins whether a text starts with the begin-of-sequence token where the file does not say
 */
record PreTokenizer(Set<String> names, List<String> patterns, boolean composed, boolean wholeWords, boolean begins) {
    private static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String LLAMA3 = CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2 = LLAMA3.replace("{1,3}", "");
    private static final String CASED = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String UNCASED = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String TEKKEN = CASED + "*" + UNCASED + "+|" + CASED + "+" + UNCASED + "*|\\p{N}" + REST;
    private static final String GPT4O = CASED + "*" + UNCASED + "+" + CONTRACTIONS + "?|" + CASED + "+" + UNCASED + "*"
            + CONTRACTIONS + "?|\\p{N}{1,3}" + REST;
    private static final String CJK_V3 = "[\\u{4e00}-\\u{9fa5}\\u{3040}-\\u{309f}\\u{30a0}-\\u{30ff}]+";
    private static final String DEEPSEEK_V3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CJK = "[\\u{4e00}-\\u{9fa5}\\u{0800}-\\u{4e00}\\u{ac00}-\\u{d7ff}]+";
    /** Letters of scripts with upper and lower case, as DeepSeek lists them. */
    private static final String CASED_SCRIPTS = "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"
            + "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗ"
            + "Ａ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃";

    private static final List<PreTokenizer> ALL = List.of(
            of(List.of(GPT2), "gpt-2", "phi-2", "mpt", "jais", "gigachat"),
            new PreTokenizer(Set.of("olmo"), List.of(GPT2), true, false, false),
            of(List.of("\\p{N}", GPT2), "starcoder", "refact", "smollm", "codeshell", "command-r"),
            new PreTokenizer(Set.of("llama3", "llama-v3", "llama-bpe"), List.of(LLAMA3), false, true, true),
            of(List.of(LLAMA3), "dbrx", "smaug-bpe", "glm4", "chatglm-bpe"),
            new PreTokenizer(Set.of("qwen2", "deepseek-r1-qwen", "megrez"), List.of(QWEN2), true, false, false),
            of(List.of(GPT4O), "gpt-4o", "llama4"),
            new PreTokenizer(Set.of("tekken"), List.of(TEKKEN), false, true, true),
            of(List.of("[\\r\\n]", "\\s?[" + CASED_SCRIPTS + "]+", "\\s?[!-/:-~！-／：-～‘-‟\\u{3000}-。]+", "\\s+$", CJK, "\\p{N}+"),
                    "deepseek-llm"),
            of(List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", CJK, "\\p{N}"), "deepseek-coder"),
            of(List.of("\\p{N}{1,3}", CJK_V3, DEEPSEEK_V3), "deepseek-v3"));

    private static PreTokenizer of(List<String> patterns, String... names) {
        return new PreTokenizer(Set.of(names), patterns, false, false, false);
    }

    /** The way of that name, if it is known here. */
    static Optional<PreTokenizer> named(String name) {
        return ALL.stream().filter(way -> way.names.contains(name)).findFirst();
    }

    /** All known names, alphabetical. */
    static List<String> known() {
        return ALL.stream().flatMap(way -> way.names.stream()).sorted().toList();
    }
}
