package org.mojave.compress.allocate;

import java.util.Arrays;

/** Changes against base, each pointing at the one before it, so that many states share their beginnings. */
final class ChangeLog {
    /** No change: base itself. */
    static final int NONE = -1;

    private int[] previous = new int[1024];
    private int[] menu = new int[1024];
    private int[] choice = new int[1024];
    private int size;

    /** Records that, after the changes ending in {@code last}, the menu takes the choice; returns the entry. */
    int add(int last, int changedMenu, int newChoice) {
        if (size == previous.length) {
            previous = Arrays.copyOf(previous, 2 * size);
            menu = Arrays.copyOf(menu, 2 * size);
            choice = Arrays.copyOf(choice, 2 * size);
        }
        previous[size] = last;
        menu[size] = changedMenu;
        choice[size] = newChoice;
        return size++;
    }

    /** Writes the changes that end in {@code last} into an array of choices. */
    void apply(int last, int[] choices) {
        for (int entry = last; entry != NONE; entry = previous[entry]) {
            choices[menu[entry]] = choice[entry];
        }
    }
}
