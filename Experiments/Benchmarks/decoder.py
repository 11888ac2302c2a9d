"""Our decoder beside OpenVINO, ONNX Runtime, PyTorch and llama.cpp: a prompt's token ids in, its last token's final state out.

Random weights in the exact shape of Qwen3-0.6B. Every engine is a process that has loaded once; for each number of threads and each
precision those that compare run side by side, interleaved: in a round each does every case, in rotating order, and a case's result is
the median over the rounds of that round's ratio. Before anything is timed, the float32 engines must agree on every state. The peers
have no lm_head either, but compute the last layer for all tokens, as they do for anyone.
"""
import argparse
import datetime
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy

from common import HERE, ROOT, baton_version, load, machine, publish, say
from decoder_exports import IDS, occurring
from decoder_peers import PEERS
from make_qwen3 import CONFIG, make

CASES = {"16": (1, 16), "64": (1, 64), "256": (1, 256), "512": (1, 512), "1,024": (1, 1024), "16 × 128": (16, 128)}
REPEATS = {"16": 5, "64": 3}        # within a round, where one run is too short to trust; their median counts
GROUPS = {"f32": ("f32", "bf16"), "int8": ("int8", "f32")}      # the group's peers, and which precisions of ours run beside them
SEED = 5
AGREE = 0.9999                      # least cosine of a float32 engine's state with PyTorch's
# What each ratio has to be at least: ours against the fastest peer of the group; one precision of ours against another.
PEER_BARS = {"f32": {"64": 1.3, "256": 1.5, "512": 1.5, "1,024": 1.5, "16 × 128": 1.5}, "int8": dict.fromkeys(CASES, 1.35)}
OWN_BARS = {("f32", "bf16"): dict.fromkeys(CASES, 1.0) | {"16": 1.15},
            ("int8", "f32"): {case: 2.3 for case in CASES if case != "16"}}


class Engine:
    """A process that answers a line of JSON with a line of JSON, as decoder_peers.py describes; `version` is None if it does not start."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.version = json.loads(line)["ready"] if line else None

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or sys.exit(f"bench: {self.name} ended"))

    def seconds(self, texts, repeats):
        return statistics.median(self.ask(texts=texts, repeats=repeats)["seconds"])

    def vectors(self, texts):
        return numpy.array(self.ask(texts=texts, repeats=1, vectors=True)["vectors"])

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def peer(name, arguments, threads, *more):
    return Engine(name, [sys.executable, HERE / "decoder_peers.py", name, arguments.model, threads, *more])


def ours(precision, arguments, threads):
    return Engine(f"Baton {precision}", [arguments.ours, arguments.model, precision, threads])


def texts(cases, vocabulary):
    """{case: texts of random tokens}."""
    random, ids = numpy.random.default_rng(SEED), occurring(vocabulary)
    return {case: random.choice(ids, CASES[case]).tolist() for case in CASES if case in cases}


def start(group, arguments, threads):
    """The engines of a group that start, and the names of those that don't."""
    engines = [ours(precision, arguments, threads) for precision in GROUPS[group] if arguments.ours and precision in arguments.precisions]
    engines += [peer(name, arguments, threads) for name in arguments.peers if PEERS[name].precision == group]
    return [engine for engine in engines if engine.version], [engine.name for engine in engines if not engine.version]


def least_cosine(engine, cases, reference):
    """Over all texts of all cases; this is also what warms the engine up for each length."""
    def cosines(a, b):
        return (a * b).sum(1) / (numpy.linalg.norm(a, axis=1) * numpy.linalg.norm(b, axis=1))
    least = min(float(cosines(engine.vectors(batch), reference[case]).min()) for case, batch in cases.items())
    if (engine.name == "Baton f32" or engine.name in PEERS and PEERS[engine.name].exact) and not least >= AGREE:
        sys.exit(f"bench: {engine.name}'s states have a cosine of {least:.6f} with PyTorch's, less than {AGREE}: nothing to compare")
    return least


