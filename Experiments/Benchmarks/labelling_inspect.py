"""The peer of labelling.py, in a process of its own: inspect_ai asks each question of stdin once. `URL FOLDER`; one line of
JSON on stdout.

Settings are those with which it was fastest here: no display, its compact log, no realtime copy of the log, no copies of raw
API calls, a fixed number of connections.
"""
import json
import os
import resource
import sys
import time

url, folder = sys.argv[1:]
os.environ.update(OPENAI_API_KEY="none", INSPECT_DISPLAY="none", INSPECT_LOG_LEVEL="error", XDG_DATA_HOME=folder)
questions = json.load(sys.stdin)

import inspect_ai
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

CONNECTIONS = 64


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(questions):
    task = inspect_ai.Task(dataset=MemoryDataset([Sample(input=text, target="42", id=i) for i, text in enumerate(questions)]),
                           solver=generate(), scorer=includes())
    model = get_model("openai/gpt-4o", base_url=url, responses_api=False)
    return inspect_ai.eval(task, model=model, display="none", log_dir=folder, log_format="eval", log_realtime=False,
                           log_model_api=False, log_images=False, score_display=False, max_connections=CONNECTIONS,
                           max_samples=2 * CONNECTIONS)[0]


run(questions[:20])         # what is imported late is imported now
start, used = time.monotonic(), cpu()
log = run(questions)
seconds, used = time.monotonic() - start, cpu() - used
assert log.status == "success" and log.results.completed_samples == len(questions), log.error
assert log.results.scores[0].metrics["accuracy"].value == 1, log.results
print(json.dumps({
    "samples": len(questions), "seconds": seconds, "cpu": used, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "version": inspect_ai.__version__,
    "settings": f"`eval` with {CONNECTIONS} connections, scorer `includes`, no display, log `eval` without realtime copy"}))
