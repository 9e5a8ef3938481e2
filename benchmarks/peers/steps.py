#!/usr/bin/env python3
"""Training steps of LeNet or a residual network in PyTorch on the processor, timed on command.

    python3 benchmarks/peers/steps.py --data FOLDER --init FILE.safetensors [--threads 2] [--race 12]
    python3 benchmarks/peers/steps.py --model resnet32 --batch 128 [--threads 2] [--race 2]

Reads commands from standard input, one a line, and answers each with one line of JSON on standard output:
    run METHOD STEPS        {"method", "millis": [STEPS numbers]}; METHOD as below
    quit
The first line printed is {"torch", "threads", "layouts": {method: what was kept}}.

    uniform     forward, backward, update of a batch (--batch, 256)
    adiw-km     ADIW-KM (METHOD.md: diw:0.01, 5 steps, eta 1, B 50): both forward passes, weights by matrix operations, no loop over samples
    diw         DIW's step as its published code does it: two passes in evaluation mode, losses to NumPy, kernel width by a loop over
                pairs, scikit-learn's kernels, cvxopt's interior point in double precision, a third pass to train

uniform and adiw-km are given what makes them fast: images as float32 in memory, the pool before the ReLU (the same numbers, a
quarter of the work), no graph for the validation pass, several tensors a call in the optimizer, and the fastest of the memory
layouts and compilers that this PyTorch has, found by a race at the start. DIW as published has none of that, but the same images.
Data: FOLDER's Fashion-MNIST (IDX), the first 10,000 rows with 40 % symmetric label noise, 1,000 clean ones among them. SGD from the
parameters in FILE, a network that has begun to learn (at first all losses are equal, and there is nothing to estimate), learning rate
1e-5, weight decay 1e-4, sum-reduced. Needs torch and numpy; for diw also cvxopt and scikit-learn.

--model resnet20|32|44|56 are those of He et al. for small images (option A shortcuts), from new parameters, on 10,000 random colour
images of 32 x 32. adiw-km is there what our --estimation-mode evaluate is: one pass without a graph over both batches in evaluation
mode, the weights, and a pass over the training batch to train. The race is between NCHW and channels last.
"""
import argparse
import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

N, VALIDATION = 10_000, 1_000
BOUND, RIDGE, STEPS = 50.0, 1e-5, 5


def idx(folder, name, header):
    path = Path(folder) / name
    with (open(path, "rb") if path.exists() else gzip.open(str(path) + ".gz")) as f:
        return np.frombuffer(f.read(), "u1")[header:]


