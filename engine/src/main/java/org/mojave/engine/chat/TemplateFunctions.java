package org.mojave.engine.chat;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.objects.date.StrftimeFormatter;
import java.time.ZonedDateTime;
import java.util.Locale;

/** The global functions that transformers gives to templates; public because Jinjava calls them by name. */
public final class TemplateFunctions {
    /** Name under which the clock's reading stands among the variables. */
    static final String CLOCK = "mojave_clock";

    /** The template has called {@code raise_exception}. */
    static final class Raised extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Raised(String message) {
            super(message);
        }
    }

    private TemplateFunctions() {}

    /** {@code raise_exception(message)}. */
    @SuppressWarnings("DoNotCallSuggester") // called by templates, through reflection
    public static Object raise(Object message) {
        throw new Raised(String.valueOf(message));
    }

    /** {@code strftime_now(format)}. */
    public static String now(String format) {
        ZonedDateTime now = (ZonedDateTime) JinjavaInterpreter.getCurrent().getContext().get(CLOCK);
        return StrftimeFormatter.format(now, format, Locale.ENGLISH);
    }
}
