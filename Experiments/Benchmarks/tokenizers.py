"""Our byte-level BPE beside PyPI `tokenizers`, with Qwen2's vocabulary, in one thread each.

Text in, ids out, one text of 300 to 600 characters at a time. Rounds are interleaved: in each, both do every case, in
turns; a case's result is the median over the rounds of that round's ratio. Before anything is timed, every id of every text must
be equal. `--vocabulary` is a gzipped {"vocab": [...], "merges": ["a b", ...]}, `--template` a tokenizer.json of the same kind.
"""
import ast
import gzip
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# This file has the name of the package that it measures.
sys.path = [path for path in sys.path if pathlib.Path(path or ".").resolve() != HERE]
import tokenizers                                                                               # noqa: E402
sys.path.append(str(HERE))
import common                                                                                   # noqa: E402

GOLDEN = common.ROOT.parent / "shared/golden/tokenizers"
SIZE = 1_500_000        # bytes of a case
SEED = 11


def whole_file(vocabulary, template, folder):
    """The template's tokenizer.json with the vocabulary in it, as a model directory has it."""
    with gzip.open(vocabulary) as stream:
        parts = json.load(stream)
    file = json.loads(template.read_text())
    moved = len(parts["vocab"]) - file["added_tokens"][0]["id"]
    for token in file["added_tokens"]:
        token["id"] += moved
    file["model"] |= {"vocab": {token: i for i, token in enumerate(parts["vocab"])}, "merges": [merge.split(" ") for merge in parts["merges"]]}
    path = pathlib.Path(folder) / "tokenizer.json"
    path.write_text(json.dumps(file, ensure_ascii=False, indent=2))
    return path


def cut(text, rng):
    """Texts of 300 to 600 characters, SIZE bytes in all at most."""
    texts, at, size = [], 0, 0
    while at < len(text) and size < SIZE:
        length = rng.randint(300, 600)
        texts.append(text[at:at + length])
        size += len(texts[-1].encode())
        at += length
    return texts


def invented(samples, rng):
    """Text of each sample's script whose words are new: letters drawn by the two before them (order-2 Markov chains)."""
    pieces = []
    chains = []
    for sample in samples:
        chain = {}
        text = sample * 2
        for i in range(len(text) - 2):
            chain.setdefault(text[i:i + 2], []).append(text[i + 2])
        if chain:
            chains.append((text[:2], chain))
    size = 0
    while size < SIZE:
        start, chain = rng.choice(chains)
        text = start
        for _ in range(rng.randint(40, 160)):
            text += rng.choice(chain.get(text[-2:], [" "]))
        pieces.append(text)
        size += len(text.encode())
    return "\n".join(pieces)