def parameters(path):
    """The tensors of a safetensors file of float32."""
    content = Path(path).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    return {name: torch.tensor(np.frombuffer(content[start:], "<f4")[t["data_offsets"][0] // 4:t["data_offsets"][1] // 4].reshape(t["shape"]))
            for name, t in header.items() if name != "__metadata__"}


class Data:
    """Everything in memory; batches without replacement within an epoch."""

    def __init__(self, batch, images, truth):
        self.batch = batch
        random = np.random.default_rng(1)
        self.images = torch.tensor(images).float() / 255
        moved = (random.random(N) < 0.4) & (np.arange(N) >= VALIDATION)
        self.truth = torch.tensor(truth)
        self.labels = torch.tensor(np.where(moved, (truth + random.integers(1, 10, N)) % 10, truth))
        self.queue = []

    def rows(self):
        if not self.queue:
            self.queue = list(torch.randperm(N)[:N // self.batch * self.batch].split(self.batch))
        return self.queue.pop()

    def validation_rows(self):
        return torch.randperm(VALIDATION)[:self.batch]


def fashion_mnist(folder, batch):
    images = idx(folder, "train-images-idx3-ubyte", 16)[:784 * N].reshape(N, 1, 28, 28)
    return Data(batch, images, idx(folder, "train-labels-idx1-ubyte", 8)[:N].astype("i8"))


def random_images(batch):
    random = np.random.default_rng(2)
    return Data(batch, random.integers(0, 256, (N, 3, 32, 32), dtype="u1"), random.integers(0, 10, N))


class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class PublishedLeNet(LeNet):
    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


class BasicBlock(torch.nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(filters)
        self.conv2 = torch.nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(filters)
        self.stride, self.added = stride, (filters - channels) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        if self.stride > 1:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.added, self.added))
        return F.relu(y + x, inplace=True)


class ResNet(torch.nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(16)
        sizes = [16 << stage for stage in range(3) for _ in range((depth - 2) // 6)]
        self.blocks = torch.nn.Sequential(*(BasicBlock(a, b, b // a) for a, b in zip([16] + sizes, sizes)))
        self.fc = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.blocks(F.relu(self.bn1(self.conv1(x)), inplace=True)).mean((2, 3)))


def project(v, bound, low, high):
    """The nearest point of {0 <= w <= bound, low <= sum w <= high}: the multiplier from its sorted breakpoints, exactly."""
    w = v.clamp(0.0, bound)
    total = float(w.sum())
    if low <= total <= high:
        return w
    goal = low if total < low else high
    # sum of clip(v - t) is piecewise linear in t: slope -1 from each v - bound on, +1 from each v on.
    n = v.numel()
    knots, which = torch.cat([v - bound, v]).double().sort()
    slope = torch.where(which < n, -1.0, 1.0).double().cumsum(0)
    sums = n * bound + torch.cat([torch.zeros(1, dtype=torch.double), (slope[:-1] * knots.diff()).cumsum(0)])
    k = min(max(int((sums > goal).sum()), 1), 2 * n - 1)                # sums falls: goal lies between k - 1 and k
    t = knots[k - 1] + (goal - sums[k - 1]) / min(float(slope[k - 1]), -1.0)
    return (v - t.float()).clamp(0.0, bound)


def estimate(z, validation, w):
    """METHOD.md's ADIW-KM for d = 1: z [n], validation [m], w [n] the state; float32."""
    n, m = z.numel(), validation.numel()
    eps = (n ** 0.5 - 1) / n ** 0.5
    apart = torch.pdist(z[:, None])
    place = 0.01 * (apart.numel() - 1)
    below = int(place)
    least = apart.topk(below + 2, largest=False).values                 # sorted; the rest is of no use
    gamma = torch.lerp(least[below], least[below + 1], place - below)
    gram = (z[:, None] - z).square_().mul_(-gamma).exp_()
    gram.diagonal().add_(RIDGE)
    kappa = (z[:, None] - validation).square_().mul_(-gamma).exp_().sum(1) * (n / m)
    rate = 1 / gram.sum(1).max()
    gram *= rate
    kappa *= rate
    for _ in range(STEPS):
        w = project(torch.addmv(kappa + w, gram, w, alpha=-1), BOUND, n * (1 - eps), n * (1 + eps))
    return w


def sgd(net, **how):
    return torch.optim.SGD(net.parameters(), lr=1e-5, weight_decay=1e-4, **how)


class Fast:
    """A network and its optimizer in one of the layouts."""

    def __init__(self, data, net, layout):
        self.data, self.net = data, net
        self.format = torch.channels_last if "channels-last" in layout else torch.contiguous_format
        self.net.to(memory_format=self.format)
        self.optimizer = sgd(self.net, foreach=True)
        self.forward = self.net
        if "traced" in layout:
            self.forward = torch.jit.trace(self.net, self.images(torch.arange(data.batch)))
        if "compiled" in layout:
            self.forward = torch.compile(self.net)

    def images(self, rows):
        return self.data.images[rows].contiguous(memory_format=self.format)

    def train(self, objective):
        self.optimizer.zero_grad(set_to_none=True)
        objective.backward()
        self.optimizer.step()


class Uniform(Fast):
    def step(self):
        rows = self.data.rows()
        self.train(F.cross_entropy(self.forward(self.images(rows)), self.data.labels[rows], reduction="sum"))


class AdiwKm(Fast):
    def __init__(self, data, net, layout):
        super().__init__(data, net, layout)
        self.memory = torch.ones(N)

    def step(self):
        rows, picked = self.data.rows(), self.data.validation_rows()
        losses = F.cross_entropy(self.forward(self.images(rows)), self.data.labels[rows], reduction="none")
        with torch.no_grad():
            validation = F.cross_entropy(self.forward(self.images(picked)), self.data.truth[picked], reduction="none")
            w = estimate(losses.detach(), validation, self.memory[rows])
            self.memory[rows] = w
        self.train(losses @ w)


class EvaluatedAdiwKm(AdiwKm):
    """Of a network whose batch normalisation is another in training."""

    def step(self):
        rows, picked = self.data.rows(), self.data.validation_rows()
        labels = self.data.labels[rows]
        self.net.eval()
        with torch.no_grad():
            both = torch.cat([labels, self.data.truth[picked]])
            z, validation = F.cross_entropy(self.forward(self.images(torch.cat([rows, picked]))), both, reduction="none").split(len(rows))
            w = estimate(z, validation, self.memory[rows])
            self.memory[rows] = w
        self.net.train()
        self.train(F.cross_entropy(self.forward(self.images(rows)), labels, reduction="none") @ w)


class Diw:
    """The published step; the estimation spelled out as published: what it costs is the point."""

    def __init__(self, data, initial):
        from cvxopt import matrix, solvers
        from sklearn.metrics.pairwise import rbf_kernel
        solvers.options["show_progress"] = False
        self.matrix, self.solvers, self.rbf_kernel = matrix, solvers, rbf_kernel
        self.data = data
        self.net = PublishedLeNet()
        self.net.load_state_dict(initial)
        self.optimizer = sgd(self.net)

    @staticmethod
    def width(z):
        apart = []
        for i in range(len(z)):
            for j in range(i + 1, len(z)):
                apart.append(np.sqrt(np.sum((np.array(z[i]) - np.array(z[j])) ** 2)))
        return np.quantile(np.array(apart), 0.01)

    def weights(self, z, validation):
        gamma = self.width(z)
        z, validation = z.astype("f8"), validation.astype("f8")
        n, m = len(z), len(validation)
        gram = self.rbf_kernel(z, z, gamma) + RIDGE * np.identity(n)
        kappa = n / m * self.rbf_kernel(z, validation, gamma).sum(1)
        g = np.vstack([np.ones((1, n)), -np.ones((1, n)), -np.eye(n), np.eye(n)])
        eps = (n ** 0.5 - 1) / n ** 0.5
        h = np.concatenate([[n * (1 + eps), n * (eps - 1)], np.zeros(n), np.full(n, BOUND)])
        solution = self.solvers.qp(self.matrix(gram), self.matrix(-kappa), self.matrix(g), self.matrix(h))
        return np.array(solution["x"], dtype="f4").ravel()

    def losses(self, rows, labels):
        return F.cross_entropy(self.net(self.data.images[rows]), labels[rows], reduction="none")

    def step(self):
        rows, picked = self.data.rows(), self.data.validation_rows()
        self.net.eval()
        z = self.losses(rows, self.data.labels).detach().numpy().reshape(-1, 1)
        validation = self.losses(picked, self.data.truth).detach().numpy().reshape(-1, 1)
        w = torch.from_numpy(self.weights(z, validation))
        self.net.train()
        objective = torch.sum(self.losses(rows, self.data.labels) * w)
        self.optimizer.zero_grad()
        objective.backward()
        self.optimizer.step()


clock = time.perf_counter


def timed(step, count):
    millis = []
    for _ in range(count):
        start = clock()
        step()
        millis.append((clock() - start) * 1e3)
    return millis


def race(make, layouts, count):
    """The layouts in turn, several rounds; who has the least lower quartile is kept."""
    runners = {}
    for layout in layouts:
        try:
            runners[layout] = make(layout)
            timed(runners[layout].step, 3)
        except Exception as e:                                          # a compiler that this machine lacks is no failure
            runners.pop(layout, None)
            print(f"{layout}: {type(e).__name__}, left out", file=sys.stderr)
    millis = {layout: [] for layout in runners}
    for _ in range(3):
        for layout, runner in runners.items():
            millis[layout] += timed(runner.step, count)
    quartiles = {layout: float(np.quantile(m, 0.25)) for layout, m in millis.items()}
    best = min(quartiles, key=quartiles.get)
    print(", ".join(f"{k} {v:.2f} ms" for k, v in quartiles.items()), file=sys.stderr)
    return best, runners[best]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="lenet", help="lenet, resnet20, resnet32, resnet44 or resnet56")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--data", help="Fashion-MNIST; for lenet")
    parser.add_argument("--init", help="parameters; for lenet")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--race", type=int, default=12, help="steps of each layout in each of the race's three rounds")
    parser.add_argument("--compile", action="store_true", help="let torch.compile into the race; it takes a minute to start")
    parser.add_argument("--methods", default="uniform,adiw-km,diw")
    parser.add_argument("--processor-time", action="store_true", help="time is that for which the processor worked; on one thread")
    options = parser.parse_args()
    if options.processor_time:
        global clock
        clock = time.thread_time
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    if options.model == "lenet":
        data, initial = fashion_mnist(options.data, options.batch), parameters(options.init)
        layouts = ["plain", "channels-last", "traced", "traced channels-last"]
        kinds = {"uniform": Uniform, "adiw-km": AdiwKm}
    else:
        data, initial = random_images(options.batch), ResNet(int(options.model[6:])).state_dict()
        layouts = ["plain", "channels-last"]
        kinds = {"uniform": Uniform, "adiw-km": EvaluatedAdiwKm}
    layouts += ["compiled", "compiled channels-last"] * options.compile

    def runner(method, layout):
        net = LeNet() if options.model == "lenet" else ResNet(int(options.model[6:]))
        net.load_state_dict(initial)
        return kinds[method](data, net, layout)

    runners, kept = {}, {}
    for method in options.methods.split(","):
        kept[method], runners[method] = race(lambda layout: runner(method, layout), layouts, options.race) if method != "diw" \
            else ("as published", Diw(data, initial))
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), "layouts": kept}), flush=True)
    for line in sys.stdin:
        words = line.split()
        if not words or words[0] == "quit":
            break
        _, method, steps = words
        timed(runners[method].step, 3)                                  # caches, after the other program's turn
        print(json.dumps({"method": method, "millis": timed(runners[method].step, int(steps))}), flush=True)


if __name__ == "__main__":
    main()
