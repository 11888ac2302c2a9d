"""Qwen3 without its lm_head in plain torch: what is timed as PyTorch, and what the exports of the other engines come from.

Embedded tokens in, the last token's final state out. Norms, rotation and attention are written as transformers writes them, since
those are the patterns that exporters and graph optimisers recognise.
"""
import json
import mmap
import pathlib

import numpy
import torch

POSITIONS = 2048        # longest text that the benchmark may ask for


class Weights:
    """The tensors of model.safetensors, mapped; bfloat16 or float32."""

    def __init__(self, folder):
        with (pathlib.Path(folder) / "model.safetensors").open("rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        length = int.from_bytes(self.map[:8], "little")
        self.header, self.start = json.loads(self.map[8:8 + length]), 8 + length

    def bits(self, name):
        """The tensor as it is stored: bfloat16 as its 16 bits."""
        entry = self.header[name]
        start, end = entry["data_offsets"]
        kind = {"BF16": numpy.uint16, "F32": numpy.float32}[entry["dtype"]]
        return numpy.frombuffer(self.map, kind, (end - start) // kind().itemsize, self.start + start).reshape(entry["shape"])

    def __getitem__(self, name):
        return torch.from_numpy(widened(self.bits(name)))


def widened(bits):
    return (bits.astype(numpy.uint32) << 16).view(numpy.float32) if bits.dtype == numpy.uint16 else bits.copy()


class Embedding:
    """The rows of the embedding that a batch needs: [texts, tokens] to float32 [texts, tokens, width]. The same for every engine."""

    def __init__(self, folder):
        self.table = Weights(folder).bits("model.embed_tokens.weight")

    def __call__(self, ids):
        return widened(self.table[ids])


class Norm(torch.nn.Module):
    def __init__(self, weight, epsilon):
        super().__init__()
        self.weight, self.epsilon = torch.nn.Parameter(weight, requires_grad=False), epsilon

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon))


def linear(weight):
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    layer.weight = torch.nn.Parameter(weight, requires_grad=False)
    return layer


def rotated(x, cosine, sine):
    half = x.shape[-1] // 2
    return x * cosine + torch.cat((-x[..., half:], x[..., :half]), -1) * sine


class Layer(torch.nn.Module):
    def __init__(self, weights, number, config):
        super().__init__()
        self.size, self.group = config["head_dim"], config["num_attention_heads"] // config["num_key_value_heads"]

        def named(name):
            weight = weights[f"model.layers.{number}.{name}.weight"]
            return Norm(weight, config["rms_norm_eps"]) if weight.dim() == 1 else linear(weight)

        self.before_attention, self.before_mlp = named("input_layernorm"), named("post_attention_layernorm")
        self.q, self.k, self.v, self.o = (named(f"self_attn.{letter}_proj") for letter in "qkvo")
        self.q_norm, self.k_norm = named("self_attn.q_norm"), named("self_attn.k_norm")
        self.gate, self.up, self.down = (named(f"mlp.{part}_proj") for part in ("gate", "up", "down"))

    def attention(self, x, cosine, sine):
        texts, tokens = x.shape[:2]
        q = self.q_norm(self.q(x).view(texts, tokens, -1, self.size)).transpose(1, 2)
        k = self.k_norm(self.k(x).view(texts, tokens, -1, self.size)).transpose(1, 2)
        v = self.v(x).view(texts, tokens, -1, self.size).transpose(1, 2)
        q, k = rotated(q, cosine, sine), rotated(k, cosine, sine)
        k, v = (t[:, :, None].expand(-1, -1, self.group, -1, -1).reshape(texts, -1, tokens, self.size) for t in (k, v))
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o(mixed.transpose(1, 2).reshape(texts, tokens, -1))

    def forward(self, x, cosine, sine):
        x = x + self.attention(self.before_attention(x), cosine, sine)
        y = self.before_mlp(x)
        return x + self.down(torch.nn.functional.silu(self.gate(y)) * self.up(y))


class Body(torch.nn.Module):
    """[texts, tokens, width] to [texts, width]; the texts of a batch are of one length."""

    def __init__(self, folder):
        super().__init__()
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        weights, size = Weights(folder), config["head_dim"]
        self.layers = torch.nn.ModuleList(Layer(weights, i, config) for i in range(config["num_hidden_layers"]))
        self.norm = Norm(weights["model.norm.weight"], config["rms_norm_eps"])
        theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
        angles = torch.arange(POSITIONS)[:, None] / theta ** (torch.arange(0, size, 2) / size)
        self.register_buffer("cosine", torch.cat((angles, angles), -1).cos())
        self.register_buffer("sine", torch.cat((angles, angles), -1).sin())

    def forward(self, x):
        cosine, sine = self.cosine[:x.shape[1]], self.sine[:x.shape[1]]
        for layer in self.layers:
            x = layer(x, cosine, sine)
        return self.norm(x[:, -1])
