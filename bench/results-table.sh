#!/usr/bin/env bash
# Prints docs/results.md from what results.sh has measured so far: bench/results-table.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1

field() { # FILE OBJECT FIELD: the number of a field in the first object of that name, of pretty-printed JSON
    awk -v object="\"$2\"" -v field="\"$3\"" '
        index($0, object " : {") {inside = 1}
        inside && index($0, field " :") {sub(/.*: */, ""); sub(/,.*/, ""); print; exit}' "$1"
}

mean() { # NAME KIND OBJECT: over the three texts
    local text sum=0
    for text in wikitext2-test.raw code-test prose-test; do
        sum=$(awk -v a="$sum" -v b="$(field "$folder/$1/$text.$2.json" "$3" mean)" 'BEGIN {printf "%.9f", a + b}')
    done
    awk -v sum="$sum" 'BEGIN {printf "%.9f", sum / 3}'
}

peer() { # BITS COLUMN: llama.cpp at that size, logarithms interpolated between the types that no smaller one beats
    awk -v bits="$1" -v column="$2" '!/^#/ {print $2, $column}' bench/llamacpp-wren.tsv | sort -n | awk -v bits="$1" '
        best == "" || $2 < best {
            best = $2
            if (seen && bits >= b && bits <= $1) {printf "%.9f", exp(log(v) + (log($2) - log(v)) * (bits - b) / ($1 - b)); exit}
            b = $1; v = $2; seen = 1
        }'
}

row() { # NAME TITLE LIMITS
    local bits loss divergence kl_peer loss_peer
    [ -s "$folder/$1/prose-test.first.json" ] || return 0
    bits=$(field "$folder/$1/report.json" result bits_per_weight)
    loss=$(mean "$1" all lossDifference)
    divergence=$(mean "$1" first divergence)
    loss_peer=$(peer "$bits" 3)
    kl_peer=$(peer "$bits" 4)
    awk -v title="$2" -v bits="$bits" -v loss="$loss" -v lp="$loss_peer" -v kl="$divergence" -v kp="$kl_peer" -v limits="$3" 'BEGIN {
        printf "| %s | %.3f | %.4f | %s | %.4f | %s | %s |\n", title, bits, loss, lp == "" ? "–" : sprintf("%.2f", loss / lp), kl,
            kp == "" ? "–" : sprintf("%.2f", kl / kp), limits}'
}

cat <<'TEXT'
# Results

Made by `bench/results.sh`; do not edit. Model: the bundled `wren-moe` (21,130,880 parameters, 6 layers of 16 experts). Text: the first
400, 150 and 150 windows of 256 tokens of WikiText-2 (test), of Python code and of novels, none of which calibration has seen.

* **bits**: all files of the result but the report, in bits for each parameter.
* **loss**: mean over the three texts of ln(perplexity / original), second half of the windows. Below about 0.003 it is noise.
* **divergence**: mean Kullback–Leibler divergence from the original in nats a token, first 60 windows of each text, second half.
* **of llama.cpp**: the same as a part of what llama.cpp's types with an importance matrix lose at the same size, interpolated between
  the types that no smaller one beats (`bench/llamacpp-wren.tsv`). Below 1 is better.
* **asked**: the parts that issue 3 wants at most.

## Mojave's default: a target

| `--target-bits` | bits | loss | of llama.cpp | divergence | of llama.cpp | asked |
|---|---:|---:|---:|---:|---:|---|
TEXT
row target-4.5 4.5 "0.45, 0.60"
row target-3.5 3.5 "0.40, 0.55"
row target-3.0 3.0 "0.45, 0.60"
row target-2.8 2.8 "0.42, 0.65"
row target-2.5 2.5 "0.50, 0.65"
row target-2.2 2.2 "0.55, 0.70"
cat <<'TEXT'

## One scheme for all matrices, groups of 32 with zero points, embedding 8 bits

| method | bits | loss | of llama.cpp | divergence | of llama.cpp | |
|---|---:|---:|---:|---:|---:|---|
TEXT
for bits in 4 3 2; do
    row "rtn-$bits" "round to nearest, $bits bits" ""
    row "gptq-$bits" "GPTQ, $bits bits" ""
    row "matched-$bits" "GPTQ matched to the original, sweeps, $bits bits" ""
done
