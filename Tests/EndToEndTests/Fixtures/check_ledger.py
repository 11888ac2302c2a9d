#!/usr/bin/env python3
"""Looks at a ledger with Python's own SQLite, on a copy, so that what a killed process left stays as it is.

Prints {"integrity", "answers", "leased", "spent", "billed", "committed"}: amounts in nano-units, `billed` as the usage in the
replies themselves comes to at the prices (per million tokens, input and output, by worker) in the second argument.
"""
import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile


def main():
    ledger, prices = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("", "-wal"):
            if (source := ledger.with_name(ledger.name + suffix)).exists():
                shutil.copy(source, folder)
        database = sqlite3.connect(pathlib.Path(folder) / ledger.name)
        one = lambda query: database.execute(query).fetchone()[0]
        billed = 0
        replies = "SELECT workers.name, json FROM replies JOIN calls ON calls.id = call JOIN workers ON workers.id = worker"
        for worker, reply in database.execute(replies):
            usage, price = json.loads(reply)["usage"], prices[worker]
            micros = round(1e9 * price[0]) * usage["prompt_tokens"] + round(1e9 * price[1]) * usage["completion_tokens"]
            billed += -(-micros // 1_000_000)
        print(json.dumps({
            "integrity": one("PRAGMA integrity_check"),
            "answers": one("SELECT count(*) FROM calls WHERE state = 'done'"),
            "leased": one("SELECT count(*) FROM calls WHERE state = 'leased'"),
            "spent": one("SELECT coalesce(sum(cost), 0) FROM calls"),
            "billed": billed,
            "committed": one("SELECT coalesce(sum(cost + reservation + unsettled), 0) FROM calls"),
        }))
        database.close()


main()
