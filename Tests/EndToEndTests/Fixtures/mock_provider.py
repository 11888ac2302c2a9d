#!/usr/bin/env python3
"""An OpenAI-compatible provider for tests: answers are a pure function of model, messages and seed.

Tasks end in "A + B?". Each model is mostly right on the texts that begin with its own word, and now and then on others;
some answers are refused, cut, or in no format. Each request is one line of the log before anything is answered.
"""
import argparse
import asyncio
import gzip
import hashlib
import http
import json
import os
import re
import socket
import struct
import sys

SPECIALTIES = {"alpha-1": "sum", "beta-1": "word", "gamma-1": "map", "delta-1": "sum"}
# Those that make everybody wait are rare, so that a test lasts seconds.
FAULTS = ["429", "429-after", "silent", "stall"]
FAULTS += 10 * ["500", "502", "reset", "cut", "short", "gzip", "malformed", "empty", "error"]


def share(*parts):
    """A number in [0, 1) that depends on nothing but `parts`."""
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def answer(model, text, seed):
    """What `model` says: (content, finish reason)."""
    numbers = re.findall(r"\d+", text)
    right = int(numbers[-2]) + int(numbers[-1]) if len(numbers) > 1 else len(text)
    kind = share("kind", model, text, seed)
    if kind < 0.03:
        return "I had rather not say.", "content_filter"
    if kind < 0.06:
        return "Let me think about this for a", "length"
    if kind < 0.10:
        return "That is hard to tell.", "stop"
    chance = 0.9 if text.startswith(SPECIALTIES[model]) else 0.25
    wrong = right + 1 + int(9 * share("offset", model, text, seed))
    return f"The answer is {right if share(model, text, seed) < chance else wrong}.", "stop"


class Provider:
    """What all connections share."""

    def __init__(self, options):
        self.options = options
        self.down = dict(pair.split("=") for pair in options.down)
        self.attempts = {}
        self.log = open(options.log, "a", buffering=1)

    def take(self, body):
        """Logs a request, and says which fault it meets."""
        model, seed = body.get("model"), body.get("seed")
        request = hashlib.sha256(json.dumps(body.get("messages"), sort_keys=True).encode()).hexdigest()[:16]
        attempt = self.attempts[model, request, seed] = self.attempts.get((model, request, seed), 0) + 1
        fault = None
        # The third attempt is always heard.
        if attempt <= 2 and share("fault", model, request, seed, attempt) < self.options.faults:
            fault = FAULTS[int(len(FAULTS) * share("which", model, request, seed, attempt))]
        row = {"model": model, "request": request, "seed": seed, "fault": fault, "stream": bool(body.get("stream"))}
        self.log.write(json.dumps(row) + "\n")
        return fault


