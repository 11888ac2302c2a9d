"""Our backbone beside OpenVINO, ONNX Runtime and PyTorch, float32 against float32 and 8-bit against 8-bit, in one run on one machine.

Text in, normalised mean-pooled vector out, tokenisation included, the same number of threads for all. Rounds are interleaved:
in each, every engine does every case, in rotating order; a case's result is the median over the rounds of that round's ratio, so
a neighbour that takes the machine for a while hits both sides. Before anything is timed, those in float32 must agree on the vectors;
of the 8-bit ones the cosine to those is told.
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

from runtimes import onnx_int8, onnx_session, openvino_compiled, openvino_int8

BATCH = 32          # of the peers, sorted by length; ours packs as it likes
SEED = 7
SINGLES = (16, 64, 256)
CALIBRATION = 300   # sentences, none of them among the cases
TOLERANCE = 1e-4    # largest difference between two float32 engines' vectors of length 1
PRECISIONS = ("f32", "int8")


def sentences(tokenizer, numpy, seed, bulk):
    """{name: texts}: one sentence for each of SINGLES, and `bulk` of 5 to 200 tokens, mean about 52, [CLS] and [SEP] counted."""
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])
    words = [word for word, _ in by_id if word.isascii() and word.isalpha() and word.islower() and len(word) > 1]
    frequency = 1 / (numpy.arange(len(words)) + 50)     # the vocabulary stands in falling order of frequency
    random = numpy.random.default_rng(seed)

    def sentence(tokens):
        chosen = random.choice(len(words), tokens - 3, p=frequency / frequency.sum())
        return " ".join(words[i] for i in chosen) + "."

    lengths = numpy.clip(numpy.exp(random.normal(3.72, 0.78, bulk)), 5, 200).astype(int)
    cases = {f"{n} tokens": [sentence(n)] for n in SINGLES}
    cases[f"{bulk} sentences"] = [sentence(n) for n in lengths]
    for name, texts in cases.items():
        counted = [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
        expected = list(lengths) if len(texts) > 1 else [int(name.split()[0])]
        assert counted == expected, f"{name}: a word of the vocabulary is not one token"
    return cases, sum(map(int, lengths))


class Peer:
    """An engine of Python's: tokenises, sorts by length, pads each batch, runs `pooled(ids, mask)`."""

    def __init__(self, name, precision, tokenizer, pooled):
        self.name, self.precision, self.tokenizer, self.pooled = name, precision, tokenizer, pooled

    def encode(self, texts):
        import numpy
        encodings = self.tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        vectors = [None] * len(texts)
        for start in range(0, len(order), BATCH):
            batch = order[start:start + BATCH]
            longest = max(len(encodings[i].ids) for i in batch)
            ids = numpy.zeros((len(batch), longest), numpy.int64)
            mask = numpy.zeros_like(ids)
            for row, i in enumerate(batch):
                ids[row, :len(encodings[i].ids)] = encodings[i].ids
                mask[row, :len(encodings[i].ids)] = 1
            for i, vector in zip(batch, self.pooled(ids, mask)):
                vectors[i] = vector
        return vectors

    def seconds(self, texts, repeats):
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            self.encode(texts)
            times.append(time.perf_counter() - start)
        return times


