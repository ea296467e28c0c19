package org.mojave.engine.chat;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.AdvancedFilter;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The {@code tojson} filter as transformers defines it: Python's {@code json.dumps(value, ensure_ascii=False, indent=…)},
 * with a blank after comma and colon.
 */
final class PythonJson implements AdvancedFilter {
    @Override
    public String getName() {
        return "tojson";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, Object[] arguments, Map<String, Object> named) {
        Object indent = named.getOrDefault("indent", arguments.length > 0 ? arguments[0] : null);
        StringBuilder text = new StringBuilder();
        write(value, indent instanceof Number n ? n.intValue() : -1, 0, text);
        return text.toString();
    }

    private static void write(Object value, int indent, int depth, StringBuilder text) {
        switch (value) {
            case null -> text.append("null");
            case Map<?, ?> map -> writeMap(map, indent, depth, text);
            case List<?> list -> writeList(list, indent, depth, text);
            case Boolean b -> text.append(b);
            case Number n -> text.append(n);
            default -> quote(value.toString(), text);
        }
    }

    private static void writeMap(Map<?, ?> map, int indent, int depth, StringBuilder text) {
        text.append('{');
        Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
        while (entries.hasNext()) {
            Map.Entry<?, ?> entry = entries.next();
            line(indent, depth + 1, text);
            quote(String.valueOf(entry.getKey()), text);
            text.append(": ");
            write(entry.getValue(), indent, depth + 1, text);
            comma(entries.hasNext(), indent, text);
        }
        line(map.isEmpty() ? -1 : indent, depth, text);
        text.append('}');
    }

    private static void writeList(List<?> list, int indent, int depth, StringBuilder text) {
        text.append('[');
        Iterator<?> values = list.iterator();
        while (values.hasNext()) {
            line(indent, depth + 1, text);
            write(values.next(), indent, depth + 1, text);
            comma(values.hasNext(), indent, text);
        }
        line(list.isEmpty() ? -1 : indent, depth, text);
        text.append(']');
    }

    private static void comma(boolean more, int indent, StringBuilder text) {
        if (more) {
            text.append(indent < 0 ? ", " : ",");
        }
    }

    private static void line(int indent, int depth, StringBuilder text) {
        if (indent >= 0) {
            text.append('\n').repeat(' ', indent * depth);
        }
    }

    private static void quote(String value, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\b' -> text.append("\\b");
                case '\f' -> text.append("\\f");
                default -> {
                    if (c < ' ') {
                        text.append(String.format("\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
