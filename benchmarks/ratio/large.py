#!/usr/bin/env python3
"""Time and memory of weights by default settings: a small problem, a large one, and the ratio at very many new rows.

    python3 benchmarks/ratio/large.py [--adiw ./adiw] [--device host]

Prints the seconds of the whole command, with the start of the JVM, and the most memory it had resident, beside what they are to be at
most on two quiet processors. Needs numpy.
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402

# Training rows, validation rows, columns, and what seconds and MiB are to be at most.
SIZES = (1_000, 1_000, 5, 3, None), (100_000, 10_000, 16, 60, 1024)
SCORED, SCORED_MEBIBYTES = 1_000_000, 512


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adiw", default=launcher.LAUNCHER)
    parser.add_argument("--device", default="host")
    arguments = parser.parse_args()
    print(f"{launcher.machine()}; load {os.getloadavg()[0]:.1f}\n\n| what | seconds | at most | MiB | at most | chose |\n"
          "| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generator = np.random.default_rng(1)
        train, validation, model, rows, ratio = (folder / file for file in ("t.npy", "v.npy", "m.safetensors", "x.npy", "r.npy"))

        def weights(n, m, d, *flags):
            np.save(train, generator.normal(0, 1, (n, d)).astype(np.float32))
            np.save(validation, generator.normal(0.2, 0.9, (m, d)).astype(np.float32))
            return launcher.run([arguments.adiw, "weights", "--device", arguments.device, "--train", train, "--validation", validation,
                                 "--output", folder / "w.npy", "--model", model, "--json", *flags])

        for n, m, d, most_seconds, most_mebibytes in SIZES:
            report, seconds, mebibytes = weights(n, m, d)
            print(f"| weights, n {n:,}, m {m:,}, d {d} | {seconds:.1f} | {most_seconds} | {mebibytes:.0f} | {most_mebibytes or ''} | "
                  f"{report['selected']['method']} |", flush=True)
        np.save(rows, generator.normal(0, 1, (SCORED, d)).astype(np.float32))
        for method in ("kl", "ls", "classifier"):
            weights(5_000, 5_000, d, "--method", method)
            _, seconds, mebibytes = launcher.run([arguments.adiw, "score", "--device", arguments.device, "--model", model, "--input", rows,
                                                  "--output", ratio, "--json"])
            if not np.isfinite(np.load(ratio)).all():
                sys.exit(f"{method}: a ratio is not finite")
            print(f"| score, {SCORED:,} rows of {d}, {method} | {seconds:.1f} | | {mebibytes:.0f} | {SCORED_MEBIBYTES} | |", flush=True)


if __name__ == "__main__":
    main()