def cases():
    rng = random.Random(SEED)
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    sources = [path.read_text(errors="ignore") for path in sorted(library.glob("*.py")) + sorted(library.glob("*/*.py"))
               if "site-packages" not in path.parts and "test" not in path.parts]
    english, size = [], 0
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
        found = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, kinds)]
        english += [text for text in found if len(text) > 60]
        size = sum(map(len, english))
        if size > 2 * SIZE:
            break
    samples = [sample["text"] for sample in json.loads((HERE.parents[1] / "Tests/NumericsTests/Fixtures/tokenizers/strings.json").read_text())
               if sample["cat"] in ("cjk", "other-scripts", "latin-accents") and len(sample["text"]) > 4]
    texts = {"English": cut("\n".join(english), rng), "code": cut("".join(rng.sample(sources, len(sources))), rng),
             "many languages": cut(invented(samples, rng), rng)}
    mixed = [text for triple in zip(*texts.values()) for text in triple]
    texts["mixed"] = mixed[:len(mixed) // 2]
    return texts


class Ours:
    """The persistent process `tokenizers-bench`: a line of JSON in, a line of JSON out."""

    def __init__(self, program, file):
        self.process = subprocess.Popen([program, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or sys.exit("bench: our process ended"))


def timed(body):
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def main():
    import argparse
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True)
    parser.add_argument("--vocabulary", type=pathlib.Path, default=GOLDEN / "qwen2_real.vocab_merges.json.gz")
    parser.add_argument("--template", type=pathlib.Path, default=HERE.parents[1] / "Tests/NumericsTests/Fixtures/tokenizers/qwen_bpe_512/tokenizer.json")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if not arguments.vocabulary.exists():
        sys.exit(f"bench: {arguments.vocabulary} is not here; --vocabulary names another")
    with tempfile.TemporaryDirectory() as folder:
        compare(arguments, whole_file(arguments.vocabulary, arguments.template, folder))


def compare(arguments, file):
    started = common.load()
    ours, theirs = Ours(arguments.ours, file), tokenizers.Tokenizer.from_file(str(file))
    texts = cases()
    for name, case in texts.items():
        expected = [encoding.ids for encoding in theirs.encode_batch(case)]
        found = ours.ask(texts=case, repeats=1, ids=True)["ids"]
        wrong = sum(a != b for a, b in zip(found, expected)) + abs(len(found) - len(expected))
        if wrong:
            sys.exit(f"bench: {wrong} of {len(case)} texts ({name}) have other ids")
        texts[name] = (case, sum(map(len, expected)))
    rows = {name: [] for name in [*texts, "load"]}
    for turn in range(arguments.rounds):
        for name, (case, _) in texts.items():
            def one_by_one():
                for text in case:
                    theirs.encode(text)
            sides = [lambda: timed(one_by_one), lambda: timed(lambda: theirs.encode_batch_fast(case)),
                     lambda: statistics.median(ours.ask(texts=case, repeats=3)["seconds"])]
            order = range(3) if turn % 2 == 0 else range(2, -1, -1)
            seconds = {side: sides[side]() for side in order}
            rows[name].append([seconds[side] for side in range(3)])
        load = timed(lambda: tokenizers.Tokenizer.from_file(str(file)).encode("The end is the beginning."))
        rows["load"].append([load, load, ours.ask(load=str(file), repeats=1)["seconds"][0]])
        common.say(f"round {turn + 1} of {arguments.rounds}")
    common.publish("tokenizers", report(texts, rows, file, started, arguments.rounds))


def report(texts, rows, file, started, rounds):
    lines = ["# Byte-level BPE beside PyPI tokenizers, DATE", "",
             "- Qwen2's vocabulary (151,643 tokens, 151,387 merges, NFC, 26 added tokens), one thread each, one text of 300 to 600 characters a call.",
             f"- Every id of all {sum(len(case) for case, _ in texts.values()):,} texts is the same on both sides.",
             f"- {rounds} interleaved rounds. {common.machine()}, load {started:.1f} at the start.",
             f"- {common.baton_version()}, tokenizers {tokenizers.__version__}.", "",
             "| | MB | tokens | Baton, MB/s | tokenizers, `encode` | tokenizers, `encode_batch_fast` | × `encode` | × `encode_batch_fast` |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]

    def ratio(seconds, side):
        values = [row[side] / row[2] for row in seconds]
        return f"**{statistics.median(values):.1f}** ({min(values):.1f}–{max(values):.1f})"
    for name, (case, tokens) in texts.items():
        size, seconds = sum(len(text.encode()) for text in case) / 1e6, rows[name]
        rate = [size / statistics.median(row[side] for row in seconds) for side in range(3)]
        lines.append(f"| {name} | {size:.2f} | {tokens:,} | {rate[2]:.1f} | {rate[0]:.2f} | {rate[1]:.2f} | {ratio(seconds, 0)} | {ratio(seconds, 1)} |")
    load = rows["load"]
    lines += ["", f"Loading tokenizer.json ({file.stat().st_size / 1e6:.1f} MB) to the first ids: Baton {common.middle([row[2] for row in load])} s, "
              f"tokenizers {common.middle([row[0] for row in load])} s, × {ratio(load, 0)}.", "",
              "English is the docstrings of Python's standard library, code its sources, many languages words drawn letter by letter from",
              "the chains of our sample strings of some 40 scripts, which no cache of words has seen; mixed is all three in turns. MB/s are medians over the",
              "rounds, of ours a round's median of three; × is the median over the rounds of the ratio within a round, and its range."]
    return lines


if __name__ == "__main__":
    os.environ.update(TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")
    main()
