"""`baton label` beside inspect_ai, on one machine, in one run, against one mock provider that answers at once.

Both ask for the same answer to the same questions and grade each reply with graders of their own; both keep every reply on
disk. Rounds are interleaved, so a neighbour that takes the machine for a while hits both sides. `wrk` on the same mock says
what the mock bears. Then one long run of ours, whose memory is watched, and starts of ours, which are timed.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

from common import (BATON, HERE, Mock, baton_version, load, machine, memory, middle, post, publish, run_counted, say, wrk_version)

WORKERS, REPEATS = 4, 4
QUESTION = "A crate holds {a} boxes of {b} pens. How many pens are that, modulo {m}? Answer in one sentence."


def question(index):
    return QUESTION.format(a=17 + index, b=5 + index % 7, m=101)


def write_run(folder, tasks, url):
    """A recipe that asks WORKERS workers REPEATS times on `tasks` tasks, half of them graded as numbers, half as texts."""
    folder.mkdir()
    rows = []
    for index in range(tasks):
        grader, target = (("number", "42"), ("exact", "The answer is 42."))[index % 2]
        rows.append(json.dumps({"id": f"task-{index}", "domain": "sums", "target": target, "grader": grader,
                                "messages": [{"role": "user", "content": question(index)}]}))
    for name, part in (("train", rows[2:]), ("validation", rows[:1]), ("test", rows[1:2])):
        (folder / f"{name}.jsonl").write_text("\n".join(part) + "\n")
    price = "{input: 1, output: 2, date: 2026-11-01}"
    workers = [f"  - {{name: w{n}, provider: mock, model: mock-{n}, price: {price}, deterministic: false}}" for n in range(WORKERS)]
    (folder / "pool.yaml").write_text(
        "version: 1\nproviders:\n  mock: {base_url: " + url + "}\nworkers:\n" + "\n".join(workers) + "\n")
    recipe = folder / "recipe.yaml"
    recipe.write_text(f"""version: 1
