package org.mojave.compress.recipe;

import java.util.Optional;
import java.util.regex.Pattern;
import org.mojave.engine.model.MatrixId;
import org.mojave.format.packed.Scheme;

/**
 * What shall become of some matrices, whatever the recipe says of the others. Of several rules for a matrix the last counts.
 *
 * <p>Example: {@code Rule.parse("expert@layers.0.*=4g64a")}: the experts of the first layer take 4 bits.
 *
 * @param role which matrices by what they do; empty for all
 * @param pattern which by name, {@code *} for any characters: the name in a native checkpoint or that of the original's tensor; empty for all
 * @param decision what becomes of them
 */
public record Rule(Optional<RuleRole> role, Optional<String> pattern, Decision decision) {
    private static final Pattern TEXT = Pattern.compile("([a-z_]*)(?:@([^=\\s]+))?=([a-z0-9]+)");
    private static final String FORM = "ROLE=WHAT, ROLE@NAME=WHAT or @NAME=WHAT, with WHAT keep, bits or a scheme, e.g. attention=8 or expert@layers.0.*=keep";

    /** What becomes of a matrix. */
    public sealed interface Decision {
        /** It stays as it is. */
        record Keep() implements Decision {}

        /** So many bits, with groups and zeros as the recipe says for all. */
        record Bits(int bits) implements Decision {}

        /** Exactly this storage. */
        record Store(Scheme scheme) implements Decision {}

        /** The spelling. */
        default String text() {
            return switch (this) {
                case Keep _ -> "keep";
                case Bits(int bits) -> Integer.toString(bits);
                case Store(Scheme scheme) -> scheme.id();
            };
        }

        /** Reads {@link #text()}; throws IllegalArgumentException that says what is wrong. */
        static Decision parse(String text) {
            if (text.equals("keep")) {
                return new Keep();
            }
            if (text.chars().allMatch(Character::isDigit)) {
                int bits = Integer.parseInt(text.substring(0, Math.min(3, text.length())));
                return new Bits(new Scheme(bits, Scheme.WHOLE_ROW, true).bits());
            }
            return new Store(Scheme.parse(text));
        }
    }

    public Rule {
        if (role.isEmpty() && pattern.isEmpty()) {
            throw new RecipeException("a rule must say which matrices it is for: a role, a pattern of names, or both");
        }
        if (role.isPresent() && role.get().alwaysKept() && !(decision instanceof Decision.Keep)) {
            throw new RecipeException("routers are always kept, they decide which experts run; --router-bits rounds them");
        }
    }

    /** Whether it is for a matrix that the original calls {@code tensor}. */
    public boolean matches(MatrixId id, String tensor) {
        return (role.isEmpty() || role.get().includes(id)) && (pattern.isEmpty() || matches(id.name()) || matches(tensor));
    }

    private boolean matches(String name) {
        return Pattern.matches(("\\Q" + pattern.orElseThrow().replace("*", "\\E.*\\Q") + "\\E"), name);
    }

    /** The spelling in options, journals and reports: {@code expert@layers.0.*=4g64a}. */
    public String text() {
        return role.map(RuleRole::wireName).orElse("") + pattern.map(name -> "@" + name).orElse("") + "=" + decision.text();
    }

    /** Reads {@link #text()}; throws {@link RecipeException} that quotes it. */
    public static Rule parse(String text) {
        var matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new RecipeException("not a rule: '" + text + "'; write " + FORM);
        }
        Optional<RuleRole> role = matcher.group(1).isEmpty() ? Optional.empty() : Optional.of(RuleRole.parse(matcher.group(1)));
        try {
            return new Rule(role, Optional.ofNullable(matcher.group(2)), Decision.parse(matcher.group(3)));
        } catch (IllegalArgumentException e) {
            throw new RecipeException("rule '" + text + "': " + e.getMessage(), e);
        }
    }
}
