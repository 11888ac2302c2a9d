"""What the benchmarks of labelling and serving share: the mock provider, the books of a process, the facts of a machine."""
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BATON = pathlib.Path(os.environ.get("BATON", ROOT / ".build/release/baton"))
TICK = os.sysconf("SC_CLK_TCK")


class Mock:
    """The compiled provider on a free port, for the length of a `with`."""

    def __init__(self, folder, chunks=100, interval=20):
        self.program = pathlib.Path(folder) / "mock_provider"
        if not self.program.exists():
            compiler = shutil.which("cc") or "clang"        # the Swift toolchain brings clang
            subprocess.run([compiler, "-O2", "-o", self.program, HERE / "mock_provider.c"], check=True)
        self.arguments = [str(self.program), "0", str(chunks), str(interval)]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        self.port = int(re.search(r":(\d+)/", self.url)[1])
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def told(self):
        """`posts`: how many came; `first`: when the first did, as of time.monotonic()."""
        return get(self.url)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)


def children(pid):
    """`pid` and all that it has started."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += children(int(child))
    return found


def cpu_seconds(pid):
    """User and system time of `pid` and its children so far, those that ended included."""
    total = 0
    for process in children(pid):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(map(int, fields[11:15] if process == pid else fields[11:13]))
    return total / TICK


def memory(pid):
    """Megabytes of `pid` and its children: {"VmRSS", "VmHWM", "RssAnon", "RssFile"}."""
    sums = dict.fromkeys(("VmRSS", "VmHWM", "RssAnon", "RssFile"), 0.0)
    for process in children(pid):
        for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in sums:
                sums[name] += int(value.split()[0]) / 1024
    return sums


def mapped(pid, name):
    """Megabytes of the files called `name` that `pid` has mapped and holds in memory."""
    total, counts = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            counts = line.endswith("/" + name)
        elif counts and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total / 1024


def run_counted(arguments, started=lambda pid: None):
    """Runs a program to its end: (seconds, CPU seconds, peak of resident megabytes). Its own, as wait4 tells them."""
    start = time.monotonic()
    process = subprocess.Popen(arguments)
    started(process.pid)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{arguments[0]} ended with status {process.returncode}")
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def wrk(url, seconds, connections, *script):
    """{"rate": requests a second, "count", "errors", "p50", "p99": milliseconds}. `script`: a Lua file and its arguments."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    if script:
        command += ["-s", script[0], url, "--", *script[1:]]
    else:
        command.append(url)
    text = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout

    def milliseconds(share):
        value, unit = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)\s*$", text, re.M).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    errors = sum(map(int, re.findall(r"(?:Non-2xx or 3xx responses: |connect |read |write |timeout )(\d+)", text)))
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), "count": int(re.search(r"(\d+) requests in", text)[1]),
            "errors": errors, "p50": milliseconds(50), "p99": milliseconds(99)}


def post(url, seconds, connections, bodies, scratch):
    """wrk, sending these bodies in turn."""
    file = pathlib.Path(scratch) / "bodies.jsonl"
    file.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    return wrk(url, seconds, connections, HERE / "chat.lua", file)


def load():
    return os.getloadavg()[0]


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "a processor without a name")
    return f"{cpu}, {os.cpu_count()} cores"


def baton_version():
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=HERE).stdout.strip()
    return f"Baton {commit or 'of an unknown commit'}"


def wrk_version():
    return re.search(r"wrk (\S+)", subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout)[1]


def middle(values):
    """Median and range, as a cell of a table."""
    def text(value):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{text(statistics.median(values))} ({text(min(values))}–{text(max(values))})"


def allow_connections():
    """Sockets take descriptors; the usual soft limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


def say(line):
    print(line, file=sys.stderr, flush=True)


def publish(name, lines):
    """Writes NAME-DATE.md beside this file, and prints it."""
    import datetime
    text = "\n".join(lines).replace("DATE", str(datetime.date.today())) + "\n"
    output = HERE / f"{name}-{datetime.date.today()}.md"
    output.write_text(text)
    say(f"result: {output}")