class Ours:
    """The persistent process `bench`: a line of JSON in, a line of JSON out."""

    def __init__(self, program, model, threads, precision):
        self.name, self.precision = f"Baton {precision}", precision
        self.process = subprocess.Popen(
            [program, str(model), str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline() or sys.exit("bench: our process ended"))

    def encode(self, texts):
        return self.ask(texts=texts, repeats=1, vectors=True)["vectors"]

    def seconds(self, texts, repeats):
        return self.ask(texts=texts, repeats=repeats)["seconds"]


def pytorch(model):
    """BertModel of transformers with mean pooling and normalisation on top, as one module."""
    import torch
    import transformers
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    class Pooled(torch.nn.Module):
        def __init__(self, attention):
            super().__init__()
            self.bert = transformers.BertModel.from_pretrained(model, attn_implementation=attention, add_pooling_layer=False).eval()

        def forward(self, ids, mask):
            states = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(states.dtype)
            mean = (states * weights).sum(1) / weights.sum(1)
            return mean / mean.norm(dim=1, keepdim=True)

    return Pooled


def onnx_graph(pooled, model, folder):
    """Exported with the exporter and the attention whose graph ONNX Runtime's own BERT fusions recognise: its fastest form."""
    import torch
    from onnxruntime.transformers import optimizer
    config = json.loads((model / "config.json").read_text())
    axes = {0: "texts", 1: "tokens"}
    ids = torch.randint(5, 1000, (3, 17))
    plain, fused = f"{folder}/plain.onnx", f"{folder}/fused.onnx"
    torch.onnx.export(pooled("eager"), (ids, torch.ones_like(ids)), plain, input_names=["ids", "mask"], output_names=["vector"],
                      dynamic_axes={"ids": axes, "mask": axes, "vector": {0: "texts"}}, opset_version=17, dynamo=False)
    optimized = optimizer.optimize_model(plain, model_type="bert", num_heads=config["num_attention_heads"],
                                         hidden_size=config["hidden_size"], opt_level=0)
    if optimized.get_fused_operator_statistics().get("Attention") != config["num_hidden_layers"]:
        sys.exit("bench: ONNX Runtime did not fuse the attention; the comparison would not be fair to it")
    optimized.save_model_to_file(fused)
    return fused


def onnx_engines(pooled, model, tokenizer, threads):
    with tempfile.TemporaryDirectory() as folder:
        fused, quantized = onnx_graph(pooled, model, folder), f"{folder}/int8.onnx"
        onnx_int8(fused, quantized)
        sessions = [("ONNX Runtime", "f32", onnx_session(fused, threads)), ("ONNX Runtime int8", "int8", onnx_session(quantized, threads))]
    return [Peer(name, precision, tokenizer, lambda ids, mask, session=session: session.run(None, {"ids": ids, "mask": mask})[0])
            for name, precision, session in sessions]


def openvino_engines(module, tokenizer, threads):
    import numpy
    import openvino
    import torch
    ids = torch.randint(5, 1000, (3, 17))
    free = openvino.PartialShape([-1, -1])
    plain = openvino.convert_model(module, example_input=(ids, torch.ones_like(ids)), input=[free, free])
    cases, _ = sentences(tokenizer, numpy, SEED + 1, CALIBRATION)
    encodings = tokenizer.encode_batch(cases[f"{CALIBRATION} sentences"])
    samples = [(numpy.array([encoding.ids]), numpy.ones((1, len(encoding.ids)), numpy.int64)) for encoding in encodings]
    models = [("OpenVINO", "f32", openvino_compiled(plain, threads)),
              ("OpenVINO int8", "int8", openvino_compiled(openvino_int8(plain, samples), threads))]
    return [Peer(name, precision, tokenizer, lambda ids, mask, compiled=compiled: compiled([ids, mask])[0])
            for name, precision, compiled in models]


def engines(arguments):
    import tokenizers
    import torch
    torch.set_num_threads(arguments.threads)
    tokenizer = tokenizers.Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pooled = pytorch(arguments.model)
    module = pooled("sdpa")

    def run_torch(ids, mask):
        with torch.inference_mode():
            return module(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()

    with contextlib.redirect_stdout(sys.stderr):
        peers = [*openvino_engines(module, tokenizer, arguments.threads), *onnx_engines(pooled, arguments.model, tokenizer, arguments.threads),
                 Peer("PyTorch", "f32", tokenizer, run_torch)]
    ours = [Ours(arguments.ours, arguments.model, arguments.threads, "f32")] if arguments.ours else []
    return ours + peers, tokenizer


def agree(all_engines, texts):
    """The largest difference of any float32 engine's vectors to PyTorch's, the last engine; {8-bit engine: (mean, least) cosine}."""
    import numpy
    reference = numpy.array(all_engines[-1].encode(texts))
    worst, cosines = 0, {}
    for engine in all_engines[:-1]:
        vectors = numpy.array(engine.encode(texts))
        if engine.precision == "f32":
            worst = max(worst, float(numpy.abs(vectors - reference).max()))
        else:
            cosine = (vectors * reference).sum(1) / (numpy.linalg.norm(vectors, axis=1) * numpy.linalg.norm(reference, axis=1))
            cosines[engine.name] = float(cosine.mean()), float(cosine.min())
    if not worst <= TOLERANCE:
        sys.exit(f"bench: the engines' vectors differ by {worst:.1e}, more than {TOLERANCE}: nothing to compare")
    return worst, cosines


def measure(all_engines, cases, rounds):
    """{case: {engine: [seconds, one a round]}}; a round's value is its median over repeats."""
    times = {case: {engine.name: [] for engine in all_engines} for case in cases}
    for turn in range(rounds):
        order = all_engines[turn % len(all_engines):] + all_engines[:turn % len(all_engines)]
        for case, texts in cases.items():
            repeats = 21 if len(texts) == 1 else 1     # the first few wake the threads; the median is far from them
            for engine in order:
                time.sleep(0.05)        # the last engine's threads stop spinning
                times[case][engine.name].append(statistics.median(engine.seconds(texts, repeats)))
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    return times


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"


def versions():
    from importlib.metadata import version
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    packages = ("openvino", "nncf", "onnxruntime", "torch", "transformers", "tokenizers", "numpy")
    return ", ".join([f"Baton {commit or 'of an unknown commit'}"] + [f"{name} {version(name)}" for name in packages])


def report(times, all_engines, facts):
    yield f"# The backbone beside its peers, {datetime.date.today()}\n"
    for fact in facts:
        yield f"- {fact}"
    for precision in PRECISIONS:
        yield from compared(times, precision, [engine.name for engine in all_engines if engine.precision == precision])
    yield "\nMilliseconds are medians over the rounds. × is how many times faster Baton is: the median over the rounds of the ratio"
    yield "within a round, and its range. Both sides of a ratio ran seconds apart; the milliseconds of different days do not compare."


def compared(times, precision, names):
    ours = f"Baton {precision}"
    peers = [name for name in names if name != ours] if ours in names else []
    columns = [f"{name}, ms" for name in names] + [f"× {peer}" for peer in peers]
    yield f"\n| {precision} | {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * len(columns)
    for case, by_engine in times.items():
        cells = [f"{1000 * statistics.median(by_engine[name]):,.1f}" for name in names]
        for peer in peers:
            ratios = [theirs / own for theirs, own in zip(by_engine[peer], by_engine[ours])]
            cells.append(f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f}–{max(ratios):.2f})")
        yield f"| {case} | {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", help="our program; without it only the peers run")
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=2000, help="of mixed length, in bulk")
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    # Read when the libraries load, which is why they are imported late.
    os.environ.update(OMP_NUM_THREADS=str(arguments.threads), RAYON_NUM_THREADS=str(arguments.threads), TOKENIZERS_PARALLELISM="true")
    warnings.simplefilter("ignore")

    started = machine()
    import numpy
    all_engines, tokenizer = engines(arguments)
    cases, tokens = sentences(tokenizer, numpy, SEED, arguments.sentences)
    worst, cosines = agree(all_engines, [text for texts in cases.values() for text in texts][:200])
    times = measure(all_engines, cases, arguments.rounds)
    facts = [
        "Text in, normalised mean-pooled vector out, tokenisation included; all-MiniLM-L6-v2.",
        f"{arguments.sentences} sentences of 5 to 200 tokens, {tokens / arguments.sentences:.1f} in the mean; the peers' batches sorted by length, {BATCH} each.",
        "ONNX Runtime runs the graph that its own BERT optimizer fused; PyTorch runs transformers' BertModel with sdpa.",
        f"OpenVINO int8: weights and activations, NNCF's quantisation calibrated on {CALIBRATION} sentences. ONNX Runtime int8: dynamic, per channel.",
        f"{arguments.threads} threads each, {arguments.rounds} interleaved rounds. {started}.",
        versions() + ".",
        f"Largest difference between two float32 engines' vectors: {worst:.1e}. Cosine to them, mean and least: "
        + ", ".join(f"{name} {mean:.4f}, {least:.4f}" for name, (mean, least) in cosines.items()) + ".",
    ]
    text = "\n".join(report(times, all_engines, facts)) + "\n"
    output = arguments.output or pathlib.Path(__file__).resolve().parent / f"backbone-{datetime.date.today()}.md"
    output.write_text(text)
    print(text)
    print(f"result: {output}", file=sys.stderr)


main()