def measure(engines, cases, rounds):
    """{case: {engine: [seconds, one a round]}}."""
    times = {case: {engine.name: [] for engine in engines} for case in cases}
    for turn in range(rounds):
        order = engines[turn % len(engines):] + engines[:turn % len(engines)]
        for case, batch in cases.items():
            for engine in order:
                time.sleep(0.1)         # the last engine's threads stop spinning
                times[case][engine.name].append(engine.seconds(batch, REPEATS.get(case, 1)))
        say(f"round {turn + 1} of {rounds}: " + ", ".join(
            f"{engine.name} " + "/".join(f"{tokens(case) / times[case][engine.name][-1]:.0f}" for case in cases) for engine in engines))
    return times


def tokens(case):
    return CASES[case][0] * CASES[case][1]


def operations(case, config):
    """Multiplications and additions that the states of a case need: the last layer's keys and values for all tokens, its rest for one."""
    batch, length = CASES[case]
    width, size, layers = config["hidden_size"], config["head_dim"], config["num_hidden_layers"]
    queries, keys = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
    cache, rest = 2 * width * keys, 2 * width * queries + 3 * width * config["intermediate_size"]
    projections = (layers - 1) * length * (cache + rest) + length * cache + rest
    pairs = (layers - 1) * length * (length + 1) / 2 + length
    return 2 * batch * (projections + 2 * pairs * queries)


def ratios(by_engine, slow, fast):
    """How many times faster `fast` is, round by round."""
    return [theirs / own for theirs, own in zip(by_engine[slow], by_engine[fast])]


def judged(values, bar, note=""):
    middle = statistics.median(values)
    mark = "" if bar is None else " ✓" if middle >= bar else f" ✗ {bar}"
    return f"{middle:.2f} ({min(values):.2f}–{max(values):.2f}){mark}{note}"


def table(columns, rows):
    yield f"\n| tokens | {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * len(columns)
    for case, cells in rows:
        yield f"| {case} | {' | '.join(cells)} |"


def speeds(times, names):
    def cell(case, name):
        rates = [tokens(case) / seconds for seconds in times[case][name]]
        return f"{statistics.median(rates):.0f} ({max(rates):.0f})"
    return table(names, ((case, [cell(case, name) for name in names]) for case in times))


def comparison(times, group, names, config):
    """Ours against each peer, against itself in another precision, and the rate of its arithmetic."""
    own, peers = f"Baton {group}", [name for name in names if not name.startswith("Baton")]
    if own not in names:
        return
    first, second = (f"Baton {precision}" for precision in GROUPS[group])
    fast, slow = (second, first) if group == "f32" else (first, second)
    columns = [f"{own} × {peer}" for peer in peers] + ["× the fastest"] * bool(peers)
    columns += [f"{fast} × {slow}"] * (second in names) + [f"{own}, GFLOP/s"]
    rows = []
    for case, by_engine in times.items():
        against = {peer: ratios(by_engine, peer, own) for peer in peers}
        cells = [f"{statistics.median(values):.2f}" for values in against.values()]
        if peers:
            fastest = min(peers, key=lambda peer: statistics.median(against[peer]))
            cells.append(judged(against[fastest], PEER_BARS[group].get(case), f" {fastest}"))
        if second in names:
            cells.append(judged(ratios(by_engine, slow, fast), OWN_BARS[GROUPS[group]].get(case)))
        cells.append(f"{operations(case, config) / statistics.median(by_engine[own]) / 1e9:.0f}")
        rows.append((case, cells))
    yield from table(columns, rows)


