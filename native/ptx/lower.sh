#!/bin/sh
# Makes of a PTX file of nvcc's what the library holds: nothing before its .version line, that line lowered to the least that ptxas
# accepts, so that older drivers load it (nvcc always writes its own version), and names of source files that do not say where the source
# tree was. Assembles the result for the architectures that it must run on and have no cubin.
#   lower.sh PTXAS FILE
set -eu
ptxas=$1
file=$2
architecture=$(sed -n 's/^\.target \(sm_[0-9]*\).*/\1/p' "$file")
highest=$(sed -n 's/^\.version \([0-9.]*\).*/\1/p' "$file")
for version in 7.0 7.1 7.2 7.3 7.4 7.5 7.6 7.7 7.8 8.0 8.1 8.2 8.3 8.4 8.5 8.6 8.7 8.8 "$highest"; do
    sed -n "/^\.version/,\$p" "$file" \
        | sed "s/^\.version .*/.version $version/; s|^\([[:space:]]*\.file[[:space:]]*[0-9]* \"\).*/\([^/]*\)\"|\1kernels/\2\"|" > "$file.lowered"
    if "$ptxas" -arch="$architecture" -o /dev/null "$file.lowered" 2> "$file.log"; then
        break
    elif [ "$version" = "$highest" ]; then
        cat "$file.log" >&2
        exit 1
    fi
done
if "$ptxas" --help | grep -q sm_120; then
    "$ptxas" -arch=sm_120 -o /dev/null "$file.lowered"
fi
mv "$file.lowered" "$file"
rm -f "$file.log"
