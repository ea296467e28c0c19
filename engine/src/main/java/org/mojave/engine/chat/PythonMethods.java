package org.mojave.engine.chat;

import com.hubspot.jinjava.el.TypeConvertingMapELResolver;
import com.hubspot.jinjava.el.ext.JinjavaBeanELResolver;
import com.hubspot.jinjava.el.ext.JinjavaListELResolver;
import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jinjava.javax.el.ArrayELResolver;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;

/**
 * The methods of Python's {@code str}, and {@code dict.get} with a default, which templates call on their values; Jinjava alone
 * would look for Java methods of that name.
 */
final class PythonMethods extends ELResolver {
    private PythonMethods() {}

    /** Resolves Python methods first, then what Jinjava resolves by itself, all read-only. */
    static ELResolver resolver() {
        CompositeELResolver all = new CompositeELResolver();
        all.add(new PythonMethods());
        all.add(new ArrayELResolver(true));
        all.add(new JinjavaListELResolver(true));
        all.add(new TypeConvertingMapELResolver(true));
        all.add(new JinjavaBeanELResolver(true));
        return all;
    }

    @Override
    public Object invoke(ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
        Object result = switch (base) {
            case String text -> onText(text, String.valueOf(method), arguments);
            case Map<?, ?> map when "get".equals(method) && arguments.length == 2 ->
                    map.containsKey(arguments[0]) ? map.get(arguments[0]) : arguments[1];
            case null, default -> null;
        };
        if (result != null) {
            context.setPropertyResolved(true);
        }
        return result;
    }

    private static Object onText(String text, String method, Object[] arguments) {
        String first = arguments.length > 0 && arguments[0] != null ? arguments[0].toString() : null;
        return switch (method) {
            case "strip" -> strip(text, first, true, true);
            case "lstrip" -> strip(text, first, true, false);
            case "rstrip" -> strip(text, first, false, true);
            case "startswith" -> startsOrEnds(text, arguments[0], true);
            case "endswith" -> startsOrEnds(text, arguments[0], false);
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "capitalize" -> text.isEmpty() ? text
                    : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1).toLowerCase(Locale.ROOT);
            case "title" -> title(text);
            case "replace" -> arguments.length == 2 ? text.replace(first, String.valueOf(arguments[1])) : null;
            case "split" -> split(text, first, arguments.length > 1 ? ((Number) arguments[1]).intValue() : -1);
            case "splitlines" -> text.lines().toList();
            case "find" -> (long) text.indexOf(first);
            case "count" -> (long) (split(text, first, -1).size() - 1);
            case "join" -> String.join(text, ((List<?>) arguments[0]).stream().map(String::valueOf).toList());
            case "removeprefix" -> text.startsWith(first) ? text.substring(first.length()) : text;
            case "removesuffix" -> text.endsWith(first) ? text.substring(0, text.length() - first.length()) : text;
            case "isdigit" -> !text.isEmpty() && text.chars().allMatch(Character::isDigit);
            default -> null;
        };
    }

    private static String strip(String text, String characters, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && stripped(text.charAt(start), characters)) {
            start++;
        }
        while (right && end > start && stripped(text.charAt(end - 1), characters)) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean stripped(char c, String characters) {
        return characters != null ? characters.indexOf(c) >= 0 : isSpace(c);
    }

    /** Python's {@code str.isspace}: Unicode white space and separators, and the information separators of ASCII. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    private static boolean startsOrEnds(String text, Object wanted, boolean start) {
        if (wanted instanceof List<?> several) {
            return several.stream().anyMatch(one -> startsOrEnds(text, one, start));
        }
        String part = String.valueOf(wanted);
        return start ? text.startsWith(part) : text.endsWith(part);
    }

    private static List<String> split(String text, String separator, int limit) {
        List<String> parts = new ArrayList<>();
        if (separator == null) {
            for (String word : text.strip().split("\\s+", -1)) {
                if (!word.isEmpty()) {
                    parts.add(word);
                }
            }
            return parts;
        }
        int from = 0;
        int at = text.indexOf(separator);
        while (at >= 0 && (limit < 0 || parts.size() < limit)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
            at = text.indexOf(separator, from);
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static String title(String text) {
        StringBuilder result = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            result.append(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return result.toString();
    }

    @Override
    public Object getValue(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public Class<?> getType(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public void setValue(ELContext context, Object base, Object property, Object value) {
        // This resolver holds no values.
    }

    @Override
    public boolean isReadOnly(ELContext context, Object base, Object property) {
        return true;
    }

    @Override
    public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
        return null;
    }

    @Override
    public Class<?> getCommonPropertyType(ELContext context, Object base) {
        return null;
    }
}
