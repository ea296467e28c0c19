package org.mojave.engine.chat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes explicit what Jinjava reads differently from jinja2, without changing what jinja2 would make of the template:
 * <ul>
 *   <li>{@code not} binds looser than comparisons and tests: {@code not x is defined} becomes {@code not (x is defined)};
 *   <li>the value of a named argument is a whole expression: {@code f(n=a - 1)} becomes {@code f(n=(a - 1))};
 *   <li>{@code x[::-1]} becomes {@code x|python_reversed};
 *   <li>the end of a dictionary within a dictionary gets a blank, because it is not the end of the tag;
 *   <li>{@code trim_blocks} and {@code lstrip_blocks} are carried out here (Jinjava also strips blanks that do not start a
 *       line);
 *   <li>one newline at the end of the template is dropped.
 * </ul>
 */
final class TemplateSource {
    /** Name of the filter that stands for {@code [::-1]}. */
    static final String REVERSED = "python_reversed";

    private static final Pattern OPENING = Pattern.compile("\\{[{%#]");
    private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*[-+]?%}");
    private static final Pattern END_RAW = Pattern.compile("\\{%[-+]?\\s*endraw\\s*[-+]?%}");
    private static final Pattern TOKEN = Pattern.compile(
            "'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"|[A-Za-z_]\\w*|\\d+(?:\\.\\d+)?|\\s+|==|[-+]?[}%]}|.", Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");

    private static final Set<String> NEIGHBOURS = Set.of("previtem", "nextitem", "changed");

    private final List<String> tokens = new ArrayList<>();
    /** Text to put before the token of the same index. */
    private final List<StringBuilder> before = new ArrayList<>();

    private final String tag;

    private TemplateSource(String tag) {
        this.tag = tag;
        Matcher token = TOKEN.matcher(tag).region(2, tag.length());
        while (token.lookingAt()) {
            boolean dictionaries = token.group().equals("}}") && token.end() < tag.length();
            for (String text : dictionaries ? List.of("}", " ", "}") : List.of(token.group())) {
                tokens.add(text);
                before.add(new StringBuilder());
            }
            token.region(token.end(), tag.length());
        }
    }

    /** The same template in a form that Jinjava and jinja2 read alike. */
    static String normalise(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
        StringBuilder result = new StringBuilder();
        Matcher opening = OPENING.matcher(source);
        Deque<String> open = new ArrayDeque<>();
        int at = 0;
        boolean lineStart = true;
        while (opening.find(at)) {
            int end = end(source, opening);
            String part = source.substring(opening.start(), end);
            boolean output = part.startsWith("{{");
            String text = source.substring(at, opening.start());
            result.append(output || part.startsWith("+", 2) ? text : withoutIndent(text, lineStart));
            boolean code = !part.startsWith("{#") && !RAW.matcher(part).lookingAt();
            if (code) {
                TemplateSource tag = new TemplateSource(withoutPlus(part));
                tag.refuseNeighbours();
                tag.refuseLoopsThatJinjavaMisreads(open);
                result.append(tag.rewrite());
            } else {
                result.append(part);
            }
            lineStart = !output && source.startsWith("\n", end) && !part.startsWith("+", part.length() - 3);
            at = lineStart ? end + 1 : end;
        }
        return result.append(source, at, source.length()).toString();
    }

    /** {@code lstrip_blocks}: without the blanks between the start of the line and a tag. */
    private static String withoutIndent(String text, boolean lineStart) {
        int line = text.lastIndexOf('\n') + 1;
        return (line > 0 || lineStart) && text.substring(line).isBlank() ? text.substring(0, line) : text;
    }

    /** {@code {%+} and {@code +%}} ask for what Jinjava does anyway once lines are trimmed here. */
    private static String withoutPlus(String tag) {
        String open = tag.startsWith("+", 2) ? tag.substring(0, 2) + tag.substring(3) : tag;
        int plus = open.length() - 3;
        return plus > 2 && open.charAt(plus) == '+' ? open.substring(0, plus) + open.substring(plus + 1) : open;
    }

    /** Index behind the tag, comment or raw block that starts at the match. */
    private static int end(String source, Matcher opening) {
        int start = opening.start();
        if (source.startsWith("{#", start)) {
            int close = source.indexOf("#}", start);
            return close < 0 ? source.length() : close + 2;
        }
        Matcher raw = RAW.matcher(source).region(start, source.length());
        if (raw.lookingAt()) {
            Matcher endRaw = END_RAW.matcher(source);
            return endRaw.find(raw.end()) ? endRaw.end() : source.length();
        }
        String closing = source.startsWith("{{", start) ? "}}" : "%}";
        int depth = 0;
        Matcher token = TOKEN.matcher(source).region(start + 2, source.length());
        while (token.lookingAt()) {
            String text = token.group();
            boolean closes = text.endsWith(closing);
            if (closes && (depth == 0 || closing.equals("%}"))) {
                return token.end();
            }
            depth += text.equals("{") ? 1 : text.equals("}") ? -1 : closes ? -2 : 0;
            token.region(token.end(), source.length());
        }
        return source.length();
    }

    /** Jinjava knows no neighbours of a loop's item: they would silently be undefined. */
    private void refuseNeighbours() {
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i).equals("loop") && NEIGHBOURS.contains(word(i + 1, 1))) {
                throw new ChatTemplateException("the template uses loop." + word(i + 1, 1) + ", which cannot be rendered; "
                        + "write it with an index into the list");
            }
        }
    }

    /**
     * Jinjava ignores the condition of {@code for … in … if …} and shows the {@code else} of a loop always: better no text
     * than a wrong one. {@code open} holds the blocks that are open, innermost first.
     */
    private void refuseLoopsThatJinjavaMisreads(Deque<String> open) {
        if (!tag.startsWith("{%")) {
            return;
        }
        String name = tokens.stream().filter(t -> NAME.matcher(t).matches()).findFirst().orElse("");
        switch (name) {
            case "for" -> {
                if (tokens.contains("if") && !tokens.contains("else")) {
                    throw new ChatTemplateException("the template uses a loop with a condition (" + tag.strip()
                            + "), which cannot be rendered; write it as an if inside the loop");
                }
                open.push(name);
            }
            case "if" -> open.push(name);
            case "endfor", "endif" -> open.poll();
            case "else" -> {
                if ("for".equals(open.peek())) {
                    throw new ChatTemplateException("the template uses else in a for loop, which cannot be rendered; write it "
                            + "as an if around the loop");
                }
            }
            default -> { }
        }
    }

    private String rewrite() {
        boolean macro = tokens.contains("macro");
        int depth = 0;
        for (int i = 0; i < tokens.size(); i++) {
            String text = tokens.get(i);
            depth += text.equals("(") ? 1 : text.equals(")") ? -1 : 0;
            if (text.equals("not") && !word(i, -1).equals("is") && !word(i, 1).equals("in")) {
                wrap(i + 1, true);
            } else if (text.equals("=") && depth > 0 && !macro && NAME.matcher(word(i, -1)).matches()) {
                wrap(i + 1, false);
            }
        }
        StringBuilder result = new StringBuilder(tag.substring(0, 2));
        for (int i = 0; i < tokens.size(); i++) {
            result.append(before.get(i)).append(tokens.get(i));
        }
        return result.toString().replaceAll("(?<=[\\w)\\]'\"])\\[\\s*:\\s*:\\s*-\\s*1\\s*]", "|" + REVERSED);
    }

    /** Puts parentheses around the operand that starts at token {@code from}. */
    private void wrap(int from, boolean ofNot) {
        int depth = 0;
        int end = from;
        while (end < tokens.size() && !(depth == 0 && ends(tokens.get(end), ofNot))) {
            String text = tokens.get(end);
            depth += "([{".contains(text) ? 1 : ")]}".contains(text) ? -1 : 0;
            end++;
        }
        if (end < tokens.size()) {
            before.get(from).append(ofNot ? " (" : "(");
            before.get(end).insert(0, ")");
        }
    }

    private static boolean ends(String token, boolean ofNot) {
        return switch (token) {
            case ")", "]", "}", "," -> true;
            case "and", "or", "if", "else", ":", "recursive" -> ofNot;
            default -> token.length() > 1 && (token.endsWith("}}") || token.endsWith("%}"));
        };
    }

    /** The nearest token to the left (−1) or right (1) that is not blank; empty where there is none. */
    private String word(int at, int direction) {
        for (int i = at + direction; i >= 0 && i < tokens.size(); i += direction) {
            if (!tokens.get(i).isBlank()) {
                return tokens.get(i);
            }
        }
        return "";
    }
}
