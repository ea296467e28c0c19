package org.mojave.cli;

import java.util.Locale;
import org.mojave.engine.kernel.KeyValueType;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code --kv}: how keys and values of earlier tokens are kept. */
final class KeyValueOption {
    /** Reads {@code q8} as well as {@code Q8}. */
    static final class Converter implements ITypeConverter<KeyValueType> {
        @Override
        public KeyValueType convert(String value) {
            for (KeyValueType type : KeyValueType.values()) {
                if (type.toString().equals(value.toLowerCase(Locale.ROOT))) {
                    return type;
                }
            }
            throw new TypeConversionException("'" + value + "' is not f32, f16 or q8");
        }
    }

    @Option(names = "--kv", paramLabel = "TYPE", defaultValue = "f32", converter = Converter.class,
            description = "How keys and values of earlier tokens are kept: f32 (as computed), f16 (half the memory) or q8 (9 bits each), e.g. "
                    + "--kv q8 (default: ${DEFAULT-VALUE}).")
    private KeyValueType type;

    KeyValueType type() {
        return type;
    }
}
