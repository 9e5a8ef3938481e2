"""Dynamic importance weighting in PyTorch, as well as it can be written there: what ADIW is compared with.

LeNet and the weight estimation of METHOD: kernel mean matching by projected gradient (ADIW-KM), vectorised, and DIW's quadratic
program as its published code solves it: the bandwidth by a Python loop, the program by cvxopt, in double precision on the processor.
Sources: Fang et al., NeurIPS 2020 (DIW); Fang et al., arXiv 2605.25499 (ADIW); Huang et al. 2006 (KMM).
"""
import gzip
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

UPPER_BOUND = 50.0
RIDGE = 1e-5


class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def read_idx(path):
    """A gzip IDX file of bytes as a numpy array."""
    with gzip.open(path, "rb") as f:
        magic = struct.unpack(">I", f.read(4))[0]
        shape = struct.unpack(">" + "I" * (magic & 255), f.read(4 * (magic & 255)))
        return np.frombuffer(f.read(), np.uint8).reshape(shape)


def band(n):
    eps = (n ** 0.5 - 1) / n ** 0.5
    return n * (1 - eps), n * (1 + eps)


def project(v, upper, low, high):
    """Euclidean projection of v on {0 <= w <= upper, low <= sum w <= high}: exact, by the sorted breakpoints of the multiplier."""
    w = v.clamp(0, upper)
    total = w.sum()
    if low <= total <= high:
        return w
    target = low if total < low else high
    points = torch.cat([v, v - upper]).sort().values           # where sum clip(v - t, 0, upper) changes its slope
    ascending = v.sort().values
    prefix = torch.cat([v.new_zeros(1), ascending.cumsum(0)])
    n = v.numel()
    below = torch.searchsorted(ascending, points)               # v_i - t <= 0
    above = torch.searchsorted(ascending, points + upper)       # v_i - t >= upper from here on
    sums = prefix[above] - prefix[below] - (above - below) * points + (n - above) * upper
    k = torch.searchsorted(-sums, torch.as_tensor(-target, dtype=v.dtype), right=True) - 1
    k = int(k.clamp(0, 2 * n - 2))
    s0, s1, t0, t1 = sums[k], sums[k + 1], points[k], points[k + 1]
    t = t0 if s0 == s1 else t0 + (s0 - target) / (s0 - s1) * (t1 - t0)
    return (v - t).clamp(0, upper)


_pairs = {}


def bandwidth(z, text):
    """gamma of the Gaussian kernel exp(-gamma d^2): diw:q, a quantile of the batch's pairwise distances; or gamma:x."""
    name, value = text.split(":")
    if name == "gamma":
        return float(value)
    n = z.shape[0]
    if n not in _pairs:
        _pairs[n] = torch.triu_indices(n, n, 1)
    i, j = _pairs[n]
    d = (z[i] - z[j]).abs() if z.dim() == 1 else (z[i] - z[j]).norm(dim=1)
    at = float(value) * (d.numel() - 1)
    k = int(at)
    if k + 1 < d.numel() // 8:                                  # few smallest: cheaper than a full quantile
        smallest = d.topk(k + 2, largest=False).values
        return torch.lerp(smallest[k], smallest[k + 1], at - k)
    return torch.quantile(d, float(value))


def square_distances(a, b):
    if a.dim() == 1:
        return (a[:, None] - b[None, :]) ** 2
    return torch.cdist(a, b) ** 2


def kmm_problem(z, zv, gamma):
    n, m = z.shape[0], zv.shape[0]
    gram = torch.exp(-gamma * square_distances(z, z))
    gram.diagonal().add_(RIDGE)
    kappa = torch.exp(-gamma * square_distances(z, zv)).sum(1) * (n / m)
    return gram, kappa


def adiw_km(z, zv, w, steps=5, eta=1.0, kernel="diw:0.01"):
    """A few projected-gradient steps from w on 1/2 w'Kw - kappa'w, step eta over the largest row sum of K."""
    gram, kappa = kmm_problem(z, zv, bandwidth(z, kernel))
    low, high = band(z.shape[0])
    rate = eta / gram.sum(1).max()
    for _ in range(steps):
        w = project(w - rate * (gram @ w - kappa), UPPER_BOUND, low, high)
    return w


def diw_bandwidth(z, q=0.01):
    """The same gamma as DIW's published code finds it: a Python loop over the samples."""
    distances = []
    values = z.reshape(len(z), -1)
    for i in range(len(values)):
        distances.append(np.sqrt(((values[i + 1:] - values[i]) ** 2).sum(1)))
    return np.quantile(np.concatenate(distances), q)


def kmm_cvxopt(z, zv, gamma, tolerance=None):
    """DIW's quadratic program by cvxopt's interior point; numpy in, numpy out."""
    from cvxopt import matrix, solvers
    solvers.options["show_progress"] = False
    if tolerance:
        solvers.options.update(abstol=tolerance, reltol=tolerance, feastol=tolerance, maxiters=200)
    gram, kappa = kmm_problem(torch.from_numpy(z).double(), torch.from_numpy(zv).double(), gamma)
    n = len(z)
    low, high = band(n)
    one = np.ones((1, n))
    g = np.vstack([one, -one, np.eye(n), -np.eye(n)])
    h = np.hstack([high, -low, np.full(n, UPPER_BOUND), np.zeros(n)])
    solution = solvers.qp(matrix(gram.numpy()), matrix(-kappa.numpy()), matrix(g), matrix(h))
    w = np.array(solution["x"]).reshape(-1)
    return w, float(0.5 * w @ gram.numpy() @ w - kappa.numpy() @ w)


def fashion_mnist(folder):
    """The training images and labels of a folder with the original gzip files."""
    images = read_idx(os.path.join(folder, "train-images-idx3-ubyte.gz"))
    labels = read_idx(os.path.join(folder, "train-labels-idx1-ubyte.gz"))
    return images, labels
