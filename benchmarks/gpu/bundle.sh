#!/usr/bin/env bash
# Makes one folder with all that benchmarks/gpu/check.sh needs on a machine with an NVIDIA driver, a CUDA toolkit, no network and
# no Java: a Java runtime, the library with its PTX, natives and sample images, the tests and their launcher. Under 60 MiB.
#
#   benchmarks/gpu/bundle.sh [FOLDER]        default: out/gpu
#
# Needs here: a JDK 17 or later with jlink, Maven, g++, make, nvcc.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath -m "${1:-$root/out/gpu}")
limit=60

fail() { echo "bundle.sh: $*" >&2; exit 1; }

java_home=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac || true)")")")}
[ -x "$java_home/bin/jlink" ] || fail "no JDK with jlink was found: install one (Debian: default-jdk-headless) or set JAVA_HOME"
command -v mvn > /dev/null || fail "mvn is needed and was not found"
if [ -e "$folder" ] && [ ! -e "$folder/.adiw-gpu-bundle" ]; then
    fail "$folder is there and was not made by this script: name another folder, or remove it"
fi

cd "$root"
echo "building ..." >&2
JAVA_HOME=$java_home mvn -q -B -ntp -DskipTests package dependency:copy-dependencies -DincludeScope=test \
    -DexcludeGroupIds=net.jqwik,net.bytebuddy -DoutputDirectory="$root/target/gpu-lib" >&2
jar=$(ls "$root"/target/adiw-*.jar | grep -vE -- '-(cli|samples|simt|sources|javadoc)\.jar$' | head -1)
unzip -l "$jar" 2> /dev/null | grep -q 'ptx/.*\.ptx' || "$java_home/bin/jar" tf "$jar" | grep -q '^ptx/.*\.ptx$' \
    || fail "$(basename "$jar") has no GPU kernels: nvcc was not found when it was built; put it on the PATH, remove target/ and try again"

rm -rf "$folder"
mkdir -p "$folder/lib"
touch "$folder/.adiw-gpu-bundle"
cp "$jar" "${jar%.jar}"-{samples,simt}.jar "$root"/target/gpu-lib/*.jar "$folder/lib/"
# Of JCuda's own natives the driver's alone is loaded.
natives=$(ls "$folder"/lib/jcuda-natives-*.jar)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$scratch" && "$java_home/bin/jar" xf "$natives" && find . -name '*.so' ! -name '*JCudaDriver*' -delete && "$java_home/bin/jar" cf "$natives" .)
rm -rf "$root/target/gpu-lib"
cp -r "$root/target/test-classes" "$folder/test-classes"
rm -rf "$folder/test-classes/fixtures/data" "$folder/test-classes/io/github/adiw/data" "$folder/test-classes/io/github/adiw/cli"
mvn -q -B -ntp dependency:copy -Dartifact=org.junit.platform:junit-platform-console-standalone:1.11.4 -DoutputDirectory="$folder/lib" >&2
rm -f "$folder"/lib/junit-jupiter*.jar "$folder"/lib/junit-platform-{commons,engine,launcher}*.jar "$folder"/lib/opentest4j*.jar "$folder"/lib/apiguardian*.jar
cp "$root"/benchmarks/gpu/check.sh "$root"/benchmarks/gpu/torch_step.py "$folder/"
compress=2
[ "$("$java_home/bin/jlink" --version | cut -d. -f1)" -ge 21 ] && compress=zip-9
"$java_home/bin/jlink" --add-modules java.base,java.logging,java.xml,java.management,jdk.management,jdk.unsupported \
    --strip-debug --no-header-files --no-man-pages --compress="$compress" --output "$folder/runtime"
# Without the distribution's debug symbols.
find "$folder/runtime/lib" -name '*.so' -exec strip --strip-unneeded {} + 2> /dev/null || true

size=$(du -sm --apparent-size "$folder" | cut -f1)
[ "$size" -lt "$limit" ] || fail "$folder is $size MiB, and less than $limit was wanted"
echo "$folder: $size MiB; copy it to the machine with the GPU and run ./check.sh there"
