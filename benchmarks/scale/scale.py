#!/usr/bin/env python3
"""Times `adiw weights` on ever more samples, and says how its time grows with n m and how much memory it takes.

    python3 benchmarks/scale/scale.py [--methods km,kl,...] [--sizes 2048,4096,...] [--dimension 16] [--bandwidth gamma:0.02] [--repeat 3]
                                      [--adiw ./adiw] [--json FILE.json]

n = m samples of two normal distributions, the same ones every time. Of a kernel matrix at most 2^24 elements are stored, which is all of it
up to 4,096 samples. A cell is the least time of the estimation by itself (five steps; reading and evaluating the result not counted) of the
repetitions, in seconds, and below it in nanoseconds over n m; sizes above 20,000 are run once. The last two columns, of the largest size:
the whole command's time in seconds, and the most memory it had resident, in MiB. With --bandwidth gamma:X the choice of the bandwidth is
not in it; with diw:0.01 or median it is. Needs python3-numpy.
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402

ONCE_ABOVE = 20_000


def samples(folder, n, d):
    generator = np.random.default_rng(n)
    files = folder / f"train-{n}.npy", folder / f"validation-{n}.npy"
    np.save(files[0], generator.normal(0, 1, (n, d)).astype(np.float32))
    np.save(files[1], generator.normal(0.3, 0.8, (n, d)).astype(np.float32))
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", default="km,kl,ls,w1,kl-direct,ls-direct")
    parser.add_argument("--sizes", default="2048,4096,4128,8192,16384,100000")
    parser.add_argument("--dimension", type=int, default=16)
    parser.add_argument("--bandwidth", default="gamma:0.02")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--adiw", default=launcher.LAUNCHER)
    parser.add_argument("--json", help="also write every run there")
    arguments = parser.parse_args()
    sizes = [int(n) for n in arguments.sizes.split(",")]
    runs = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {n: samples(folder, n, arguments.dimension) for n in sizes}
        print(f"{launcher.machine()}; n = m, dimension {arguments.dimension}, bandwidth {arguments.bandwidth}")
        print("method     " + "".join(f"{n:>10,}" for n in sizes) + "     whole   MiB")
        for method in arguments.methods.split(","):
            cells = []
            for n in sizes:
                command = [arguments.adiw, "weights", "--method", method, "--steps", "5", "--bandwidth", arguments.bandwidth,
                           "--train", files[n][0], "--validation", files[n][1], "--output", folder / "weights.npy", "--json"]
                least = None
                for _ in range(1 if n > ONCE_ABOVE else arguments.repeat):
                    report, whole, mebibytes = launcher.run(command)
                    runs.append({**report, "whole": whole, "mebibytes": mebibytes})
                    least = min(report["seconds"], least or report["seconds"])
                cells.append(least)
            print(f"{method:<11}" + "".join(f"{s:>10.3f}" for s in cells) + f"{whole:>10.1f}{mebibytes:>6.0f}")
            print("  ns / n m " + "".join(f"{1e9 * s / n / n:>10.2f}" for n, s in zip(sizes, cells)), flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    main()
