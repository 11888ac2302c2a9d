"""Python functions from examples, with hidden tests; the reference is one to three steps of a small language."""

import json

from .primitives import argument, call, chain, source
from .randomness import apportion

KINDS = [("one", 32), ("two", 45), ("three", 23)]

# Wordings by part; no template or ask stands in two of them.
TEMPLATES = {
    "train": [
        ("program-write", "Write a Python function f with one argument that gives these results:\n{examples}\n{ask}"),
        ("program-guess", "Here are some calls of a function and what came back. Write it in Python, under the name f.\n{examples}\n{ask}"),
        ("program-lost", "I lost the source code of f, only these examples are left:\n{examples}\nPlease write f again in Python.{ask}"),
        ("program-pattern", "What does f do? Give a Python definition of f that fits:\n{examples}\n{ask}"),
        ("program-small", "Here is what a small function is supposed to do:\n{examples}\nWrite it in Python, and name it f.{ask}"),
        ("program-rule", "Reverse-engineer the rule behind these input and output pairs and give me Python code for f:\n{examples}\n{ask}"),
        ("program-puzzle", "Python puzzle!\n{examples}\nWhat does f look like?{ask}"),
        ("program-tester", "Our tester recorded the calls below, and the source got lost. Restore the Python function f.\n{examples}\n{ask}"),
        ("program-define", "Define f in Python so that all of the following hold:\n{examples}\n{ask}"),
        ("program-implement", "Implement a Python function called f which reproduces this behaviour:\n{examples}\n{ask}"),
    ],
    "validation": [
        ("program-arguments", "I only know what f returns for some arguments:\n{examples}\nCould you code it up in Python?{ask}"),
        ("program-specification", "Given a specification by example, provide a Python definition of f.\n{examples}\n{ask}"),
        ("program-observations", "Guess the rule and hand me a Python def f that agrees with these observations:\n{examples}\n{ask}"),
    ],
    "test": [
        ("program-interview", "In a job interview I was shown only how f behaves:\n{examples}\nWhich Python function f behaves like that?{ask}"),
        ("program-box", "A black box gave these answers. Reproduce it as a Python function f.\n{examples}\n{ask}"),
        ("program-holds", "Please implement f in Python such that every line below holds.\n{examples}\n{ask}"),
    ],
}
ASKS = {
    "train": [" Answer with the code only.", "", " Only the code, please.", "", " Plain code, no explanation.", " I don't need any commentary."],
    "validation": [" Skip the explanation.", " A code block is all I want.", ""],
    "test": [" Send nothing but the code.", ""],
}
HIDDEN = 8


def problem(random, kind, wide, examples):
    """The steps' names, the program, and its cases, all different inputs; or nothing where these inputs tell too little."""
    of = "list" if random.chance(3, 5) else "string"
    names, texts = chain(random, {"one": 1, "two": 2, "three": 3}[kind], of)
    program = source(texts)
    cases, inputs = [], set()
    for _ in range(60):
        value = argument(random, of, wide)
        if json.dumps(value) in inputs:
            continue
        try:
            result = call(program, value)
        except (ValueError, IndexError):
            continue  # the maximum of nothing: not asked
        if len(json.dumps(result)) > 160:
            continue
        inputs.add(json.dumps(value))
        cases.append([[value], result])
        if len(cases) == examples + HIDDEN:
            return names, program, cases if telling(texts, cases, examples) else None
    return names, program, None


def telling(texts, cases, examples):
    """Whether the shown results differ, aren't mere copies or empty, and no step is idle on all of the cases."""
    shown = cases[:examples]
    results = [json.dumps(result) for _, result in shown]
    if len(set(results)) < 3 or sum(result in ('""', "[]") for result in results) > 1:
        return False
    for left_out in range(len(texts)):
        rest = texts[:left_out] + texts[left_out + 1:] or ["v"]
        try:
            shorter = [json.dumps(call(source(rest), arguments[0])) for arguments, _ in shown]
        except (ValueError, IndexError, TypeError, AttributeError):
            continue
        if shorter == results:
            return False
    return True


def rows(random, split, count, seen):
    test = split == "test"
    templates = TEMPLATES[split]
    for index, kind in enumerate(random.shuffled(apportion(count, KINDS))):
        wide = test and index % 3 == 0
        examples = random.between(3, 5) if test else 4
        for _ in range(500):
            names, program, cases = problem(random, kind, wide, examples)
            # A one-step program may be asked again with other examples; a longer one stands once.
            key = (program, split) if kind != "one" else (program, json.dumps(cases and cases[0]))
            if cases and key not in seen:
                break
        else:
            raise RuntimeError(f"no new program of kind {kind}")
        seen.add(key)
        shown = "\n".join(f"f({json.dumps(arguments[0])}) -> {json.dumps(result)}" for arguments, result in cases[:examples])
        name, text = templates[(index + index // 12) % len(templates)]
        ask = random.pick(ASKS[split])
        question = text.format(examples=shown, ask=ask).replace("\n ", "\n").rstrip()
        yield {
            "question": question, "target": program, "grader": "program",
            "grader_options": {"function": "f", "cases": cases},
            "meta": {"template": name, "kind": kind, "range": "shifted" if wide else "usual", "steps": " | ".join(names)},
        }
