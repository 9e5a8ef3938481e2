#!/usr/bin/env bash
# One command for a machine with an NVIDIA driver and a CUDA toolkit; needs no network and no Java of its own. In the folder of the
# bundle it uses what lies beside it; in the source tree it unpacks out/gpu.tgz (made by bundle.sh) and runs there.
#
#   check.sh --short      at most 3 minutes: what is there, our steps, PyTorch's in a graph, the tests that need a GPU
#   check.sh              at most 9 minutes: that, ceilings, profiles, accuracy, parity, sanitizer, estimation, ResNet, PyTorch compiled
#   ADIW_CHECK_DEVICE=simt check.sh      what applies, shortened, over the stand-in driver: to see that this script and the bundle work
#
# Each stage has a time limit, and one that fails or is late stops no other. Results go to $OUT (default ./gpu-check) as they come:
# summary.txt, log.txt, and what the profilers wrote; the summary is printed at the end, also when this is ended early.
# ADIW_CHECK_STAGES="info steps" runs these; ADIW_CHECK_SECONDS is the limit of the whole; PYTHON is the Python that has PyTorch.
set -uo pipefail
script=$(readlink -f "${BASH_SOURCE[0]}")
here=$(dirname "$script")

fail() { echo "check.sh: $*" >&2; exit 1; }

export ADIW_CHECK_DEVICE=${ADIW_CHECK_DEVICE:-cuda}
device=$ADIW_CHECK_DEVICE
if [ "${1:-}" != --stage ]; then
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || fail "this needs Linux on x86-64, and here is $(uname -s)-$(uname -m)"
    [ "$device" = simt ] || ls /dev/nvidia[0-9]* > /dev/null 2>&1 || [ -e /dev/dxg ] \
        || fail "there is no NVIDIA GPU here (no /dev/nvidia0): run it on a machine that has one"
fi
OUT=$(realpath -m "${OUT:-gpu-check}")
export OUT
if [ ! -x "$here/runtime/bin/java" ]; then
    bundle=$here/../../out/gpu.tgz
    [ -f "$bundle" ] || fail "there is neither runtime/ beside this script nor out/gpu.tgz: make that with benchmarks/gpu/bundle.sh"
    unpacked=$(mktemp -d)
    tar xzf "$bundle" -C "$unpacked" || fail "out/gpu.tgz cannot be unpacked; make it again with benchmarks/gpu/bundle.sh"
    "$unpacked/gpu/check.sh" "$@" &
    child=$!
    trap 'kill $child 2> /dev/null' TERM INT
    trap 'rm -rf "$unpacked"' EXIT
    code=143
    while kill -0 $child 2> /dev/null; do wait $child; code=$?; done
    exit $code
fi

"$here/runtime/bin/java" -version > /dev/null 2>&1 || fail "the Java of the bundle does not run here: $("$here/runtime/bin/java" -version 2>&1 | head -1)"

python=${PYTHON:-python3}
flags=(-XX:+UseSerialGC -Djava.awt.headless=true -Dadiw.fashion-mnist.url= -Djava.io.tmpdir="${WORK:-/tmp}")
major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$here/runtime/release" 2> /dev/null)
[ "${major:-17}" -ge 22 ] && flags+=(--enable-native-access=ALL-UNNAMED)
java=("$here/runtime/bin/java" "${flags[@]}")
measure=("${java[@]}" -cp "$here/classes:$here/lib/*")
package=io.github.adiw.benchmarks
simt() { [ "$device" = simt ]; }

# Lines of results, as they come: to the summary and the log.
rows() { tee -a "$OUT/summary.txt"; }
row() { printf '%-44s %s\n' "$1" "$2" | rows; }
adiw() { XDG_CACHE_HOME="$WORK/cache" "${measure[@]}" io.github.adiw.cli.Launcher "$@"; }

# A tool of CUDA, on the PATH or where toolkits put it.
tool() { command -v "$1" || ls -d /usr/local/cuda*/bin/"$1" /opt/nvidia/nsight-compute/*/"$1" 2> /dev/null | tail -1; }

# Name of a row, then what to select. The rest of the launcher's summary is in the log.
tests() {
    local name=$1 log="$WORK/tests.log" good bad skipped code
    shift
    "${java[@]}" -Dadiw.test.device="$device" -Dadiw.test.blocks=0,96 -jar "$here"/lib/junit-platform-console-standalone-*.jar execute \
        --class-path "$here/classes:$(ls "$here"/lib/*.jar | grep -v console-standalone | tr '\n' ':')" \
        --disable-banner --details=tree --disable-ansi-colors --exclude-engine=jqwik --exclude-tag source-tree "$@" > "$log" 2>&1
    code=$?
    grep -vE '^\s+(org\.junit|java\.base|\[\.\.\.\])' "$log"
    good=$(sed -n 's/.*\[ *\([0-9]*\) tests successful.*/\1/p' "$log")
    bad=$(sed -n 's/.*\[ *\([0-9]*\) tests failed.*/\1/p' "$log")
    skipped=$(sed -n 's/.*\[ *\([0-9]*\) tests \(skipped\|aborted\).*/\1/p' "$log" | awk '{s += $1} END {print s + 0}')
    row "$name" "${good:-0} passed, ${bad:-?} failed, $skipped left out"
    [ $code -eq 0 ] && [ "${good:-0}" -gt 0 ]
}

