#!/usr/bin/env bash
# Peak memory of `mojave compress` on a random olmoe-1b-7b cut to 4 layers under --memory 4GB.
# Prints the whole process's figures of /usr/bin/time and, since the kernel counts clean mapped pages of the checkpoint
# there too, the peak of anonymous and shared pages, sampled twice a second.
#
#   bench/compress-memory.sh [FOLDER]      FOLDER needs 5 GB free (default: target/bench)
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-target/bench}
memory=${MEMORY:-4GB}
mkdir -p "$folder"
source=$folder/olmoe-4-layers
if [ ! -f "$source/tokenizer.json" ]; then
    rm -rf "$source"
    ./mojave synth olmoe-1b-7b --layers 4 --out "$source"
    cp examples/wren-moe/tokenizer.json examples/wren-moe/tokenizer_config.json "$source/"
fi

sample() { # PID FILE: the peak of the JVM's anonymous and shared pages in kB, until it ends
    local peak=0 now
    while kill -0 "$1" 2>/dev/null; do
        for process in $(pgrep -f "org.mojave.cli.Mojave compress $source" || true); do
            now=$(awk '/^RssAnon|^RssShmem/ {sum += $2} END {print sum + 0}' "/proc/$process/status" 2>/dev/null || echo 0)
            if [ "$now" -gt "$peak" ]; then
                peak=$now
                printf '%s\n' "$peak" >"$2"
            fi
        done
        sleep 0.5
    done
}

/usr/bin/time -v -o "$folder/time.txt" ./mojave compress "$source" --out "$folder/olmoe-4-bit" --overwrite --memory "$memory" --bits 4 --group-size 128 &
job=$!
sample "$job" "$folder/peak.txt" &
wait "$job"
wait
awk -F': ' '/Elapsed|Maximum resident|User time/ {sub(/^[ \t]+/, ""); print}' "$folder/time.txt"
awk -v limit="$memory" '{printf "Peak of anonymous and shared pages: %.2f GB of --memory %s\n", $1 * 1024 / 1e9, limit}' "$folder/peak.txt"
