"""Runs each query of docs/columns.md that DuckDB is to answer, and compares what it says with the page and, in sum, with the JSON."""
import csv
import io
import json
import os
import re
import sys

import duckdb

work, write = sys.argv[1], sys.argv[2] == "--write"
page_path = "docs/columns.md"
page = open(page_path, encoding="utf-8").read()
os.chdir(work)


def answer(query):
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    result = duckdb.sql(query)
    lines.writerow(result.columns)
    lines.writerows(result.fetchall())
    return out.getvalue()


BLOCK = re.compile(r"```sql duckdb\n(.*?)```\n\n```text\n(.*?)```", re.S)
blocks = BLOCK.findall(page)
assert len(blocks) >= 4, len(blocks)
wrong = 0
for query, expected in blocks:
    found = answer(query)
    if found != expected:
        wrong += 1
        print(f"{query}\nsays\n{found}\nand the page has\n{expected}", file=sys.stderr)
if write:
    page = BLOCK.sub(lambda m: f"```sql duckdb\n{m[1]}```\n\n```text\n{answer(m[1])}```", page)
    open(os.path.join("../..", page_path), "w", encoding="utf-8").write(page)
elif wrong:
    sys.exit(f"{wrong} of {len(blocks)} queries say something else")

# what they count is what the JSON has
document = json.load(open("hospital.json", encoding="utf-8"))
answers = [o for p in document["principals"] for o in p["operations"]]
counts = [len(answers), sum(len(a["agreements"]) for a in document["accounts"]), len(document["findings"])]
tables = ["answers", "coverage", "findings"]
assert [duckdb.sql(f"SELECT count(*) FROM 'tables/{t}.parquet'").fetchone()[0] for t in tables] == counts, counts
missing = duckdb.sql("SELECT sum(len(missing)) FROM 'tables/answers.parquet'").fetchone()[0]
assert missing == sum(len(o["missing"]) for o in answers) > 0
depends = duckdb.sql("SELECT sum(json_array_length(depends_on)) FROM 'tables/answers.parquet'").fetchone()[0]
assert depends == sum(len(o["dependsOn"]) for o in answers)
about = duckdb.sql("SELECT decode(value) FROM parquet_kv_metadata('tables/findings.parquet') WHERE decode(key) = 'countersign.provenance'")
assert json.loads(about.fetchone()[0]) == document["provenance"]
print(f"DuckDB: {len(blocks)} queries")
