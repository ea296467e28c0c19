package org.mojave.engine.tokenize;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mojave.engine.model.UnsupportedModelException;
import org.mojave.format.gguf.GgufFile;
import org.mojave.format.gguf.GgufValue;
import org.mojave.format.tensor.CheckpointException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Turns the tokenizer in a GGUF file's metadata into the tokenizer.json that means the same. */
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int LONGEST_TOKEN = 4096;

    private final GgufFile file;
    private final List<String> tokens;
    private final Map<String, Integer> ids = new LinkedHashMap<>();
    private final ObjectNode json = JsonNodeFactory.instance.objectNode();
    private boolean begins;

    private GgufTokenizer(GgufFile file) {
        this.file = file;
        tokens = sequence("tokens").texts();
        for (int id = 0; id < tokens.size(); id++) {
            if (tokens.get(id).length() > LONGEST_TOKEN) {
                throw new CheckpointException(place("tokens"), "token " + id + " has " + tokens.get(id).length() + " characters");
            }
            ids.putIfAbsent(tokens.get(id), id);
        }
    }

    /** The tokenizer; throws CheckpointException for missing or damaged keys, UnsupportedModelException for another kind. */
    static TokenizerText of(GgufFile file) {
        String model = file.text(PREFIX + "model").orElse("none");
        if (model.equals("none") || model.equals("no_vocab")) {
            throw new CheckpointException(file.path().toString(), "holds no tokenizer, so text cannot be turned into tokens; give "
                    + "token ids, or a file that has one");
        }
        GgufTokenizer tokenizer = new GgufTokenizer(file);
        tokenizer.json.put("version", "1.0");
        tokenizer.addedTokens();
        switch (model) {
            case "gpt2" -> tokenizer.byteLevel();
            case "llama" -> tokenizer.sentencePiece();
            default -> throw new UnsupportedModelException(file.path() + ", key " + PREFIX + "model: '" + model
                    + "' is not supported; supported: gpt2, llama");
        }
        return new TokenizerText(file.path().toString(), tokenizer.json.toString(), tokenizer.specialTokens());
    }

    private void byteLevel() {
        String name = file.text(PREFIX + "pre").orElse("default");
        PreTokenizer way = PreTokenizer.named(name).orElseThrow(() -> new UnsupportedModelException(file.path() + ", key " + PREFIX
                + "pre: '" + name + "' is not supported; supported: " + String.join(", ", PreTokenizer.known())
                + "; token ids can be given instead of text"));
        begins = way.begins();
        if (way.composed()) {
            json.putObject("normalizer").put("type", "NFC");
        }
        ArrayNode steps = json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        for (String pattern : way.patterns()) {
            steps.addObject().put("type", "Split").put("behavior", "Isolated").put("invert", false)
                    .putObject("pattern").put("Regex", pattern);
        }
        steps.addObject().put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", true).put("use_regex", false);
        json.putObject("decoder").put("type", "ByteLevel").put("add_prefix_space", true).put("trim_offsets", true).put("use_regex", true);
        ObjectNode model = model().put("ignore_merges", way.wholeWords()).put("byte_fallback", false).put("fuse_unk", false);
        ArrayNode merges = model.putArray("merges");
        for (String merge : sequence("merges").texts()) {
            int space = merge.indexOf(' ', 1);
            if (space < 0 || space == merge.length() - 1) {
                throw new CheckpointException(place("merges"), "holds '" + merge + "', which is no pair");
            }
            merges.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
        }
    }

    private void sentencePiece() {
        begins = true;
        ArrayNode normal = json.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (flag("add_space_prefix").orElse(true)) {
            normal.addObject().put("type", "Prepend").put("prepend", "▁");
        }
        replace(normal, " ", "▁");
        ArrayNode decoders = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
        replace(decoders, "▁", " ");
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (flag("add_space_prefix").orElse(true)) {
            decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
        }
        int unknown = file.whole(PREFIX + "unknown_token_id").orElse(0L).intValue();
        ObjectNode model = model().put("unk_token", token("unknown_token_id", unknown)).put("byte_fallback", true).put("fuse_unk", true);
        ArrayNode merges = model.putArray("merges");
        for (String[] pair : SentencePieceMerges.of(ids, scores())) {
            merges.addArray().add(pair[0]).add(pair[1]);
        }
    }

    private static void replace(ArrayNode steps, String from, String to) {
        steps.addObject().put("type", "Replace").put("content", to).putObject("pattern").put("String", from);
    }

    private ObjectNode model() {
        ObjectNode model = json.putObject("model").put("type", "BPE");
        ObjectNode vocabulary = model.putObject("vocab");
        ids.forEach(vocabulary::put);
        return model;
    }

    /** Tokens that are found in the text before anything else; control tokens are left out of plain text. */
    private void addedTokens() {
        ArrayNode added = json.putArray("added_tokens");
        if (!file.metadata().containsKey(PREFIX + "token_type")) {
            return;
        }
        long[] types = sequence("token_type").wholes();
        checkCount("token_type", types.length);
        for (int id = 0; id < types.length; id++) {
            if ((types[id] == CONTROL || types[id] == USER_DEFINED) && !tokens.get(id).isEmpty()) {
                added.addObject().put("id", id).put("content", tokens.get(id)).put("single_word", false).put("lstrip", false)
                        .put("rstrip", false).put("normalized", false).put("special", types[id] == CONTROL);
            }
        }
    }

    private double[] scores() {
        List<GgufValue> values = sequence("scores").elements();
        checkCount("scores", values.size());
        return values.stream().mapToDouble(value -> switch (value) {
            case GgufValue.Real(_, double score) -> score;
            case GgufValue.Whole _, GgufValue.Truth _, GgufValue.Text _, GgufValue.Sequence _ ->
                throw new CheckpointException(place("scores"), "holds " + value.type() + " where numbers are expected");
        }).toArray();
    }

    private void checkCount(String key, int count) {
        if (count != tokens.size()) {
            throw new CheckpointException(place(key), "has " + count + " entries for " + tokens.size() + " tokens");
        }
    }

    private SpecialTokens specialTokens() {
        return new SpecialTokens(special("bos_token_id"), special("eos_token_id"), Optional.of(flag("add_bos_token").orElse(begins)),
                Optional.of(flag("add_eos_token").orElse(false)));
    }

    private Optional<String> special(String key) {
        return file.whole(PREFIX + key).map(id -> token(key, id));
    }

    private String token(String key, long id) {
        if (id < 0 || id >= tokens.size()) {
            throw new CheckpointException(place(key), id + " is none of " + tokens.size() + " tokens");
        }
        return tokens.get((int) id);
    }

    private Optional<Boolean> flag(String key) {
        return switch (file.metadata().get(PREFIX + key)) {
            case null -> Optional.empty();
            case GgufValue.Truth(boolean truth) -> Optional.of(truth);
            case GgufValue.Whole _, GgufValue.Real _, GgufValue.Text _, GgufValue.Sequence _ ->
                throw new CheckpointException(place(key), "is no truth value");
        };
    }

    private GgufValue.Sequence sequence(String key) {
        return file.sequence(PREFIX + key).orElseThrow(() -> new CheckpointException(place(key), "is missing"));
    }

    private String place(String key) {
        return file.path() + ", key " + PREFIX + key;
    }
}
