package org.mojave.engine.tokenize;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * SentencePiece merges whatever neighbours give the piece with the best score. As rules in an order: every way to cut a piece
 * into two pieces, by score of the whole, as transformers converts such vocabularies.
 */
final class SentencePieceMerges {
    private record Merge(String left, String right, double score) {}

    private SentencePieceMerges() {}

    /** The rules, first to last; {@code ids} maps every piece to its id, {@code scores} every id to its score. */
    static List<String[]> of(Map<String, Integer> ids, double[] scores) {
        List<Merge> merges = new ArrayList<>();
        for (Map.Entry<String, Integer> piece : ids.entrySet()) {
            List<Merge> cuts = cuts(piece.getKey(), scores[piece.getValue()], ids);
            cuts.sort(Comparator.comparingInt((Merge m) -> ids.get(m.left())).thenComparingInt(m -> ids.get(m.right())));
            merges.addAll(cuts);
        }
        merges.sort(Comparator.comparingDouble((Merge m) -> -m.score()).thenComparingInt(m -> -length(m.left()))
                .thenComparingInt(m -> -length(m.right())));
        return merges.stream().map(m -> new String[] {m.left(), m.right()}).toList();
    }

    private static List<Merge> cuts(String piece, double score, Map<String, Integer> ids) {
        List<Merge> cuts = new ArrayList<>();
        for (int at = piece.offsetByCodePoints(0, Math.min(1, piece.length())); at < piece.length(); at = piece.offsetByCodePoints(at, 1)) {
            String left = piece.substring(0, at);
            String right = piece.substring(at);
            if (ids.containsKey(left) && ids.containsKey(right)) {
                cuts.add(new Merge(left, right, score));
            }
        }
        return cuts;
    }

    private static int length(String text) {
        return text.codePointCount(0, text.length());
    }
}
