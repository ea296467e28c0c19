package org.mojave.cli.terminal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class QuantitiesTest {
    @ParameterizedTest
    @CsvSource({"0, 0 B", "999, 999 B", "1000, 1.00 kB", "13843545600, 13.8 GB", "999999, 1.00 MB", "999400, 999 kB", "9223372036854775807, 9.22 EB"})
    void bytesHaveThreeDigitsAndAUnit(long bytes, String text) {
        assertThat(Quantities.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "9999, 9999", "10000, 10.0 k", "6919161856, 6.92 G"})
    void smallCountsAreExact(long count, String text) {
        assertThat(Quantities.count(count)).isEqualTo(text);
    }

    @Test
    void durationsUseTheUnitThatFits() {
        assertThat(Quantities.duration(Duration.ofMillis(840))).isEqualTo("0.8 s");
        assertThat(Quantities.duration(Duration.ofSeconds(200))).isEqualTo("3 min 20 s");
        assertThat(Quantities.duration(Duration.ofMinutes(125))).isEqualTo("2 h 5 min");
    }

    @ParameterizedTest
    @CsvSource({"4GB, 4000000000", "4GiB, 4294967296", "1.5G, 1500000000", "800MiB, 838860800", "12, 12", "3kB, 3000", "2 TB, 2000000000000"})
    void amountsOfBytesAreReadAsWritten(String text, long bytes) {
        assertThat(ByteCount.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GB", "-4GB", "4XB", "4iB", "0", "1e9", "9999999999999TB", "4 G B"})
    void otherTextIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> ByteCount.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
