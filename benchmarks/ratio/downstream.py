#!/usr/bin/env python3
"""Trains models with ADIW's weights, with those of cross-validated uLSIF and without any, and compares their losses on the world's data.

    python3 benchmarks/ratio/downstream.py [--seeds 1,2,3,4,5] [--adiw ./adiw] [--data FOLDER]

1. Ridge (squared error, relative to the noise's variance) and logistic regression (log-loss) by scikit-learn, linear terms, on four
   shifts of the inputs: well-specified ones, where weights can only add variance, and misspecified ones, where they help. Mean over the
   seeds.
2. Real data, where --data has them (see its files' names below): adult, trained on people under 40 for people from 40 on, by logistic
   regression and by boosted trees; and the balance of red against white wines. All by default settings on the raw CSV.

Needs numpy and scikit-learn.
"""
import argparse
import csv
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import launcher  # noqa: E402
from problems import Mixture, cluster, first  # noqa: E402
from references import ulsif  # noqa: E402

TRAIN_ROWS, VALIDATION_ROWS, WORLD_ROWS = 1000, 500, 20_000
NOISE = 0.5
WORSE_THAN_UNIFORM = 1.02


def line(x):
    return x @ np.linspace(1, 0.2, x.shape[1])


def bend(x):
    return line(x) + 0.5 * x[:, 0] ** 2 - 0.7


def wave(x):
    return 1.5 * np.sin(2 * x[:, 0]) + line(x) / 2


# Name: training inputs, world's inputs, what the answers follow.
SHIFTS = {
    "small, 5 columns, linear": (cluster(np.zeros(5), 1), cluster(np.full(5, 0.1), 1), line),
    "ordinary, 5 columns, linear": (cluster(np.zeros(5), 1), cluster(first(0.8, 5), 0.9), line),
    "ordinary, 2 columns, bent": (cluster(np.zeros(2), 1), cluster([1, 0.3], 0.7), bend),
    "shares of clusters, bent and wavy": (Mixture([0.7, 0.3], [(-1.5, 0), (1.5, 1)], [0.8, 0.8]),
                                          Mixture([0.3, 0.7], [(-1.5, 0), (1.5, 1)], [0.8, 0.8]), wave),
}


def ridge_loss(train, target, generator, weights, world, world_target):
    noisy = target + NOISE * generator.normal(size=len(target))
    model = make_pipeline(StandardScaler(), Ridge(alpha=1)).fit(train, noisy, ridge__sample_weight=weights)
    return 1 + ((model.predict(world) - world_target) ** 2).mean() / NOISE ** 2


def logistic_loss(train, target, generator, weights, world, world_target):
    label = generator.random(len(target)) < 1 / (1 + np.exp(-2 * target))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, label, logisticregression__sample_weight=weights)
    p, logits = 1 / (1 + np.exp(-2 * world_target)), model.decision_function(world)
    return (p * np.logaddexp(0, -logits) + (1 - p) * np.logaddexp(0, logits)).mean()


