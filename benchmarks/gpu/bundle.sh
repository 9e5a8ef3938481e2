#!/usr/bin/env bash
# Makes one file with all that benchmarks/gpu/check.sh needs on a machine with an NVIDIA driver, a CUDA toolkit, no network and
# no Java: a Java runtime, the library with its kernels, natives and sample images, the tests and their launcher, programs that measure.
#
#   benchmarks/gpu/bundle.sh        makes out/gpu.tgz; with the files of the source tree it stays under 55 MiB
#
# Needs here: a JDK 17 or later with jlink, Maven, g++, make, nvcc.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
limit=55

fail() { echo "bundle.sh: $*" >&2; exit 1; }

java_home=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac || true)")")")}
[ -x "$java_home/bin/jlink" ] || fail "no JDK with jlink was found: install one (Debian: default-jdk-headless) or set JAVA_HOME"
command -v mvn > /dev/null || fail "mvn is needed and was not found"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
folder=$scratch/gpu
mkdir -p "$folder/lib"

cd "$root"
echo "building ..." >&2
JAVA_HOME=$java_home mvn -q -B -ntp -DskipTests -Dmaven.javadoc.skip -Dmaven.source.skip package dependency:copy-dependencies \
    -DincludeScope=test -DexcludeGroupIds=net.jqwik,net.bytebuddy,de.rototor.pdfbox,de.erichseifert.vectorgraphics2d,com.madgag \
    -DoutputDirectory="$folder/lib" >&2
mvn -q -B -ntp dependency:copy -Dartifact=org.junit.platform:junit-platform-console-standalone:1.11.4 -DoutputDirectory="$folder/lib" >&2
rm -f "$folder"/lib/{junit-jupiter,junit-platform-commons,junit-platform-engine,junit-platform-launcher,opentest4j,apiguardian}*.jar

jar=$(ls target/adiw-*.jar | grep -vE -- '-(cli|samples|simt|cubin|sources|javadoc)\.jar$' | head -1)
"$java_home/bin/jar" tf "$jar" | grep -q '^ptx/.*\.ptx$' \
    || fail "$(basename "$jar") has no GPU kernels: nvcc was not found when it was built; put it on the PATH, remove target/ and try again"
for part in "" -samples -simt -cubin; do
    [ ! -f "${jar%.jar}$part.jar" ] || cp "${jar%.jar}$part.jar" "$folder/lib/"
done
# Of JCuda's own natives the driver's alone is loaded.
natives=$(ls "$folder"/lib/jcuda-natives-*.jar)
mkdir "$scratch/natives"
(cd "$scratch/natives" && "$java_home/bin/jar" xf "$natives" && find . -name '*.so' ! -name '*JCudaDriver*' -delete && "$java_home/bin/jar" cf "$natives" .)

cp -r target/test-classes "$folder/classes"
rm -rf "$folder"/classes/fixtures "$folder"/classes/io/github/adiw/{data,cli}      # of the tests those of check.sh alone, which need no fixture
"$java_home/bin/javac" --release 17 -cp target/classes -d "$folder/classes" \
    benchmarks/src/main/java/io/github/adiw/benchmarks/{StepsOnDevice,EstimationOnDevice,DeviceLimits}.java
cp benchmarks/gpu/{check.sh,torch_step.py,kernel_times.py} "$folder/"

compress=2
[ "$("$java_home/bin/jlink" --version | cut -d. -f1)" -ge 21 ] && compress=zip-9
"$java_home/bin/jlink" --add-modules java.base,java.logging,java.management,jdk.management,jdk.unsupported \
    --strip-debug --no-header-files --no-man-pages --compress="$compress" --output "$folder/runtime"
# Without the distribution's debug symbols.
find "$folder/runtime/lib" -name '*.so' -exec strip --strip-unneeded {} + 2> /dev/null || true

mkdir -p out
tar -C "$scratch" --owner=0 --group=0 -cf - gpu | gzip -9 > out/gpu.tgz.new
mv out/gpu.tgz.new out/gpu.tgz

bytes() { xargs -0 cat -- | wc -c; }
bundle=$(wc -c < out/gpu.tgz)
tree=$(git ls-files -z 2> /dev/null | bytes)
[ $(((bundle + tree) >> 20)) -lt $limit ] \
    || fail "out/gpu.tgz ($((bundle >> 20)) MiB) and the tree ($((tree >> 20)) MiB) are not under $limit MiB together"
echo "out/gpu.tgz: $((bundle >> 20)) MiB, $(((bundle + tree) >> 20)) MiB with the tree; take both to the machine with the GPU and run" \
    "benchmarks/gpu/check.sh there, or the file alone: tar xzf gpu.tgz && gpu/check.sh"
