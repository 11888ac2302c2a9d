"""Answers of which we know what a grader must say: right ones worded differently, empty talk, near misses."""

from decimal import Decimal

from .quadrature import digits

PER_FAMILY = 4
NOOPS = ["I don't know.", "I can't answer that.", "Sure, here's the answer you asked for!", "As a matter of fact, it depends."]


def number_answers(row, index):
    value = Decimal(row["target"])
    whole = value == value.to_integral_value()
    yield [row["target"], f"The answer is {row['target']}.", f"\\boxed{{{row['target']}}}", f"{value:.11E}"][index % 4], "gold"
    yield f"After some steps, here is the result:\n\n{row['target']}\n", "gold"
    if "relative_tolerance" in row["grader_options"]:
        tolerance = Decimal(repr(row["grader_options"]["relative_tolerance"]))
        yield digits(value * (1 + tolerance / 4)), "gold"
        yield digits(value * (1 + 5 * tolerance)), "near_miss"
    else:
        yield str(int(value) + 1), "near_miss"
    yield f"-{row['target']}" if not row["target"].startswith("-") else row["target"][1:], "near_miss"
    if whole and abs(value) >= 1000:
        yield f"{int(value):,}", "gold"


def exact_answers(row, index):
    target = row["target"]
    yield target, "gold"
    yield [f"  {target}\n", f"{target}.", f"**{target}**", f"\\boxed{{{target}}}"][index % 4], "gold"
    if target in ("yes", "no"):
        yield target.upper(), "gold"
        yield {"yes": "no", "no": "yes"}[target], "near_miss"
        yield "yes or no", "near_miss"
    else:
        yield str(int(target) + 2), "near_miss"
        yield f"{target}0", "near_miss"


def program_answers(row, index):
    program = row["target"]
    yield program, "gold"
    yield f"Here it is:\n\n```python\n{program}```\n", "gold"
    yield "def f(v):\n    return v\n", "near_miss"
    shown = row["grader_options"]["cases"][:3]
    table = ", ".join(f"({arguments[0]!r}, {result!r})" for arguments, result in shown)
    yield f"def f(v):\n    for a, b in [{table}]:\n        if a == v:\n            return b\n", "near_miss"
    yield program.replace("def f(", "def g("), "near_miss"
    yield program.rstrip().replace("return ", "print(") + ")\n", "near_miss"


MAKERS = {"number": number_answers, "exact": exact_answers, "program": program_answers}


def rows(tasks):
    """Controls for the first few tasks of each family, in the order of `tasks`."""
    taken = {}
    for task in tasks:
        index = taken.get(task["domain"], 0)
        if index == PER_FAMILY:
            continue
        taken[task["domain"]] = index + 1
        answers = list(MAKERS[task["grader"]](task, index)) + [(NOOPS[index % len(NOOPS)], "noop"), ("", "noop")]
        for answer, kind in answers:
            yield {"id": task["id"], "answer": answer, "expected": 1 if kind == "gold" else 0, "kind": kind}
