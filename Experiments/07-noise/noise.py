"""Which settings of the search bear rewards that are drawn? A toy whose truth is known, the real engine, twenty runs a cell.

The toy: 8 arms, questions x ~ N(0, I) in 125 dimensions. Arm a answers x with probability 1/(1 + exp(-(w_a·x + b_a))), w_a ~
N(0, 4/125 I), b_a ~ N(-0.55, 0.17²): on average an arm succeeds in 42 % of all cases, the best one in 45 %, the best for each
question in 86 %. The router scores arms linearly (n = 8·125) and takes the highest score. A generation plays B of 2,048 training
questions, the same for all 32 candidates, and draws each reward once: fitness is the share of successes. 60 generations from
0 with σ = 1. What counts is the expected reward of the distribution's mean on 4,000 questions that training never saw.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
import numpy

ARMS, WIDTH, TRAIN, TEST = 8, 125, 2048, 4000
CANDIDATES, GENERATIONS = 32, 60
BATCHES = (16, 64, 256, 2048)


def strategy(weights, rate=1.0, learning="fixed", control="cumulative", sampling="independent"):
    return {"weights": weights, "meanRate": rate, "learning": learning, "stepControl": control, "sampling": sampling,
            "covariance": "separable", "rates": "pycma"}


SETTINGS = {
    "log, positive": strategy("positive"),
    "log, active, TPA: the default without noise": strategy("active", control="twoPoint"),
    "log, c_m 0.5": strategy("positive", 0.5),
    "log, c_m 0.2": strategy("positive", 0.2),
    "log, LRA": strategy("positive", learning="adaptive"),
    "linear": strategy("linear"),
    "linear, c_m 0.5": strategy("linear", 0.5),
    "linear, c_m 0.2": strategy("linear", 0.2),
    "linear, LRA": strategy("linear", learning="adaptive"),
    "linear, c_m 0.2, LRA": strategy("linear", 0.2, learning="adaptive"),
    "linear, TPA": strategy("linear", control="twoPoint"),
    "linear, c_m 0.2, TPA": strategy("linear", 0.2, control="twoPoint"),
    "linear, mirrored": strategy("linear", sampling="mirrored"),
    "linear, c_m 0.2, mirrored": strategy("linear", 0.2, sampling="mirrored"),
    "linear, LRA, mirrored": strategy("linear", learning="adaptive", sampling="mirrored"),
}
DEFAULT = "linear, LRA"


class Toy:
    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        weights = 2 * self.random.standard_normal((ARMS, WIDTH)) / numpy.sqrt(WIDTH)
        biases = -0.55 + 0.17 * self.random.standard_normal(ARMS)
        self.train = self.random.standard_normal((TRAIN, WIDTH), dtype=numpy.float32)
        self.test = self.random.standard_normal((TEST, WIDTH), dtype=numpy.float32)
        self.chances, self.truth = (1 / (1 + numpy.exp(-(x @ weights.T + biases))) for x in (self.train, self.test))

    def draw(self, candidates, batch):
        """[λ] shares of successes, each candidate on the same questions."""
        rows = self.random.permutation(TRAIN)[:batch]
        heads = candidates.astype(numpy.float32).reshape(-1, WIDTH)
        arms = (self.train[rows] @ heads.T).reshape(batch, -1, ARMS).argmax(2)
        chances = numpy.take_along_axis(self.chances[rows], arms, 1)
        return (self.random.random(chances.shape) < chances).mean(0)

    def worth(self, policy):
        """Expected reward on the test questions."""
        arms = (self.test @ policy.astype(numpy.float32).reshape(ARMS, WIDTH).T).argmax(1)
        return float(self.truth[numpy.arange(TEST), arms].mean())


def search(program, setting, batch, seed):
    """{"mean": worth of the final mean; "claim", "elite": of the best candidate ever, what it scored and what it is worth}."""
    toy, n = Toy(seed), ARMS * WIDTH
    question = {"dimension": n, "candidates": CANDIDATES, "generations": GENERATIONS, "stepSize": 1.0, "seed": seed,
                "strategy": setting}
    engine = subprocess.Popen([program, "search", json.dumps(question)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    claim, elite = -1.0, None
    for _ in range(GENERATIONS):
        bytes_ = engine.stdout.read(8 * n * (CANDIDATES + 1))
        if len(bytes_) != 8 * n * (CANDIDATES + 1):
            sys.exit("noise: the search ended early")
        candidates = numpy.frombuffer(bytes_).reshape(-1, n)[:CANDIDATES]
        fitness = toy.draw(candidates, batch)
        if fitness.max() > claim:
            claim, elite = float(fitness.max()), candidates[fitness.argmax()]
        engine.stdin.write(fitness.tobytes())
        engine.stdin.flush()
    mean = numpy.frombuffer(engine.stdout.read(8 * n))
    engine.stdin.close()
    engine.wait()
    return {"mean": toy.worth(mean), "claim": claim, "elite": toy.worth(elite)}


def average(values):
    return f"{statistics.fmean(values):.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="evolution-bench")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--batches", type=lambda text: tuple(map(int, text.split(","))), default=BATCHES)
    parser.add_argument("--settings", type=lambda text: text.split(";"), default=list(SETTINGS))
    arguments = parser.parse_args()
    toys = [Toy(seed) for seed in range(arguments.runs)]
    print(f"{arguments.runs} runs. Random arm {average([t.truth.mean() for t in toys])}, best arm "
          f"{average([t.truth.mean(0).max() for t in toys])}, oracle {average([t.truth.max(1).mean() for t in toys])}\n")
    print("| | " + " | ".join(f"B = {batch}" for batch in arguments.batches) + " |")
    print("| --- |" + " ---: |" * len(arguments.batches))
    results = {}
    for name in arguments.settings:
        for batch in arguments.batches:
            results[name, batch] = [search(arguments.program, SETTINGS[name], batch, seed) for seed in range(arguments.runs)]
        print(f"| {name} | " + " | ".join(average([r["mean"] for r in results[name, b]]) for b in arguments.batches) + " |", flush=True)

    print("\nThe best candidate ever: what it claims, what it is worth, what the mean is worth\n")
    print("| | " + " | ".join(f"B = {batch}" for batch in arguments.batches) + " |")
    print("| --- |" + " ---: |" * len(arguments.batches))
    for name in arguments.settings:
        cells = [", ".join(average([r[key] for r in results[name, b]]) for key in ("claim", "elite", "mean")) for b in arguments.batches]
        print(f"| {name} | " + " | ".join(cells) + " |")

    if DEFAULT in arguments.settings:
        print(f"\nThe default for noisy rewards ({DEFAULT}) less the best row, paired by run; the bar is -0.006")
        for batch in arguments.batches:
            best = max(arguments.settings, key=lambda name: statistics.fmean(r["mean"] for r in results[name, batch]))
            differences = [a["mean"] - b["mean"] for a, b in zip(results[DEFAULT, batch], results[best, batch])]
            error = statistics.stdev(differences) / len(differences) ** 0.5
            print(f"  B = {batch}: {statistics.fmean(differences):+.3f} ± {error:.3f} ({best})")


main()
