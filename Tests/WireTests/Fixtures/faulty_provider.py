"""A provider that misbehaves as it is told; standard library only.

Prints its port on stdout, and ends when its stdin does. The last message of a request is JSON: {"id": …, "script": [DEED, …]};
request number n with that id gets deed n, and the last one from there on. Deeds are the functions below named do_DEED; what
follows a colon is their argument.
"""
import asyncio
import base64
import gzip
import hashlib
import json
import socket
import struct
import sys
import threading
import zlib
from email.utils import formatdate

seen = {}      # id → requests
closed = {}    # id → the client has closed the connection
changed = asyncio.Condition()


def completion(text, **more):
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "faulty-1", "system_fingerprint": "fp",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}, **more}


class Call:
    def __init__(self, reader, writer, headers, body, number):
        self.reader, self.writer, self.headers, self.body, self.number = reader, writer, headers, body, number
        self.request = json.loads(body)
        told = json.loads(self.request["messages"][-1]["content"])
        self.id, self.script = told["id"], told["script"]

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def respond(self, status, body, type="application/json", length=None, **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Some Reason", f"content-type: {type}",
                 f"content-length: {len(body) if length is None else length}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def begin_chunks(self, type="text/event-stream"):
        await self.send(f"HTTP/1.1 200 OK\r\ncontent-type: {type}\r\ntransfer-encoding: chunked\r\n\r\n".encode())

    async def chunk(self, data):
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def end_chunks(self):
        await self.send(b"0\r\n\r\n")

    def reset(self):
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise ConnectionResetError

    def close(self):
        self.writer.close()
        raise ConnectionResetError

    async def until_closed(self):
        try:
            await self.reader.read()
        except ConnectionError:
            pass
        async with changed:
            closed[self.id] = True
            changed.notify_all()
        self.close()


# Whole replies

async def do_ok(call, text=None):
    await call.respond(200, completion(text or f"answer {call.id}"))

async def do_gzip(call, _):
    await call.respond(200, gzip.compress(json.dumps(completion(f"answer {call.id}")).encode()), content_encoding="gzip")

async def do_echo(call, _):
    digest = hashlib.sha256(call.headers.get("authorization", "").encode()).hexdigest()
    await call.respond(200, completion(call.body.decode(), headers=call.headers, authorization_sha256=digest))

async def do_status(call, arguments):
    status, *rest = arguments.split(";")
    headers = dict(pair.split("=", 1) for pair in rest)
    await call.respond(int(status), {"error": {"message": f"said with {status}", "type": "t", "code": None}}, **headers)

async def do_dated(call, seconds):
    await call.respond(429, {"error": "slow down"}, date=formatdate(1_000_000_000, usegmt=True),
                       retry_after=formatdate(1_000_000_000 + int(seconds), usegmt=True))

async def do_page(call, status):
    await call.respond(int(status), b"<html><h1>Bad\r\n Gateway</h1></html>", type="text/html")

async def do_reset(call, _):
    call.reset()

async def do_close(call, _):
    call.close()

async def do_reset_mid(call, _):
    await call.respond(200, b'{"choices": [{"mess', length=1000)
    call.reset()

async def do_close_mid(call, _):
    await call.respond(200, b'{"choices": [{"mess', length=1000)
    call.close()

async def do_chunks_cut(call, _):
    await call.begin_chunks("application/json")
    await call.chunk(json.dumps(completion("whole, it seems")).encode())
    call.close()

async def do_stall(call, _):
    await call.until_closed()

async def do_stall_mid(call, _):
    await call.respond(200, b'{"choices": [{"mess', length=1000)
    await call.until_closed()

async def do_drip(call, _):
    await call.respond(200, b"{", length=1_000_000)
    while True:
        await asyncio.sleep(0.002)
        await call.send(b" ")

async def do_gzip_cut(call, _):
    whole = gzip.compress(json.dumps(completion("cut")).encode())
    await call.respond(200, whole[:len(whole) // 2], content_encoding="gzip")

async def do_bomb(call, _):
    await call.respond(200, gzip.compress(b" " * 20_000_000), content_encoding="gzip")

async def do_malformed(call, _):
    await call.respond(200, b'{"choices": [{"message": {"content": "al')

async def do_nested(call, _):
    await call.respond(200, b"[" * 100_000)

async def do_empty(call, _):
    await call.respond(200, b"")

async def do_no_choice(call, _):
    await call.respond(200, {**completion(""), "choices": []})

async def do_error_200(call, _):
    await call.respond(200, {"error": {"message": "overloaded, sorry", "code": 503}})

async def do_tell_key(call, _):
    header = call.headers.get("authorization", "Bearer none")
    key = header.split(" ")[1]
    coded = base64.b64encode(f"user:{key}@host".encode()).decode()
    await call.respond(401, {"error": {"message": f"Incorrect API key: {key}; header {header}; {coded}; {key[:12]}***"}})

async def do_tell_key_200(call, _):
    await call.respond(200, {"error": {"message": "no credit on " + call.headers["authorization"]}})

async def do_large(call, size):
    await call.respond(200, b" " * int(size))

async def do_fresh(call, _):
    """Closes a connection that is used again instead of answering."""
    if call.number > 1:
        call.close()
    await do_ok(call)

async def do_sometimes(call, percent):
    """Fails pseudo-randomly, by id and attempt."""
    draw = zlib.crc32(f"{call.id}/{seen[call.id]}".encode())
    if draw % 100 >= int(percent):
        return await do_ok(call)
    deeds = ["status:429", "status:429;retry_after=1", "status:500", "page:502", "reset", "close", "reset_mid", "close_mid",
             "chunks_cut", "gzip_cut", "malformed", "empty", "no_choice", "error_200"]
    await perform(call, deeds[draw // 100 % len(deeds)])


# Streams

def event(json_object, ending="\n\n"):
    text = json.dumps(json_object, ensure_ascii=False).replace('"x": 1.5', '"x": 1.50')
    return f"data: {text}{ending}".encode()

def piece(text, finish=None):
    return {"id": "c", "object": "chat.completion.chunk", "x": 1.5,
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}

TEXTS = ["Grüße, ", "世界 ", "🙂"]
USAGE = {"id": "c", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}

def whole_stream(ending="\n\n", comments=False):
    parts = [piece(text) for text in TEXTS] + [piece("", "stop"), USAGE]
    between = b": keep-alive\r\n\r\nevent: message\r\nid: 4\r\n" if comments else b""
    return b"".join(between + event(part, ending) for part in parts)

async def do_stream(call, size):
    """A faultless stream in pieces of so many bytes, which cut lines and characters."""
    data = whole_stream() + b"data: [DONE]\n\n"
    await call.begin_chunks()
    for first in range(0, len(data), int(size or 1_000_000)):
        await call.chunk(data[first:first + int(size or 1_000_000)])
    await call.end_chunks()

async def do_stream_crlf(call, _):
    await call.begin_chunks()
    await call.chunk(whole_stream("\r\n\r\n", comments=True) + b"data: [DONE]\r\n\r\n")
    await call.end_chunks()

async def do_stream_no_done(call, _):
    await call.begin_chunks()
    await call.chunk(whole_stream())
    await call.end_chunks()

async def do_stream_no_end(call, _):
    await call.begin_chunks()
    await call.chunk(event(piece("half an ")))
    await call.end_chunks()

async def do_stream_then(call, what):
    """A first chunk, and then …"""
    await call.begin_chunks()
    await call.chunk(event(piece("half an ")))
    if what == "error":
        await call.chunk(event({"error": {"message": "died " + call.headers.get("authorization", "")}}))
        await call.end_chunks()
    elif what == "rubbish":
        await call.chunk(b"data: {\"choices\": [\n\n")
        await call.end_chunks()
    elif what == "stall":
        await call.until_closed()
    elif what == "reset":
        call.reset()
    elif what == "close":
        call.close()

async def do_stream_endless(call, _):
    await call.begin_chunks()
    gone = asyncio.ensure_future(call.reader.read())
    try:
        while not gone.done():
            await call.chunk(event(piece("and " * 1000)))
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    await call.until_closed()


# What the tests ask

async def do_seen(call, id):
    await do_ok(call, str(seen.get(id, 0)))

async def do_until(call, what):
    """Waits until `seen=ID` or `closed=ID`."""
    kind, id = what.split("=")
    async with changed:
        await changed.wait_for(lambda: id in {"seen": seen, "closed": closed}[kind])
    await do_ok(call, "yes")


async def perform(call, deed):
    name, _, argument = deed.partition(":")
    await globals()["do_" + name](call, argument)


async def serve(reader, writer):
    number = 0
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            headers = {}
            for line in head.decode().split("\r\n")[1:]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            number += 1
            call = Call(reader, writer, headers, body, number)
            async with changed:
                count = seen[call.id] = seen.get(call.id, 0) + 1
                changed.notify_all()
            await perform(call, call.script[min(count, len(call.script)) - 1])
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.transport.abort()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    await ended.wait()

asyncio.run(main())
