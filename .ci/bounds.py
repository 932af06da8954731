"""Every damaged or protected corpus file gets a typed outcome, in bounded time and memory.

One process for each file, under GNU time, so that a peak belongs to that file alone.

    python3 .ci/bounds.py target/release/examples/labels

The corpus folder comes from LABEL_CORPUS.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

FOLDERS = ("malformed", "protected")
WALL_SECONDS_MAX = 1.0
RSS_KIB_MAX = 64 * 1024
# Past this a process counts as hanging and is killed.
HANG_SECONDS = 20

# `io_error` is left out on purpose: all these files can be read.
STATUSES = ("ok", "protected", "unsupported", "malformed", "too_large")
PROTECTIONS = (
    None,
    "rights_managed",
    "password",
    "irm_pdf",
    "pdf_password",
    "pdf_restricted",
    "pdf_public_key",
    "encrypted_payload",
    "encrypted_unknown",
    "built_in_password",
)
MEMBERS = {
    "path": str,
    "kind": (str, type(None)),
    "status": str,
    "protection": (str, type(None)),
    "labels": list,
    "effective": list,
    "diagnostics": list,
    "error": (str, type(None)),
}


def outcome_of(output: str) -> tuple[str | None, list[str]]:
    """The status in the one line of JSON, and what is wrong with that line."""
    lines = output.splitlines()
    if len(lines) != 1:
        return None, [f"{len(lines)} lines of output instead of 1"]
    try:
        report = json.loads(lines[0])
    except json.JSONDecodeError as error:
        return None, [f"not JSON: {error}"]
    if not isinstance(report, dict):
        return None, ["not a JSON object"]
    faults = []
    for member, types in MEMBERS.items():
        if member not in report:
            faults.append(f"no member `{member}`")
        elif not isinstance(report[member], types):
            faults.append(f"`{member}` has the wrong type")
    status = report.get("status")
    if status not in STATUSES:
        faults.append(f"status `{status}`")
    if report.get("protection") not in PROTECTIONS:
        faults.append(f"protection `{report['protection']}`")
    if status == "protected" and report.get("protection") is None:
        faults.append("protected, but not how")
    return status, faults


def measure(labels: Path, file: Path, measured: Path) -> dict:
    command = ["/usr/bin/time", "-v", "-o", str(measured), str(labels), "read", "--json", str(file)]
    start = time.perf_counter()
    try:
        run = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=HANG_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return {"status": None, "seconds": HANG_SECONDS, "rss_kib": 0, "faults": ["does not end"]}
    seconds = time.perf_counter() - start
    status, faults = outcome_of(run.stdout)
    if run.returncode != 0:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        faults.insert(0, f"exit {run.returncode}: {last}")
    peak = re.search(r"Maximum resident set size \(kbytes\): (\d+)", measured.read_text())
    if peak is None:
        sys.exit("bounds: /usr/bin/time -v gave no peak memory; GNU time is needed")
    rss_kib = int(peak.group(1))
    if seconds >= WALL_SECONDS_MAX:
        faults.append(f"{seconds:.2f} s, limit {WALL_SECONDS_MAX:.0f} s")
    if rss_kib >= RSS_KIB_MAX:
        faults.append(f"{rss_kib / 1024:.1f} MiB, limit {RSS_KIB_MAX // 1024} MiB")
    return {"status": status, "seconds": seconds, "rss_kib": rss_kib, "faults": faults}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labels", type=Path, help="the release build of the example `labels`")
    arguments = parser.parse_args()
    corpus = Path(os.environ.get("LABEL_CORPUS") or sys.exit("bounds: LABEL_CORPUS is not set"))

    results: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for folder in FOLDERS:
            files = sorted(path for path in (corpus / folder).iterdir() if path.is_file())
            if not files:
                sys.exit(f"bounds: no files in {folder}")
            for file in files:
                name = f"{folder}/{file.name}"
                results[name] = measure(arguments.labels, file, Path(scratch) / "measured")

    for folder in FOLDERS:
        statuses = Counter(
            str(result["status"])
            for name, result in results.items()
            if name.startswith(folder + "/")
        )
        counts = ", ".join(f"{status} {count}" for status, count in sorted(statuses.items()))
        print(f"{folder}: {sum(statuses.values())} files: {counts}")
    slowest = max(results, key=lambda name: results[name]["seconds"])
    largest = max(results, key=lambda name: results[name]["rss_kib"])
    print(f"slowest: {results[slowest]['seconds']:.3f} s, {slowest}")
    print(f"largest: {results[largest]['rss_kib'] / 1024:.1f} MiB, {largest}")

    failed = {name: result for name, result in results.items() if result["faults"]}
    for name, result in failed.items():
        print(f"FAILED {name}: {'; '.join(result['faults'])}")
    print(f"bounds: {len(results) - len(failed)} of {len(results)} files within bounds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
