#!/usr/bin/env python3
"""An OpenAI-compatible provider for tests: answers are a pure function of model, messages and seed.

Tasks end in "A + B?". Each model is mostly right on the texts that begin with its own word, and now and then on others;
some answers are refused, cut, or in no format. Each request is one line of the log before anything is answered.
"""
import argparse
import gzip
import hashlib
import http.server
import json
import os
import re
import socket
import struct
import sys
import threading
import time

SPECIALTIES = {"alpha-1": "sum", "beta-1": "word", "gamma-1": "map", "delta-1": "sum"}
FAULTS = ["429", "429-after", "500", "502", "reset", "cut", "gzip", "malformed", "empty", "error", "slow"]


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


class Provider(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.options = options
        self.down = dict(pair.split("=") for pair in options.down)
        self.lock = threading.Lock()
        self.attempts = {}
        self.log = open(options.log, "a", buffering=1)

    def take(self, body):
        """Logs a request, and says which fault it meets."""
        model, seed = body.get("model"), body.get("seed")
        request = hashlib.sha256(json.dumps(body.get("messages"), sort_keys=True).encode()).hexdigest()[:16]
        with self.lock:
            attempt = self.attempts[model, request, seed] = self.attempts.get((model, request, seed), 0) + 1
            fault = None
            # The third attempt is always heard, so that a test lasts seconds.
            if attempt <= 2 and share("fault", model, request, seed, attempt) < self.options.faults:
                fault = FAULTS[int(len(FAULTS) * share("which", model, request, seed, attempt))]
            row = {"model": model, "request": request, "seed": seed, "fault": fault, "stream": bool(body.get("stream"))}
            self.log.write(json.dumps(row) + "\n")
        return fault

    def handle_error(self, request, client_address):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def send(self, status, body, headers=(), cut=0):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:len(data) - cut])
        if cut:
            self.hang_up()

    def hang_up(self):
        """Resets the connection."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def refuse(self, status, message, headers=()):
        if self.server.options.echo_key:
            message += " (you sent " + self.headers.get("authorization", "no key") + ")"
        self.send(status, {"error": {"message": message, "type": "mock", "code": None}}, headers)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        options, model = self.server.options, body.get("model")
        fault = self.server.take(body)
        time.sleep(options.delay / 1000)
        if options.key and self.headers.get("authorization") != f"Bearer {options.key}":
            return self.refuse(401, "Incorrect API key provided")
        if self.path != "/v1/chat/completions" or model not in SPECIALTIES:
            return self.refuse(404, f"no {model} at {self.path}")
        if model in self.server.down:
            return self.refuse(int(self.server.down[model]), "this model is down")
        reply = self.reply(body)
        whole = json.dumps(reply).encode()
        match fault:
            case "429": self.refuse(429, "slow down")
            case "429-after": self.refuse(429, "slow down", [("retry-after", "1")])
            case "500" | "502": self.refuse(int(fault), "try again")
            case "reset": self.hang_up()
            case "cut": self.send(200, whole, cut=len(whole) // 2)
            case "gzip": self.send(200, gzip.compress(whole)[:-12], [("content-encoding", "gzip")])
            case "malformed": self.send(200, whole[:-3])
            case "empty": self.send(200, {**reply, "choices": []})
            case "error": self.send(200, {"error": {"message": "an error in disguise"}})
            case _:
                if fault == "slow":
                    time.sleep(0.3)
                self.stream(reply, body) if body.get("stream") else self.send(200, whole)

    def reply(self, body):
        model, seed = body["model"], body.get("seed")
        text = [message for message in body["messages"] if message["role"] == "user"][-1]["content"]
        content, reason = answer(model, text, seed)
        if self.server.options.echo_key:
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
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


def leave_with(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


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
    threading.Thread(target=leave_with, args=(os.getppid(),), daemon=True).start()
    provider = Provider(options)
    with open(options.ready + ".tmp", "w") as file:
        file.write(str(provider.server_port))
    os.rename(options.ready + ".tmp", options.ready)
    provider.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    sys.exit(main())
