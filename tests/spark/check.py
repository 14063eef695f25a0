"""Runs the example on the examples, once as they are and once with a binary that fails and an organization that cannot be read, and holds
its totals and rows against those of single runs."""
import collections
import json
import os
import shutil
import subprocess
import sys

binary, work = sys.argv[1], sys.argv[2]
AT = "2026-11-21"
inventories, out = f"{work}/inventories", f"{work}/out"
EXAMPLE = "examples/spark/evaluate.py"


def spark(folder, to, countersign, *more):
    command = [sys.executable, EXAMPLE, folder, to, "--countersign", countersign, "--at", AT, *more]
    return subprocess.run(command, capture_output=True, text=True)


def single(name):
    """What a run by itself says, as rows."""
    run = subprocess.run([binary, "evaluate", f"{inventories}/{name}", "--format", "json@v1", "--at", AT], capture_output=True, check=True)
    return json.loads(run.stdout)


def answer_key(*fields):
    return tuple("" if f is None else f for f in fields)


# the binary fails the first time that each organization but one is asked
flaky = os.path.abspath(f"{work}/flaky")
shutil.rmtree(f"{work}/tried", ignore_errors=True)
os.makedirs(f"{work}/tried")
with open(flaky, "w") as script:
    script.write(f"""#!/usr/bin/env bash
mark={os.path.abspath(work)}/tried/$(basename "$2")
if [ "$(basename "$2")" != clinic ] && [ ! -e "$mark" ]; then
  touch "$mark"
  {binary} "$@" | head -n 5
  echo "out of memory" >&2
  exit 137
fi
exec {binary} "$@"
""")
os.chmod(flaky, 0o755)

run = spark(inventories, out, flaky)
assert run.returncode == 0, run.stderr[-3000:]

from pyspark.sql import SparkSession  # noqa: E402

session = SparkSession.builder.master("local[2]").getOrCreate()
session.sparkContext.setLogLevel("ERROR")
read = {table: session.read.parquet(f"{out}/{table}").collect() for table in ("answers", "coverage", "findings", "runs")}
names = sorted(os.listdir(inventories))
total = collections.Counter()
for name in names:
    document = single(name)
    mine = {table: [r for r in rows if r.inventory == name] for table, rows in read.items()}
    expected = collections.Counter(
        answer_key(p["account"], p["principal"], p["kind"], o["operation"], o["scope"], o["agreement"], o["report"], o["decision"],
                   o["message"], o["reason"], ",".join(o["missing"]), ",".join(g["id"] for g in o["gates"]),
                   json.dumps(o["dependsOn"]))
        for p in document["principals"] for o in p["operations"])
    found = collections.Counter(
        answer_key(r.account, r.principal, r.kind, r.operation, r.scope, r.agreement, r.report, r.decision, r.message, r.reason,
                   ",".join(r.missing), ",".join(r.gate_ids), json.dumps(json.loads(r.depends_on)))
        for r in mine["answers"])
    assert found == expected and expected, (name, list((found - expected).items())[:2], list((expected - found).items())[:2])
    expected = collections.Counter(
        answer_key(a["account"], c["kind"], c["coverage"], (c["governing"] or {}).get("id"), str(a["hipaa"]["covered"]), ",".join(c["assuming"]))
        for a in document["accounts"] for c in a["agreements"])
    found = collections.Counter(
        answer_key(r.account, r.kind, r.coverage, r.governing, str(r.covered), ",".join(r.assuming)) for r in mine["coverage"])
    assert found == expected and expected, (name, found - expected, expected - found)
    expected = collections.Counter((f["rule"], f["subject"], f["message"]) for f in document["findings"])
    assert collections.Counter((r.rule, r.subject, r.message) for r in mine["findings"]) == expected, name
    (ran,) = mine["runs"]
    assert (ran.answers, ran.coverage, ran.findings) == tuple(len(mine[t]) for t in ("answers", "coverage", "findings")), name
    assert ran.error is None and ran.tries == (1 if name == "clinic" else 2), (name, ran)
    total.update({t: len(mine[t]) for t in mine})
assert {t: len(rows) for t, rows in read.items()} == dict(total), total
session.stop()

# one organization that cannot be read: the others are there all the same
shutil.copytree(f"{inventories}/clinic", f"{work}/broken/clinic")
os.makedirs(f"{work}/broken/unreadable")
with open(f"{work}/broken/unreadable/entities.json", "w") as file:
    file.write("[{]")
shutil.rmtree(out)
run = spark(f"{work}/broken", out, binary, "--retries", "1")
assert run.returncode == 1 and "unreadable: exit 2" in run.stderr, run.stderr[-3000:]
session = SparkSession.builder.master("local[2]").getOrCreate()
runs = {r.inventory: r for r in session.read.parquet(f"{out}/runs").collect()}
assert runs["unreadable"].tries == 2 and runs["clinic"].error is None, runs
assert session.read.parquet(f"{out}/answers").count() == runs["clinic"].answers > 0
session.stop()
print(f"Spark: {dict(total)} of {len(names)} organizations, as of single runs")
