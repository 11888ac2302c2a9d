"""Does the same head choose the same worker where the backbone computes in fewer bits?

    agreement.py [--precision P]… [--work DIR] [--model DIR] [--baton BINARY] [FOLDER …]

For each folder of recorded outcomes: `baton run --to sft` with 32-bit states on split 0, then the states of the same texts
in each precision, read by that head. Prints Markdown: cosines of the last level, routes that agree, and the distance of
the two best scores, as 32 bits see it, where they don't. Scores are in units of 0.02 of reward.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parents[2]


def states(file):
    with h5py.File(file) as archive:
        return archive["states"][:].astype(np.float64)


def scores(head, x):
    """W x + softmax(P [x, 1]) T, as a policy decides."""
    with h5py.File(head) as archive:
        weight, classifier, table = (archive[f"policy/{name}"][:].astype(np.float64) for name in ("head", "classifier", "table"))
    logits = x @ classifier[:, :-1].T + classifier[:, -1]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return x @ weight.T + shares / shares.sum(axis=1, keepdims=True) @ table


def percentiles(values, *points):
    return " / ".join(f"{value:.3f}" for value in np.percentile(values, points)) if len(values) else "none"


def compare(exact, other, head, width):
    last, near = exact[:, -width:], other[:, -width:]
    cosine = (last * near).sum(axis=1) / np.linalg.norm(last, axis=1) / np.linalg.norm(near, axis=1)
    first, second = scores(head, exact), scores(head, other)
    ordered = np.sort(first, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    flips = first.argmax(axis=1) != second.argmax(axis=1)
    return cosine, flips, margin


def row(name, cosine, flips, margin):
    return (
        f"| {name} | {len(flips)} | {np.percentile(cosine, 1):.5f} | {cosine.mean():.5f} | {cosine.min():.5f} "
        f"| {100 * (1 - flips.mean()):.2f} % | {flips.sum()} | {percentiles(margin[flips], 50, 90, 100)} | {percentiles(margin, 10, 50, 90)} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--precision", action="append", choices=["bf16", "f16", "int8"])
    parser.add_argument("--work", type=Path, default=HERE / "runs/eight-bits")
    parser.add_argument("--model", type=Path, default=HERE / "Models/all-MiniLM-L6-v2")
    parser.add_argument("--baton", default=HERE / ".build/release/baton")
    options = parser.parse_args()
    shared = HERE.parent / "shared/data"
    folders = options.folders or [
        folder for folder in (HERE / "Datasets/programs", shared / "zeroeval-small", shared / "llmrouter") if folder.is_dir()
    ]
    precisions = options.precision or ["int8"]
    width = json.load(open(options.model / "config.json"))["hidden_size"]

    def baton(folder, precision, stage):
        options.work.mkdir(parents=True, exist_ok=True)
        recipe = options.work / f"{folder.name}.yaml"
        recipe.write_text(
            f"version: 1\nname: {folder.name}\nseed: 0\nmodel: {options.model.resolve()}\noutcomes: {folder.resolve()}\nsplit: 0\n")
        run = options.work / f"{folder.name}-{precision}"
        subprocess.run(
            [options.baton, "run", recipe, "--run", run, "--to", stage, "--embed.precision", precision, "--quiet"],
            check=True, stdout=subprocess.DEVNULL)
        return run

    print("| folder, precision | texts | cosine, 1st percentile | mean | least | same route | flips | their margins, median / 90 % / most | all margins, 10 / 50 / 90 % |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |")
    for precision in precisions:
        parts = []
        for folder in folders:
            run = baton(folder, "f32", "sft")
            exact = states(run / "states.h5")
            other = states(baton(folder, precision, "embed") / "states.h5")
            parts.append(compare(exact, other, run / "checkpoints/sft.h5", width))
            print(row(f"{folder.name}, {precision}", *parts[-1]), flush=True)
        if len(parts) > 1:
            print(row(f"all, {precision}", *(np.concatenate(part) for part in zip(*parts))))


if __name__ == "__main__":
    sys.exit(main())
