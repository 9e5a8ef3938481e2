"""Eleven kinds of problem whose ratio of densities is known in closed form.

    train, validation, ratio = make("gaussian-5", seed=1)

Rows are float64 [n, d] and [m, d]; ratio is p_validation / p_train at the training rows, divided by its mean over them, as weights are.
Shifts are of ordinary size: uniform weights have errors of 0.4 to 1.1 (none at all without a shift).
"""
import numpy as np

def normal(x, mean, deviation):
    """Density of a normal distribution with independent columns at rows [n, d]; mean and deviation are numbers or [d]."""
    z = (x - mean) / deviation
    scale = np.prod(np.broadcast_to(deviation, x.shape[1:]))
    return np.exp(-0.5 * (z * z).sum(axis=1)) / (scale * (2 * np.pi) ** (x.shape[1] / 2))


class Mixture:
    """Normal clusters with shares [k], means [k, d] and one deviation (a number) each [k]."""

    def __init__(self, shares, means, deviations):
        self.shares, self.means, self.deviations = (np.asarray(v, dtype=float) for v in (shares, means, deviations))

    def draw(self, generator, rows):
        cluster = generator.choice(len(self.shares), size=rows, p=self.shares)
        return self.means[cluster] + self.deviations[cluster, None] * generator.normal(size=(rows, self.means.shape[1]))

    def density(self, x):
        return sum(p * normal(x, mean, deviation) for p, mean, deviation in zip(self.shares, self.means, self.deviations))


class Categories:
    """Independent categorical answers, one-hot; shares is a list of [levels]."""

    def __init__(self, *shares):
        self.shares = [np.asarray(s, dtype=float) for s in shares]

    def draw(self, generator, rows):
        return np.hstack([np.eye(len(s))[generator.choice(len(s), size=rows, p=s)] for s in self.shares])

    def density(self, x):
        return np.prod([block @ s for block, s in zip(np.split(x, np.cumsum([len(s) for s in self.shares])[:-1], axis=1), self.shares)],
                       axis=0)


class Product:
    """Two independent groups of columns, of which the first has so many."""

    def __init__(self, first, columns, second):
        self.first, self.columns, self.second = first, columns, second

    def draw(self, generator, rows):
        return np.hstack([self.first.draw(generator, rows), self.second.draw(generator, rows)])

    def density(self, x):
        return self.first.density(x[:, :self.columns]) * self.second.density(x[:, self.columns:])


def cluster(mean, deviation):
    return Mixture([1], [mean], [deviation])


def first(value, d):
    return np.r_[value, np.zeros(d - 1)]


THREE = (0, 0), (4, 0), (0, 4)
SQUARE = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])

# Name, distribution of the training rows and of the validation rows, scales of the columns.
KINDS = {
    "gaussian-1": (cluster([0], 1), cluster([0.5], 0.8), 1),
    "gaussian-5": (cluster(np.zeros(5), 1), cluster(np.full(5, 0.3), 0.9), 1),
    "gaussian-20": (cluster(np.zeros(20), 1), cluster(first(0.7, 20), 1), 1),
    "no-shift": (cluster(np.zeros(3), 1), cluster(np.zeros(3), 1), 1),
    "units": (cluster(np.zeros(4), 1), cluster([0.5, 0.3, 0, 0], 1), np.array([1e-2, 1, 1e2, 1e4])),
    "outliers": (Mixture([0.98, 0.02], np.zeros((2, 2)), [1, 20]), cluster([0.5, 0.3], 0.9), 1),
    "one-hot": (Categories([0.4, 0.3, 0.2, 0.1], [0.5, 0.5], [0.3, 0.3, 0.4]),
                Categories([0.2, 0.2, 0.3, 0.3], [0.5, 0.5], [0.3, 0.3, 0.4]), 1),
    "shares": (Mixture([0.6, 0.3, 0.1], THREE, [1, 1, 1]), Mixture([0.3, 0.3, 0.4], THREE, [1, 1, 1]), 1),
    "mixed": (Product(cluster(np.zeros(2), 1), 2, Categories([0.4, 0.3, 0.3])),
              Product(cluster([0.4, 0.2], 1), 2, Categories([0.2, 0.3, 0.5])), 1),
    "splits-in-2": (cluster(np.zeros(2), 1), Mixture([0.5, 0.5], [(-1, 0), (1, 0)], [0.5, 0.5]), 1),
    "splits-in-4": (cluster(np.zeros(2), 1), Mixture(np.full(4, 0.25), SQUARE, np.full(4, 0.4)), 1),
}


def make(kind, seed=1, n=800, m=800):
    """Training rows, validation rows, and the ratio at the training rows, of mean 1."""
    train_distribution, validation_distribution, scales = KINDS[kind]
    generator = np.random.default_rng([seed, list(KINDS).index(kind)])
    train, validation = train_distribution.draw(generator, n), validation_distribution.draw(generator, m)
    ratio = validation_distribution.density(train) / train_distribution.density(train)
    return train * scales, validation * scales, ratio / ratio.mean()


def error(weights, ratio):
    """Mean |w - r|, both of mean 1."""
    return float(np.abs(weights / weights.mean() - ratio).mean())
