package org.mojave.compress.allocate;

import java.util.Arrays;
import java.util.List;

/**
 * The program with fractions of a choice allowed: hull steps of all menus are taken by falling saving per byte until one no
 * longer fits (Sinha and Zoltners 1979). That step's saving is the price λ of a byte. With {@code base} the choices before
 * it, every allocation costs exactly
 *
 * <p>{@code bound + Σ d + λ·slack}, where {@code d = Δcost + λ·Δbytes ≥ 0} is a choice's excess over base, {@code slack ≥ 0} the
 * bytes left, and {@code bound = cost(base) − λ·slack(base)}.
 *
 * @param price λ; 0 when everything fits
 * @param base choice index per menu
 * @param slack budget minus the bytes of base
 * @param rounded choice index per menu: base with the later steps that still fit, a first good answer
 */
record Relaxation(double price, int[] base, long slack, int[] rounded) {
    static Relaxation solve(List<Menu> menus, long budgetBytes) {
        long slack = budgetBytes;
        for (Menu menu : menus) {
            slack = Math.subtractExact(slack, menu.bytes()[0]);
        }
        if (slack < 0) {
            throw new TargetTooSmallException(budgetBytes, budgetBytes - slack);
        }
        int[] position = new int[menus.size()];
        long[] steps = sortedSteps(menus);
        int next = 0;
        while (next < steps.length && menus.get(menu(steps[next])).stepBytes(step(steps[next])) <= slack) {
            slack -= menus.get(menu(steps[next])).stepBytes(step(steps[next]));
            position[menu(steps[next])] = step(steps[next]) + 1;
            next++;
        }
        double price = next == steps.length ? 0 : menus.get(menu(steps[next])).saving(step(steps[next]));
        int[] base = choices(menus, position);
        long left = slack;
        for (; next < steps.length; next++) {
            int m = menu(steps[next]);
            if (position[m] == step(steps[next]) && menus.get(m).stepBytes(step(steps[next])) <= left) {
                left -= menus.get(m).stepBytes(step(steps[next]));
                position[m]++;
            }
        }
        return new Relaxation(price, base, slack, choices(menus, position));
    }

    private static int[] choices(List<Menu> menus, int[] position) {
        int[] choices = new int[position.length];
        Arrays.setAll(choices, m -> menus.get(m).hull()[position[m]]);
        return choices;
    }

    /** All hull steps, packed as menu and step, by falling saving; equal savings in the order of the menus. */
    private static long[] sortedSteps(List<Menu> menus) {
        int count = menus.stream().mapToInt(menu -> menu.hull().length - 1).sum();
        Long[] steps = new Long[count];
        int next = 0;
        for (int m = 0; m < menus.size(); m++) {
            for (int s = 0; s < menus.get(m).hull().length - 1; s++) {
                steps[next++] = (long) m << 32 | s;
            }
        }
        Arrays.sort(steps, (a, b) -> {
            int bySaving = Double.compare(menus.get(menu(b)).saving(step(b)), menus.get(menu(a)).saving(step(a)));
            return bySaving != 0 ? bySaving : Long.compare(a, b);
        });
        return Arrays.stream(steps).mapToLong(Long::longValue).toArray();
    }

    private static int menu(long step) {
        return (int) (step >>> 32);
    }

    private static int step(long step) {
        return (int) step;
    }
}
