#!/usr/bin/env python3
"""Processor time of a fit by each method, beside the references in numpy and scikit-learn.

    (mvn -q install -DskipTests && cd benchmarks && mvn -q package)
    /usr/bin/python3 benchmarks/ratio/fit_time.py [--rounds 5] [--sizes 1000,1000,5 20000,5000,10]

One thread, in programs that have been running: the least of the rounds, of the time for which processors worked for the whole process (so that
the virtual machine's compiler and collector count), since other programs on the machine take time by the clock alone. Each chooses its bandwidth, terms and regularisation by the data; ours says diagnostics, too. Needs
numpy and scikit-learn.
"""
import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"      # before numpy is loaded

import argparse  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from references import REFERENCES  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402

PAIRS = ("kl", "KLIEP"), ("ls", "uLSIF"), ("classifier", "quadratic classifier")


def least(name, train, validation, rounds):
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        REFERENCES[name](train, validation)
        seconds.append(time.process_time() - start)
    return min(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--java", default="java")
    parser.add_argument("--jar", default=str(launcher.ROOT / "benchmarks/target/benchmarks.jar"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", nargs="+", default=["1000,1000,5", "20000,5000,10"], help="n,m,d")
    arguments = parser.parse_args()
    print(f"{launcher.machine()}; one thread; least of {arguments.rounds}; load {os.getloadavg()[0]:.1f}\n\n"
          "| n, m, d | method | seconds | reference | seconds | ratio |\n| --- | --- | --- | --- | --- | --- |")
    for size in arguments.sizes:
        n, m, d = map(int, size.split(","))
        generator = np.random.default_rng(1)
        train, validation = generator.normal(0, 1, (n, d)), generator.normal(0.3, 0.9, (m, d))
        command = [arguments.java, "-cp", arguments.jar, "io.github.adiw.benchmarks.RatioFitTime", str(n), str(m), str(d),
                   str(arguments.rounds)]
        ours = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        for method, reference in PAIRS:
            theirs = least(reference, train, validation, arguments.rounds)
            print(f"| {n:,}, {m:,}, {d} | {method} | {ours[method]:.3f} | {reference} | {theirs:.3f} | {theirs / ours[method]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
