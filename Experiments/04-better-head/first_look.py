"""Which policy on a frozen MiniLM earns most on held-out tasks? NumPy only; see README.md beside this file.

    first_look.py --data FOLDER_OF_FOLDERS [--sft] [--offline RUN] [--cache DIR] [--baton BINARY] [--model DIR] [FOLDER …]

Everything is chosen on train and validation; test is printed beside it and chooses nothing. Nothing is drawn at random.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import h5py
import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize

HERE = Path(__file__).resolve().parents[2]
RIDGES = [10.0 ** (k / 2) for k in range(2, -12, -1)]
CLASSIFIER_RIDGES = (1e-3, 1e-4, 1e-5, 1e-6)
NEIGHBOURS = (1, 3, 5, 10, 20, 40, 80, 160, 320)


# Tasks and outcomes

class Folder:
    """Tasks with their rates [tasks, workers], domains as numbers, and splits as (train, validation, test) rows."""

    def __init__(self, name, tasks, texts, rates, splits):
        self.name, self.texts, self.rates, self.splits = name, texts, rates, splits
        self.ids = [task["id"] for task in tasks]
        names = sorted({task["domain"] for task in tasks})
        self.kinds = len(names)
        self.domain = np.array([names.index(task["domain"]) for task in tasks])


def recorded(path):
    tasks = [json.loads(line) for line in open(path / "tasks.jsonl")]
    workers = sorted(tasks[0]["outcomes"])
    rates = np.array([[task["outcomes"][w][0] / task["outcomes"][w][1] for w in workers] for task in tasks])
    row = {task["id"]: index for index, task in enumerate(tasks)}
    splits = [
        tuple(np.array([row[i] for i in split[part]]) for part in ("train", "validation", "test"))
        for split in json.load(open(path / "splits.json")).values()
    ]
    return Folder(path.name, tasks, [task["prompt"] for task in tasks], rates, splits)


def offline(run, baton):
    """The offline pool's own labels, as `baton run Datasets/offline/recipe.yaml` left them in `run`."""
    tasks, bounds = [], [0]
    for part in ("train", "validation", "test"):
        tasks += [json.loads(line) for line in open(HERE / "Datasets/offline" / f"{part}.jsonl")]
        bounds.append(len(tasks))
    labels = subprocess.run([baton, "labels", run, "--format", "jsonl"], capture_output=True, text=True, check=True)
    cells = [json.loads(line) for line in labels.stdout.splitlines()]
    workers, row = sorted({cell["worker"] for cell in cells}), {task["id"]: i for i, task in enumerate(tasks)}
    successes = np.zeros((len(tasks), len(workers)))
    samples = np.zeros_like(successes)
    for cell in cells:
        at = row[cell["task"]], workers.index(cell["worker"])
        successes[at] += cell["score"] or 0  # an answer in the wrong format earns nothing
        samples[at] += 1
    split = tuple(np.arange(bounds[i], bounds[i + 1]) for i in range(3))
    texts = [[m["content"] for m in task["messages"] if m["role"] == "user"][-1] for task in tasks]
    return Folder("offline", tasks, texts, successes / samples, [split])


# Read-outs

class Reader:
    """Mean over tokens of the hidden states after layer 0 (the embeddings), 1, … 6; kept in `cache`."""

    def __init__(self, baton, model, cache):
        self.baton, self.model, self.cache = baton, Path(model), Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)

    def layer(self, folder, layer):
        """[tasks, 384], rows of length 1."""
        file = self.cache / f"{folder.name}-{layer}.npy"
        if not file.exists():
            values = self.embeddings(folder) if layer == 0 else self.states(folder, layer)
            np.save(file, values / np.linalg.norm(values, axis=1, keepdims=True))
        return np.load(file)

    def states(self, folder, layer):
        texts, states = self.cache / f"{folder.name}.jsonl", self.cache / f"{folder.name}-{layer}.h5"
        texts.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in zip(folder.ids, folder.texts)))
        subprocess.run(
            [self.baton, "embed", "--model", self.cut(layer), "--input", texts, "--output", states, "--readout", "mean",
             "--normalize", "--max-tokens", "256", "--threads", "1", "--quiet"], check=True)
        with h5py.File(states) as archive:
            position = {i.decode() if isinstance(i, bytes) else i: k for k, i in enumerate(archive["ids"][:])}
            values = archive["states"][:]
        return values[[position[i] for i in folder.ids]].astype(np.float64)

    def cut(self, layer):
        """The model without the layers above `layer`."""
        config = json.loads((self.model / "config.json").read_text())
        if config["num_hidden_layers"] == layer:
            return self.model
        target = self.cache / f"model-{layer}"
        if not target.exists():
            shutil.copytree(self.model, target)
            weights = load_file(self.model / "model.safetensors")
            kept = {n: v for n, v in weights.items() if not n.startswith("encoder.layer.") or int(n.split(".")[2]) < layer}
            save_file(kept, target / "model.safetensors", metadata={"format": "pt"})
            (target / "config.json").write_text(json.dumps(dict(config, num_hidden_layers=layer)))
        return target

    def embeddings(self, folder):
        weights = load_file(self.model / "model.safetensors")
        word, place, kind, scale, shift = (
            weights[f"embeddings.{name}"].astype(np.float64) for name in (
                "word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight",
                "LayerNorm.weight", "LayerNorm.bias"))
        lines = subprocess.run(
            [self.baton, "tokenize", "--model", self.model], capture_output=True, text=True, check=True,
            input="".join(json.dumps(text) + "\n" for text in folder.texts)).stdout.splitlines()
        rows = []
        for tokens in map(json.loads, lines):
            tokens = tokens if len(tokens) <= 256 else tokens[:255] + tokens[-1:]
            x = word[tokens] + place[:len(tokens)] + kind[0]
            x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)
            rows.append((x * scale + shift).mean(0))
        return np.array(rows)

    def concatenated(self, folder, layers):
        return np.hstack([self.layer(folder, layer) for layer in layers])


