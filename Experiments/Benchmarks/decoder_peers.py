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


class PyTorch:
    """float32, scaled_dot_product_attention."""

    precision, exact, export, package = "f32", True, None, "torch"

    def __init__(self, model, threads):
        import torch
        from qwen3_body import Body
        torch.set_num_threads(threads)
        self.torch, self.body = torch, Body(model).eval()

    def __call__(self, embedded):
        with self.torch.inference_mode():
            return self.body(self.torch.from_numpy(embedded)).numpy()


class ONNXRuntime:
    precision, exact, export, package = "f32", True, "onnx-f32", "onnxruntime"

    def __init__(self, model, threads):
        from decoder_exports import export
        from runtimes import onnx_session
        self.session = onnx_session(export(self.export, model) / "model.onnx", threads)

    def __call__(self, embedded):
        return self.session.run(None, {"embedded": embedded})[0]


class ONNXRuntimeInt8(ONNXRuntime):
    precision, exact, export = "int8", False, "onnx-int8"


class OpenVINO:
    precision, exact, export, package = "f32", True, "openvino-f32", "openvino"

    def __init__(self, model, threads):
        from decoder_exports import export
        from runtimes import openvino_compiled
        self.compiled = openvino_compiled(export(self.export, model) / "model.xml", threads)

    def __call__(self, embedded):
        return self.compiled([embedded])[0]


class OpenVINOInt8(OpenVINO):
    precision, exact, export = "int8", False, "openvino-int8"


PEERS = {"OpenVINO": OpenVINO, "ONNX Runtime": ONNXRuntime, "PyTorch": PyTorch,
         "OpenVINO int8": OpenVINOInt8, "ONNX Runtime int8": ONNXRuntimeInt8}


def answer(engine, embedding, question):
    import numpy
    ids = numpy.array(question["texts"])
    times = []
    for _ in range(question["repeats"]):
        start = time.perf_counter()
        states = engine(embedding(ids))
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
    from qwen3_body import Embedding
    engine, embedding = kind(arguments.model, arguments.threads), Embedding(arguments.model)
    print(json.dumps({"ready": f"{kind.package} {version(kind.package)}"}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(engine, embedding, json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
