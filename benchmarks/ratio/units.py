#!/usr/bin/env python3
"""Checks that weights do not depend on the columns' units: each column times 1000, times 0.01, and all of them by turns.

    python3 benchmarks/ratio/units.py [--kinds gaussian-5,mixed] [--methods auto,kl,ls,classifier] [--adiw ./adiw]

Prints the largest difference of a weight, relative to the largest weight, for each kind of problem and method. Ends with status 1 if one is
above 0.001. Needs numpy and scikit-learn.
"""
import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402
from problems import make  # noqa: E402

TOLERANCE = 1e-3


def changes(columns):
    for column in range(columns):
        for factor in (1000, 0.01):
            scales = np.ones(columns)
            scales[column] = factor
            yield scales
    yield np.resize([1000, 0.01, 1], columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default="gaussian-5,units,outliers,mixed")
    parser.add_argument("--methods", default="auto,kl,ls,classifier")
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--adiw", default=launcher.LAUNCHER)
    arguments = parser.parse_args()
    print("| problem | method | largest difference over the largest weight |\n| --- | --- | --- |")
    worst = 0
    for kind in arguments.kinds.split(","):
        train, validation, _ = make(kind, 1, arguments.rows, arguments.rows)
        for method in arguments.methods.split(","):
            flags = [] if method == "auto" else ["--method", method]
            expected = launcher.weights(arguments.adiw, train, validation, *flags)[0]
            difference = max(np.abs(launcher.weights(arguments.adiw, train * scales, validation * scales, *flags)[0] - expected).max()
                             for scales in changes(train.shape[1])) / expected.max()
            worst = max(worst, difference)
            print(f"| {kind} | {method} | {difference:.1e} |", flush=True)
    print(f"\nLargest: {worst:.1e}, to be at most {TOLERANCE}")
    sys.exit(int(worst > TOLERANCE))


if __name__ == "__main__":
    main()
