#!/usr/bin/env bash
# Quality for size on the bundled model, held against llama.cpp: compresses to every size by every method, measures on three texts that
# no calibration has seen, and writes docs/results.md. What is there already is not made again: stop it and start it as you like.
#
#   bench/results.sh DATA [FOLDER]    DATA: folder with wikitext2-test.raw.txt, code-test.txt and prose-test.txt
#                                     FOLDER: where models and figures go (default: target/bench/results)
#
# Environment: SEEDS (default "0 1 2"), SEQUENCES (default 128), ROWS="NAME…" (only these rows).
set -euo pipefail
data=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
folder=${2:-target/bench/results}
mkdir -p "$folder"
original=examples/wren-moe
seed=0
# A BLAS kernel that is not the machine's own changes last digits, and with them codes.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

measure() { # NAME OPTION…: compresses with the current seed, evaluates, throws the model away
    local name=$1-s$seed
    [[ -n ${ROWS:-} && " $ROWS " != *" $1 "* ]] && return
    shift
    mkdir -p "$folder/$name"
    [ -s "$folder/$name/measured" ] && return
    if [ ! -s "$folder/$name/report.json" ]; then
        printf '%s Compressing: %s\n' "$(date +%H:%M:%S)" "$name" >&2
        ./mojave compress "$original" --out "$folder/$name/model" --overwrite --quiet --sequences "${SEQUENCES:-128}" --seed "$seed" "$@"
        cp "$folder/$name/model/report.json" "$folder/$name/report.json"
    fi
    evaluate "$name" wiki 400 wikitext2-test.raw
    evaluate "$name" others 150 code-test prose-test
    evaluate "$name" first 60 wikitext2-test.raw code-test prose-test
    rm -r "$folder/$name/model"
    date >"$folder/$name/measured"
    table
}

evaluate() { # NAME FILE WINDOWS TEXT…
    local file=$folder/$1/$2.json model=$folder/$1/model windows=$3 texts=()
    [ -s "$file" ] && return
    shift 3
    for text in "$@"; do
        texts+=("$data/$text.txt")
    done
    ./mojave eval "$model" --against "$original" --text "${texts[@]}" --windows "$windows" --first 128 --quiet --json >"$file.tmp"
    mv "$file.tmp" "$file"
}

table() {
    bench/results-table.sh "$folder" >docs/results.md.tmp
    mv docs/results.md.tmp docs/results.md
}

targets() {
    local bits
    for bits in 4.5 3.5 3.0 2.8 2.5 2.2; do
        measure "target-$bits" --target-bits "$bits"
    done
}

paper() { # Mixture Compressor's preset where its experts of 1 to 3 bits reach
    local bits
    for bits in 3.0 2.8 2.5 2.2; do
        measure "pmq-$bits" --preset mc-paper --target-bits "$bits"
    done
}

methods() { # all at groups of 32 with zero points
    local bits plain=(--no-matching --sweeps 0 --shrinkage 0)
    for bits in 4 3 2; do
        measure "gptq-$bits" --bits "$bits" --group-size 32 "${plain[@]}"
        measure "published-$bits" --bits "$bits" --group-size 32 "${plain[@]}" --group-scales compensated
        sampled "moequant-$bits" --bits "$bits" --group-size 32 "${plain[@]}" --affinity-power 1 --affinity-from quantized
        measure "matched-$bits" --bits "$bits" --group-size 32
        measure "awq-$bits" --method awq --bits "$bits" --group-size 32
    done
}

sampled() { # as measure, calibrated on what the model writes itself
    local tokens=$folder/tokens-s$seed.json
    [[ -n ${ROWS:-} && " $ROWS " != *" $1 "* ]] && return
    [ -s "$tokens" ] || ./mojave sample "$original" --out "$tokens" --length 256 --sequences "${SEQUENCES:-128}" --seed "$seed" --quiet
    measure "$@" --calibration "$tokens"
}

seedless() {
    local bits
    for bits in 4 3 2; do
        measure "rtn-$bits" --method rtn --bits "$bits" --group-size 32
        measure "hqq-$bits" --method hqq --bits "$bits" --group-size 32
    done
}

for seed in ${SEEDS:-0 1 2}; do
    targets
    if [ "$seed" = 0 ]; then
        seedless
    fi
    methods
    paper
done
table
