"""The rule of a data set's default weights in numpy: kl, ls and a classifier, each tuned once, and the one of the best held-out score."""
import time
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

from references import LAMBDAS, WIDTHS, median_distance, squared_distances, standardised

STRENGTHS = 10.0 ** np.arange(-4, 2.5, 0.5)
FOLDS = 5


def kl_coefficients(a, b, most=2000, tolerance=1e-3):
    """Multiplicative form; stops when a doubling of the steps moves no value at validation rows by more than tolerance of the largest."""
    keep = b > 1e-300
    alpha = np.where(keep, 1.0, 0)
    total = b @ alpha
    if not total > 0:
        return None
    alpha /= total
    safe = np.where(keep, b, 1)
    before, check = a @ alpha, 16
    for step in range(1, most + 1):
        r = np.maximum(a @ alpha, 1e-300)
        alpha = np.where(keep, alpha * (a.T @ (1 / r)) / (len(a) * safe), 0)
        if step == check:
            now = a @ alpha
            if np.abs(now - before).max() <= tolerance * now.max():
                break
            before, check = now, 2 * check
    return alpha / (b @ alpha)


class Kernel:
    def __init__(self, centers, gamma, coefficients):
        self.centers, self.gamma, self.coefficients = centers, gamma, coefficients

    def __call__(self, rows):
        return np.exp(-self.gamma * squared_distances(rows, self.centers)) @ self.coefficients


class Kl:
    def __init__(self, train, validation, centers, seed, most=2000, tolerance=1e-3):
        self.centers, self.most, self.tolerance = centers, most, tolerance
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(len(validation))[:centers]
        fold = generator.permutation(len(validation)) % FOLDS
        dt, dv = squared_distances(train, validation[chosen]), squared_distances(validation, validation[chosen])
        median = median_distance(train, validation, generator)
        best = None
        self.scores = []
        for width in WIDTHS * median:
            gamma = 1 / (2 * width * width)
            k, a = np.exp(-gamma * dt), np.exp(-gamma * dv)
            b = k.mean(axis=0)
            score = 0
            for f in range(FOLDS):
                inside = fold[chosen] != f
                alpha = kl_coefficients(a[fold != f][:, inside], b[inside], most, tolerance)
                if alpha is None:
                    score = -np.inf
                    break
                score += np.log(np.maximum(a[fold == f][:, inside] @ alpha, 1e-300)).mean() / FOLDS
            self.scores.append(score)
            if best is None or score > best[0]:
                best = score, gamma, width / median
        self.score, self.gamma, self.multiple = best

    def fit(self, train, validation, seed):
        centers = validation[np.random.default_rng(seed).permutation(len(validation))[:self.centers]]
        k = np.exp(-self.gamma * squared_distances(train, centers))
        a = np.exp(-self.gamma * squared_distances(validation, centers))
        alpha = kl_coefficients(a, k.mean(axis=0), self.most, self.tolerance)
        return Kernel(centers, self.gamma, alpha if alpha is not None else np.full(len(centers), np.nan))

    def choice(self):
        return f"x{self.multiple:.2g}"


class Ls:
    def __init__(self, train, validation, centers, seed):
        self.centers = centers
        generator = np.random.default_rng(seed)
        n, m = len(train), len(validation)
        chosen = generator.permutation(m)[:centers]
        i, j = generator.permutation(n)[:min(n, m)], generator.permutation(m)[:min(n, m)]
        dt, dv = squared_distances(train, validation[chosen]), squared_distances(validation, validation[chosen])
        median = median_distance(train, validation, generator)
        best = None
        for width in WIDTHS * median:
            gamma = 1 / (2 * width * width)
            k, a = np.exp(-gamma * dt), np.exp(-gamma * dv)
            gram, h = k.T @ k / n, a.mean(axis=0)
            values, vectors = np.linalg.eigh(gram)
            x, y, hv = k[i] @ vectors, a[j] @ vectors, h @ vectors
            for strength in LAMBDAS:
                inverse = 1 / (np.maximum(values, 0) + strength * (n - 1) / n)
                bx = x * inverse
                denominator = n - (x * bx).sum(axis=1)
                b0 = hv * inverse + bx * ((bx @ hv) / denominator)[:, None]
                b1 = y * inverse + bx * ((y * bx).sum(axis=1) / denominator)[:, None]
                b2 = np.maximum((n - 1) / (n * (m - 1)) * (m * b0 - b1) @ vectors.T, 0)
                score = ((k[i] * b2).sum(axis=1) ** 2).mean() / 2 - (a[j] * b2).sum(axis=1).mean()
                if best is None or score < best[0]:
                    best = score, gamma, strength, width / median
        self.score, self.gamma, self.strength, self.multiple = best

    def fit(self, train, validation, seed):
        centers = validation[np.random.default_rng(seed).permutation(len(validation))[:self.centers]]
        k = np.exp(-self.gamma * squared_distances(train, centers))
        a = np.exp(-self.gamma * squared_distances(validation, centers))
        gram = k.T @ k / len(train) + self.strength * np.eye(len(centers))
        return Kernel(centers, self.gamma, np.maximum(np.linalg.solve(gram, a.mean(axis=0)), 0))

    def choice(self):
        return f"x{self.multiple:.2g}, {self.strength:.2g}"