# Pieces of a policy

def rewards(scores, rates):
    """Rate of the best scored worker of each task; ties share."""
    best = scores >= scores.max(1, keepdims=True)
    return (rates * best).sum(1) / best.sum(1)


def reward(scores, rates):
    return float(rewards(scores, rates).mean())


def softmax(scores):
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def fit_softmax(states, target, ridge, start=None, iterations=300):
    """W [classes, width] of least mean KL(target ‖ softmax(X Wᵀ)) + ridge / 2 · ‖W‖², by L-BFGS."""
    classes, (rows, width) = target.shape[1], states.shape
    entropy = np.where(target > 0, target * np.log(np.maximum(target, 1e-300)), 0).sum() / rows

    def loss(flat):
        weight = flat.reshape(classes, width)
        scores = states @ weight.T
        shifted = scores - scores.max(1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        value = entropy - (target * logs).sum() / rows + ridge / 2 * (flat @ flat)
        return value, (((np.exp(logs) - target).T @ states) / rows + ridge * weight).ravel()

    start = np.zeros(classes * width) if start is None else start.ravel()
    options = dict(maxiter=iterations, maxcor=10, ftol=1e-12, gtol=1e-6)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x.reshape(classes, width)


class RidgePath:
    """All ridges at once: min 1/n ‖Y − X W‖² + λ‖W‖² by the eigenvectors of XᵀX / n. X is centred on train, so is Y."""

    def __init__(self, states, train):
        self.rows, self.train = states[train], train
        self.values, vectors = np.linalg.eigh(self.rows.T @ self.rows / len(train))
        self.values = np.maximum(self.values, 0)
        self.vectors, self.projected = vectors, states @ vectors

    def predictions(self, target):
        """{λ: predictions for every task} for targets of the training tasks, the target's mean left out."""
        right = self.vectors.T @ (self.rows.T @ (target - target.mean(0)) / len(self.rows))
        return {ridge: self.projected @ (right / (self.values + ridge)[:, None]) for ridge in RIDGES}


class Split:
    """One split of a folder on one read-out, and every policy on it: name → (validation, test, what was chosen)."""

    def __init__(self, folder, states, split):
        self.train, self.validation, self.test = split
        self.rates, self.domain, self.kinds = folder.rates, folder.domain, folder.kinds
        self.raw = states
        self.states = states - states[self.train].mean(0)
        self.means = self.rates[self.train].mean(0)
        self.table = np.stack([self.rates[self.train][self.domain[self.train] == k].mean(0) for k in range(self.kinds)])
        self.results = {}

    def note(self, name, scores, chosen=None):
        self.results[name] = (
            reward(scores[self.validation], self.rates[self.validation]), reward(scores[self.test], self.rates[self.test]),
            chosen)

    def choose(self, name, candidates, by="reward"):
        """Keeps a candidate by what it does on validation; the larger ridge on a tie.

        reward: of highest reward. one s.e.: of the largest ridge whose paired loss to that one is at most one standard
        error of this loss. error: of lowest squared error.
        """
        part, rates = self.validation, self.rates[self.validation]
        if by == "error":
            kept = min(candidates, key=lambda key: (((candidates[key][part] - rates) ** 2).mean(), -key))
        else:
            earned = {key: rewards(scores[part], rates) for key, scores in candidates.items()}
            kept = max(earned, key=lambda key: (earned[key].mean(), key))
            if by == "one s.e.":
                losses = {key: earned[kept] - mine for key, mine in earned.items()}
                kept = max(key for key, loss in losses.items() if loss.mean() <= loss.std() / np.sqrt(len(loss)))
        self.note(name, candidates[kept], kept)

    def baselines(self):
        count = len(self.rates)
        self.note("best single", np.tile(self.means, (count, 1)))
        self.note("domain table (told)", self.table[self.domain] + 1e-9 * self.means)
        order = np.argsort(-(self.raw @ self.raw[self.train].T), axis=1, kind="stable")[:, :max(NEIGHBOURS)]
        sums = np.cumsum(self.rates[self.train][order], axis=1)
        self.choose("kNN", {
            k: sums[:, k - 1] / k + 1e-9 * self.means for k in NEIGHBOURS if k <= len(self.train)})

    def plain_sft(self):
        candidates = {}
        for tau in (1.0, 0.3, 0.1):
            target, weight = softmax(self.rates[self.train] / tau), None
            for ridge in (1.0, 0.1, 1e-2, 1e-3, 1e-4):
                weight = fit_softmax(self.raw[self.train], target, ridge, weight)
                candidates[(ridge, -tau)] = self.raw @ weight.T
        self.choose("SFT", candidates)

    def classifier(self):
        """Probability of each domain, from the text alone; the ridge of least validation log loss."""
        states = np.hstack([self.states, np.ones((len(self.states), 1))])
        onehot, best, weight = np.eye(self.kinds)[self.domain[self.train]], None, None
        part = self.validation
        for ridge in CLASSIFIER_RIDGES:
            weight = fit_softmax(states[self.train], onehot, ridge, weight, iterations=60)
            guess = softmax(states @ weight.T)
            loss = -np.log(np.maximum(guess[part, self.domain[part]], 1e-12)).mean()
            if best is None or loss < best[0]:
                best = (loss, guess, ridge)
            else:
                break
        hit = best[1].argmax(1) == self.domain
        self.results["(domain named rightly)"] = (hit[self.validation].mean(), hit[self.test].mean(), best[2])
        return best[1]

    def policies(self):
        rates, path, told = self.rates[self.train], RidgePath(self.states, self.train), self.domain[self.train]
        plain = {ridge: self.means + value for ridge, value in path.predictions(rates).items()}
        self.choose("rates, λ by reward", plain)
        self.choose("rates, λ by one s.e.", plain, by="one s.e.")
        for share in (0.5, 0.9):
            target = (1 - share) * rates + share * self.table[told]
            self.choose(f"rates, {share:.0%} pooled by domain", {
                ridge: self.means + value for ridge, value in path.predictions(target).items()})
        guess = self.classifier()
        prior = guess @ self.table
        self.note("prior", prior)
        self.note("prior of the likeliest domain", self.table[guess.argmax(1)])
        both = {ridge: prior + value for ridge, value in path.predictions(rates - prior[self.train]).items()}
        self.choose("prior + rates, λ by reward", both)
        self.choose("prior + rates, λ by error", both, by="error")
        self.choose("prior + rates, λ by one s.e.", both, by="one s.e.")


def study(folder, reader, readouts, sft):
    for layers in readouts:
        began = time.time()
        states, splits = reader.concatenated(folder, layers), []
        for split in folder.splits:
            one = Split(folder, states, split)
            if layers == (6,):
                one.baselines()
                if sft:
                    one.plain_sft()
            one.policies()
            splits.append(one.results)
        print(f"\n{folder.name}, layers {' '.join(map(str, layers))}: {len(splits)} splits, {time.time() - began:.0f} s")
        for name in splits[0]:
            row = [results[name] for results in splits]
            print(f"  {name:30} validation {np.mean([r[0] for r in row]):.4f}  test {np.mean([r[1] for r in row]):.4f}  | "
                  + " ".join(f"{r[1]:.4f}" for r in row), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", default=["programs", "zeroeval-small", "llmrouter"])
    parser.add_argument("--data", default=os.environ.get("BATON_DATA"), help="where the folders lie, or $BATON_DATA")
    parser.add_argument("--offline", help="a finished run of Datasets/offline/recipe.yaml")
    parser.add_argument("--only-offline", action="store_true", help="no other folder")
    parser.add_argument("--cache", default=HERE / "runs/head")
    parser.add_argument("--baton", default=HERE / ".build/release/baton")
    parser.add_argument("--model", default=HERE / "Models/all-MiniLM-L6-v2")
    parser.add_argument("--layers", default="6;0,3,6", help="read-outs, layers by commas, read-outs by semicolons")
    parser.add_argument("--sft", action="store_true", help="fit the plain head by KL too; it takes minutes")
    options = parser.parse_args()
    if not options.data:
        sys.exit("--data or BATON_DATA must say where the folders of recorded outcomes lie")
    reader = Reader(options.baton, options.model, options.cache)
    readouts = [tuple(map(int, part.split(","))) for part in options.layers.split(";")]
    for name in [] if options.only_offline else options.folders:
        study(recorded(Path(options.data) / name), reader, readouts, options.sft)
    if options.offline:
        study(offline(options.offline, options.baton), reader, readouts, options.sft)


if __name__ == "__main__":
    main()
