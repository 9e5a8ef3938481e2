#!/usr/bin/env bash
# Fails if a library asks for a symbol of a glibc newer than 2.28, that of RHEL 8, and names those symbols.
set -euo pipefail
least=2.28
for library; do
    newer=$(objdump -T "$library" | grep -oE '\(?GLIBC_[0-9.]+\)? +[A-Za-z0-9_]+' | tr -d '()' | awk -v least="${least#2.}" '
        { split($1, version, /[_.]/); if (version[3] + 0 > least) print $2 "@" $1 }' | sort -u | paste -sd ' ')
    if [ -n "$newer" ]; then
        echo "$library needs a glibc newer than $least: $newer (see native/host/glibc.h)" >&2
        exit 1
    fi
done
