"""Mean score of each worker on each family of test, from `baton labels --format jsonl` on stdin."""
import collections
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
domains = {}
for line in (folder / "test.jsonl").read_text().splitlines():
    task = json.loads(line)
    domains[task["id"]] = task["domain"]
sums = collections.defaultdict(lambda: [0.0, 0])
workers = []
for line in sys.stdin:
    row = json.loads(line)
    if row["task"] not in domains or row["status"] in ("failed", "skipped_budget"):
        continue
    if row["worker"] not in workers:
        workers.append(row["worker"])
    cell = sums[domains[row["task"]], row["worker"]]
    cell[0] += row["score"] or 0
    cell[1] += 1
print("test".ljust(12) + "".join(worker.rjust(9) for worker in workers))
for domain in sorted(set(domains.values())):
    rates = [sums[domain, worker] for worker in workers]
    print(domain.ljust(12) + "".join(f"{s / n if n else 0:9.2f}" for s, n in rates))
