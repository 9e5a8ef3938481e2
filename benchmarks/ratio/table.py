#!/usr/bin/env python3
"""Errors and times of ADIW's weights and of three references on eleven kinds of problem, as a table.

    python3 benchmarks/ratio/table.py [--runs runs.jsonl] [--seeds 1,2,3] [--kinds gaussian-1,...] [--rows 800] [--adiw ./adiw]

Every run is a line of --runs, and what is there is not run again: a run that was interrupted goes on, and the table can be printed again.
Start a new file when the program has changed. An error is the mean of |w - r|, both of mean 1; a time is the whole command's, with the
start of the JVM; the references run in this process. Needs numpy and scikit-learn (on Debian: python3-numpy, python3-sklearn).
"""
import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402
from problems import KINDS, error, make  # noqa: E402
from references import REFERENCES  # noqa: E402

OURS = ("auto", "kl", "ls", "classifier")
OVERALL, FACTOR, MARGIN = 0.75, 1.5, 0.05


def measure(estimator, kind, seed, rows, adiw):
    train, validation, ratio = make(kind, seed, rows, rows)
    extra = {}
    if estimator == "uniform":
        found, seconds = np.ones(rows), 0
    elif estimator in REFERENCES:
        start = time.monotonic()
        found = REFERENCES[estimator](train, validation, seed)
        seconds = time.monotonic() - start
    else:
        method = [] if estimator == "auto" else ["--method", estimator]
        found, report, seconds = launcher.weights(adiw, train, validation, *method)
        extra = {"selected": report["selected"], "warnings": report["warnings"]}
    return {"estimator": estimator, "kind": kind, "seed": seed, "rows": rows, "error": error(found, ratio), "seconds": seconds, **extra}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def most_frequent(names):
    return ", ".join(f"{name} {names.count(name)}" for name in sorted(set(names), key=lambda name: (-names.count(name), name)))


def show(runs, kinds, estimators, seeds):
    cells = {}
    for kind in kinds:
        for estimator in estimators:
            chosen = [r for r in runs if r["kind"] == kind and r["estimator"] == estimator]
            cells[kind, estimator] = np.mean([r["error"] for r in chosen]), np.mean([r["seconds"] for r in chosen])
    print("| problem | " + " | ".join(estimators) + " | auto chose | auto over the best reference |")
    print("| --- |" + " --- |" * (len(estimators) + 2))
    for kind in kinds:
        chose = [r["selected"]["method"] for r in runs if r["kind"] == kind and r["estimator"] == "auto"]
        best = min(cells[kind, name][0] for name in REFERENCES)
        row = [f"{cells[kind, e][0]:.3f}" + (f", {cells[kind, e][1]:.1f} s" if e != "uniform" else "") for e in estimators]
        over = f"{cells[kind, 'auto'][0] / best:.2f}" if best > 0 else ""
        if cells[kind, "auto"][0] > FACTOR * best + MARGIN:
            over += " (too much)"
        print(f"| {kind} | " + " | ".join(row) + f" | {most_frequent(chose)} | {over} |")
    mean = {e: np.mean([cells[kind, e] for kind in kinds], axis=0) for e in estimators}
    best = min(REFERENCES, key=lambda name: mean[name][0])
    print("| mean | " + " | ".join(f"{mean[e][0]:.3f}" + (f", {mean[e][1]:.1f} s" if e != "uniform" else "") for e in estimators)
          + f" | | {mean['auto'][0] / mean[best][0]:.2f} |")
    missed = [kind for kind in kinds if cells[kind, "auto"][0] > FACTOR * min(cells[kind, name][0] for name in REFERENCES) + MARGIN]
    print(f"\nOverall auto's error is {mean['auto'][0] / mean[best][0]:.2f} times that of {best} (to be at most {OVERALL}); in "
          + (f"{', '.join(missed)} it is more than" if missed else "every kind it is at most")
          + f" {FACTOR} times the best reference's plus {MARGIN}. {len(seeds)} seeds.")
    heard = sorted({(r["kind"], r["estimator"], w) for r in runs for w in r.get("warnings", ())})
    for kind, estimator, warning in heard:
        print(f"warning, {kind}, {estimator}: {warning}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs.jsonl"))
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--rows", type=int, default=800, help="of each of the two files")
    parser.add_argument("--adiw", default=launcher.LAUNCHER)
    arguments = parser.parse_args()
    seeds, kinds = [int(s) for s in arguments.seeds.split(",")], arguments.kinds.split(",")
    estimators = ["uniform", *OURS, *REFERENCES]
    warnings.simplefilter("ignore")     # of scikit-learn, about iterations
    done = {(r["estimator"], r["kind"], r["seed"], r["rows"]) for r in read(arguments.runs)}
    with open(arguments.runs, "a") as lines:
        for seed in seeds:
            for kind in kinds:
                for estimator in estimators:
                    if (estimator, kind, seed, arguments.rows) not in done:
                        lines.write(json.dumps(measure(estimator, kind, seed, arguments.rows, arguments.adiw)) + "\n")
                        lines.flush()
    runs = [r for r in read(arguments.runs) if r["seed"] in seeds and r["rows"] == arguments.rows]
    print(f"{launcher.machine()}; n = m = {arguments.rows}\n")
    show(runs, kinds, estimators, seeds)


if __name__ == "__main__":
    main()
