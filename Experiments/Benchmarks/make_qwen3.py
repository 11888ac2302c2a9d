"""A Hugging Face directory in the exact shape of Qwen3-0.6B, with random weights: speed does not depend on their values.

Seeded, bfloat16, every tensor normal numbers (denormals would be slow), matrices N(0, 0.02) as Qwen's are before training, norms
1 ± 0.1. The tokenizer knows single bytes only. `--layers 2` makes a small one of the same width.
"""
import argparse
import json
import pathlib
import shutil

import numpy

CONFIG = {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 151936, "hidden_size": 1024, "intermediate_size": 3072,
    "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "hidden_act": "silu",
    "max_position_embeddings": 40960, "rms_norm_eps": 1e-06, "rope_theta": 1000000, "rope_scaling": None, "attention_bias": False,
    "attention_dropout": 0.0, "use_sliding_window": False, "sliding_window": None, "max_window_layers": 28, "tie_word_embeddings": True,
    "initializer_range": 0.02, "use_cache": True, "bos_token_id": None, "eos_token_id": None, "torch_dtype": "bfloat16",
}
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
WEIGHTS = "model.safetensors"


def tensors(config):
    """{name: shape}, in the order of the file."""
    width, inner, size = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
    layer = {
        "input_layernorm": [width], "self_attn.q_proj": [queries, width], "self_attn.k_proj": [keys, width],
        "self_attn.v_proj": [keys, width], "self_attn.q_norm": [size], "self_attn.k_norm": [size], "self_attn.o_proj": [width, queries],
        "post_attention_layernorm": [width], "mlp.gate_proj": [inner, width], "mlp.up_proj": [inner, width], "mlp.down_proj": [width, inner],
    }
    shapes = {"model.embed_tokens.weight": [config["vocab_size"], width]}
    for number in range(config["num_hidden_layers"]):
        shapes.update({f"model.layers.{number}.{name}.weight": shape for name, shape in layer.items()})
    shapes["model.norm.weight"] = [width]
    return shapes


def bfloat16(values):
    """The nearest bfloat16 of each float32, ties to even, as its 16 bits."""
    bits = values.view(numpy.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def drawn(shape, random):
    values = random.standard_normal(shape, numpy.float32)
    return 1 + numpy.float32(0.1) * values if len(shape) == 1 else numpy.float32(0.02) * values


def write_weights(path, config, seed):
    """Tensor after tensor, so that memory holds one of them; the file gets its name when it is whole."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors(config).items():
        start, end = end, end + 2 * int(numpy.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random = numpy.random.default_rng(seed)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for shape in tensors(config).values():
            file.write(bfloat16(drawn(shape, random)))
    partial.rename(path)


def byte_tokenizer():
    """Byte-level BPE without merges: Qwen's own split, a token for each byte."""
    visible = [byte for byte in range(256) if chr(byte).isprintable() and not chr(byte).isspace() and byte != 0xAD]
    hidden = [byte for byte in range(256) if byte not in visible]
    letters = {byte: chr(byte) for byte in visible} | {byte: chr(256 + place) for place, byte in enumerate(hidden)}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 256 + place, "content": name, **special} for place, name in enumerate(names)],
        "normalizer": {"type": "NFC"}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {letters[byte]: byte for byte in range(256)}, "merges": []},
    }


def make(folder, layers=CONFIG["num_hidden_layers"], vocabulary=CONFIG["vocab_size"], seed=0, tokenizer=None):
    """Does nothing where the folder holds this model; else it and what was made of it go first, and the weights come last."""
    config = CONFIG | {"num_hidden_layers": layers, "vocab_size": vocabulary, "max_window_layers": layers}
    text = json.dumps(config | {"seed_of_the_random_weights": seed}, indent=2) + "\n"
    written = folder / "config.json"
    if (folder / WEIGHTS).exists() and written.exists() and written.read_text() == text:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written.write_text(text)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if tokenizer and (tokenizer / name).exists():
            shutil.copyfile(tokenizer / name, folder / name)
    if not (folder / "tokenizer.json").exists():
        (folder / "tokenizer.json").write_text(json.dumps(byte_tokenizer(), ensure_ascii=False))
    write_weights(folder / WEIGHTS, config, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="made anew unless it holds this very model")
    parser.add_argument("--layers", type=int, default=CONFIG["num_hidden_layers"])
    parser.add_argument("--vocabulary", type=int, default=CONFIG["vocab_size"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokenizer", type=pathlib.Path, help="a folder whose tokenizer files are copied")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.layers, arguments.vocabulary, arguments.seed, arguments.tokenizer)


if __name__ == "__main__":
    main()
