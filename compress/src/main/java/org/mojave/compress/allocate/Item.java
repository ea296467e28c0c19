package org.mojave.compress.allocate;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Something that gets exactly one scheme: a matrix of an expert, an attention matrix, the embedding, the head.
 *
 * <p>Example: {@code Item.of("layers.3.experts.5.down", choices).between(minimum, maximum)}.
 *
 * @param name unique in its program
 * @param tie items with the same tie must share one scheme (an export target may force it); the own name when free
 * @param choices the menu, in any order, each scheme once
 */
public record Item(String name, String tie, List<Choice> choices) {
    public Item {
        choices = List.copyOf(choices);
        if (choices.isEmpty()) {
            throw new IllegalArgumentException("item " + name + " has no scheme to choose from");
        }
        Set<String> schemes = new HashSet<>();
        for (Choice choice : choices) {
            if (!schemes.add(choice.scheme())) {
                throw new IllegalArgumentException("item " + name + " lists scheme " + choice.scheme() + " twice");
            }
        }
    }

    /** An item that is tied to no other. */
    public static Item of(String name, List<Choice> choices) {
        return new Item(name, name, choices);
    }

    /** The same item, sharing its scheme with all items of that tie. */
    public Item tiedTo(String commonTie) {
        return new Item(name, commonTie, choices);
    }

    /** The same item with only the choices whose size lies in the range, both ends included. */
    public Item between(long minimumBytes, long maximumBytes) {
        return keeping(choice -> choice.bytes() >= minimumBytes && choice.bytes() <= maximumBytes,
                "between " + minimumBytes + " and " + maximumBytes + " bytes");
    }

    /** The same item with only those schemes. */
    public Item withSchemes(Set<String> schemes) {
        return keeping(choice -> schemes.contains(choice.scheme()), "among the schemes " + schemes);
    }

    private Item keeping(Predicate<Choice> wanted, String range) {
        List<Choice> kept = choices.stream().filter(wanted).toList();
        if (kept.isEmpty()) {
            throw new IllegalArgumentException("item " + name + " has no choice " + range + "; its menu is " + choices);
        }
        return new Item(name, tie, kept);
    }
}
