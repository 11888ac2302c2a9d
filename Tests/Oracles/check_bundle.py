"""check_bundle.py RUN [BUNDLE]: do the probes of a run's router give the scores that it promises, for a reader that is not ours?

A probe's scores are head h + softmax(classifier [h, 1]) table, h being the hidden state of the task whose id the probe
carries, within 1e-5 of their size; the last two where the bundle has them.
"""
import json
import pathlib
import sys

import h5py
import numpy
from safetensors.numpy import load_file

run = pathlib.Path(sys.argv[1])
bundle = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else run / "router"
router = json.loads((bundle / "router.json").read_text())
tensors = load_file(bundle / "router.safetensors")
head = tensors["head"]
shape = next(block["shape"] for block in router["blocks"] if block["name"] == "head")
if router["format"] != 2 or head.dtype != numpy.float32 or list(head.shape) != shape or shape[0] != len(router["workers"]):
    sys.exit(f"{bundle}: a head {head.dtype} {head.shape} where router.json has {shape} for {router['workers']}")

with h5py.File(run / "states.h5") as file:
    rows = {name: row for row, name in enumerate(file["ids"].asstr()[:])}
    states = file["states"][:].astype(numpy.float64)

if not router["probes"]:
    sys.exit(f"{bundle}: no probes")


def scores(h):
    own = head.astype(numpy.float64) @ h
    if "table" not in tensors:
        return own
    logits = tensors["classifier"].astype(numpy.float64) @ numpy.append(h, 1)
    shares = numpy.exp(logits - logits.max())
    return own + shares / shares.sum() @ tensors["table"].astype(numpy.float64)


expected = numpy.array([scores(states[rows[probe["id"]]]) for probe in router["probes"]])
found = numpy.array([probe["scores"] for probe in router["probes"]])
worst = (numpy.abs(expected - found) / (1 + numpy.abs(expected))).max()
print(f"{len(router['probes'])} probes, largest difference {worst:.2e}")
sys.exit(0 if worst <= 1e-5 else f"{bundle}: a probe's scores are off by {worst:.2e}, more than 1e-5")
