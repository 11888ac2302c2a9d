#!/usr/bin/env python3
"""Turns the first full grade in a ledger into none, and prints how many rows that was."""
import json
import sqlite3
import sys

ledger = sqlite3.connect(sys.argv[1])
spoiled = ledger.execute(
    "UPDATE grades SET value = 0 WHERE call = (SELECT min(call) FROM grades WHERE value = 1)"
).rowcount
ledger.commit()
print(json.dumps([spoiled]))
