"""Evaluations to f <= 1e-8 of two named settings, beside the best peer's plus 10 %.

x0 = 3·1, σ0 = 2, default λ; a run counts its evaluations up to the first candidate that is good enough, over all its restarts
(IPOP, where a search can get no further: Rosenbrock's function has a second minimum). A cell is the median over the seeds, in
thousands; a run that spends six times the bar has failed, and counts as the longest.
"""
import argparse
import concurrent.futures
import json
import statistics
import subprocess

BARS = {
    20: {"sphere": 2.5, "ellipsoid": 5.0, "tablet": 3.7, "cigar": 5.2, "rosenbrock": 124},
    100: {"sphere": 11.9, "ellipsoid": 29.7, "tablet": 16.3, "cigar": 22.8, "rosenbrock": 393},
    1000: {"sphere": 74, "tablet": 99, "cigar": 138, "ellipsoid": 493},
}
SETTINGS = ("active", "positive")       # active is the default


def answer(program, questions):
    """One process for a cell's runs."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    told = subprocess.run([program, "evaluations"], input=lines, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in told.splitlines()]


def cell(program, function, dimension, setting, seeds, restarts):
    bar = BARS[dimension][function]
    return answer(program, [
        {"function": function, "dimension": dimension, "seed": seed, "weights": setting, "start": 3, "stepSize": 2, "target": 1e-8,
         "limit": int(6000 * bar), "restarts": restarts} for seed in range(1, seeds + 1)])


def median(runs):
    return statistics.median(run.get("evaluations") or float("inf") for run in runs) / 1000


def text(runs):
    """Median, and how many runs succeeded if not all did, and how many needed restarts."""
    solved = sum("evaluations" in run for run in runs)
    again = sum(bool(run["endings"]) for run in runs)
    notes = [f"{solved}/{len(runs)}"] * (solved < len(runs)) + [f"{again} restarted"] * (again > 0)
    value = median(runs)
    return (f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}") + (f" ({', '.join(notes)})" if notes else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="evolution-bench")
    parser.add_argument("--seeds", type=int, default=11)
    parser.add_argument("--seeds-1000", type=int, default=3)
    parser.add_argument("--dimensions", type=lambda text: list(map(int, text.split(","))), default=list(BARS))
    parser.add_argument("--restarts", type=int, default=9)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    print(f"| function, n | {' | '.join(SETTINGS)} | bar | |\n| --- | ---: | ---: | ---: | --- |")
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        cases = [(f, n, s) for n in arguments.dimensions for f in BARS[n] for s in SETTINGS]
        seeds = {n: arguments.seeds_1000 if n == 1000 else arguments.seeds for n in BARS}
        results = pool.map(lambda case: cell(arguments.program, *case, seeds[case[1]], arguments.restarts), cases)
        for function, dimension, _ in cases[::len(SETTINGS)]:
            by_setting = [next(results) for _ in SETTINGS]
            best = min(by_setting, key=median)
            bar = BARS[dimension][function]
            met = median(best) <= bar and all("evaluations" in run for run in best)
            missed += not met
            print(f"| {function}, {dimension} | {' | '.join(map(text, by_setting))} | {bar} | {'met' if met else '**missed**'} |", flush=True)
    print(f"\n{'All bars are met.' if not missed else f'Bars missed: {missed}.'}")


main()
