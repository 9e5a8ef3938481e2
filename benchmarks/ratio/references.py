"""Estimators of the ratio of two densities, written from the papers in numpy, to compare with.

Each takes training rows and validation rows and gives weights of mean 1 for the training rows. Columns are divided by their deviation
over both samples first, which the papers leave to the reader: without it, no kernel that is the same in all directions fits mixed units.
"""
import numpy as np
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

CENTERS = 100
WIDTHS = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 1, 1.5, 2.5, 5])   # of the median distance
LAMBDAS = 10.0 ** np.arange(-3, 1.5, 0.5)


def standardised(train, validation):
    pooled = np.vstack([train, validation])
    deviation = pooled.std(axis=0)
    pooled = ((pooled - pooled.mean(axis=0)) / np.where(deviation > 0, deviation, 1))[:, deviation > 0]
    return pooled[:len(train)], pooled[len(train):]


def squared_distances(a, b):
    return np.maximum((a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T, 0)


def median_distance(train, validation, generator):
    pooled = np.vstack([train, validation])
    pooled = pooled[generator.permutation(len(pooled))[:1000]]
    distances = np.sqrt(squared_distances(pooled, pooled)[np.triu_indices(len(pooled), 1)])
    median = np.median(distances)
    return median if median > 1e-9 else distances[distances > 1e-9].min()


def normalised(weights):
    weights = np.maximum(weights, 0)
    return weights / weights.mean()


def kliep(train, validation, seed=1, folds=5):
    """Sugiyama et al., Direct importance estimation for covariate shift adaptation, 2008: figures 1 (fit) and 2 (likelihood
    cross-validation over the width). 100 Gaussian kernels at validation rows."""
    train, validation = standardised(train, validation)
    generator = np.random.default_rng(seed)
    centers = validation[generator.permutation(len(validation))[:CENTERS]]
    to_train, to_validation = squared_distances(train, centers), squared_distances(validation, centers)
    fold = generator.permutation(len(validation)) % folds
    best = None
    for width in WIDTHS * median_distance(train, validation, generator):
        a, k = np.exp(-to_validation / (2 * width * width)), np.exp(-to_train / (2 * width * width))
        mean = k.mean(axis=0)
        if mean.sum() == 0:
            continue
        with np.errstate(divide="ignore"):
            score = np.mean([np.log(a[fold == f] @ kliep_coefficients(a[fold != f], mean)).mean() for f in range(folds)])
        if best is None or score > best[0]:
            best = score, a, k, mean
    _, a, k, mean = best
    return normalised(k @ kliep_coefficients(a, mean))


def kliep_coefficients(a, b):
    """Gradient ascent with the constraint satisfied after each step, as the paper's figure 1; the step sizes of the authors' program."""
    def feasible(alpha):
        alpha = np.maximum(alpha + (1 - b @ alpha) * b / (b @ b), 0)
        return alpha / (b @ alpha)

    def objective(alpha):
        return np.log(np.maximum(a @ alpha, 1e-300)).mean()

    alpha = feasible(np.ones(a.shape[1]))
    value = objective(alpha)
    for step in 10.0 ** np.arange(3, -4, -1):
        for _ in range(100):
            candidate = feasible(alpha + step * (a.T @ (1 / np.maximum(a @ alpha, 1e-300))))
            reached = objective(candidate)
            if not reached - value > 0:
                break
            alpha, value = candidate, reached
    return alpha


def ulsif(train, validation, seed=1):
    """Kanamori, Hido, Sugiyama, A least-squares approach to direct importance estimation, JMLR 2009, section 4: 100 Gaussian kernels at
    validation rows, width and regularisation by the closed leave-one-out score, negative coefficients cut."""
    train, validation = standardised(train, validation)
    generator = np.random.default_rng(seed)
    n, m = len(train), len(validation)
    centers = validation[generator.permutation(m)[:CENTERS]]
    pairs = min(n, m)
    i, j = generator.permutation(n)[:pairs], generator.permutation(m)[:pairs]
    to_train, to_validation = squared_distances(train, centers), squared_distances(validation, centers)
    best = None
    for width in WIDTHS * median_distance(train, validation, generator):
        k, a = np.exp(-to_train / (2 * width * width)), np.exp(-to_validation / (2 * width * width))
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
                best = score, k, gram, h, strength
    _, k, gram, h, strength = best
    return normalised(k @ np.maximum(np.linalg.solve(gram + strength * np.eye(len(h)), h), 0))


def classifier(train, validation, seed=1):
    """The odds of a logistic regression on linear and quadratic terms, its strength by five folds on the log-loss."""
    train, validation = standardised(train, validation)
    rows, label = np.vstack([train, validation]), np.r_[np.zeros(len(train)), np.ones(len(validation))]
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    model = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(),
                          LogisticRegressionCV(Cs=np.logspace(-4, 3, 8), cv=5, scoring="neg_log_loss", max_iter=1000))
    model.fit(rows[shuffled], label[shuffled])
    return normalised(np.exp(model.decision_function(train)))


REFERENCES = {"uLSIF": ulsif, "KLIEP": kliep, "quadratic classifier": classifier}
