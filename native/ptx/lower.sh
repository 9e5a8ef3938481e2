#!/bin/sh
# Lowers the .version line of a PTX file to the least that ptxas accepts, so that older drivers load it (nvcc always writes its
# own version), and assembles the result for the architectures that it must run on.
#   lower.sh NVCC FILE
set -eu
ptxas=$(dirname "$1")/ptxas
[ -x "$ptxas" ] || ptxas=ptxas
file=$2
highest=$(sed -n 's/^\.version \([0-9.]*\).*/\1/p' "$file")
for version in 7.0 7.1 7.2 7.3 7.4 7.5 7.6 7.7 7.8 8.0 8.1 8.2 8.3 8.4 8.5 8.6 8.7 8.8 "$highest"; do
    sed "s/^\.version .*/.version $version/" "$file" > "$file.lowered"
    if "$ptxas" -arch=sm_80 -o /dev/null "$file.lowered" 2> "$file.log"; then
        break
    elif [ "$version" = "$highest" ]; then
        cat "$file.log" >&2
        exit 1
    fi
done
for architecture in sm_90 sm_120; do
    if "$ptxas" --help | grep -q "$architecture"; then
        "$ptxas" -arch="$architecture" -o /dev/null "$file.lowered"
    fi
done
mv "$file.lowered" "$file"
rm -f "$file.log"
