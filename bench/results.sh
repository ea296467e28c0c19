#!/usr/bin/env bash
# Quality for size on the bundled model, held against llama.cpp: compresses to every size, measures on three texts that no
# calibration has seen, and writes docs/results.md. What is there already is not made again: stop it and start it as you like.
#
#   bench/results.sh DATA [FOLDER]    DATA: folder with wikitext2-test.raw.txt, code-test.txt and prose-test.txt
#                                     FOLDER: where models and figures go (default: target/bench/results)
#
# Environment: CALIBRATION="FILE…" (other text than the bundled one), SEQUENCES (default 128), ROWS="NAME…" (only these rows).
set -euo pipefail
data=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
folder=${2:-target/bench/results}
mkdir -p "$folder"
read -r -a calibration <<<"${CALIBRATION:-}"
original=examples/wren-moe
texts=(wikitext2-test.raw:400 code-test:150 prose-test:150)

measure() { # NAME OPTION…: compresses once, evaluates each text once
    local name=$1 text
    shift
    [[ -n ${ROWS:-} && " $ROWS " != *" $name "* ]] && return
    mkdir -p "$folder/$name"
    if [ ! -s "$folder/$name/report.json" ]; then
        printf 'Compressing: %s\n' "$name" >&2
        ./mojave compress "$original" --out "$folder/$name/model" --overwrite --quiet --sequences "${SEQUENCES:-128}" \
            ${calibration[@]+--calibration "${calibration[@]}"} "$@"
        cp "$folder/$name/model/report.json" "$folder/$name/report.json"
    fi
    for text in "${texts[@]}"; do
        evaluate "$name" "${text%:*}" "${text#*:}" all
        evaluate "$name" "${text%:*}" 60 first
    done
}

evaluate() { # NAME TEXT WINDOWS KIND
    local file=$folder/$1/$2.$4.json
    [ -s "$file" ] && return
    ./mojave eval "$folder/$1/model" --against "$original" --text "$data/$2.txt" --windows "$3" --first 128 --quiet --json >"$file.tmp"
    mv "$file.tmp" "$file"
}

for bits in 4.5 3.5 3.0 2.8 2.5 2.2; do
    measure "target-$bits" --target-bits "$bits"
done
for bits in 4 3 2; do
    measure "rtn-$bits" --method rtn --bits "$bits" --group-size 32
    measure "gptq-$bits" --bits "$bits" --group-size 32 --no-matching --sweeps 0 --shrinkage 0
    measure "matched-$bits" --bits "$bits" --group-size 32
done

bench/results-table.sh "$folder" >docs/results.md.tmp
mv docs/results.md.tmp docs/results.md