name: bench
model: {HERE.parents[1] / "Models/all-MiniLM-L6-v2"}
pool: pool.yaml
tasks: {{train: train.jsonl, validation: validation.jsonl, test: test.jsonl}}
label: {{repeats: {REPEATS}}}
""")
    return recipe


def label(scratch, mock, tasks, started=lambda pid: None):
    """Ours: {"samples", "seconds", "cpu", "peak"}. `started` is told the process."""
    folder = scratch / "ours"
    shutil.rmtree(folder, ignore_errors=True)
    recipe = write_run(folder, tasks, mock.url)
    # Apart from the process: the disk's queue is empty when the clock starts.
    os.sync()
    seconds, cpu, peak = run_counted([BATON, "label", recipe, "--run", folder / "run", "--quiet"], started)
    samples = tasks * WORKERS * REPEATS
    counted = subprocess.run([BATON, "labels", folder / "run", "--where", "status=graded", "--format", "csv"],
                             capture_output=True, text=True, check=True).stdout.count("\n") - 1
    assert counted == samples, f"{counted} of {samples} samples are graded"
    return {"samples": samples, "seconds": seconds, "cpu": cpu, "peak": peak}


def inspect(python, scratch, mock, samples):
    """The peer in a process of its own: {"samples", "seconds", "cpu", "peak", "version"}; the first two without its start."""
    folder = scratch / "theirs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    questions = [question(index) for index in range(samples)]
    os.sync()
    process = subprocess.run([python, HERE / "labelling_inspect.py", mock.url, folder], input=json.dumps(questions),
                             capture_output=True, text=True)
    if process.returncode:
        raise SystemExit(f"inspect_ai: {process.stderr[-2000:]}")
    return json.loads(process.stdout.splitlines()[-1])


def watch(scratch, mock, tasks):
    """Ours over a long run: the same as ``label``, and megabytes at each fifth of it."""
    told, marks, samples = mock.told()["posts"], {}, tasks * WORKERS * REPEATS
    fifths = iter([samples * part // 5 for part in range(1, 6)])

    def look(pid):
        for due in fifths:
            while mock.told()["posts"] - told < due:
                time.sleep(0.02)
            with contextlib.suppress(OSError):      # it may have ended already
                marks[due] = memory(pid)

    result = label(scratch, mock, tasks, lambda pid: threading.Thread(target=look, args=(pid,), daemon=True).start())
    folder = scratch / "ours"
    return result | {"marks": marks, "again": run_counted([BATON, "label", folder / "recipe.yaml", "--run", folder / "run", "--quiet"])}


def starts(scratch, rounds):
    """Milliseconds from the start of the process to the end of `--version`, and to the first request at the mock."""
    versions, firsts = [], []
    for _ in range(rounds):
        start = time.monotonic()
        subprocess.run([BATON, "--version"], stdout=subprocess.DEVNULL, check=True)
        versions.append(1000 * (time.monotonic() - start))
        with Mock(scratch) as mock:
            folder = scratch / "start"
            shutil.rmtree(folder, ignore_errors=True)
            recipe = write_run(folder, 3, mock.url)
            start = time.monotonic()
            subprocess.run([BATON, "label", recipe, "--run", folder / "run", "--quiet"], check=True)
            firsts.append(1000 * (mock.told()["first"] - start))
    return versions, firsts


def ceiling(scratch, mock, seconds):
    body = {"messages": [{"role": "user", "content": question(0)}], "seed": 0, "model": "mock-0"}
    return post(mock.url + "/chat/completions", seconds, 64, [body], scratch)["rate"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", help="of the environment with inspect_ai; without it only ours runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=1250, help="tasks of a round; samples are 16 times as many")
    parser.add_argument("--samples", type=int, default=1000, help="samples of the peer in a round")
    parser.add_argument("--long", type=int, default=6250, help="tasks of the long run")
    arguments = parser.parse_args()
    ours, theirs, roof, loads = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        scratch = pathlib.Path(folder)
        with Mock(scratch) as mock:
            for turn in range(arguments.rounds):
                loads.append(load())
                roof.append(ceiling(scratch, mock, 3))
                pair = [lambda: ours.append(label(scratch, mock, arguments.tasks))]
                if arguments.python:
                    pair.append(lambda: theirs.append(inspect(arguments.python, scratch, mock, arguments.samples)))
                for side in pair[::-1] if turn % 2 else pair:
                    side()
                rates = [f"{side[-1]['samples'] / side[-1]['seconds']:,.0f}/s" for side in (ours, theirs) if side]
                say(f"round {turn + 1} of {arguments.rounds}: {', '.join(rates)}")
            loads.append(load())
            long = watch(scratch, mock, arguments.long)
        versions, firsts = starts(scratch, 9)
    publish("labelling", report(ours, theirs, roof, long, versions, firsts, loads))


def report(ours, theirs, roof, long, versions, firsts, loads):
    def row(name, value, form=middle):
        cells = [form([value(result) for result in ours])]
        if theirs:
            ratios = [value(b) / value(a) for a, b in zip(ours, theirs)]
            ratios = [1 / ratio for ratio in ratios] if "samples/s" in name else ratios
            cells += [form([value(result) for result in theirs]), f"**{statistics.median(ratios):,.0f}** ({min(ratios):,.0f}–{max(ratios):,.0f})"]
        return f"| {name} | {' | '.join(cells)} |"

    yield "# Labelling beside inspect_ai, DATE\n"
    yield f"- Each worker on each task, graded, every reply kept: {WORKERS} workers × {ours[0]['samples'] // WORKERS // REPEATS:,} tasks × {REPEATS} repeats, one"
    yield "  `baton label` from start to end: reading, planning and closing the ledger included."
    if theirs:
        yield f"- inspect_ai asks {theirs[0]['samples']:,} of the same questions a round; its start (imports) is left out of its numbers: {theirs[0]['settings']}."
    yield f"- One mock provider for all (`mock_provider.c`): one thread, a fixed reply of 300 bytes at once; wrk gets {middle(roof)} replies/s from it."
    yield f"- {len(ours)} interleaved rounds. {machine()}, load {', '.join(f'{value:.1f}' for value in loads)} before the rounds and after them."
    yield f"- {baton_version()}{', inspect_ai ' + theirs[0]['version'] if theirs else ''}, wrk {wrk_version()}.\n"
    header = ["", "Baton"] + (["inspect_ai", "×"] if theirs else [])
    yield f"| {' | '.join(header)} |"
    yield "| --- |" + " ---: |" * (len(header) - 1)
    yield row("graded samples/s", lambda r: r["samples"] / r["seconds"])
    yield row("CPU of the process, ms a sample", lambda r: 1000 * r["cpu"] / r["samples"])
    yield row("peak of memory, MB", lambda r: r["peak"])
    yield "\nMedians over the rounds, and their range. × is how many times better Baton is: the median of the ratios within a round.\n"
    yield f"## {long['samples']:,} samples in one run\n"
    yield f"{long['samples'] / long['seconds']:,.0f} samples/s, {1000 * long['cpu'] / long['samples']:.2f} ms CPU a sample, at most {long['peak']:.0f} MB.\n"
    yield "| samples | memory, MB | of it not mapped from files, MB |"
    yield "| ---: | ---: | ---: |"
    for count, marks in long["marks"].items():
        yield f"| {count:,} | {marks['VmRSS']:.0f} | {marks['RssAnon']:.0f} |"
    yield f"\nThe same command again, which finds all of them in the ledger: {long['again'][0]:.1f} s, at most {long['again'][2]:.0f} MB."
    yield "\n## Start\n"
    yield f"Milliseconds from the start of the process to the end of `baton --version`: {middle(versions)}; to the first request of a"
    yield f"small recipe at the provider: {middle(firsts)}."


main()
