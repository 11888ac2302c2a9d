#!/usr/bin/env python3
"""Writes Tests/NumericsTests/Fixtures/trinity: what published vectors make of two tiny models, and what they then say.

    python3 Tests/Oracles/trinity_vector.py                 # needs NumPy and safetensors

An own implementation in NumPy, float64, written from the description of the published system and not from the Swift code:
  blocks    offsets of the singular values of embed_tokens, of q, k, v, o, gate, up and down of the second-to-last layer, of lm_head;
            then the head [workers + 3, width]
  matrix    W' = U diag(S (1 + offset)) V^T * sum(S) / sum(S (1 + offset)), every one made from the original state dict
  writing   one after another by name: where both tables are one tensor, lm_head's is written last and stays
  state     the token before the last, behind the final norm
  scores    head times state; worker by the first rows, role by the last three: solver, thinker, verifier
"""
import json
import platform
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

FIXTURES = Path(__file__).resolve().parents[1] / "NumericsTests" / "Fixtures"
OUTPUT = FIXTURES / "trinity"
MODELS = [("qwen3_tiny", 7, 20_271), ("qwen3_tiny_sharded", 4, 20_272)]
ROLES = ["worker", "thinker", "verifier"]
MATRICES = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]


def read(name):
    folder = FIXTURES / "decoders" / name
    weights = {}
    for file in sorted(folder.glob("model*.safetensors")):
        weights.update(load_file(file))
    return json.loads((folder / "config.json").read_text()), {key: value.astype(np.float64) for key, value in weights.items()}


def adapt(config, weights, numbers):
    """The state dict with all nine matrices scaled, and how many numbers that took."""
    layer, tied = config["num_hidden_layers"] - 2, config["tie_word_embeddings"]
    names = ["model.embed_tokens.weight"] + [f"model.layers.{layer}.{name}.weight" for name in MATRICES] + ["lm_head.weight"]
    original = dict(weights)
    if tied:
        original["lm_head.weight"] = original["model.embed_tokens.weight"]
    adapted, used, values = dict(weights), 0, {}
    for name in names:
        u, s, vt = np.linalg.svd(original[name], full_matrices=False)
        scaled = s * (1 + numbers[used:used + s.size])
        used += s.size
        adapted["model.embed_tokens.weight" if tied and name == "lm_head.weight" else name] = (u * scaled) @ vt * (s.sum() / scaled.sum())
        values[name] = s
    return adapted, used, values


def rms(x, gain, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * gain


def rotate(x, theta):
    """Positions along the first axis, heads along the second; halves are the two parts of each pair."""
    half = x.shape[-1] // 2
    angle = np.arange(x.shape[0])[:, None] * theta ** (-np.arange(half) / half)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.concatenate([x[..., :half] * cos - x[..., half:] * sin, x[..., half:] * cos + x[..., :half] * sin], -1)


def final_states(config, w, ids):
    heads, keys, size, eps = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"], config["rms_norm_eps"]
    theta, x = config["rope_parameters"]["rope_theta"], w["model.embed_tokens.weight"][ids]
    length = len(ids)
    for number in range(config["num_hidden_layers"]):
        p = f"model.layers.{number}."
        h = rms(x, w[p + "input_layernorm.weight"], eps)
        q = (h @ w[p + "self_attn.q_proj.weight"].T).reshape(length, heads, size)
        k = (h @ w[p + "self_attn.k_proj.weight"].T).reshape(length, keys, size)
        v = (h @ w[p + "self_attn.v_proj.weight"].T).reshape(length, keys, size)
        q = rotate(rms(q, w[p + "self_attn.q_norm.weight"], eps), theta)
        k = np.repeat(rotate(rms(k, w[p + "self_attn.k_norm.weight"], eps), theta), heads // keys, 1)
        v = np.repeat(v, heads // keys, 1)
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(size)
        scores = np.where(np.tril(np.ones((length, length), bool)), scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        x = x + np.einsum("hqk,khd->qhd", scores, v).reshape(length, -1) @ w[p + "self_attn.o_proj.weight"].T
        h = rms(x, w[p + "post_attention_layernorm.weight"], eps)
        gate = h @ w[p + "mlp.gate_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ w[p + "mlp.up_proj.weight"].T)) @ w[p + "mlp.down_proj.weight"].T
    return rms(x, w["model.norm.weight"], eps)


def main():
    OUTPUT.mkdir(exist_ok=True)
    models = []
    for name, workers, seed in MODELS:
        config, weights = read(name)
        draws, width = np.random.default_rng(seed), config["hidden_size"]
        vector = np.concatenate([0.3 * draws.standard_normal(9 * width), draws.standard_normal((workers + 3) * width) / 8])
        np.save(OUTPUT / f"{name}.npy", vector)
        adapted, used, values = adapt(config, weights, vector)
        head = vector[used:].reshape(workers + 3, width)
        texts = []
        for length in (1, 2, 7, 33, 100):
            ids = draws.integers(0, 480, length)
            states = final_states(config, adapted, ids)
            plain = final_states(config, weights, ids)
            read_at = max(0, length - 2)
            scores = head @ states[read_at]
            texts.append({
                "ids": ids.tolist(), "state": states[read_at].tolist(), "scores": scores.tolist(),
                "agent": int(scores[:-3].argmax()), "role": ROLES[int(scores[-3:].argmax())],
                "moved_by": float(np.linalg.norm(states[read_at] - plain[read_at]) / np.linalg.norm(plain[read_at])),
            })
        models.append({
            "model": name, "workers": workers, "vector": f"{name}.npy", "tied": config["tie_word_embeddings"],
            "singular_values": {key: value.tolist() for key, value in values.items()}, "texts": texts,
        })
        print(name, vector.size, [(text["agent"], text["role"], round(text["moved_by"], 2)) for text in texts])
    manifest = {"oracle": "Tests/Oracles/trinity_vector.py", "numpy": np.__version__, "python": platform.python_version()}
    (OUTPUT / "expected.json").write_text(json.dumps({"manifest": manifest, "models": models}) + "\n")


if __name__ == "__main__":
    main()