class Connection(asyncio.Protocol):
    """One connection: requests one after the other, each answered before the next is read."""

    def __init__(self, provider):
        self.provider = provider
        self.received = b""
        self.transport = self.headers = None
        self.is_answering = False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        if not self.is_answering:
            self.read()

    def read(self):
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self.received[:end].decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        start, length = end + 4, int(headers.get("content-length", 0))
        if len(self.received) < start + length:
            return
        body, self.received = json.loads(self.received[start:start + length]), self.received[start + length:]
        self.headers, self.is_answering = headers, True
        fault = self.provider.take(body)
        delay, path = self.provider.options.delay, first.split(" ")[1]
        if delay:
            asyncio.get_running_loop().call_later(delay / 1000, self.answer, path, body, fault)
        else:
            self.answer(path, body, fault)

    def send(self, status, body, headers=(), part=1):
        """A response, or the first `part` of its body and nothing more."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", "content-type: application/json"]
        head += [f"{name}: {value}" for name, value in headers] + [f"content-length: {len(data)}", "", ""]
        self.transport.write("\r\n".join(head).encode() + data[:int(len(data) * part)])
        if part == 1:
            self.is_answering = False
            if self.received:
                self.read()

    def reset(self):
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    def refuse(self, status, message, headers=()):
        if self.provider.options.echo_key:
            message += " (you sent " + self.headers.get("authorization", "no key") + ")"
        self.send(status, {"error": {"message": message, "type": "mock", "code": None}}, headers)

    def answer(self, path, body, fault):
        options, model, down = self.provider.options, body.get("model"), self.provider.down
        if options.key and self.headers.get("authorization") != f"Bearer {options.key}":
            return self.refuse(401, "Incorrect API key provided")
        if path != "/v1/chat/completions" or model not in SPECIALTIES:
            return self.refuse(404, f"no {model} at {path}")
        if model in down:
            return self.refuse(int(down[model]), "this model is down")
        reply = self.reply(body)
        whole = json.dumps(reply).encode()
        match fault:
            case "429": self.refuse(429, "slow down")
            case "429-after": self.refuse(429, "slow down", [("retry-after", "0.05")])
            case "500" | "502": self.refuse(int(fault), "try again")
            case "reset": self.reset()
            case "cut":
                self.send(200, whole, part=0.5)
                # After a while, so that the half is heard.
                asyncio.get_running_loop().call_later(0.01, self.reset)
            case "short":
                self.send(200, whole, part=0.5)
                self.transport.close()
            case "gzip": self.send(200, gzip.compress(whole)[:-12], [("content-encoding", "gzip")])
            case "malformed": self.send(200, whole[:-3])
            case "empty": self.send(200, {**reply, "choices": []})
            case "error": self.send(200, {"error": {"message": "an error in disguise"}})
            case "silent": pass
            case "stall": self.send(200, whole, part=0.5)
            case _: self.stream(reply, body) if body.get("stream") else self.send(200, whole)

    def reply(self, body):
        model, seed = body["model"], body.get("seed")
        text = [message for message in body["messages"] if message["role"] == "user"][-1]["content"]
        content, reason = answer(model, text, seed)
        if self.provider.options.echo_key:
            content = f"[{self.headers.get('authorization')}] {content}"
        message = {"role": "assistant", "content": content}
        if body.get("tools"):
            call = {"id": "call_1", "type": "function", "function": {"name": body["tools"][0]["function"]["name"], "arguments": "{}"}}
            message, reason = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
        prompt, completion = len(text.encode()) // 4 + 3, len(content) // 4 + 1
        return {
            "id": "chatcmpl-mock", "object": "chat.completion", "created": 1, "model": model, "system_fingerprint": "fp_1",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
        }

    def stream(self, reply, body):
        choice, shape = reply["choices"][0], {**reply, "object": "chat.completion.chunk"}
        usage = shape.pop("usage")
        deltas = [{"role": "assistant"}] + [{"content": piece} for piece in re.findall(r"\S+\s*", choice["message"]["content"] or "")]
        if calls := choice["message"].get("tool_calls"):
            deltas.append({"tool_calls": [{"index": 0, **calls[0]}]})
        chunks = [{**shape, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        chunks.append({**shape, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
        if body.get("stream_options", {}).get("include_usage"):
            chunks.append({**shape, "choices": [], "usage": usage})
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for chunk in chunks:
            self.transport.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.transport.write(b"data: [DONE]\n\n")
        self.transport.close()


async def serve(options):
    loop, provider, parent = asyncio.get_running_loop(), Provider(options), os.getppid()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", 0, backlog=512)
    with open(options.ready + ".tmp", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(options.ready + ".tmp", options.ready)
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", required=True, help="where each request becomes a line")
    parser.add_argument("--ready", required=True, help="where the port is written once there is one")
    parser.add_argument("--delay", type=float, default=0, help="milliseconds before each answer")
    parser.add_argument("--faults", type=float, default=0, help="the share of first and second attempts that go wrong")
    parser.add_argument("--down", action="append", default=[], metavar="MODEL=STATUS", help="a model that always refuses")
    parser.add_argument("--key", help="the key to ask for")
    parser.add_argument("--echo-key", action="store_true", help="say the key in answers and refusals")
    options = parser.parse_args()
    asyncio.run(serve(options))


if __name__ == "__main__":
    sys.exit(main())
