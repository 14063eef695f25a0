#!/usr/bin/env python3
"""Evaluates many organizations with countersign on Spark: one organization a task, one partitioned dataset.

    spark-submit evaluate.py INVENTORIES OUT [--countersign BINARY] [--at TIME] [--retries N]

INVENTORIES has a folder for each organization, as `countersign import` writes it. OUT gets the tables `answers`, `coverage` and
`findings`, partitioned by the name of that folder, and `runs`, a row for each organization: how many rows each table has, and how often
it was tried. Workers need the binary and INVENTORIES at the same paths (a shared file system, or a mounted bucket).

What fails is tried again; an organization that fails every time ends the job with exit code 1, after the others are written, and its row
in `runs` has the error.

The binary's JSON lines are read, which every build of it writes. The tables are those of `countersign evaluate --format parquet`, without
the columns that say where statements stand and what answers take for granted.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from pyspark.sql import Row, SparkSession
from pyspark.sql import types as T

TEXT, TEXTS = T.StringType(), T.ArrayType(T.StringType())


def schema(columns):
    """A schema of texts, in which a `*` marks a list, and a `?` a truth."""
    kinds = {"*": TEXTS, "?": T.BooleanType()}
    fields = [T.StructField(c.rstrip("*?"), kinds.get(c[-1], TEXT)) for c in columns.split()]
    return T.StructType([T.StructField("inventory", TEXT), *fields])


SCHEMAS = {
    "answers": schema("account principal kind name people operation scope agreement report member decision depends_on message detail "
                      "reason remedy missing* rests_on* deprecated gate_ids*"),
    "coverage": schema("account account_name partition state organization units role kind coverage governing governing_scope "
                       "governing_since accepted_by superseded* also_in_force* reason assuming* evidence* policies* covered? "
                       "designated? holds_phi? meets_definition? phi"),
    "findings": schema("rule name severity cites subject message help"),
}
RUNS = T.StructType([T.StructField("inventory", TEXT), T.StructField("tries", T.IntegerType()),
                     T.StructField("answers", T.LongType()), T.StructField("coverage", T.LongType()),
                     T.StructField("findings", T.LongType()), T.StructField("error", TEXT)])


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def answer_rows(principal, people, answers):
    """The rows of a principal, from the line of its class."""
    for a in answers:
        yield {
            "account": principal["account"], "principal": principal["principal"], "kind": principal["kind"], "name": principal["name"],
            "people": people, "operation": a["operation"], "scope": a["scope"], "agreement": a["agreement"], "report": a["report"],
            "member": a.get("member"), "decision": a["decision"], "depends_on": compact(a["dependsOn"]), "message": a["message"],
            "detail": a["detail"], "reason": a["reason"], "remedy": a["remedy"], "missing": a["missing"], "rests_on": a["restsOn"],
            "deprecated": a["deprecated"], "gate_ids": [g["id"] for g in a["gates"]],
        }


def coverage_rows(account):
    for row in account["agreements"]:
        governing, hipaa = row["governing"] or {}, account["hipaa"]
        yield {
            "account": account["account"], "account_name": account["name"], "partition": account["partition"], "state": account["state"],
            "organization": account["organization"], "units": compact(account["units"]), "role": account["role"], "kind": row["kind"],
            "coverage": row["coverage"], "governing": governing.get("id"), "governing_scope": governing.get("scope"),
            "governing_since": governing.get("since"), "accepted_by": governing.get("acceptedBy"), "superseded": row["superseded"],
            "also_in_force": row["alsoInForce"], "reason": row["reason"], "assuming": row["assuming"], "evidence": row["evidence"],
            "policies": row["policies"], "covered": hipaa["covered"], "designated": hipaa["designated"], "holds_phi": hipaa["holdsPhi"],
            "meets_definition": hipaa["meetsDefinition"], "phi": compact(account["phi"]) if account["phi"] else None,
        }


def rows_of(lines):
    """Each table's rows from JSON lines, as they come: what principals share stands before them, once."""
    shared = {}
    complete = False
    for line in map(json.loads, lines):
        kind = line.get("line")
        if kind == "principal":
            people = compact(shared["people", line["people"]])
            for row in answer_rows(line, people, shared["class", line["class"]]):
                yield "answers", row
        elif kind == "account":
            for row in coverage_rows(line["says"]):
                yield "coverage", row
        elif kind == "finding":
            yield "findings", line["says"]
        elif kind == "completeness":
            complete = True
        elif kind:
            shared[kind, line["number"]] = line["says"]
    if not complete:
        raise RuntimeError("the answers end in the middle")


