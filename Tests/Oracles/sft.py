#!/usr/bin/env python3
"""Writes Tests/RoutingTests/Fixtures/sft.json: heads that the trainer must find.

    python3 Tests/Oracles/sft.py                 # needs NumPy and SciPy

An own implementation in NumPy, float64, written from the formulas and not from the Swift code:
  target   p = softmax(rate / tau) over the workers that were tried
  weight   of a task: the mean over its tried cells of n / (n + kappa), divided by the sum over tasks
  loss     sum of weight * KL(p || softmax(x W^T)), both over the tried workers, + ridge / 2 * |W|^2
It is minimised by SciPy's L-BFGS-B and finished with Newton steps, until the norm of the gradient is below 1e-9.
"""
import hashlib, json, platform
from pathlib import Path

import numpy as np
import scipy
from scipy.optimize import minimize

OUTPUT = Path(__file__).resolve().parents[1] / "RoutingTests" / "Fixtures" / "sft.json"
SEED, TASKS, WIDTH, WORKERS = 20_031, 80, 12, 4
PROBLEMS = [(0.1, 1e-3, 0.0), (0.3, 1e-3, 2.5), (1.0, 1e-2, 1.0), (0.3, 1.0, 5.0)]


def outcomes():
    """States, successes and samples; a fifth of the cells is missing, and three tasks have no cell at all."""
    draws = np.random.default_rng(SEED)
    states = draws.standard_normal((TASKS, WIDTH)).astype(np.float32)
    truth = draws.standard_normal((WORKERS, WIDTH)) / 2
    samples = draws.integers(1, 9, (TASKS, WORKERS))
    samples[draws.random((TASKS, WORKERS)) < 0.2] = 0
    samples[[5, 40, 79]] = 0
    successes = draws.binomial(samples, 1 / (1 + np.exp(-states @ truth.T)))
    return states, successes, samples


class Problem:
    def __init__(self, states, successes, samples, tau, ridge, kappa):
        self.x, self.ridge, self.tried = states.astype(np.float64), ridge, samples > 0
        rates = np.where(self.tried, successes / np.maximum(samples, 1), 0)
        self.p = self.softmax(rates / tau)
        cells = np.where(self.tried, samples / (samples + kappa + (samples == 0)), 0)
        trust = cells.sum(1) / np.maximum(self.tried.sum(1), 1)
        self.weight = trust / trust.sum()

    def softmax(self, scores):
        e = np.where(self.tried, np.exp(scores - scores.max(1, keepdims=True)), 0)
        return e / np.maximum(e.sum(1, keepdims=True), 1e-300)

    def loss(self, flat):
        w = flat.reshape(WORKERS, WIDTH)
        q = self.softmax(self.x @ w.T)
        ratio = np.where(self.tried, np.log(np.where(self.tried, self.p, 1) / np.where(self.tried, q, 1)), 0)
        gradient = ((q - self.p) * self.weight[:, None]).T @ self.x + self.ridge * w
        return self.weight @ (self.p * ratio).sum(1) + self.ridge / 2 * np.sum(w * w), gradient.ravel()

    def hessian(self, flat):
        q = self.softmax(self.x @ flat.reshape(WORKERS, WIDTH).T)
        spread = np.einsum("tk,kl->tkl", q, np.eye(WORKERS)) - np.einsum("tk,tl->tkl", q, q)
        inner = np.einsum("t,tkl,ti,tj->kilj", self.weight, spread, self.x, self.x)
        return inner.reshape(flat.size, flat.size) + self.ridge * np.eye(flat.size)

    def solve(self):
        w = minimize(self.loss, np.zeros(WORKERS * WIDTH), jac=True, method="L-BFGS-B",
                     options=dict(gtol=1e-9, ftol=0, maxiter=10_000, maxfun=20_000)).x
        for _ in range(3):
            w = w - np.linalg.solve(self.hessian(w), self.loss(w)[1])
        value, gradient = self.loss(w)
        assert np.linalg.norm(gradient) < 1e-9
        return dict(weight=w.tolist(), loss=float(value))


def main():
    states, successes, samples = outcomes()
    solutions = [dict(temperature=tau, ridge=ridge, kappa=kappa, **Problem(states, successes, samples, tau, ridge, kappa).solve())
                 for tau, ridge, kappa in PROBLEMS]
    data = dict(tasks=TASKS, width=WIDTH, workers=WORKERS, states=states.astype(np.float64).ravel().tolist(),
                successes=successes.ravel().tolist(), samples=samples.ravel().tolist(), solutions=solutions)
    text = json.dumps(data, separators=(",", ":"))
    manifest = dict(oracle="Tests/Oracles/sft.py", python=platform.python_version(), numpy=np.__version__,
                    scipy=scipy.__version__, seed=SEED, sha256_of_data=hashlib.sha256(text.encode()).hexdigest())
    OUTPUT.write_text('{"manifest":' + json.dumps(manifest) + ',\n"data":' + text + "}\n")


if __name__ == "__main__":
    main()