def side_by_side(group, threads, arguments, cases, reference, config):
    """A section of the report, and what its engines are."""
    engines, missing = start(group, arguments, threads)
    if not engines:
        return [], []
    names = [engine.name for engine in engines]
    say(f"{group}, {threads} threads: {', '.join(names)}" + (f"; left out: {', '.join(missing)}" if missing else ""))
    cosines = {engine.name: least_cosine(engine, cases, reference) for engine in engines}
    times = measure(engines, cases, arguments.rounds)
    for engine in engines:
        engine.stop()
    lines = [f"\n## {group}, {threads} thread{'s' * (threads > 1)}", *speeds(times, names), *comparison(times, group, names, config), ""]
    lines.append("Least cosine with PyTorch's float32: " + ", ".join(f"{name} {value:.6f}" for name, value in cosines.items()) + ".")
    if missing:
        lines.append(f"Not there: {', '.join(missing)}.")
    return lines, [engine.version for engine in engines]


def chosen():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    listed = lambda text: text.split(",")
    parser.add_argument("--ours", help="our program, decoder-bench; without it only the peers run")
    parser.add_argument("--precisions", type=listed, default=["f32", "bf16", "int8"], help="of ours; default f32,bf16,int8")
    parser.add_argument("--peers", type=listed, default=list(PEERS), help=f"default {','.join(PEERS)}")
    parser.add_argument("--groups", type=listed, default=list(GROUPS), help="default f32,int8")
    parser.add_argument("--cases", type=lambda text: text.split(";"), default=list(CASES), help=f"default {';'.join(CASES)}")
    parser.add_argument("--threads", type=lambda text: list(map(int, text.split(","))), default=[1, 2], help="default 1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layers", type=int, default=CONFIG["num_hidden_layers"], help="fewer, to try the benchmark out")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".build-bench-decoder", help="of the model and its exports: 8 GB")
    parser.add_argument("--name", default="decoder", help="the result is NAME-DATE.md")
    arguments = parser.parse_args()
    arguments.model = arguments.folder / f"qwen3-{arguments.layers}-layers"
    return arguments


def main():
    arguments, at_start = chosen(), load()
    whole = arguments.layers == CONFIG["num_hidden_layers"]
    make(arguments.model, arguments.layers, CONFIG["vocab_size"] if whole else 2 * IDS)
    config = json.loads((arguments.model / "config.json").read_text())
    cases = texts(arguments.cases, config["vocab_size"])
    for name in arguments.peers:
        peer(name, arguments, max(arguments.threads), "--export").process.wait()
    exact = peer("PyTorch", arguments, max(arguments.threads))
    reference = {case: exact.vectors(batch) for case, batch in cases.items()}
    exact.stop()
    body, versions = [], set()
    for threads in arguments.threads:
        for group in arguments.groups:
            lines, found = side_by_side(group, threads, arguments, cases, reference, config)
            body += lines
            versions.update(found)
    shape = f"{config['num_hidden_layers']} layers, width {config['hidden_size']}"
    lines = [
        "# The decoder beside its peers, DATE\n",
        f"- Token ids in, the last token's final state out; Qwen3-0.6B's shape ({shape}), random weights; no engine has an lm_head to compute.",
        "- OpenVINO int8: weights and activations, NNCF's calibrated post-training quantisation. ONNX Runtime int8: dynamic, per channel.",
        "  llama.cpp: the prebuilt xllamacpp for AVX2, through its server's embedding call in this process, attention and cache in float16.",
        f"- {machine()}; {arguments.rounds} interleaved rounds; load {at_start:.1f} at the start, {load():.1f} at the end.",
        f"- {', '.join([baton_version(), *sorted(versions - {'Baton'})])}.", *body,
        "\nTokens a second: the median over the rounds, and the best. × is how many times faster the first is: the median over the rounds of the",
        "ratio within a round, and its range; ✓ reaches its bar, ✗ does not. GFLOP/s count only what the states need (causal attention, one",
        "token of the last layer)."]
    publish(arguments.name, lines)
    print("\n".join(lines).replace("DATE", str(datetime.date.today())))


main()
