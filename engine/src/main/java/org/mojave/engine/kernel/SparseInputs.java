package org.mojave.engine.kernel;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/** The units that the sparse entries of a list read, found once where entries with one input have alike schemes. Reused. */
final class SparseInputs {
    private final List<SparseUnits> kept = new ArrayList<>();
    private final IdentityHashMap<ProductList.Entry, SparseUnits> byEntry = new IdentityHashMap<>();

    /** Finds the units of all sparse entries with codes that can be read in part; {@code group}: columns that share a scale of an activation. */
    void find(ProductList list, ToIntFunction<PackedMatrix> group) {
        find(list, group, _ -> true);
    }

    /** The same, for the entries that pass. */
    void find(ProductList list, ToIntFunction<PackedMatrix> group, Predicate<ProductList.Entry> wanted) {
        byEntry.clear();
        int used = 0;
        ProductList.Entry last = null;
        for (int i = 0; i < list.size(); i++) {
            ProductList.Entry entry = list.get(i);
            if (!entry.sparse() || !(entry.w() instanceof PackedMatrix w) || SparseUnits.columns(w.scheme()) == 0 || !wanted.test(entry)) {
                continue;
            }
            if (last != null && last.input() == entry.input() && alike((PackedMatrix) last.w(), w, group)) {
                byEntry.put(entry, byEntry.get(last));
            } else {
                if (used == kept.size()) {
                    kept.add(new SparseUnits());
                }
                SparseUnits units = kept.get(used++);
                units.fill(entry.input().quantized(group.applyAsInt(w)), SparseUnits.columns(w.scheme()));
                byEntry.put(entry, units);
            }
            last = entry;
        }
    }

    private static boolean alike(PackedMatrix a, PackedMatrix b, ToIntFunction<PackedMatrix> group) {
        return SparseUnits.columns(a.scheme()) == SparseUnits.columns(b.scheme()) && group.applyAsInt(a) == group.applyAsInt(b);
    }

    /** Those of an entry of the list. */
    SparseUnits of(ProductList.Entry entry) {
        return byEntry.get(entry);
    }
}
