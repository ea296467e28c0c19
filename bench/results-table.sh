#!/usr/bin/env bash
# Prints docs/results.md from what results.sh has measured so far: bench/results-table.sh FOLDER
set -euo pipefail
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

number() { # FILE OBJECT FIELD: the number of a field in the first object of that name, of pretty-printed JSON
    awk -v object="\"$2\"" -v field="\"$3\"" '
        index($0, object " : {") {inside = 1}
        inside && index($0, field " :") {sub(/.*: */, ""); sub(/,.*/, ""); print; exit}' "$1"
}

means() { # OBJECT FILE…: mean of the field "mean" over all objects of that name in the files
    local object=$1
    shift
    awk -v object="\"$object\"" '
        index($0, object " : {") {inside = 1}
        inside && /"mean" :/ {sub(/.*: */, ""); sub(/,.*/, ""); sum += $0; n++; inside = 0}
        END {printf "%.9f\n", sum / n}' "$@"
}

peer() { # BITS COLUMN: llama.cpp at that size, logarithms interpolated between the types that no smaller one beats
    awk -v bits="$1" -v column="$2" '!/^#/ {print $2, $column}' bench/llamacpp-wren.tsv | sort -n | awk -v bits="$1" '
        best == "" || $2 < best {
            best = $2
            if (seen && bits >= b && bits <= $1) {printf "%.9f", exp(log(v) + (log($2) - log(v)) * (bits - b) / ($1 - b)); exit}
            b = $1; v = $2; seen = 1
        }'
}

row() { # NAME TITLE ASKED: mean over the seeds measured, and half the distance from the least to the largest
    local run runs=() bits="" losses="" divergences="" mean
    for run in "$folder/$1"-s*; do
        if [ -e "$run/measured" ]; then
            runs+=("$run")
        fi
    done
    [ ${#runs[@]} -gt 0 ] || return 0
    for run in "${runs[@]}"; do
        bits+=" $(number "$run/report.json" result bits_per_weight)"
        losses+=" $(means lossDifference "$run/wiki.json" "$run/others.json")"
        divergences+=" $(means divergence "$run/first.json")"
    done
    mean=$(tr ' ' '\n' <<<"$bits" | awk 'NF {s += $1; n++} END {printf "%.9f", s / n}')
    awk -v title="$2" -v bits="$mean" -v losses="$losses" -v divergences="$divergences" -v lp="$(peer "$mean" 3)" -v kp="$(peer "$mean" 4)" \
        -v asked="$3" -v seeds="${#runs[@]}" '
        function spread(list, v, n, i, s, low, high) {
            n = split(list, v, " "); low = high = v[1]
            for (i = 1; i <= n; i++) {s += v[i]; if (v[i] < low) low = v[i]; if (v[i] > high) high = v[i]}
            average = s / n
            return sprintf("%.4f", average) (n > 1 ? sprintf(" ± %.4f", (high - low) / 2) : "")
        }
        BEGIN {
            loss = spread(losses); a = average; divergence = spread(divergences); b = average
            printf "| %s | %d | %.3f | %s | %s | %s | %s | %s |\n", title, seeds, bits, loss, lp == "" ? "–" : sprintf("%.2f", a / lp),
                divergence, kp == "" ? "–" : sprintf("%.2f", b / kp), asked}'
}

cat <<'TEXT'
# Results

Made by `bench/results.sh`; do not edit. Model: the bundled `wren-moe` (21,130,880 parameters, 6 layers of 16 experts). Text: the first
400, 150 and 150 windows of 256 tokens of WikiText-2 (test), of Python code and of novels, none of which calibration has seen
(it uses the mix bundled with Mojave, 128 sequences of 256 tokens, chosen by the seed).

* **bits**: all files of the result but the report, in bits for each parameter.
* **loss**: mean over the three texts of ln(perplexity / original), second half of the windows. Below about 0.003 it is noise.
* **divergence**: mean Kullback–Leibler divergence from the original in nats a token, first 60 windows of each text, second half.
* **±**: half the distance from the least to the largest of the seeds.
* **of llama.cpp**: the same as a part of what llama.cpp's types with an importance matrix lose at the same size, interpolated between
  the types that no smaller one beats (`bench/llamacpp-wren.tsv`). Below 1 is better.
* **asked**: the parts that issue 3 wants at most.

## Mojave's default: a target

| `--target-bits` | seeds | bits | loss | of llama.cpp | divergence | of llama.cpp | asked |
|---|---:|---:|---:|---:|---:|---:|---|
TEXT
row target-4.5 4.5 "0.45, 0.60"
row target-3.5 3.5 "0.40, 0.55"
row target-3.0 3.0 "0.45, 0.60"
row target-2.8 2.8 "0.42, 0.65"
row target-2.5 2.5 "0.50, 0.65"
row target-2.2 2.2 "0.55, 0.70"
cat <<'TEXT'

## One scheme for all matrices, groups of 32 with zero points, embedding 8 bits

| method | seeds | bits | loss | of llama.cpp | divergence | of llama.cpp | |
|---|---:|---:|---:|---:|---:|---:|---|
TEXT
for bits in 4 3 2; do
    row "rtn-$bits" "RTN, $bits bits" ""
    row "hqq-$bits" "HQQ, $bits bits" ""
    row "awq-$bits" "AWQ, $bits bits" ""
    row "published-$bits" "GPTQ as published, $bits bits" ""
    row "gptq-$bits" "GPTQ by activity, fitted ranges, $bits bits" ""
    row "moequant-$bits" "MoEQuant (EBSS tokens, AGQ), $bits bits" ""
    row "matched-$bits" "Mojave's default (GPTQ matched to the original, sweeps), $bits bits" ""
done
cat <<'TEXT'

## Mixture Compressor: bits for experts alone, attention 4 bits, embedding and head 8 bits, groups of 128

| method | seeds | bits | loss | of llama.cpp | divergence | of llama.cpp | |
|---|---:|---:|---:|---:|---:|---:|---|
TEXT
for bits in 3.0 2.8 2.5 2.2; do
    row "pmq-$bits" "MC-PMQ (paper's rules), $bits bits" ""
done
cat <<'TEXT'

## Time and memory

Seed 0, seconds of wall time on a machine that others used as well, by stage, and the process's largest resident set, mapped files
included. Weighing the schemes for a target comes before these stages.

| run | quantize | carry | observe | verify | evaluate | resident, MB |
|---|---:|---:|---:|---:|---:|---:|
TEXT
for name in target-4.5 target-2.5 rtn-4 hqq-4 awq-4 gptq-4 matched-4 matched-2; do
    report=$folder/$name-s0/report.json
    [ -s "$report" ] || continue
    printf '| %s |' "$name"
    for stage in quantize carry observe verify evaluate; do
        printf ' %.1f |' "$(number "$report" seconds "$stage")"
    done
    awk -v bytes="$(number "$report" memory resident_peak)" 'BEGIN {printf " %.0f |\n", bytes / 1e6}'
done
