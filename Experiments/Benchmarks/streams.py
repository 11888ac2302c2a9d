"""Many streams of a chat endpoint, read by one thread that does nothing else; when each chunk came."""
import json
import re
import selectors
import socket
import time

CONTENT = re.compile(rb'"content":\s*"(\d+) "')


class Side:
    """Milliseconds between chunks of a stream, and from the mock's writing of a chunk to its arrival."""

    def __init__(self):
        self.gaps, self.delays = [], []


class Stream:
    def __init__(self, side, base, body):
        host, port = base.split("/")[2].split(":")
        self.side, self.rest, self.last, self.status = side, b"", None, b""
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        text = json.dumps(body).encode()
        self.socket.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                            % (host.encode(), len(text), text))
        self.socket.setblocking(False)
        self.chunks = 0

    def take(self, since):
        """Reads what is there; False once the stream has ended. What was written before `since` doesn't count."""
        data = self.socket.recv(1 << 16)
        now = time.monotonic()
        text = self.rest + data
        end = 0
        for match in CONTENT.finditer(text):
            end, written = match.end(), int(match[1]) / 1e6
            self.chunks += 1
            # What was written while streams were still being opened had to wait for this client.
            if self.last is not None and written > since:
                self.side.delays.append(1000 * (now - written))
                self.side.gaps.append(1000 * (now - self.last))
            self.last = now
        self.rest = text[end:]
        return bool(data) and b"[DONE]" not in self.rest


class Streams:
    def __init__(self, interval):
        self.interval, self.sides, self.streams = interval, {}, []

    def open(self, side, base, body):
        # Their phases are spread over the interval.
        time.sleep(self.interval / 1000 / 7)
        self.streams.append(Stream(self.sides.setdefault(side, Side()), base, body))

    def run(self):
        """Reads all to their ends: {side: Side}."""
        since = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for stream in self.streams:
                selector.register(stream.socket, selectors.EVENT_READ, stream)
            while selector.get_map():
                for key, _ in selector.select(60):
                    if not key.data.take(since):
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
        counts = {stream.chunks for stream in self.streams}
        assert len(counts) == 1, f"streams of different lengths: {sorted(counts)}"
        return self.sides
