package org.mojave.compress.allocate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * From the relaxation to the exact optimum, after Pisinger's minimal algorithm for the multiple-choice knapsack (1995).
 *
 * <p>A partial answer ({@link StateList}) is base with some menus changed, described by the bytes and the cost it adds. Menus are opened in
 * the order of their cheapest excess per byte moved. A state dies when another one is neither larger nor dearer, or when its
 * bound (its excess, plus what the menus still closed must charge to fill its slack or to undo its overdraft) is no better
 * than the best complete answer. When no state is left, the best answer is proven.
 */
final class CoreSearch {
    /**
     * When to stop searching for proof. Only programs built to be hard get there, and then the gap says what is not proven.
     *
     * @param states kept per step
     * @param effort states met in all
     * @param changes entries of the log
     */
    record Limits(int states, long effort, int changes) {
        /** Some seconds and 230 MiB. */
        static final Limits DEFAULT = new Limits(1 << 18, 1L << 27, 1 << 24);
    }

    /** Differences of cost below this share of all costs are rounding. */
    private static final double ROUNDING = 1e-13;

    /** The choice per menu, and how far the proof is from closing ({@code cost − lower bound}; 0 = optimal). */
    record Result(int[] choices, double gap) {}

    /** A menu whose choices the bound cannot exclude: bytes and cost of each against base; {@code excessPerByte} the least. */
    private record Open(int menu, int[] choice, long[] bytes, double[] cost, double excessPerByte) {}

    private final List<Menu> menus;
    private final Relaxation relaxation;
    private final Limits limits;
    private final ChangeLog log = new ChangeLog();
    private final double tolerance;
    private double bestCost;
    private long effort;
    private int bestChange = ChangeLog.NONE;
    private double droppedBound = Double.POSITIVE_INFINITY;

    private CoreSearch(List<Menu> menus, Relaxation relaxation, Limits limits) {
        this.menus = menus;
        this.relaxation = relaxation;
        this.limits = limits;
        double magnitude = 0;
        for (int m = 0; m < menus.size(); m++) {
            int base = relaxation.base()[m];
            magnitude += Math.abs(menus.get(m).cost()[base]) + relaxation.price() * menus.get(m).bytes()[base];
        }
        tolerance = ROUNDING * magnitude;
    }

    static Result run(List<Menu> menus, Relaxation relaxation, Limits limits) {
        return new CoreSearch(menus, relaxation, limits).search();
    }

    private Result search() {
        for (int m = 0; m < menus.size(); m++) {
            double[] cost = menus.get(m).cost();
            bestCost += cost[relaxation.rounded()[m]] - cost[relaxation.base()[m]];
        }
        double firstCost = bestCost;
        List<Open> core = core();
        Bounds bounds = bounds(core);
        StateList states = StateList.start();
        for (int i = 0; i < core.size() && states.size() > 0; i++) {
            if (exhausted(states)) {
                giveUp(states, bounds, i);
                break;
            }
            states = open(states, core.get(i), bounds, i + 1);
        }
        int[] choices = (bestCost < firstCost ? relaxation.base() : relaxation.rounded()).clone();
        if (bestCost < firstCost) {
            log.apply(bestChange, choices);
        }
        return new Result(choices, Math.max(0, gap() - Math.min(gap(), droppedBound)));
    }

    private boolean exhausted(StateList states) {
        if (log.size() > limits.changes / 2) {
            bestChange = log.compact(states, bestChange);
        }
        return effort > limits.effort || log.size() > limits.changes / 2;
    }

    private void giveUp(StateList states, Bounds bounds, int closed) {
        for (int s = 0; s < states.size(); s++) {
            droppedBound = Math.min(droppedBound, bounds.of(states.bytes(s), states.cost(s), closed));
        }
    }

    /** Best known cost minus the relaxation's bound. */
    private double gap() {
        return bestCost + relaxation.price() * relaxation.slack();
    }

    private List<Open> core() {
        List<Open> core = new ArrayList<>();
        for (int m = 0; m < menus.size(); m++) {
            Open open = open(m);
            if (open.choice.length > 0) {
                core.add(open);
            }
        }
        core.sort(Comparator.comparingDouble(Open::excessPerByte).thenComparingInt(Open::menu));
        return core;
    }

    private Open open(int m) {
        Menu menu = menus.get(m);
        int base = relaxation.base()[m];
        int[] kept = new int[menu.bytes().length];
        int count = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int c = 0; c < kept.length; c++) {
            long bytes = menu.bytes()[c] - menu.bytes()[base];
            double excess = excess(bytes, menu.cost()[c] - menu.cost()[base]);
            if (c != base && excess < gap() - tolerance) {
                kept[count++] = c;
                least = Math.min(least, excess / Math.abs(bytes));
            }
        }
        int[] choice = Arrays.copyOf(kept, count);
        long[] bytes = Arrays.stream(choice).mapToLong(c -> menu.bytes()[c] - menu.bytes()[base]).toArray();
        double[] cost = Arrays.stream(choice).mapToDouble(c -> menu.cost()[c] - menu.cost()[base]).toArray();
        return new Open(m, choice, bytes, cost, least);
    }

    private double excess(long bytes, double cost) {
        return Math.max(0, cost + relaxation.price() * bytes);
    }

    private Bounds bounds(List<Open> core) {
        Bounds bounds = new Bounds(relaxation.price(), relaxation.slack(), core.size());
        for (int i = core.size() - 1; i >= 0; i--) {
            Open open = core.get(i);
            bounds.add(i, open.bytes, open.cost);
        }
        return bounds;
    }

    /** Lets one menu leave base; {@code closed}: position of the first menu still closed. */
    private StateList open(StateList states, Open open, Bounds bounds, int closed) {
        StateList merged = states;
        for (int c = 0; c < open.choice.length; c++) {
            merged = merged.merge(states, open.bytes[c], open.cost[c], c);
        }
        effort += merged.size();
        improve(merged, open);
        StateList kept = new StateList(merged.size());
        double limit = gap() - tolerance;
        double[] bound = new double[merged.size()];
        for (int s = 0; s < merged.size(); s++) {
            bound[s] = bounds.of(merged.bytes(s), merged.cost(s), closed);
        }
        double cut = cut(bound, limit);
        for (int s = 0; s < merged.size(); s++) {
            if (bound[s] < limit && bound[s] <= cut && kept.size() < limits.states) {
                kept.add(merged.bytes(s), merged.cost(s), change(merged, s, open), StateList.UNCHANGED);
            } else if (bound[s] < limit) {
                droppedBound = Math.min(droppedBound, bound[s]);
            }
        }
        return kept;
    }

    private void improve(StateList merged, Open open) {
        int best = -1;
        for (int s = 0; s < merged.size() && merged.bytes(s) <= relaxation.slack(); s++) {
            if (merged.cost(s) < bestCost) {
                bestCost = merged.cost(s);
                best = s;
            }
        }
        if (best >= 0) {
            bestChange = change(merged, best, open);
        }
    }

    private int change(StateList merged, int s, Open open) {
        int pending = merged.pending(s);
        return pending == StateList.UNCHANGED ? merged.change(s) : log.add(merged.change(s), open.menu, open.choice[pending]);
    }

    /** Bound above which states are given up because there are too many. */
    private double cut(double[] bound, double limit) {
        double[] alive = Arrays.stream(bound).filter(b -> b < limit).toArray();
        if (alive.length <= limits.states) {
            return Double.POSITIVE_INFINITY;
        }
        Arrays.sort(alive);
        return alive[limits.states - 1];
    }
}
