#!/usr/bin/env bash
# Weights and activations in few bits on the bundled model: compresses it to W4A4, W3A4 and W8A8 (one scale a row, activations rounded token
# by token, whole-number products) without and with each of EAQuant's pieces and the rotation, measures each on the same text, and prints
# a table. What is there already is not made again.
#
#   bench/activations.sh TEXT [FOLDER]    TEXT: e.g. wikitext2-test.raw.txt; its first 64 windows of 256 tokens are measured
#                                         FOLDER: where models and reports go (default: target/bench/activations)
#
# Environment: ROWS="NAME…" (only these rows, e.g. "w4a4-none w4a4-rotation").
set -euo pipefail
text=$(realpath "$1")
cd "$(dirname "$0")/.."
folder=${2:-target/bench/activations}
mkdir -p "$folder"

measure() { # NAME OPTION…
    local name=$1
    shift
    [[ -n ${ROWS:-} && " $ROWS " != *" $name "* ]] && return
    if [ ! -s "$folder/$name/report.json" ]; then
        ./mojave compress examples/wren-moe --out "$folder/$name" --overwrite --quiet --eval "$text" "$@" >&2
    fi
    row "$name"
}

row() { # NAME
    local number='[-+.0-9eE]*' report=$folder/$1/report.json
    figure() { grep -o "\"$1\" : $number" "$report" | head -1 | sed 's/.* : //'; }
    awk -v name="$1" -v bits="$(grep -o "\"bits_per_weight\" : $number" "$report" | sed -n '2s/.* : //p')" -v before="$(figure perplexity_before)" \
        -v after="$(figure perplexity_after)" -v divergence="$(figure divergence)" -v same="$(figure same_top_token)" \
        'BEGIN { printf "| %s | %.3f | %.3f | %.3f | %.4f | %.1f %% |\n", name, bits, before, after, divergence, 100 * same }'
}

echo '| | bits per weight, whole file | perplexity before | after | divergence, nats a token | same best token |'
echo '|---|---|---|---|---|---|'
for point in 4:4 3:4 8:8; do
    weights=${point%:*}
    activations=${point#*:}
    base=(--bits "$weights" --group-size row)
    rounded=(--activations "$activations")
    measure "w${weights}a16-none" "${base[@]}"
    measure "w${weights}a${activations}-none" "${base[@]}" "${rounded[@]}"
    measure "w${weights}a${activations}-smoothing" "${base[@]}" "${rounded[@]}" --smoothing max_gate --outlier-scaling
    measure "w${weights}a${activations}-smoothing-router" "${base[@]}" "${rounded[@]}" --smoothing max_gate --outlier-scaling --router-bits 8
    measure "w${weights}a${activations}-rotation" "${base[@]}" "${rounded[@]}" --rotation
done
