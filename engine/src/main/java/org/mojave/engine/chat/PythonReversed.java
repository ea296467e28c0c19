package org.mojave.engine.chat;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.List;

/** Python's {@code value[::-1]} as a filter, see {@link TemplateSource}. */
final class PythonReversed implements Filter {
    @Override
    public String getName() {
        return TemplateSource.REVERSED;
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
        return switch (value) {
            case List<?> list -> List.copyOf(list.reversed());
            case String text -> new StringBuilder(text).reverse().toString();
            case null, default -> value;
        };
    }
}
