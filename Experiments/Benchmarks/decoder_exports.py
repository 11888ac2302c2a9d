"""Qwen3's body in the file formats of the other engines, made once and kept beside the model: `export(name, model)` gives the folder.

All come from qwen3_body.Body or its weights. A finished export gets its name last, so that one cut short is made again.
"""
import json
import shutil
import warnings

import numpy

from runtimes import onnx_int8, openvino_int8

SAMPLES, SAMPLE_TOKENS, SEED = 32, 32, 11       # what OpenVINO's 8-bit scales are calibrated on
IDS = 2048                                      # different tokens that occur in the cases

# What llama.cpp calls the tensors of a layer.
GGUF_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def occurring(vocabulary):
    """The ids that the cases draw from, ascending. llama.cpp gets these alone, so that the lm_head it has to compute costs nothing."""
    return numpy.sort(numpy.random.default_rng(SEED).choice(vocabulary, min(IDS, vocabulary), replace=False))


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
    """The matrices; of attention the quantiser knows only ONNX Runtime's own operator, and would make of ours what does not load."""
    onnx_int8(made("onnx-f32") / "model.onnx", folder / "model.onnx", ["MatMul"])


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


def gguf_settings(writer, config):
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])


def gguf(kind):
    """The export whose matrices are of GGUF's type `kind`."""
    def write(model, folder, made):
        import gguf
        from qwen3_body import Weights, widened
        config, weights = json.loads((model / "config.json").read_text()), Weights(model)
        ids, quantization = occurring(config["vocab_size"]), gguf.GGMLQuantizationType[kind]
        writer = gguf.GGUFWriter(str(folder / "model.gguf"), "qwen3", use_temp_file=True)
        gguf_settings(writer, config)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2")
        writer.add_token_list([f"<{id}>" for id in ids])
        writer.add_token_types([gguf.TokenType.NORMAL] * len(ids))
        writer.add_token_merges(["< >"])
        writer.add_add_bos_token(False)

        def add(name, values):
            data = values if values.ndim == 1 else gguf.quants.quantize(values, quantization)
            writer.add_tensor(name, data, raw_dtype=None if values.ndim == 1 else quantization)

        add("token_embd.weight", widened(weights.bits("model.embed_tokens.weight")[ids]))
        for number in range(config["num_hidden_layers"]):
            for name, theirs in GGUF_NAMES.items():
                add(f"blk.{number}.{theirs}.weight", widened(weights.bits(f"model.layers.{number}.{name}.weight")))
        add("output_norm.weight", widened(weights.bits("model.norm.weight")))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return write


EXPORTS = {"gguf-f16": gguf("F16"), "gguf-q8": gguf("Q8_0"), "onnx-f32": onnx_f32, "onnx-int8": onnx_quantized,
           "openvino-f32": openvino_f32, "openvino-int8": openvino_quantized}


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
