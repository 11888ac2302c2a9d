"""The engines that decoder.py runs beside ours, each in a process of its own: `decoder_peers.py NAME MODEL THREADS`.

Loads, says {"ready": version}, then answers a line of JSON, {"texts": [[token, …], …], "repeats": n, "vectors": false}, with a line of
JSON, {"seconds": [n times]} and, where asked for, "vectors": the final state of each text's last token. A batch's texts are of one
length. What is timed is token ids in, vectors out. `--export` makes what the engine needs on disk, and ends.
"""
import argparse
import json
import os
import pathlib
import sys
import time


class Embedded:
    """An engine that takes embedded tokens; subclasses say `run`."""

    def load_embedding(self, model):
        from qwen3_body import Embedding
        self.embedding = Embedding(model)

    def __call__(self, ids):
        import numpy
        return self.run(self.embedding(numpy.array(ids)))


class PyTorch(Embedded):
    """float32, scaled_dot_product_attention."""

    precision, exact, export, package = "f32", True, None, "torch"

    def __init__(self, model, threads):
        import torch
        from qwen3_body import Body
        torch.set_num_threads(threads)
        self.load_embedding(model)
        self.torch, self.body = torch, Body(model).eval()

    def run(self, embedded):
        with self.torch.inference_mode():
            return self.body(self.torch.from_numpy(embedded)).numpy()


class ONNXRuntime(Embedded):
    precision, exact, export, package = "f32", True, "onnx-f32", "onnxruntime"

    def __init__(self, model, threads):
        from decoder_exports import export
        from runtimes import onnx_session
        self.load_embedding(model)
        self.session = onnx_session(export(self.export, model) / "model.onnx", threads)

    def run(self, embedded):
        return self.session.run(None, {"embedded": embedded})[0]


class ONNXRuntimeInt8(ONNXRuntime):
    precision, exact, export = "int8", False, "onnx-int8"


class OpenVINO(Embedded):
    precision, exact, export, package = "f32", True, "openvino-f32", "openvino"

    def __init__(self, model, threads):
        from decoder_exports import export
        from runtimes import openvino_compiled
        self.load_embedding(model)
        self.compiled = openvino_compiled(export(self.export, model) / "model.xml", threads)

    def run(self, embedded):
        return self.compiled([embedded])[0]


class OpenVINOInt8(OpenVINO):
    precision, exact, export = "int8", False, "openvino-int8"


class LlamaCpp:
    """Through its server's own interface, in this process: 16 texts at once, nothing kept between them."""

    precision, exact, export, package = "f32", False, "gguf-f16", "xllamacpp"

    def __init__(self, model, threads):
        import numpy
        import xllamacpp
        from decoder_exports import export, occurring
        self.places = {int(id): place for place, id in enumerate(occurring(json.loads((model / "config.json").read_text())["vocab_size"]))}
        wanted = xllamacpp.CommonParams()
        wanted.model.path = str(export(self.export, model) / "model.gguf")
        wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = threads
        wanted.n_ctx = wanted.n_batch = wanted.n_ubatch = 2048
        wanted.n_parallel, wanted.kv_unified = 16, True
        wanted.embedding, wanted.pooling_type = True, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_LAST
        wanted.cache_prompt, wanted.cache_ram_mib, wanted.cache_idle_slots, wanted.warmup = False, 0, False, False
        wanted.slot_prompt_similarity, wanted.verbosity = 0, 1
        self.server, self.numpy = xllamacpp.Server(wanted), numpy

    def __call__(self, ids):
        reply = self.server.handle_embeddings({"input": [[self.places[id] for id in text] for text in ids]})
        return self.numpy.array([row["embedding"] for row in sorted(reply["data"], key=lambda row: row["index"])])


class LlamaCppQ8(LlamaCpp):
    precision, export = "int8", "gguf-q8"


PEERS = {"OpenVINO": OpenVINO, "ONNX Runtime": ONNXRuntime, "PyTorch": PyTorch,
         "OpenVINO int8": OpenVINOInt8, "ONNX Runtime int8": ONNXRuntimeInt8,
         "llama.cpp F16": LlamaCpp, "llama.cpp Q8_0": LlamaCppQ8}


def answer(engine, question):
    times = []
    for _ in range(question["repeats"]):
        start = time.perf_counter()
        states = engine(question["texts"])
        times.append(time.perf_counter() - start)
    return {"seconds": times} | ({"vectors": states.tolist()} if question.get("vectors") else {})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("threads", type=int)
    parser.add_argument("--export", action="store_true")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)      # read when the libraries load, which is why they are imported late
    # What a library prints goes to stderr; stdout is for the answers.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    kind = PEERS[arguments.name]
    if arguments.export:
        from decoder_exports import export
        return kind.export and export(kind.export, arguments.model)
    from importlib.metadata import version
    engine = kind(arguments.model, arguments.threads)
    print(json.dumps({"ready": f"{kind.package} {version(kind.package)}"}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
