package org.mojave.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoredRowsTest {
    private static final long SEED = 12;
    private static final int HEADS = 3;
    private static final int DIMENSION = 72;
    private static final int ROWS = 5;
    private static final int WIDTH = HEADS * DIMENSION;

    private static StoredRows rows(KeyValueType type, float[] values) {
        StoredRows rows = new StoredRows(type, HEADS, DIMENSION);
        rows.resize(ROWS, 0);
        rows.write(0, values, 2, ROWS);
        return rows;
    }

    private static float[] all(StoredRows rows) {
        float[] all = new float[ROWS * WIDTH];
        float[] head = new float[ROWS * DIMENSION];
        for (int h = 0; h < HEADS; h++) {
            rows.read(h, 0, ROWS, head);
            for (int r = 0; r < ROWS; r++) {
                System.arraycopy(head, r * DIMENSION, all, r * WIDTH + h * DIMENSION, DIMENSION);
                for (int c = 0; c < DIMENSION; c++) {
                    assertThat(head[r * DIMENSION + c]).as("row %d head %d column %d", r, h, c).isEqualTo(rows.value(r, h, c));
                }
            }
        }
        return all;
    }

    private static double allowed(KeyValueType type, float[] values, int index) {
        int head = index / DIMENSION * DIMENSION;
        int run = head + (index - head) / KeyValueType.RUN * KeyValueType.RUN;
        float largest = 0;
        for (int i = run; i < Math.min(head + DIMENSION, run + KeyValueType.RUN); i++) {
            largest = Math.max(largest, Math.abs(values[2 + i]));
        }
        return switch (type) {
            case F32 -> 0;
            case F16 -> Math.abs(values[2 + index]) / 2048 + 6e-8;
            case Q8 -> largest / 254 * 1.0001;
        };
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void whatIsReadIsAsCloseAsTheTypeAllows(KeyValueType type) {
        float[] values = KernelSamples.floats(2 + ROWS * WIDTH, new Random(SEED));
        values[2] = 1e-35f;
        values[100] = 300;
        float[] read = all(rows(type, values));
        for (int i = 0; i < read.length; i++) {
            assertThat((double) Math.abs(read[i] - values[2 + i])).as("%s, %d: %s", type, i, values[2 + i]).isLessThanOrEqualTo(allowed(type, values, i));
        }
        assertThat(type.rowBytes(HEADS, DIMENSION)).isEqualTo(switch (type) {
            case F32 -> 864;
            case F16 -> 432;
            case Q8 -> 216 + 3 * 3 * 4;
        });
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void rowsDoNotDependOnEachOtherAndSurviveResizing(KeyValueType type) {
        float[] values = KernelSamples.floats(2 + ROWS * WIDTH, new Random(SEED));
        float[] expected = all(rows(type, values));
        StoredRows grown = new StoredRows(type, HEADS, DIMENSION);
        for (int r = 0; r < ROWS; r++) {
            grown.resize(r == ROWS - 1 ? ROWS + 2 : r + 1, r);
            grown.write(r, values, 2 + r * WIDTH, 1);
        }
        assertThat(all(grown)).isEqualTo(expected);
        StoredRows copy = rows(type, new float[2 + ROWS * WIDTH]);
        copy.copy(grown, 1, 4);
        float[] partly = all(copy);
        for (int i = 0; i < partly.length; i++) {
            assertThat(partly[i]).isEqualTo(i / WIDTH >= 1 && i / WIDTH < 4 ? expected[i] : 0);
        }
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void whatIsNotFiniteIsNotHidden(KeyValueType type) {
        for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] values = new float[2 + ROWS * WIDTH];
            values[2 + 40] = wrong;
            assertThat(rows(type, values).value(0, 0, 40)).isNotFinite();
            assertThat(rows(type, values).value(0, 1, 3)).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(KeyValueType.class)
    void whatLeavesTheRowsIsRefused(KeyValueType type) {
        StoredRows rows = rows(type, new float[2 + ROWS * WIDTH]);
        assertThatThrownBy(() -> rows.write(ROWS, new float[WIDTH], 0, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> rows.write(0, new float[WIDTH], 1, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> rows.read(HEADS, 0, 1, new float[DIMENSION])).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> rows.read(0, 1, ROWS, new float[ROWS * DIMENSION])).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> rows.resize(3, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        StoredRows other = new StoredRows(type, HEADS + 1, DIMENSION);
        assertThatThrownBy(() -> rows.copy(other, 0, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
