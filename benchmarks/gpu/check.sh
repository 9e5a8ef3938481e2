#!/usr/bin/env bash
# One command for a machine with an NVIDIA driver and a CUDA toolkit; needs no network and no Java of its own. In the folder that
# bundle.sh made it uses what lies beside it; in the source tree it makes such a folder first.
#
#   ./check.sh            loads all PTX, runs the tests on the GPU, compares every kernel with the processor's,
#                         times LeNet's step and PyTorch's (if python3 has torch), and prints one short table last
#   ADIW_CHECK_DEVICE=simt ./check.sh    the same over the stand-in driver, to see that this script and the bundle work; slow
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { echo "check.sh: $*" >&2; exit 1; }

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "this needs Linux on x86-64, and here is $(uname -s)-$(uname -m)"
device=${ADIW_CHECK_DEVICE:-cuda}
[ "$device" = simt ] || ls /dev/nvidia[0-9]* > /dev/null 2>&1 || [ -e /dev/dxg ] || fail "there is no NVIDIA GPU here (no /dev/nvidia0): run it on a machine that has one"
if [ ! -x "$here/runtime/bin/java" ]; then
    [ -f "$here/bundle.sh" ] || fail "there is no runtime/ beside this script: make the folder with benchmarks/gpu/bundle.sh"
    "$here/bundle.sh" || exit 1
    exec "$here/../../out/gpu/check.sh" "$@"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
classpath="$here/test-classes:$here/lib/*"
flags=(-XX:+UseSerialGC -Djava.awt.headless=true -Dadiw.fashion-mnist.url= -Djava.io.tmpdir="$work")
major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$here/runtime/release")
[ "${major:-17}" -ge 22 ] && flags+=(--enable-native-access=ALL-UNNAMED)
adiw() { XDG_CACHE_HOME="$work/cache" "$here/runtime/bin/java" "${flags[@]}" -cp "$classpath" io.github.adiw.cli.Launcher "$@"; }

failed=0
rows=()
row() { rows+=("$(printf '%-44s %s' "$1" "$2")"); }

gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2> /dev/null | head -1)
row "machine" "$(hostname): ${gpu:-GPU not named by nvidia-smi}"

echo "== PTX"
if adiw info --device $device; then row "all PTX loaded by the driver" "yes"; else row "all PTX loaded by the driver" "NO"; failed=1; fi
ptxas=$(command -v ptxas || ls -d /usr/local/cuda*/bin/ptxas 2> /dev/null | tail -1)
if [ -n "$ptxas" ]; then
    capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null | head -1 | tr -d '. ')
    (cd "$work" && for jar in "$here"/lib/adiw-*.jar; do python3 -m zipfile -e "$jar" . 2> /dev/null || unzip -qo "$jar" 'ptx/*' 2> /dev/null; done)
    if ls "$work"/ptx/*.ptx > /dev/null 2>&1; then
        good=yes
        # A module a kernel file, one behind the other in one text.
        awk -v folder="$work/ptx" '/^\.version/ {n++} n {print > (folder "/module" n ".ptx")}' "$work/ptx/adiw.ptx"
        for ptx in "$work"/ptx/module*.ptx; do "$ptxas" -arch="sm_${capability:-80}" -o "$work/out.cubin" "$ptx" || good=NO; done
        [ $good = yes ] || failed=1
        row "ptxas for sm_${capability:-80}, $("$ptxas" --version | sed -n 's/.*release \([0-9.]*\).*/CUDA \1/p')" "$good"
    fi
fi

# Name, then what to select; the last lines of the launcher's summary are kept.
tests() {
    local name=$1 log="$work/tests.log" good bad
    shift
    "$here/runtime/bin/java" "${flags[@]}" -Dadiw.test.device=$device -jar "$here"/lib/junit-platform-console-standalone-*.jar execute \
        --class-path "$here/test-classes:$(ls "$here"/lib/*.jar | grep -v console-standalone | tr '\n' ':')" \
        --disable-banner --details=summary --exclude-engine=jqwik --exclude-tag source-tree "$@" > "$log" 2>&1
    local code=$?
    grep -vE '^\s+(org\.junit|java\.base|\[\.\.\.\])' "$log" | tail -60
    good=$(sed -n 's/.*\[ *\([0-9]*\) tests successful.*/\1/p' "$log")
    bad=$(sed -n 's/.*\[ *\([0-9]*\) tests failed.*/\1/p' "$log")
    row "$name" "${good:-0} passed, ${bad:-?} failed"
    [ $code -eq 0 ] && [ "${good:-0}" -gt 0 ] || failed=1
}
echo "== tests"
[ "$device" = simt ] || tests "GPU tests" --scan-class-path "$here/test-classes" --include-tag gpu
tests "every kernel against the processor" --select-class io.github.adiw.KernelParityTest
tests "the other tests, on the GPU" --scan-class-path "$here/test-classes" --exclude-tag gpu --exclude-classname 'io\.github\.adiw\.KernelParityTest'

# The median step's milliseconds of a captured run.
step() {
    adiw train --device $device --method "$1" --precision "$2" --noise symmetric:0.4 --train-samples 10000 --optimizer adam --lr 1e-3 --weight-decay 0 \
        --lr-schedule none --warmup-epochs 0 --steps $([ "$device" = simt ] && echo 2 || echo 1000) --output "$work/$1-$2" --json 2> "$work/err" \
        | tr -d ' \n' | sed -n 's/.*"stepMillis":{"total":\([0-9.eE-]*\),"weightEstimation":\([0-9.eE-]*\),.*/\1 \2/p'
}
echo "== time of a step"
torch=
if python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2> /dev/null; then
    torch=$(python3 "$here/torch_step.py") || torch=
    echo "$torch"
fi
for method in uniform adiw-km; do
    for precision in fp32 tf32; do
        read -r total estimation <<< "$(step $method $precision)"
        if [ -z "${total:-}" ]; then row "LeNet step, $method, $precision" "FAILED: $(tail -1 "$work/err")"; failed=1; continue; fi
        row "LeNet step, $method, $precision" "$(printf '%.3f ms (estimation %.3f)' "$total" "$estimation")"
    done
    peer=$(sed -n "s/^$method //p" <<< "$torch")
    [ -z "$peer" ] || row "PyTorch's step, $method, fp32, ${peer#* }" "${peer% *} ms"
done
[ -n "$torch" ] || row "PyTorch's step" "python3 has no torch that sees the GPU"

echo
echo "== ADIW on this GPU"
printf '%s\n' "${rows[@]}"
[ $failed -eq 0 ] && echo "all passed" || echo "SOMETHING FAILED: see above"
exit $failed