def terms(rows, quadratic):
    if not quadratic:
        return rows
    i, j = np.triu_indices(rows.shape[1])
    return np.hstack([rows, rows[:, i] * rows[:, j]])


class Odds:
    def __init__(self, model, quadratic, scale):
        self.model, self.quadratic, self.scale = model, quadratic, scale

    def __call__(self, rows):
        return self.scale * np.exp(np.minimum(self.model.decision_function(terms(rows, self.quadratic)), 300))


class Classifier:
    def __init__(self, train, validation, seed, strengths=STRENGTHS):
        rows, label = np.vstack([train, validation]), np.r_[np.zeros(len(train)), np.ones(len(validation))]
        generator = np.random.default_rng(seed)
        fold = np.r_[generator.permutation(len(train)) % FOLDS, generator.permutation(len(validation)) % FOLDS]
        d = train.shape[1]
        best = None
        for quadratic in (False, True):
            if quadratic and d + d * (d + 1) // 2 > 500:
                continue
            x = terms(rows, quadratic)
            loss = np.zeros(len(strengths))
            for f in range(FOLDS):
                inside = fold != f
                model = LogisticRegression(max_iter=300, warm_start=True)
                for s, strength in enumerate(strengths):
                    model.C = strength
                    model.fit(x[inside], label[inside])
                    z = model.decision_function(x[~inside]) * (1 - 2 * label[~inside])
                    loss[s] += np.logaddexp(0, z).mean() / FOLDS
            for s, strength in enumerate(strengths):
                if best is None or loss[s] < best[0]:
                    best = loss[s], strength, quadratic
        self.score, self.strength, self.quadratic = best

    def fit(self, train, validation, seed):
        x = terms(np.vstack([train, validation]), self.quadratic)
        label = np.r_[np.zeros(len(train)), np.ones(len(validation))]
        return Odds(LogisticRegression(C=self.strength, max_iter=1000).fit(x, label), self.quadratic, len(train) / len(validation))

    def choice(self):
        return f"{'quadratic' if self.quadratic else 'linear'}, C {self.strength:.2g}"


def held_out(tuned, train, validation, seed, low=1e-6):
    generator = np.random.default_rng(seed + 1000)
    train_fold, validation_fold = generator.permutation(len(train)) % FOLDS, generator.permutation(len(validation)) % FOLDS
    scores, logs, values = [], [], []
    for f in range(FOLDS):
        inside = train[train_fold != f]
        r = tuned.fit(inside, validation[validation_fold != f], seed)
        mean = r(inside).mean()
        if not (np.isfinite(mean) and mean > 1e-30):
            return -np.inf
        v, t = (np.clip(r(x) / mean, low, 1e6) for x in (validation[validation_fold == f], train[train_fold == f]))
        logs.append(np.log(v)), values.append(t)
    return np.concatenate(logs).mean() - np.log(np.concatenate(values).mean())


def tune_all(train, validation, centers, seed):
    """Everything of one data set: {method: (seconds, weights, score, choice)}."""
    train, validation = standardised(train, validation)
    result = {}
    for name in ("kl", "ls", "classifier"):
        start = time.monotonic()
        if name == "classifier":
            tuned = Classifier(train, validation, seed)
        else:
            tuned = {"kl": Kl, "ls": Ls}[name](train, validation, centers, seed)
        r = np.maximum(tuned.fit(train, validation, seed)(train), 0)
        result[name] = dict(weights=r / r.mean(), score=held_out(tuned, train, validation, seed), choice=tuned.choice(),
                            seconds=time.monotonic() - start)
    return result
