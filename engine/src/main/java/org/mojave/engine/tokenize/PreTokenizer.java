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
    private static final String CJK_V3 = "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+";
    private static final String DEEPSEEK_V3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CJK = "[\\x{4e00}-\\x{9fa5}\\x{0800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+";
    /** Letters of scripts with upper and lower case, as DeepSeek lists them. */
    private static final String CASED_SCRIPTS = "A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}\\x{1c4}-\\x{293}\\x{295}-\\x{2af}\\x{370}-\\x{373}"
            + "\\x{376}\\x{377}\\x{37b}-\\x{37d}\\x{37f}\\x{386}\\x{388}-\\x{38a}\\x{38c}\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}"
            + "\\x{48a}-\\x{52f}\\x{531}-\\x{556}\\x{10a0}-\\x{10c5}\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}\\x{1cbd}"
            + "-\\x{1cbf}\\x{1d00}-\\x{1d2b}\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}"
            + "\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}\\x{1f5d}\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}"
            + "\\x{1fbe}\\x{1fc2}-\\x{1fc4}\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}"
            + "\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}\\x{2119}-\\x{211d}\\x{2124}\\x{2126}\\x{2128}\\x{212a}"
            + "-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}\\x{213c}-\\x{213f}\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}"
            + "\\x{2c7e}-\\x{2ce4}\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}\\x{a771}"
            + "-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}"
            + "\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}\\x{104d8}-\\x{104fb}\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}"
            + "\\x{1e900}-\\x{1e943}";

    /** ASCII marks, their full-width forms, quotes, ideographic space and stops. */
    private static final String PUNCTUATION = "!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3000}-\\x{3002}";

    private static final List<PreTokenizer> ALL = List.of(
            of(List.of(GPT2), "gpt-2", "phi-2", "mpt", "jais", "gigachat"),
            new PreTokenizer(Set.of("olmo"), List.of(GPT2), true, false, false),
            of(List.of("\\p{N}", GPT2), "starcoder", "refact", "smollm", "codeshell", "command-r"),
            new PreTokenizer(Set.of("llama3", "llama-v3", "llama-bpe"), List.of(LLAMA3), false, true, true),
            of(List.of(LLAMA3), "dbrx", "smaug-bpe", "glm4", "chatglm-bpe"),
            new PreTokenizer(Set.of("qwen2", "deepseek-r1-qwen", "megrez"), List.of(QWEN2), true, false, false),
            of(List.of(GPT4O), "gpt-4o", "llama4"),
            new PreTokenizer(Set.of("tekken"), List.of(TEKKEN), false, true, true),
            of(List.of("[\\r\\n]", "\\s?[" + CASED_SCRIPTS + "]+", "\\s?[" + PUNCTUATION + "]+", "\\s+$", CJK, "\\p{N}+"),
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
