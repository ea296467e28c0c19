#!/bin/sh
# Builds the native kernels into DIRECTORY/org/mojave/engine/kernel/native, when there is a C compiler for x86-64 Linux, and
# says in build.txt there what was done. Never fails the Maven build: without the library Mojave runs its Java kernels.
# Usage: build.sh DIRECTORY
set -u
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/org/mojave/engine/kernel/native" || exit 0
cd "$1/org/mojave/engine/kernel/native" || exit 0
library=libmojave-linux-x86_64.so

say() {
    [ "$(cat build.txt 2>/dev/null)" = "$1" ] || printf '%s\n' "$1" > build.txt
}

give_up() {
    rm -rf "$library" stamp.txt "$work"
    say "missing: $1"
    echo "Native kernels were not built: $1. Mojave will run its slower Java kernels."
    exit 0
}

work=$(mktemp -d) || exit 0
compiler=
for candidate in ${CC:-} cc gcc clang; do
    if command -v "$candidate" > /dev/null 2>&1; then
        compiler=$candidate
        break
    fi
done
[ -n "$compiler" ] || give_up "no C compiler (cc, gcc or clang) was found when Mojave was built"
case "$(uname -s)-$("$compiler" -dumpmachine)" in
    Linux-x86_64*) ;;
    *) give_up "the native kernels exist only for Linux on x86-64" ;;
esac

stamp="$("$compiler" --version | head -n 1) $(cat "$here"/*.c "$here"/*.h "$here"/build.sh | cksum)"
if [ -f "$library" ] && [ "$(cat stamp.txt 2>/dev/null)" = "$stamp" ]; then
    rm -rf "$work"
    exit 0
fi

flags="-O3 -std=c11 -Wall -Wextra -Wno-unknown-pragmas -ffreestanding -fno-stack-protector -fPIC -fvisibility=hidden"
"$compiler" -fno-tree-loop-distribute-patterns -x c -c -o "$work/probe.o" /dev/null 2>/dev/null && flags="$flags -fno-tree-loop-distribute-patterns"
narrow="-mavx2 -mfma -mf16c -mbmi2"
wide="-mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mavx512vnni $narrow"
compile() {
    source=$1
    shift
    "$compiler" $flags "$@" -c "$here/$source.c" -o "$work/$source.o" 2> "$work/errors" \
        || give_up "$compiler could not compile $source.c ($(grep -m 1 error "$work/errors"))"
}
compile capability
compile dense_avx2 $narrow
compile dense_avx512 $wide
compile packed_avx2 $narrow
# Compilers before gcc 11 do not know AVX-VNNI; processors that have it then run the AVX2 variant.
"$compiler" -mavxvnni -x c -c -o "$work/probe.o" /dev/null 2>/dev/null && compile packed_avxvnni $narrow -mavxvnni && compile gguf_avxvnni $narrow -mavxvnni
rm -f "$work/probe.o"
compile packed_avx512 $wide
compile trellis_avx512 $wide -mavx512vbmi -mavx512vbmi2
compile trellis_search_avx2 $narrow -ffp-contract=off -fno-strict-aliasing
compile trellis_search_avx512 $wide -mprefer-vector-width=512 -ffp-contract=off -fno-strict-aliasing
compile gguf_avx2 $narrow
compile gguf_avx512 $wide
"$compiler" -shared -nostdlib -s -Wl,--no-undefined -Wl,--build-id=none -Wl,-z,noexecstack -o "$work/$library" "$work"/*.o 2> "$work/errors" \
    || give_up "$compiler could not link the library ($(grep -m 1 -i -e error -e undefined "$work/errors"))"
mv "$work/$library" "$library" && rm -rf "$work" && printf '%s\n' "$stamp" > stamp.txt
say "built: $("$compiler" --version | head -n 1)"
echo "Native kernels were built with $("$compiler" --version | head -n 1)."