# ---- stages
stage_info() {
    local gpu start code
    gpu=$(nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.max.sm,clocks.mem,power.limit --format=csv,noheader 2> /dev/null | head -1)
    row "machine" "$(nproc) processors; ${gpu:-no GPU named by nvidia-smi}"
    start=$(date +%s%N)
    adiw info --device "$device"
    code=$?
    row "info: the device opens, the kernels load" "$([ $code -eq 0 ] && echo yes || echo NO), $((($(date +%s%N) - start) / 1000000)) ms with Java"
    return $code
}

steps() { "${measure[@]}" $package.StepsOnDevice "$device" "$@" | rows; }
stage_steps() {
    if simt; then steps lenet uniform,adiw-km fp32,tf32 3; else steps lenet uniform,adiw-km,diw all 400; fi
}

# Each in a process of its own; all start at once, and measure one after the other.
torch() {
    local pids=() failed=0 pid
    while read -r line; do
        $python "$here/torch_step.py" $line --lock "$WORK/torch.lock" > >(rows) < /dev/null &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    return $failed
}
has_torch() {
    $python -c 'import torch' 2> /dev/null && return
    row "PyTorch" "left out: $python has no torch"
    return 1
}
each_step() { for precision in fp32 tf32 bf16; do for method in uniform adiw-km; do echo "step $method $precision $1"; done; done; }
stage_torch_graph() {
    has_torch || return 0
    if simt; then
        printf 'step %s fp32 eager --device cpu --rounds 2 --count 2\n' uniform adiw-km | torch
    else
        each_step graph | torch
    fi
}
stage_torch_rest() {
    has_torch || return 0
    local code=0
    each_step eager | torch || code=1
    each_step compile | torch || code=1
    return $code
}

stage_limits() {
    local code=0
    if simt; then
        "${measure[@]}" $package.DeviceLimits simt 9,11 16 | rows
        return
    fi
    "${measure[@]}" $package.DeviceLimits "$device" 9,11,33,49 1024 | rows || code=1
    if has_torch; then echo "peaks" | torch || code=1; fi
    # The last: a driver may take most of a minute to compile all modules.
    CUDA_CACHE_DISABLE=1 "${measure[0]}" -Dadiw.cubin=false "${measure[@]:1}" $package.DeviceLimits "$device" 11 64 | head -1 | rows || code=1
    return $code
}

