"""Qwen3's body in the file formats of the other engines, made once and kept beside the model: `export(name, model)` gives the folder.

All come from qwen3_body.Body or its weights. A finished export gets its name last, so that one cut short is made again.
"""
import shutil
import warnings

import numpy

from runtimes import onnx_int8, openvino_int8

SAMPLES, SAMPLE_TOKENS, SEED = 32, 64, 11       # what OpenVINO's 8-bit scales are calibrated on


def calibration(model):
    """Embedded texts of random tokens, as the cases are."""
    from qwen3_body import Embedding
    embedding, random = Embedding(model), numpy.random.default_rng(SEED)
    return [embedding(random.integers(0, len(embedding.table), (1, SAMPLE_TOKENS))) for _ in range(SAMPLES)]


def onnx_f32(model, folder, made):
    """Opset 23 has operators for attention and RMS norm, and ONNX Runtime fast kernels for both."""
    import torch
    from qwen3_body import POSITIONS, Body
    body = Body(model).eval()
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens", max=POSITIONS)}
    example = torch.randn(3, 17, body.norm.weight.numel())
    torch.onnx.export(body, (example,), str(folder / "model.onnx"), input_names=["embedded"], output_names=["state"],
                      dynamic_shapes=(axes,), opset_version=23, dynamo=True, external_data=True, verbose=False)


def onnx_quantized(model, folder, made):
    onnx_int8(made("onnx-f32") / "model.onnx", folder / "model.onnx")


def openvino_f32(model, folder, made):
    import openvino
    import torch
    from qwen3_body import Body
    body = Body(model).eval()
    width = body.norm.weight.numel()
    converted = openvino.convert_model(body, example_input=torch.randn(1, 17, width), input=[openvino.PartialShape([-1, -1, width])])
    openvino.save_model(converted, folder / "model.xml", compress_to_fp16=False)


def openvino_quantized(model, folder, made):
    import openvino
    plain = openvino.Core().read_model(made("openvino-f32") / "model.xml")
    openvino.save_model(openvino_int8(plain, calibration(model)), folder / "model.xml", compress_to_fp16=False)


EXPORTS = {"onnx-f32": onnx_f32, "onnx-int8": onnx_quantized, "openvino-f32": openvino_f32, "openvino-int8": openvino_quantized}


def export(name, model):
    """The folder of the export `name`, made where it is missing."""
    warnings.simplefilter("ignore")
    folder = model / "exports" / name
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        EXPORTS[name](model, partial, lambda other: export(other, model))
        partial.rename(folder)
    return folder
