"""LibreOffice opens what was written as it opens the original, and sees the same text.

Every Office package of the corpus that may be written gets a label, and loses it again: in custom
properties, or wherever the tenant has one, and in the part of tenants that have opted in to it. The
original and the four results are converted, and the outcomes compared. What LibreOffice can't open
before, it need not open after.

    python3 .ci/libreoffice.py --labels target/release/examples/labels --work FOLDER

The corpus folder comes from LABEL_CORPUS.
"""

import argparse
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

TENANT = "74f71239-3dea-461b-910f-15d15a71655a"
LABEL = "11111111-1111-4111-8111-111111111111"

# What each program converts to: text where it can, so that more than "it opened" is compared.
FORMATS = {
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), "txt:Text"),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xlam"), "csv"),
    **dict.fromkeys(("pptx", "pptm", "potx", "potm", "ppsx", "ppsm"), "odp"),
}
BATCH = 20
BATCH_SECONDS = 180
FILE_SECONDS = 45
STAGES = ("original", "applied", "removed", "in-part", "taken-off")
# What is known of the tenant, and the stages of applying and removing.
STATES = (("unknown", "applied", "removed"), ("opted-in", "in-part", "taken-off"))


def convert(files: list[Path], target: str, out: Path, profile: Path) -> None:
    """Converts what can be converted; one that hangs is killed with its batch and tried alone."""
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        if run(batch, target, out, profile, BATCH_SECONDS):
            continue
        for file in batch:
            if not converted(file, target, out).exists():
                run([file], target, out, profile, FILE_SECONDS)


def run(files: list[Path], target: str, out: Path, profile: Path, seconds: int) -> bool:
    command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless"]
    command += ["--convert-to", target, "--outdir", str(out), *map(str, files)]
    try:
        subprocess.run(command, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return all(converted(file, target, out).exists() for file in files)


def converted(file: Path, target: str, out: Path) -> Path:
    return out / f"{file.stem}.{target.split(':')[0]}"


def text_of(path: Path, target: str) -> bytes | None:
    """What is compared; None where there is only the fact that it opened."""
    return None if target == "odp" else path.read_bytes()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    corpus = Path(os.environ["LABEL_CORPUS"])
    work = arguments.work.resolve()
    files: dict[str, list[tuple[str, str]]] = {}
    for stage in STAGES:
        (work / stage).mkdir(parents=True, exist_ok=True)
        (work / f"{stage}-out").mkdir(exist_ok=True)
    originals = [
        path
        for folder in ("ooxml-labelled", "ooxml-plain")
        for path in sorted((corpus / folder).iterdir())
    ]
    refused = 0
    for number, original in enumerate(originals):
        extension = original.suffix[1:].lower()
        if extension not in FORMATS:
            continue
        name = f"{number:03}.{extension}"
        copies = {stage: work / stage / name for stage in STAGES}
        copies["original"].write_bytes(original.read_bytes())
        commands = []
        for state, applied, removed in STATES:
            whose = ["--tenant", TENANT, "--storage", state]
            which = ["--label", LABEL, "--name", "Interop"]
            commands.append(["apply", *whose, *which, copies["original"], copies[applied]])
            commands.append(["remove", *whose, copies[applied], copies[removed]])
        deeds = (
            subprocess.run([arguments.labels, *command], capture_output=True, check=False)
            for command in commands
        )
        if any(deed.returncode != 0 for deed in deeds):
            refused += 1
            continue
        files.setdefault(extension, []).append((name, original.name))
    counts: dict[str, Counter] = {extension: Counter() for extension in FORMATS}
    faults = []
    for extension, named in files.items():
        target = FORMATS[extension]
        for stage in STAGES:
            paths = [work / stage / name for name, _ in named]
            convert(paths, target, work / f"{stage}-out", work / "profile")
        count = counts[extension]
        for name, shown in named:
            count["files"] += 1
            results = [converted(Path(name), target, work / f"{stage}-out") for stage in STAGES]
            if not results[0].exists():
                count["not before"] += 1
                continue
            for stage, result in zip(STAGES[1:], results[1:]):
                if not result.exists():
                    faults.append(f"{shown}: {stage}: not converted")
                    continue
                count[stage] += 1
                before = text_of(results[0], target)
                if before is not None and before != text_of(result, target):
                    faults.append(f"{shown}: {stage}: another text")
                elif before is not None:
                    count["same text"] += 1
    columns = ("files", "not before", *STAGES[1:], "same text")
    print("      " + "".join(f"{column:>12}" for column in columns))
    total = Counter()
    for extension, count in counts.items():
        total.update(count)
        print(f"{extension:<6}" + "".join(f"{count[column]:>12}" for column in columns))
    print(f"{'all':<6}" + "".join(f"{total[column]:>12}" for column in columns))
    print(f"libreoffice: {total['files']} files, {refused} refused, {len(faults)} faults")
    for fault in faults:
        print("FAILED", fault)
    return 1 if faults or not total["applied"] else 0


if __name__ == "__main__":
    sys.exit(main())
