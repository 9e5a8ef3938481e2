#!/usr/bin/env bash
# How many instructions do the loops of a kernel have? Every backward branch, the innermost loops marked: instructions from its target to
# itself, and how many of them multiply, load and so on.
#   native/ptx/instructions.sh CUBIN KERNEL       for instance target/native/resources/cubin/sm_90/gemm.cubin gemm_fp32
# Needs nvdisasm (NVDISASM=... where it is not on the PATH) and objcopy. An older nvdisasm than the ptxas that made the cubin refuses the
# file, but reads the code in it, which is taken out first.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
cubin=$1
kernel=$2
architecture=$(basename "$(dirname "$cubin")")
code=$(mktemp)
trap 'rm -f "$code"' EXIT
objcopy -I elf64-little -O binary --only-section=".text.$kernel" "$cubin" "$code" 2> /dev/null || true
[ -s "$code" ] || { echo "instructions.sh: $cubin has no kernel $kernel" >&2; exit 1; }
"${NVDISASM:-nvdisasm}" -b "${architecture/sm_/SM}" "$code" | awk -v kernel="$kernel, $architecture" '
    function padded(hexadecimal) { return substr("00000000" hexadecimal, length(hexadecimal) + 1) }
    match($0, /\/\*[0-9a-f]+\*\//) {
        at = padded(substr($0, RSTART + 2, RLENGTH - 4))
        text = substr($0, RSTART + RLENGTH)
        gsub(/^[ \t]*(@!?U?P[0-9T]+ )?[ \t]*/, "", text)
        if (text !~ /^[A-Z]/ || text ~ /^NOP/) next
        address[++count] = at
        split(text, word, /[ .;]/)
        name[count] = word[1]
        if (word[1] == "BRA" && match(text, /0x[0-9a-f]+/)) branch[count] = padded(substr(text, RSTART + 2, RLENGTH - 2))
    }
    END {
        print kernel ": " count " instructions"
        loops = 0
        for (at = 1; at <= count; at++) {
            if (!(at in branch)) continue
            for (to = 1; to < at && address[to] < branch[at]; to++) {}      # an older nvdisasm leaves out what it does not know
            if (to == at) continue
            first[++loops] = to
            last[loops] = at
        }
        for (l = 1; l <= loops; l++) {
            inner = 1
            for (other = 1; other <= loops; other++)
                if (other != l && first[other] >= first[l] && last[other] <= last[l]) inner = 0
            split("", of)
            for (at = first[l]; at <= last[l]; at++) of[name[at]]++
            line = ""
            n = split("FFMA HMMA DFMA MUFU LDS LDSM LDG LDGSTS STS STG SHFL BAR IMAD IADD3 ISETP BRA", wanted, " ")
            for (i = 1; i <= n; i++)
                if (of[wanted[i]]) line = line "  " of[wanted[i]] " " wanted[i]
            printf "  %s %5d instructions:%s\n", inner ? "innermost" : "loop     ", last[l] - first[l] + 1, line
        }
    }'
