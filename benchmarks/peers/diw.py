#!/usr/bin/env python3
"""DIW trained as its published code trains it, with PyTorch, scikit-learn and cvxopt: what `adiw train --method diw` is held against.

    python3 benchmarks/peers/diw.py --data FOLDER --seed 1 --output FOLDER [--epochs 400] [--noise symmetric:0.4]
                                    [--labels L.npy --validation V.npy] [--threads 1]

LeNet on Fashion-MNIST (IDX files in --data): 1,000 validation samples, their clean labels put back into the training set, batches of
256 + 256, the last incomplete one dropped; SGD, losses summed, learning rate 3e-4, a tenth of it every 100 epochs, weight decay 1e-4.
Weights of 1 in the first epoch; after that kernel mean matching of the losses by cvxopt with its default tolerances, in double
precision: kernel exp(-q d^2) with q the 0.01-quantile of the distances of the training losses, 1e-5 on the diagonal, weights between
0 and 50, their sum within n (1 +- (sqrt(n) - 1) / sqrt(n)). Accuracy on the 10,000 test images.

Noise and validation samples are drawn from --seed; with --labels (int [60000], the labels to train on) and --validation (int [1000],
rows) they are given, so that a run of ours and this one can be compared on the same draw. The distances are sorted by NumPy and not
gathered by a loop over pairs, which changes no number.

Writes epochs.csv into --output, a line an epoch: epoch, testAccuracy, meanWeightClean, meanWeightNoisy. A run that was stopped goes on
from its last tenth epoch when it is called again. Needs torch, numpy, scikit-learn and cvxopt.
"""
import argparse
import gzip
import os
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", required=True)
parser.add_argument("--output", required=True)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--epochs", type=int, default=400)
parser.add_argument("--noise", default="symmetric:0.4", help="symmetric:R or pair:R")
parser.add_argument("--labels")
parser.add_argument("--validation")
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()
if (args.labels is None) != (args.validation is None):
    parser.error("--labels and --validation belong together")
kind, _, rate = args.noise.partition(":")
if kind not in ("symmetric", "pair") or not 0 <= float(rate or -1) <= 1:
    parser.error("--noise must be symmetric:R or pair:R with R from 0 to 1, not " + args.noise)
if not any((Path(args.data) / ("train-images-idx3-ubyte" + end)).exists() for end in ("", ".gz")):
    parser.error("--data must be a folder with Fashion-MNIST's train-images-idx3-ubyte, plain or .gz, which " + args.data + " is not")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(args.threads)

import numpy as np
import torch
from cvxopt import matrix, solvers
from sklearn.metrics.pairwise import rbf_kernel
from torch import nn
from torch.nn import functional as F

BATCH, VALIDATION, CLASSES = 256, 1000, 10
UPPER, RIDGE, QUANTILE = 50.0, 1e-5, 0.01
torch.set_num_threads(args.threads)
solvers.options["show_progress"] = False


def idx(name, header):
    path = Path(args.data) / name
    with (open(path, "rb") if path.exists() else gzip.open(str(path) + ".gz")) as file:
        return np.frombuffer(file.read(), np.uint8)[header:]


def images(name):
    return torch.from_numpy(idx(name, 16).reshape(-1, 1, 28, 28).astype(np.float32) / 255)


def mislabel(true, random):
    """Each label becomes another one with the given rate: any of them, or the next."""
    offset = random.integers(1, CLASSES, len(true)) if kind == "symmetric" else np.ones(len(true), int)
    return np.where(random.random(len(true)) < float(rate), (true + offset) % CLASSES, true)


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, CLASSES))


def matching_program(n):
    """The constraints G w <= h."""
    slack = (np.sqrt(n) - 1) / np.sqrt(n)
    g = np.vstack([np.ones((1, n)), -np.ones((1, n)), -np.eye(n), np.eye(n)])
    h = np.concatenate([[n * (1 + slack), n * (slack - 1)], np.zeros(n), np.full(n, UPPER)])
    return matrix(g), matrix(h)


