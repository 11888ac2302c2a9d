"""One generation of ours (ask + tell, random fitness) beside pycma, cmaes, evosax, evotorch and a floor in C, on one machine, in one run.

In a round every side does its generations at one size, one side after the other; a side's value is its fastest generation there, the
one that the rest of the machine disturbed least. Start-up, compilation and the first two generations are not counted. The floor
(cma_floor.c) says what the processor must do at least; the bars say how near to it, and how far from the peers, ours has to be.
"""
import argparse
import datetime
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

from common import HERE, baton_version, load, machine, middle, publish, say
from evolution_peers import PACKAGES, PEERS

SIZES = [(n, candidates) for n in (1000, 10240, 19456, 100_000) for candidates in (32, 128)]
FLOOR_1, FLOOR_2, PEER = 2.5, 1.5, 0.7      # the bars; the one for two threads counts from n = 10,240
WORK = 1.5e7                                # normals that a side draws in a round, about


class Ours:
    """The persistent process `evolution-bench generations`: a line of JSON in, a line of JSON out."""

    def __init__(self, program, threads):
        self.name, self.threads = f"Baton, {threads} thread{'s' if threads > 1 else ''}", threads
        self.process = subprocess.Popen([program, "generations"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, size, generations):
        question = {"dimension": size[0], "candidates": size[1], "threads": self.threads, "generations": generations}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or sys.exit("bench: our process ended"))["seconds"]


class Floor:
    """cma_floor.c, compiled for this processor; `instructions` is None where it has none of those that the floor is written in."""

    name = "floor"

    def __init__(self, folder):
        program = pathlib.Path(folder) / "cma_floor"
        compiler = shutil.which("clang") or "cc"        # the Swift toolchain brings clang, whose code for this is the faster
        command = [compiler, "-O3", "-march=native", "-o", program, HERE / "cma_floor.c", "-lm"]
        self.instructions = None
        if subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0:
            self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.instructions = self.process.stdout.readline().strip() or None

    def seconds(self, size, generations):
        self.process.stdin.write(f"{size[0]} {size[1]} {generations}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.process.stdout.readline().split()]


class Peer:
    """A library in this process, at one size."""

    def __init__(self, kind, size):
        self.name, self.search, self.random = kind.name, kind(*size), numpy.random.default_rng(1)

    def seconds(self, size, generations):
        times = []
        for _ in range(generations):
            fitness = self.random.random(size[1])
            start = time.perf_counter()
            self.search.generation(fitness)
            times.append(time.perf_counter() - start)
        return times


def measure(sizes, sides, kinds, rounds):
    """{size: {side: [milliseconds, one a round]}}."""
    times = {}
    for size in sizes:
        peers = [Peer(kind, size) for kind in kinds]
        for side in sides + peers:
            side.seconds(size, 2)
        generations = min(100, max(3, int(WORK / (size[0] * size[1]))))
        times[size] = {side.name: [] for side in sides + peers}
        for turn in range(rounds):
            for side in sides + peers:
                # Fewer of the slow ones: what counts is the fastest, not how many there were.
                count = generations if side in sides else max(3, generations // 4)
                time.sleep(0.02)        # the last side's threads stop spinning
                times[size][side.name].append(1000 * min(side.seconds(size, count)))
        say(f"{size[0]:,} × {size[1]}: " + ", ".join(f"{name} {statistics.median(t):.3g}" for name, t in times[size].items()))
    return times


def ratio(by_side, ours, other):
    """The ratio of the medians."""
    return statistics.median(by_side[ours]) / statistics.median(by_side[other])


def judged(value, bar, counts=True):
    return f"{value:.2f}" if not counts else f"**{value:.2f}**" if value <= bar else f"{value:.2f} ✗"


def report(times, facts, names, peers, floor):
    one, two = names
    yield "# A generation beside the peers and the floor, DATE\n"
    for fact in facts:
        yield f"- {fact}"
    columns = [one, two, "floor", f"1 ÷ floor (≤ {FLOOR_1})", f"2 ÷ floor (≤ {FLOOR_2})", f"best ÷ fastest peer (≤ {PEER})"]
    yield f"\n| n, λ | {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * len(columns)
    missed = 0
    for (dimension, candidates), by_side in times.items():
        best = min(names, key=lambda name: statistics.median(by_side[name]))
        fastest = min(peers, key=lambda name: statistics.median(by_side[name]))
        cells = [middle(by_side[one]), middle(by_side[two])]
        if floor:
            counts = dimension >= 10_240
            cells += [middle(by_side["floor"]), judged(ratio(by_side, one, "floor"), FLOOR_1),
                      judged(ratio(by_side, two, "floor"), FLOOR_2, counts)]
        else:
            cells += ["–"] * 3
        cells.append(f"{judged(ratio(by_side, best, fastest), PEER)} {fastest}")
        missed += sum("✗" in cell for cell in cells)
        yield f"| {dimension:,}, {candidates} | {' | '.join(cells)} |"
    yield f"\n**{'All bars are met' if missed == 0 else f'Bars missed: {missed}'}.** Bold meets its bar, ✗ does not; two threads below n = 10,240 have none.\n"
    yield f"| n, λ | {' | '.join(peers)} |"
    yield "| --- |" + " ---: |" * len(peers)
    for (dimension, candidates), by_side in times.items():
        yield f"| {dimension:,}, {candidates} | {' | '.join(middle(by_side[name]) for name in peers)} |"
    yield "\nMilliseconds a generation: the median over the rounds of a round's fastest generation, and the range. Ratios are of medians."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True, help="our program, evolution-bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", help="only these, such as 1000x32,10240x32")
    arguments = parser.parse_args()
    sizes = SIZES
    if arguments.sizes:
        sizes = [tuple(map(int, size.split("x"))) for size in arguments.sizes.split(",")]
    from importlib.metadata import version
    at_start = load()
    with tempfile.TemporaryDirectory() as folder:
        floor = Floor(folder)
        ours = [Ours(arguments.ours, threads) for threads in (1, 2)]
        if not floor.instructions:
            say("the floor is left out: it is written for AVX-512 and AVX2, and this processor has neither")
        sides = ([floor] if floor.instructions else []) + ours
        times = measure(sizes, sides, PEERS, arguments.rounds)
    facts = [
        "ask + tell, random fitness, float64 everywhere, the default strategy of each; ms a generation.",
        f"The floor in C: one thread, {floor.instructions}." if floor.instructions else "No floor: this processor has neither AVX-512 nor AVX2.",
        f"{machine()}; {arguments.rounds} interleaved rounds; load {at_start:.1f} at the start, {load():.1f} at the end.",
        f"{baton_version()}; " + ", ".join(f"{name} {version(name)}" for name in PACKAGES) + ".",
    ]
    lines = list(report(times, facts, [side.name for side in ours], [kind.name for kind in PEERS], bool(floor.instructions)))
    publish("evolution", lines)
    print("\n".join(lines).replace("DATE", str(datetime.date.today())))


main()
