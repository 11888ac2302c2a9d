"""Compares the JSON of `baton study` on stdin with a reference.json: a table, and exit status 1 where it falls short."""

import json
import sys

NAMES = {
    "best_single": "best single", "domain_table": "domain rule", "knn": "kNN", "sft": "SFT",
    "evolved": "SFT + sep-CMA-ES", "oracle": "oracle",
}
EXACT = ("best_single", "domain_table", "oracle")

study = json.load(sys.stdin)
methods = json.load(open(sys.argv[1]))["methods"]
short = False
print(f"{study['dataset']}: {len(study['splits'])} splits, {study['seconds']:.0f} s")
for name, theirs in NAMES.items():
    if theirs not in methods:
        continue
    mine, reference = study["summary"][name]["reward"], methods[theirs]
    mean, error = reference["mean"], reference["se_splits"]
    good = abs(mine - mean) <= 0.001 if name in EXACT else mine >= mean - error
    short = short or not good
    print(f"  {name:14} {mine:.4f}   reference {mean:.4f} ± {error:.4f}   {'reached' if good else 'NOT REACHED'}")
sys.exit(short)