def evaluated(inventory, folder, binary, at):
    """Runs the binary once; the tables are written as JSON lines beside each other, for nothing is told before all went well."""
    command = [binary, "evaluate", inventory, "--format", "jsonl", *(["--at", at] if at else [])]
    counts, failed = dict.fromkeys(SCHEMAS, 0), None
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8") as process:
            files = {name: open(os.path.join(folder, name), "w", encoding="utf-8") for name in SCHEMAS}
            try:
                for name, row in rows_of(process.stdout):
                    files[name].write(compact(row) + "\n")
                    counts[name] += 1
            except (KeyError, RuntimeError, ValueError) as error:
                failed = error
            finally:
                process.stdout.close()
                code = process.wait()
                for file in files.values():
                    file.close()
        errors.seek(0)
        if code != 0:
            raise RuntimeError(f"exit {code}: {errors.read(2000).strip()}")
    if failed:
        raise RuntimeError(f"{type(failed).__name__}: {failed}")
    return counts


def task(binary, at, retries):
    """What a worker does with its organizations: for each, the rows of its tables, and then the row of its run."""

    def run(inventories):
        for inventory in inventories:
            name, error, counts, tries = os.path.basename(inventory.rstrip("/")), None, {}, 0
            with tempfile.TemporaryDirectory() as folder:
                for tries in range(1, retries + 2):
                    try:
                        counts, error = evaluated(inventory, folder, binary, at), None
                        break
                    except (OSError, RuntimeError) as failed:
                        error = str(failed)
                        time.sleep(min(2 ** tries, 30) / 10)
                for table in SCHEMAS if error is None else ():
                    with open(os.path.join(folder, table), encoding="utf-8") as rows:
                        for row in rows:
                            yield table, name, row
                yield "runs", name, compact({"tries": tries, "error": error, **counts})

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inventories")
    parser.add_argument("out")
    parser.add_argument("--countersign", default="countersign")
    parser.add_argument("--at")
    parser.add_argument("--retries", type=int, default=2)
    args = parser.parse_args()
    inventories = sorted(e.path for e in os.scandir(args.inventories) if e.is_dir())
    if not inventories:
        sys.exit(f"{args.inventories} has no folder of an organization")
    spark = SparkSession.builder.appName("countersign").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    tasks = spark.sparkContext.parallelize([os.path.abspath(i) for i in inventories], len(inventories))
    # evaluated once: every table is taken from what the tasks gave
    given = tasks.mapPartitions(task(args.countersign, args.at, args.retries)).persist()
    for table, of in {**SCHEMAS, "runs": RUNS}.items():
        names = of.fieldNames()

        def row(entry, names=names):
            values = {"inventory": entry[1], **json.loads(entry[2])}
            return Row(**{n: values.get(n) for n in names})

        rows = given.filter(lambda entry, table=table: entry[0] == table).map(row)
        writer = spark.createDataFrame(rows, of).write.mode("overwrite")
        if table != "runs":
            writer = writer.partitionBy("inventory")
        writer.parquet(os.path.join(args.out, table))
    failed = spark.read.parquet(os.path.join(args.out, "runs")).where("error is not null").collect()
    for run in failed:
        print(f"{run.inventory}: {run.error}", file=sys.stderr)
    spark.stop()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