def made_shifts(adiw, seeds):
    print("| shift | model | uniform | uLSIF | ADIW | chose | ADIW over uLSIF | ADIW over uniform, most | warnings |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    totals = []
    for name, (train_distribution, world_distribution, answer) in SHIFTS.items():
        losses, chosen, heard = {ridge_loss: [], logistic_loss: []}, [], []
        for seed in seeds:
            generator = np.random.default_rng([seed, list(SHIFTS).index(name)])
            train = train_distribution.draw(generator, TRAIN_ROWS)
            validation, world = (world_distribution.draw(generator, rows) for rows in (VALIDATION_ROWS, WORLD_ROWS))
            ours, report, _ = launcher.weights(adiw, train, validation)
            chosen.append(report["selected"]["method"])
            heard.append(report["warnings"])
            for loss in losses:
                losses[loss].append([loss(train, answer(train), np.random.default_rng(seed), weights, world, answer(world))
                                     for weights in (np.ones(TRAIN_ROWS), ulsif(train, validation, seed), ours)])
        for loss, values in losses.items():
            values = np.array(values)
            uniform, ulsif_loss, our_loss = values.mean(axis=0)
            over = values[:, 2] / values[:, 0]
            silent = any(o > WORSE_THAN_UNIFORM and not w for o, w in zip(over, heard))
            totals.append(values)
            print(f"| {name} | {loss.__name__.split('_')[0]} | {uniform:.4f} | {ulsif_loss:.4f} | {our_loss:.4f} | "
                  f"{', '.join(sorted(set(chosen)))} | {our_loss / ulsif_loss:.4f} | "
                  f"{over.max():.4f}{' without a warning' if silent else ''} | "
                  f"{'; '.join(sorted({w for ws in heard for w in ws})) or 'none'} |", flush=True)
    relative = np.concatenate([t / t[:, :1] for t in totals]).mean(axis=0)
    print(f"\nMean loss over uniform's: uLSIF {relative[1]:.4f}, ADIW {relative[2]:.4f}.\n")


def read_csv(path):
    with open(path, newline="") as file:
        header, *rows = list(csv.reader(file, skipinitialspace=True))
    return header, [row for row in rows if row]


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def describe(report, seconds, rows):
    balance = [b for b in report["balance"] if b["before"] is not None]     # null where a column is constant in both files
    worst, after = (max(balance, key=lambda b: abs(b[when])) for when in ("before", "after"))
    print(f"{rows} training rows in {seconds:.1f} s; chose {report['selected']['method']}; "
          f"sample left {report['effectiveSampleSize']:.0f}; Pareto k {report['paretoK']}")
    print(f"worst standardised difference: before {worst['before']:.2f} ({worst['column']}, after {worst['after']:.2f}), "
          f"after {after['after']:.2f} ({after['column']}, before {after['before']:.2f})")
    print("warnings: " + ("; ".join(report["warnings"]) or "none") + "\n")


def adult(adiw, data):
    header, rows = read_csv(data / "adult-train.csv")
    age, income = header.index("age"), header.index("income")
    young, old = ([row for row in rows if (int(row[age]) >= 40) == wanted] for wanted in (False, True))
    with tempfile.TemporaryDirectory() as name:
        files = Path(name) / "young.csv", Path(name) / "old.csv"
        for file, part in zip(files, (young, old)):
            write_csv(file, header, part)
        ours, report, seconds = launcher.weights(adiw, *files, "--exclude", "income,age")
    print("### adult: under 40 for 40 and over")
    describe(report, seconds, len(young))
    used = [i for i in range(len(header)) if i not in (age, income)]
    numeric = [k for k, i in enumerate(used) if all(row[i].replace("-", "", 1).isdigit() for row in rows)]
    text = [k for k in range(len(used)) if k not in numeric]

    def inputs(part):
        table = np.array([[row[i] for i in used] for row in part], dtype=object)
        table[:, numeric] = table[:, numeric].astype(float)
        return table

    encoder = make_column_transformer((StandardScaler(), numeric), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), text))
    train, world = encoder.fit_transform(inputs(young)), encoder.transform(inputs(old))
    label, world_label = ([">50K" in row[income] for row in part] for part in (young, old))
    generator = np.random.default_rng(1)
    theirs = ulsif(train, world[generator.permutation(len(world))[:2000]])
    print("| model | uniform | uLSIF | ADIW |\n| --- | --- | --- | --- |")
    models = {"logistic regression": LogisticRegression(max_iter=1000), "boosted trees": HistGradientBoostingClassifier(random_state=1)}
    for title, model in models.items():
        cells = [log_loss(world_label, model.fit(train, label, sample_weight=w).predict_proba(world)[:, 1])
                 for w in (np.ones(len(train)), theirs, ours)]
        print(f"| {title}, log-loss | " + " | ".join(f"{c:.4f}" for c in cells) + " |", flush=True)


def wine(adiw, data):
    files = data / "winequality-red.csv", data / "winequality-white.csv"
    _, report, seconds = launcher.weights(adiw, *files, "--exclude", "quality")
    print("\n### winequality: red for white")
    describe(report, seconds, len(read_csv(files[0])[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--adiw", default=launcher.LAUNCHER)
    parser.add_argument("--data", type=Path, default=launcher.ROOT.parent / "shared/data/tabular",
                        help="folder with adult-train.csv, winequality-red.csv and winequality-white.csv")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")     # of scikit-learn, about iterations
    print(launcher.machine() + "\n")
    made_shifts(arguments.adiw, [int(s) for s in arguments.seeds.split(",")])
    for part, file in ((adult, "adult-train.csv"), (wine, "winequality-red.csv")):
        if (arguments.data / file).exists():
            part(arguments.adiw, arguments.data)
        else:
            print(f"{arguments.data / file} is not there: {part.__name__} is skipped; --data names the folder")


if __name__ == "__main__":
    main()