CONSTRAINTS = matching_program(BATCH)


def weights(training, validation):
    n, m = len(training), len(validation)
    z, v = (x.numpy().astype(np.float64)[:, None] for x in (training, validation))
    q = np.quantile(np.abs(z - z.T)[np.triu_indices(n, 1)], QUANTILE)
    gram = rbf_kernel(z, z, gamma=q) + RIDGE * np.eye(n)
    kappa = rbf_kernel(z, v, gamma=q).sum(axis=1) * (n / m)
    return torch.tensor(np.array(solvers.qp(matrix(gram), matrix(-kappa), *CONSTRAINTS)["x"]).ravel(), dtype=torch.float32)


def main():
    random = np.random.default_rng(args.seed)
    torch.manual_seed(args.seed)
    x, true = images("train-images-idx3-ubyte"), idx("train-labels-idx1-ubyte", 8).astype(np.int64)
    test_x, test_y = images("t10k-images-idx3-ubyte"), torch.from_numpy(idx("t10k-labels-idx1-ubyte", 8).astype(np.int64))
    if args.labels:
        labels, validation = np.load(args.labels).astype(np.int64), np.load(args.validation).astype(np.int64)
    else:
        labels, validation = mislabel(true, random), random.permutation(len(true))[:VALIDATION]
        labels[validation] = true[validation]
    wrong = torch.from_numpy(labels != true)
    y, clean, validation = torch.from_numpy(labels), torch.from_numpy(true), torch.from_numpy(validation)

    model = lenet()
    optimizer = torch.optim.SGD(model.parameters(), lr=3e-4, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 100, 0.1)
    output = Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    saved, table = output / "state.pt", output / "epochs.csv"
    lines, first = ["epoch,testAccuracy,meanWeightClean,meanWeightNoisy"], 0
    if saved.exists():
        state = torch.load(saved)
        lines, first = state["lines"], len(state["lines"]) - 1
        for part, name in ((model, "model"), (optimizer, "optimizer"), (schedule, "schedule")):
            part.load_state_dict(state[name])
        torch.set_rng_state(state["random"])

    for epoch in range(first, args.epochs):
        total, count = torch.zeros(2), torch.zeros(2)
        for rows in torch.randperm(len(y)).split(BATCH):
            if len(rows) < BATCH:
                break
            held = validation[torch.randperm(VALIDATION)[:BATCH]]
            w = torch.ones(BATCH)
            if epoch > 0:
                with torch.no_grad():
                    w = weights(F.cross_entropy(model(x[rows]), y[rows], reduction="none"),
                                F.cross_entropy(model(x[held]), clean[held], reduction="none"))
            optimizer.zero_grad()
            (F.cross_entropy(model(x[rows]), y[rows], reduction="none") * w).sum().backward()
            optimizer.step()
            for side, of in enumerate((~wrong[rows], wrong[rows])):
                total[side] += w[of].sum()
                count[side] += of.sum()
        schedule.step()
        with torch.no_grad():
            accuracy = (torch.cat([model(part).argmax(1) for part in test_x.split(1000)]) == test_y).double().mean().item()
        clean_mean, noisy_mean = (total / count).tolist()
        lines.append(f"{epoch + 1},{accuracy:.4f},{clean_mean:.4f},{noisy_mean:.4f}")
        table.write_text("\n".join(lines) + "\n")
        print(f"epoch {epoch + 1}: accuracy {100 * accuracy:.2f} %, mean weights {clean_mean:.3f} clean, {noisy_mean:.3f} mislabelled", flush=True)
        if (epoch + 1) % 10 == 0:
            part = output / "state.part"
            torch.save({"lines": lines, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                        "schedule": schedule.state_dict(), "random": torch.get_rng_state()}, part)
            part.replace(saved)


if __name__ == "__main__":
    main()
