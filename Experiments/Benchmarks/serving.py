"""`baton serve` beside LiteLLM's proxy, on one machine, in one run, over one mock provider that answers at once.

Rounds are interleaved. What a request costs is told apart: a request that is read, understood and refused (404) is the
server's part, what a passed one costs more is the client's part. Then 50 streams while other requests keep the backbone busy.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import socket
import statistics
import subprocess
import tempfile
import time

from common import (BATON, HERE, ROOT, Mock, allow_connections, baton_version, cpu_seconds, load, machine, mapped, memory, middle, post,
                    publish, say, wrk, wrk_version)
from streams import Streams

MODEL = ROOT / "Models/all-MiniLM-L6-v2"
WORKERS = ("cas", "nt", "smt", "mip", "lexicon", "brute")     # of Datasets/programs
CONNECTIONS, SECONDS = 32, 5
STREAMS, DIRECT, CHUNKS, INTERVAL = 50, 10, 500, 20


def prompts(tokens, count):
    """Texts of so many tokens of the backbone, [CLS] and [SEP] counted."""
    words = [word for word, _ in sorted(json.loads((MODEL / "tokenizer.json").read_text())["model"]["vocab"].items(), key=lambda item: item[1])
             if re.fullmatch("[a-z]{3,}", word)][:5000]
    draw = random.Random(tokens)
    texts = [" ".join(draw.choices(words, k=tokens - 2)) for _ in range(count)]
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    ids = subprocess.run([BATON, "tokenize", "--model", MODEL], input=lines, capture_output=True, text=True, check=True).stdout
    assert [len(json.loads(line)) for line in ids.splitlines()] == [tokens] * count, "a word of the vocabulary is not one token"
    return texts


def packed():
    """Megabytes of the weights that are kept a second time, packed for multiplication: the matrices of the layers."""
    with (MODEL / "model.safetensors").open("rb") as file:
        tensors = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(4 * tensor["shape"][0] * tensor["shape"][1] for name, tensor in tensors.items()
               if ".layer." in name and len(tensor["shape"]) == 2) / 2**20


def chat(model, text, **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def make_bundle(folder):
    """A router for WORKERS: a short search on recorded outcomes. What it decides doesn't matter here."""
    run = folder / "run"
    subprocess.run([BATON, "run", ROOT / "Datasets/programs/recipe.yaml", "--run", run, "--model", MODEL, "--generations", "2",
                    "--evaluate.bootstrap", "100", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return run / "router"


@contextlib.contextmanager
def serving(bundle, folder, url):
    """(base URL, process) of ours."""
    price = "{input: 1, output: 2, date: 2026-11-01}"
    pool = folder / "pool.yaml"
    pool.write_text("version: 1\nproviders:\n  mock: {base_url: " + url + "}\nworkers:\n"
                    + "".join(f"  - {{name: {name}, provider: mock, price: {price}}}\n" for name in WORKERS))
    process = subprocess.Popen([BATON, "serve", bundle, "--pool", pool, "--model", MODEL, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().split()[-1] + "/v1", process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def litellm(python, folder, url):
    """(base URL, process) of the peer: one process, as it comes, without a database, silent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "litellm.yaml"
    config.write_text(f"model_list:\n  - model_name: nt\n    litellm_params: {{model: openai/mock, api_base: '{url}', api_key: none}}\n"
                      "litellm_settings: {set_verbose: false, telemetry: false}\n")
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION",
                   "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}       # ours takes no key either
    process = subprocess.Popen(
        [pathlib.Path(python).absolute().parent / "litellm", "--config", config, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1", process
    finally:
        process.terminate()
        process.wait()


def measured(process, work):
    """`work`, and the milliseconds of CPU of `process` for each request of it."""
    before = cpu_seconds(process.pid)
    result = work()
    return result | {"cpu": 1000 * (cpu_seconds(process.pid) - before) / result["count"]}


def routing_times(base, texts):
    """Milliseconds that the receipts name, one request after the other."""
    connection = http.client.HTTPConnection(base.split("/")[2])
    times = []
    for text in texts:
        connection.request("POST", "/v1/chat/completions", json.dumps(chat("baton", text)), {"content-type": "application/json"})
        reply = connection.getresponse()
        assert reply.status == 200, reply.read()
        reply.read()
        times.append(float(reply.headers["x-baton-route-ms"]))
    connection.close()
    return times


class Round:
    """What one round gave."""

    def __init__(self, scratch, ours, theirs, short):
        base, process = ours
        completions = base + "/chat/completions"
        body = [chat("nt", "How much is 6 times 7?")]

        def ask(bodies, connections=CONNECTIONS):
            return measured(process, lambda: post(completions, SECONDS, connections, bodies, scratch))

        self.health = measured(process, lambda: wrk(base[:-3] + "/health", SECONDS, CONNECTIONS))
        self.refused = ask([chat("nobody", "How much is 6 times 7?")])
        self.passed = ask(body)
        self.peer = None
        if theirs:
            url, peer = theirs
            self.peer = measured(peer, lambda: post(url + "/chat/completions", 2 * SECONDS, CONNECTIONS, body, scratch))
            self.peer_single = measured(peer, lambda: post(url + "/chat/completions", SECONDS, 1, body, scratch))
        self.single = ask(body, 1)
        self.routed = ask([chat("baton", text) for text in short], 4)
        self.route = routing_times(base, short)
        for name in ("health", "passed", "routed", "single", "peer"):
            result = getattr(self, name)
            assert not result or not result["errors"], f"{name}: {result['errors']} requests failed"


def smooth(scratch, base, mock, long):
    """Gaps of STREAMS streams through ours and of DIRECT ones at the mock, in milliseconds, without and with a busy backbone."""
    results = {}
    for name in ("idle", "busy"):
        streams = Streams(interval=INTERVAL)
        for _ in range(STREAMS):
            streams.open("Baton", base, chat("nt", "Count.", stream=True))
        for _ in range(DIRECT):
            streams.open("mock", mock.url, chat("nt", "Count.", stream=True))
        prompter = None
        if name == "busy":
            file = scratch / "long.jsonl"
            file.write_text("".join(json.dumps(chat("baton", text)) + "\n" for text in long))
            seconds = CHUNKS * INTERVAL // 1000 - 1
            prompter = subprocess.Popen(["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout", "30s", "-s", HERE / "chat.lua",
                                         base + "/chat/completions", "--", file], stdout=subprocess.PIPE, text=True)
        results[name] = streams.run()
        if prompter:
            results["embeds"] = int(re.search(r"(\d+) requests in", prompter.communicate()[0])[1])
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", help="of the environment with LiteLLM; without it only ours runs")
    parser.add_argument("--bundle", type=pathlib.Path, help="a router's bundle for the workers of Datasets/programs; made where none is given")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    allow_connections()
    short, long = prompts(64, 200), prompts(512, 20)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        scratch = pathlib.Path(folder)
        bundle = arguments.bundle or make_bundle(scratch)
        mock = stack.enter_context(Mock(scratch))
        ours = stack.enter_context(serving(bundle, scratch, mock.url))
        fresh = memory(ours[1].pid)
        theirs = stack.enter_context(litellm(arguments.python, scratch, mock.url)) if arguments.python else None
        for base, _ in filter(None, (ours, theirs)):        # what is loaded late is loaded now
            post(base + "/chat/completions", 3, 1, [chat("nt", "How much is 6 times 7?")], scratch)
        rounds, loads = [], [load()]
        for turn in range(arguments.rounds):
            rounds.append(Round(scratch, ours, theirs, short))
            loads.append(load())
            say(f"round {turn + 1} of {arguments.rounds}: {rounds[-1].passed['rate']:,.0f}/s")
        after = memory(ours[1].pid) | {"weights": mapped(ours[1].pid, "model.safetensors")}
        peer = {"memory": memory(theirs[1].pid), "version": version(arguments.python)} if theirs else None
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        scratch = pathlib.Path(folder)
        bundle = arguments.bundle or make_bundle(scratch)
        mock = stack.enter_context(Mock(scratch, CHUNKS, INTERVAL))
        base, _ = stack.enter_context(serving(bundle, scratch, mock.url))
        streams = [smooth(scratch, base, mock, long) for _ in range(3)]
        loads.append(load())
    publish("serving", report(rounds, peer, fresh, after, streams, loads))


def version(python):
    return subprocess.run([python, "-c", "import importlib.metadata as m; print(m.version('litellm'))"], capture_output=True, text=True,
                          check=True).stdout.strip()


def report(rounds, peer, fresh, after, streams, loads):
    def column(name, field):
        return [getattr(one, name)[field] for one in rounds]

    yield "# Serving beside LiteLLM, DATE\n"
    yield f"- One mock provider for both (`mock_provider.c`), wrk with {CONNECTIONS} connections for {SECONDS} s; provider, wrk and server share the cores."
    yield f"- {len(rounds)} interleaved rounds. {machine()}, load {', '.join(f'{value:.1f}' for value in loads)} before, between and after them."
    peers = f", LiteLLM {peer['version']} (one process, no database)" if peer else ""
    yield f"- {baton_version()}{peers}, wrk {wrk_version()}."
    yield "\n## Without the backbone: the request names its worker\n"
    header = ["", "Baton"] + (["LiteLLM", "×"] if peer else [])
    yield f"| {' | '.join(header)} |"
    yield "| --- |" + " ---: |" * (len(header) - 1)
    rows = [("requests/s", "passed", "rate", "peer"), ("CPU of the server, ms a request", "passed", "cpu", "peer"),
            ("milliseconds at one connection, median", "single", "p50", "peer_single")]
    for text, name, field, other in rows:
        cells = [middle(column(name, field))]
        if peer:
            ratios = [b / a for a, b in zip(column(name, field), column(other, field))]
            ratios = [1 / ratio for ratio in ratios] if field == "rate" else ratios
            cells += [middle(column(other, field)), f"**{statistics.median(ratios):,.0f}** ({min(ratios):,.0f}–{max(ratios):,.0f})"]
        yield f"| {text} | {' | '.join(cells)} |"
    if peer:
        yield f"| peak of memory, MB | {after['VmHWM']:.0f} | {peer['memory']['VmHWM']:.0f} | **{peer['memory']['VmHWM'] / after['VmHWM']:.1f}** |"
    else:
        yield f"| peak of memory, MB | {after['VmHWM']:.0f} |"
    client = [passed - refused for passed, refused in zip(column("passed", "cpu"), column("refused", "cpu"))]
    yield "\nWhere Baton's CPU goes, ms a request:\n"
    yield "| part | ms | requests/s |"
    yield "| --- | ---: | ---: |"
    yield f"| `GET /health`: a connection's share, a request's head, a reply | {middle(column('health', 'cpu'))} | {middle(column('health', 'rate'))} |"
    yield f"| server: a chat request read, understood and refused (404) | {middle(column('refused', 'cpu'))} | {middle(column('refused', 'rate'))} |"
    yield f"| client: what a passed request costs more | {middle(client)} | |"
    backbone = after["weights"] + packed()
    yield f"\nMemory, MB: {fresh['VmRSS']:.0f} when it begins to listen, {after['VmRSS']:.0f} after all rounds, {after['VmHWM']:.0f} at its peak. The backbone, which"
    yield f"is loaded though nobody asks it, has {backbone:.0f} of them ({after['weights']:.0f} mapped weights, {packed():.0f} packed ones); without it {after['VmRSS'] - backbone:.0f} are left,"
    yield f"{after['RssFile'] - after['weights']:.0f} of them the program's own mapped files."
    times = [time for one in rounds for time in one.route]
    yield "\n## With MiniLM: the router decides, 64 tokens\n"
    yield f"- The route adds {statistics.median(times):.1f} ms in the median, {statistics.quantiles(times, n=20)[18]:.1f} at the 95th percentile, {max(times):.1f} at most"
    yield f"  (`x-baton-route-ms` of {len(times):,} requests, one after the other)."
    yield f"- {middle(column('routed', 'rate'))} requests/s at 4 connections, {middle(column('routed', 'cpu'))} ms CPU each."
    yield f"\n## {STREAMS} streams while the backbone is busy\n"
    yield f"A chunk every {INTERVAL} ms, {CHUNKS} chunks a stream; beside them {DIRECT} streams straight from the mock, read by the same client. Busy: 8"
    yield f"clients keep asking the router with prompts of 512 tokens ({', '.join(str(one['embeds']) for one in streams)} of them in {CHUNKS * INTERVAL // 1000 - 1} s). Gaps in ms:\n"
    yield "| | streams | gaps | median | 99 % | 99.9 % | longest | over 100 ms | chunk's way, 99 % |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name in ("idle", "busy"):
        for side in ("Baton", "mock"):
            gaps = sorted(gap for one in streams for gap in one[name][side].gaps)
            delays = sorted(delay for one in streams for delay in one[name][side].delays)
            shares = [gaps[int(share * (len(gaps) - 1))] for share in (0.5, 0.99, 0.999, 1)]
            yield (f"| {name} | {side} | {len(gaps):,} | " + " | ".join(f"{share:.1f}" for share in shares)
                   + f" | {sum(gap > 100 for gap in gaps)} | {delays[int(0.99 * (len(delays) - 1))]:.1f} |")
    yield "\nMedians over the rounds, and their range. × is how many times better Baton is: the median of the ratios within a round."


main()
