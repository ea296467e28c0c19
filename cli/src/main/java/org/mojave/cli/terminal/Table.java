package org.mojave.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows under headings, columns padded to a common width, numbers right-aligned.
 *
 * <p>Example: {@code new Table("file", ">size").row("a", "12 MB")}; a heading that starts with {@code >} aligns right.
 */
public final class Table {
    private static final String GAP = "  ";

    private final List<String> headings;
    private final List<Boolean> right = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();

    /** A table with these headings. */
    public Table(String... headings) {
        List<String> plain = new ArrayList<>();
        for (String heading : headings) {
            right.add(heading.startsWith(">"));
            plain.add(heading.startsWith(">") ? heading.substring(1) : heading);
        }
        this.headings = List.copyOf(plain);
    }

    /** Adds a row with as many cells as there are headings. */
    public Table row(Object... cells) {
        if (cells.length != headings.size()) {
            throw new IllegalArgumentException(headings.size() + " cells expected, got " + cells.length);
        }
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        rows.add(List.copyOf(row));
        return this;
    }

    /** The lines of the table: headings (unless all empty), a rule, the rows. */
    public List<String> render() {
        int[] widths = new int[headings.size()];
        boolean headed = headings.stream().anyMatch(heading -> !heading.isEmpty());
        widen(widths, headings);
        rows.forEach(row -> widen(widths, row));
        List<String> lines = new ArrayList<>();
        if (headed) {
            lines.add(line(widths, headings));
            List<String> rule = new ArrayList<>();
            for (int width : widths) {
                rule.add("─".repeat(width));
            }
            lines.add(line(widths, rule));
        }
        rows.forEach(row -> lines.add(line(widths, row)));
        return lines;
    }

    private static void widen(int[] widths, List<String> cells) {
        for (int column = 0; column < widths.length; column++) {
            widths[column] = Math.max(widths[column], width(cells.get(column)));
        }
    }

    private String line(int[] widths, List<String> cells) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String padding = " ".repeat(widths[column] - width(cells.get(column)));
            line.append(column == 0 ? "" : GAP);
            line.append(right.get(column) ? padding + cells.get(column) : cells.get(column) + padding);
        }
        return line.toString().stripTrailing();
    }

    private static int width(String cell) {
        return cell.codePointCount(0, cell.length());
    }
}