stage_tests() {
    if simt; then
        tests "tests of the device" --select-class io.github.adiw.device.DeviceTest --select-class io.github.adiw.device.StandInTest \
            --select-class io.github.adiw.nn.block.MatrixParityTest
    else
        local curand
        # JCurand's test needs it: the toolkit's, or what came with PyTorch.
        curand=$(ls -d /usr/local/cuda*/lib64/libcurand.so.10 \
            "$($python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' 2> /dev/null)"/nvidia/*/lib/libcurand.so.10 2> /dev/null | head -1)
        [ -z "$curand" ] || export LD_LIBRARY_PATH=$(dirname "$curand")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
        tests "tests that need a GPU" --scan-class-path "$here/classes" --include-tag gpu
    fi
}

# Without the products that choose between the kernels and cuBLAS when a device is opened.
profiled() { printf '%s\n' "${measure[0]}" -Dadiw.gemm=kernel "${measure[@]:1}" $package.StepsOnDevice "$device" lenet adiw-km fp32 2; }
stage_ncu_basic() {
    local ncu command
    ncu=$(tool ncu)
    [ -n "$ncu" ] || { row "ncu" "left out: it is not installed"; return 0; }
    mapfile -t command < <(profiled)
    "$ncu" --target-processes all --graph-profiling node --clock-control none --set basic --csv --page raw --print-units base \
        --log-file "$OUT/ncu-basic.csv" "${command[@]}" || return 1
    $python "$here/kernel_times.py" table "$OUT/ncu-basic.csv" 25 | rows
}
stage_ncu_full() {
    local ncu command slowest
    ncu=$(tool ncu)
    [ -n "$ncu" ] || return 0
    slowest=$($python "$here/kernel_times.py" slowest "$OUT/ncu-basic.csv" 5) || return 1
    mapfile -t command < <(profiled)
    "$ncu" --target-processes all --graph-profiling node --clock-control none --set full --kernel-name "$slowest" --launch-count 10 \
        --force-overwrite --export "$OUT/ncu-full" "${command[@]}" || return 1
    "$ncu" --import "$OUT/ncu-full.ncu-rep" --page details > "$OUT/ncu-full.txt" || return 1
    row "ncu, full set" "$slowest: in ncu-full.txt and ncu-full.ncu-rep"
}

# Accuracy after some epochs, and seconds, on a device.
trained() {
    local where=$1 method=$2 start=$SECONDS json
    json=$(adiw train --device "$where" --method "$method" --noise symmetric:0.4 --train-samples 10000 --optimizer adam --lr 1e-4 \
        --weight-decay 0 --lr-schedule none "${@:3}" --output "$WORK/$where-$method" --json) || return 1
    row "train, $method, $where" "accuracy $(tr -d ' \n' <<< "$json" | grep -o '"finalTestAccuracy":[0-9.]*' | cut -d: -f2) after ${*:3}, $((SECONDS - start)) s with Java"
}
stage_accuracy() {
    local method where code=0 length=(--epochs 60)
    if simt; then length=(--steps 2 --batch 32 --validation-batch 32 --model mlp:32); fi
    for method in uniform adiw-km; do
        for where in "$device" host; do trained $where $method "${length[@]}" || code=1; done
    done
    return $code
}

stage_parity() {
    local more=()
    # On simt these are among the tests of the device.
    simt || more=(--select-class io.github.adiw.nn.block.MatrixParityTest --select-class io.github.adiw.device.DeviceTest
        --select-class io.github.adiw.device.OwnershipTest)
    tests "parity with host, blocks of production and 96" --select-class io.github.adiw.KernelParityTest \
        --select-class io.github.adiw.weight.EstimationAtOnceTest "${more[@]}"
}

stage_sanitizer() {
    local sanitizer check command code=0 said
    sanitizer=$(tool compute-sanitizer)
    [ -n "$sanitizer" ] || { row "compute-sanitizer" "left out: it is not installed"; return 0; }
    mapfile -t command < <(profiled)
    for check in memcheck racecheck initcheck; do
        timeout --kill-after=2 25 "$sanitizer" --tool $check --error-exitcode 9 "${command[@]}" > "$WORK/sanitizer.log" 2>&1 || code=1
        grep -a '=====' "$WORK/sanitizer.log" | head -60
        said=$(grep -a 'SUMMARY' "$WORK/sanitizer.log" | tail -1 | sed 's/^=* *//')
        row "compute-sanitizer, $check" "${said:-no summary: stopped, or it did not start}"
    done
    return $code
}

estimation() { "${measure[@]}" $package.EstimationOnDevice "$device" "$@" | rows; }
stage_estimation() {
    if simt; then estimation km,kmm-exact 64,256 0.2; return; fi
    local code=0
    estimation km,kl,ls,w1,kl-direct,kmm-exact 256,1024,4096,16384 0.5 || code=1
    estimation km,kl 100000 2 || code=1
    return $code
}

stage_resnet() { steps resnet32 uniform,adiw-km all 39; }

if [ "${1:-}" = --stage ]; then
    "stage_$2"
    exit
fi

# ---- which of them, in which order, for how many seconds at most
if [ "${1:-}" = --short ]; then
    seconds=175
    stages="info:20 steps:45 torch_graph:60 tests:60"
elif simt; then
    seconds=470
    stages="info:30 steps:120 torch_graph:60 limits:30 tests:60 accuracy:60 parity:150 estimation:40"
else
    [ $# -eq 0 ] || fail "$1 is not known: give --short, or nothing"
    seconds=535
    stages="info:20 steps:45 torch_graph:60 limits:45 tests:50 ncu_basic:75 ncu_full:60 accuracy:60 parity:60 sanitizer:80 estimation:60 resnet:40 torch_rest:90"
fi
seconds=${ADIW_CHECK_SECONDS:-$seconds}

mkdir -p "$OUT" || fail "the folder $OUT cannot be made: set OUT to one that can"
: > "$OUT/summary.txt"
: > "$OUT/log.txt"
WORK=$(mktemp -d)
export WORK
failed=0
child=
finish() {
    local code=$?
    [ -z "$child" ] || kill "$child" 2> /dev/null
    echo
    echo "== ADIW on $device, after $SECONDS s: $([ $failed -eq 0 ] && [ $code -eq 0 ] && echo "all passed" || echo "NOT ALL PASSED")" | rows
    cat "$OUT/summary.txt"
    rm -rf "$WORK"
}
trap finish EXIT
trap 'row "ended early" "in the stage $stage"; exit 143' TERM INT HUP

for entry in $stages; do
    stage=${entry%:*}
    limit=${entry#*:}
    [ -z "${ADIW_CHECK_STAGES:-}" ] || [[ " $ADIW_CHECK_STAGES " == *" $stage "* ]] || continue
    left=$((seconds - SECONDS))
    [ $limit -le $left ] || limit=$left
    if [ $limit -lt 5 ]; then
        row "$stage" "left out: the time is up" > /dev/null
        continue
    fi
    begin=$SECONDS
    echo "== $stage" | tee -a "$OUT/log.txt"
    timeout --kill-after=3 "$limit" bash "$script" --stage "$stage" >> "$OUT/log.txt" 2>&1 < /dev/null &
    child=$!
    wait $child
    code=$?
    child=
    if [ $code -ne 0 ]; then
        failed=1
        if [ $code -eq 124 ] || [ $code -eq 137 ]; then
            row "$stage" "STOPPED after its $limit s" > /dev/null
        else
            row "$stage" "FAILED (status $code)" > /dev/null
        fi
        tail -15 "$OUT/log.txt"
    fi
    echo "   $((SECONDS - begin)) s"
done
exit $failed
