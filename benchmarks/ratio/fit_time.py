#!/usr/bin/env python3
"""Processor time of a fit by each method, beside the references in numpy and scikit-learn, in turn.

    /usr/bin/python3 benchmarks/ratio/fit_time.py [--rounds 3] [--sizes 1000,1000,5 20000,5000,10]

Both are programs of their own on one thread; what counts is the processor time of a whole program (user and system) less that of one that
only starts (the command's --version; Python's imports), the least of the rounds: other programs on the machine wait with the clock, not with it.
Each chooses its bandwidth, terms and regularisation by the data. Needs numpy and scikit-learn.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402

PAIRS = ("kl", "KLIEP"), ("ls", "uLSIF"), ("classifier", "quadratic classifier")
ONE = {**os.environ, **{name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}}


def seconds(command):
    """Of the processor."""
    complaints = tempfile.TemporaryFile("w+")
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=complaints, env=ONE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        complaints.seek(0)
        sys.exit(f"{' '.join(map(str, command))} ended with status {process.returncode}: {complaints.read().strip()}")
    return usage.ru_utime + usage.ru_stime


def reference(name, train, validation):
    """As a program: fits, where there is something to fit."""
    from references import REFERENCES
    if name:
        REFERENCES[name](np.load(train).astype(float), np.load(validation).astype(float))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adiw", default=launcher.LAUNCHER)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", default=["1000,1000,5", "20000,5000,10"], help="n,m,d")
    parser.add_argument("--reference", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reference:
        return reference(*arguments.reference)
    print(f"{launcher.machine()}; one thread; least of {arguments.rounds} rounds; load {os.getloadavg()[0]:.1f}\n\n"
          "| n, m, d | method | seconds | reference | seconds | ratio |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        train, validation = Path(name) / "t.npy", Path(name) / "v.npy"
        python = [sys.executable, __file__, "--reference"]
        for size in arguments.sizes:
            n, m, d = map(int, size.split(","))
            generator = np.random.default_rng(1)
            np.save(train, generator.normal(0, 1, (n, d)).astype(np.float32))
            np.save(validation, generator.normal(0.3, 0.9, (m, d)).astype(np.float32))
            flags = ["--device", "host", "--threads", "1", "--train", train, "--validation", validation, "--output", Path(name) / "w.npy"]
            commands = {("start", 0): [arguments.adiw, "--version"], ("start", 1): [*python, "", train, validation]}
            for ours, theirs in PAIRS:
                commands[ours, 0] = [arguments.adiw, "weights", *flags, "--method", ours, "--json"]
                commands[ours, 1] = [*python, theirs, train, validation]
            least = {key: min(times) for key, times in
                     zip(commands, zip(*([seconds(command) for command in commands.values()] for _ in range(arguments.rounds))))}
            print(f"| {n:,}, {m:,}, {d} | start alone | {least['start', 0]:.2f} | start alone | {least['start', 1]:.2f} | |")
            for ours, theirs in PAIRS:
                a, b = (least[ours, side] - least["start", side] for side in (0, 1))
                print(f"| | {ours} | {a:.2f} | {theirs} | {b:.2f} | {b / a:.1f} |", flush=True)


if __name__ == "__main__":
    main()
