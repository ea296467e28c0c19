package org.mojave.compress.allocate;

import java.util.Arrays;

/**
 * Changes against base, each pointing at the one before it, so that many states share their beginnings. 12 bytes an entry;
 * {@link #compact} forgets what no state leads to.
 */
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

    int size() {
        return size;
    }

    /** Keeps only entries that lead to the states or to {@code best}, renumbers the states' entries and returns best's new number. */
    int compact(StateList states, int best) {
        int[] renumbered = new int[size];
        mark(best, renumbered);
        for (int s = 0; s < states.size(); s++) {
            mark(states.change(s), renumbered);
        }
        int kept = 0;
        for (int entry = 0; entry < size; entry++) {
            if (renumbered[entry] != 0) {
                // Entries only point back, so the one before has its new number already.
                previous[kept] = previous[entry] == NONE ? NONE : renumbered[previous[entry]];
                menu[kept] = menu[entry];
                choice[kept] = choice[entry];
                renumbered[entry] = kept++;
            }
        }
        size = kept;
        states.renumber(renumbered);
        return best == NONE ? NONE : renumbered[best];
    }

    private void mark(int last, int[] marks) {
        for (int entry = last; entry != NONE && marks[entry] == 0; entry = previous[entry]) {
            marks[entry] = 1;
        }
    }

    /** Writes the changes that end in {@code last} into an array of choices. */
    void apply(int last, int[] choices) {
        for (int entry = last; entry != NONE; entry = previous[entry]) {
            choices[menu[entry]] = choice[entry];
        }
    }
}
