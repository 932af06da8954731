"""Writes labels into real Office files and lets independent programs judge the result.

    python3 .ci/interop.py --labels target/release/examples/labels \\
        --validator node_modules/.bin/ooxml-validator --work target/interop --sample

For every Office file of the corpus that may be written: apply a label of a tenant that the file
does not know, read it back, remove it, read back; for a labelled file the same with each of its
own tenants, so that a label is replaced. All that three times: for tenants of which it is not known
whether they have opted in to labels in a part of their own, for tenants that have, and for tenants
that have not. After each write Python's own ZIP and XML readers compare the packages: what is not a
label part must be the same byte for byte. Then `labels verify`, which shares no code with the
writer, has to come to the same verdict.

On a sample of about twenty files (`--sample`), or on all (`--all`), more judges look at the file
before and after: the Open XML SDK validator, 7z, unzip, and python-docx, openpyxl or python-pptx.
They may find nothing that they did not find in the original.

The corpus folder comes from LABEL_CORPUS. Exit 1 on any difference.
"""

import argparse
import csv
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
import warnings
import zipfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urljoin
from xml.etree import ElementTree

# A tenant and a label that no corpus file has.
NEW_TENANT = "6f2c1d1e-52a7-4f0b-9d0a-3b8f5b7c9e21"
NEW_LABEL = "0b9e7a54-8c1d-4e62-a3f7-d5c2946b1e08"
# What XML has to escape, and letters beyond ASCII.
NAME = 'Prüfung & "Vertrieb" <intern>'
DATE = "2021-05-11T14:00:00Z"

SAMPLE_COUNT = 20
TOOL_SECONDS_MAX = 120
SIZE_BYTES_MAX = 50 * 1024 * 1024

CONTENT_TYPES = "[content_types].xml"
PACKAGE_RELATIONSHIPS = "_rels/.rels"
CUSTOM_RELATIONSHIPS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties",
    "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties",
)
LABEL_RELATIONSHIP = "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels"
SIGNATURE_RELATIONSHIP = (
    "http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"
)
CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
LABEL_TYPE = "application/vnd.ms-office.classificationlabels+xml"

# What may be known of a tenant, and where its label then goes: into the part, into custom
# properties, or wherever the tenant has one.
STATES = ("unknown", "opted-in", "not-opted-in")
# What is done to a file, and how many of those files have another tenant's label too.
DEEDS = ("apply", "replace", "remove", "beside")

# The columns of the table, in the order of the work.
OWN_CHECKS = (
    "apply", "read", "stored", "again", "zip", "parts", "remove", "unread", "gone", "verify"
)
JUDGES = ("validator", "7z", "unzip", "opens")


class Fault(Exception):
    """Something that must not be; the message says what."""


class ToolTrouble(Exception):
    """A judge could not be asked at all: the check itself is broken."""


# ---------------------------------------------------------------------------------------------
# Packages, read without the libraries under test
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    name: str
    # The central directory record, the place of the local header blanked.
    central: bytes
    # The local header, the data and whatever follows up to the next entry.
    local: bytes
    # How many bytes of `local` belong to the entry.
    length: int
    offset: int
    # The compressed bytes.
    packed: bytes


class Package:
    """A ZIP archive, byte for byte, and what the packaging rules say about it."""

    def __init__(self, path: Path):
        self.path = path
        self.bytes = path.read_bytes()
        self.entries = self._read_entries()
        self.by_name = {entry.name.lower(): entry for entry in self.entries}

    def _read_entries(self) -> list[Entry]:
        end = self.bytes.rfind(b"PK\x05\x06")
        if end < 0:
            raise Fault("no end of central directory")
        count, size, start, comment = struct.unpack("<HIIH", self.bytes[end + 10 : end + 22])
        self.comment = self.bytes[end + 22 :]
        self.stray = len(self.comment) != comment or start + size != end
        records = []
        at = start
        for _ in range(count):
            if self.bytes[at : at + 4] != b"PK\x01\x02":
                raise Fault("the central directory is damaged")
            name, extra, note = struct.unpack("<HHH", self.bytes[at + 28 : at + 34])
            stop = at + 46 + name + extra + note
            records.append(self.bytes[at:stop])
            at = stop
        if at != start + size:
            raise Fault("the central directory has another size than the end record says")
        offsets = [struct.unpack("<I", record[42:46])[0] for record in records]
        following = {one: two for one, two in zip(sorted(offsets), sorted(offsets)[1:] + [start])}
        self.stray = self.stray or min(offsets, default=0) != 0
        return [self._entry(record, at, following[at]) for record, at in zip(records, offsets)]

    def _entry(self, record: bytes, offset: int, stop: int) -> Entry:
        flags = struct.unpack("<H", record[8:10])[0]
        packed_size = struct.unpack("<I", record[20:24])[0]
        name_size = struct.unpack("<H", record[28:30])[0]
        raw_name = record[46 : 46 + name_size]
        local = self.bytes[offset:stop]
        if local[:4] != b"PK\x03\x04":
            raise Fault("a local header is not where the central directory says")
        header = 30 + sum(struct.unpack("<HH", local[26:30]))
        length = header + packed_size
        if flags & 8:
            with_signature = local[length : length + 4] == b"PK\x07\x08"
            length += 16 if with_signature else 12
        if length > len(local):
            raise Fault("two entries overlap")
        return Entry(
            name=raw_name.decode("utf-8" if flags & 0x800 else "cp437"),
            central=record[:42] + bytes(4) + record[46:],
            local=local,
            length=length,
            offset=offset,
            packed=local[header : header + packed_size],
        )

    @cached_property
    def contents(self) -> dict[str, bytes]:
        """Every part inflated, by its name in lower case; reading checks the CRC."""
        with zipfile.ZipFile(self.path) as archive:
            return {info.orig_filename.lower(): archive.read(info) for info in archive.infolist()}

    def xml(self, name: str) -> ElementTree.Element | None:
        content = self.contents.get(name.lower())
        return None if content is None else ElementTree.fromstring(content)

    @cached_property
    def relationships(self) -> list[dict[str, str]]:
        root = self.xml(PACKAGE_RELATIONSHIPS)
        return [] if root is None else [dict(element.attrib) for element in root]

    def targets(self, *types: str) -> list[str]:
        """The names, in lower case, of the parts that relationships of these types name."""
        return [
            unquote(urljoin("/", item["Target"])).lstrip("/").lower()
            for item in self.relationships
            if item["Type"] in types and item.get("TargetMode") != "External"
        ]

    @property
    def custom_name(self) -> str | None:
        return next(iter(self.targets(*CUSTOM_RELATIONSHIPS)), None)

    @property
    def label_name(self) -> str | None:
        return next(iter(self.targets(LABEL_RELATIONSHIP)), None)

    def content_type(self, name: str) -> str | None:
        default = None
        extension = name.rsplit(".", 1)[-1]
        for element in self.xml(CONTENT_TYPES):
            if element.get("PartName", "").lstrip("/").lower() == name:
                return element.get("ContentType")
            if element.get("Extension", "").lower() == extension:
                default = element.get("ContentType")
        return default

    @cached_property
    def properties(self) -> list[dict]:
        """The custom properties: name, id and the whole element as text."""
        root = self.xml(self.custom_name) if self.custom_name else None
        found = []
        for element in [] if root is None else root:
            element.tail = None
            found.append(
                {
                    "name": element.get("name", ""),
                    "pid": element.get("pid"),
                    "value": "".join(element.itertext()),
                    "text": ElementTree.tostring(element, encoding="unicode"),
                }
            )
        return found

    @cached_property
    def groups(self) -> dict[str, dict[str, str]]:
        """The attributes of each label in the custom properties, by the label's id."""
        groups: dict[str, dict[str, str]] = {}
        for item in self.properties:
            match = re.fullmatch(r"msip_label_\{?([0-9a-f-]{36})\}?_(.+)", item["name"].lower())
            if match:
                groups.setdefault(match[1], {}).setdefault(match[2], item["value"])
        return groups

    @cached_property
    def elements(self) -> list[dict[str, str]]:
        """The attributes of the label elements; ids in lower case without braces."""
        root = self.xml(self.label_name) if self.label_name else None
        found = []
        for element in [] if root is None else root:
            if element.tag.rsplit("}", 1)[-1] == "label":
                attributes = dict(element.attrib)
                for key in ("id", "siteId"):
                    attributes[key] = attributes.get(key, "").strip("{}").lower()
                found.append(attributes)
        return found

    def label_of(self, tenant: str, state: str) -> tuple[str, str] | None:
        """The tenant's label and where it is stored."""
        for element in [] if state == "not-opted-in" else self.elements:
            if element["siteId"] == tenant:
                if element.get("removed") in ("1", "true") or element.get("enabled") in ("0", "false"):
                    return None
                return element["id"], "labelinfo"
        named = [
            (label, group)
            for label, group in self.groups.items()
            if group.get("siteid", "").strip("{}").lower() == tenant
            and group.get("enabled", "").strip().lower() == "true"
        ]
        parents = {group.get("parent", "").strip("{}").lower() for _, group in named}
        left = [label for label, _ in named if label not in parents]
        return (left[0], "custom.xml") if len(left) == 1 else None

    def why_not_written(self) -> str | None:
        """Why a label writer has to refuse this package, as far as it is seen from outside."""
        names = [entry.name.lower() for entry in self.entries]
        methods = {struct.unpack("<H", entry.central[10:12])[0] for entry in self.entries}
        flags = [struct.unpack("<H", entry.central[8:10])[0] for entry in self.entries]
        if self.targets(SIGNATURE_RELATIONSHIP):
            return "signed"
        if len(set(names)) != len(names):
            return "duplicate entry names"
        if any("\\" in name for name in names):
            return "back-slashes in an entry name"
        if not methods <= {0, 8} or any(flag & 1 for flag in flags):
            return "an encrypted entry or another compression method"
        if self.stray:
            return "bytes before, between or after"
        if len(self.targets(*CUSTOM_RELATIONSHIPS)) > 1 or len(self.targets(LABEL_RELATIONSHIP)) > 1:
            return "two relationships of one type"
        if len(self.bytes) > SIZE_BYTES_MAX:
            return "too large"
        return None


def compare_packages(before: Package, after: Package) -> None:
    """Only label parts may differ; everything else is the same bytes in the same order."""
    label_parts = {CONTENT_TYPES, PACKAGE_RELATIONSHIPS}
    for package in (before, after):
        label_parts.update(package.targets(*CUSTOM_RELATIONSHIPS, LABEL_RELATIONSHIP))
    with zipfile.ZipFile(after.path) as archive:
        bad = archive.testzip()
    if bad is not None:
        raise Fault(f"the checksum of {bad} is wrong")

    old = [entry.name for entry in before.entries]
    new = [entry.name for entry in after.entries]
    if len(set(name.lower() for name in new)) != len(new):
        raise Fault("an entry name twice")
    lost = [name for name in old if name not in new and name.lower() not in label_parts]
    added = [name for name in new if name not in old]
    if lost:
        raise Fault(f"lost: {lost}")
    if any(name.lower() not in label_parts for name in added):
        raise Fault(f"added: {added}")
    kept = [name for name in old if name in new]
    if new != kept + added:
        raise Fault("the order of the central directory is another one")
    by_place = [
        [entry.name for entry in sorted(package.entries, key=lambda entry: entry.offset)]
        for package in (before, after)
    ]
    if [name for name in by_place[0] if name in new] + added != by_place[1]:
        raise Fault("the order of the entries is another one")
    if before.comment != after.comment:
        raise Fault("the archive comment is another one")

    for name in kept:
        if name.lower() in label_parts:
            continue
        one, two = before.by_name[name.lower()], after.by_name[name.lower()]
        if one.central != two.central:
            raise Fault(f"{name}: the central record is another one")
        size = min(len(one.local), len(two.local))
        if two.length != one.length or one.local[:size] != two.local[:size]:
            raise Fault(f"{name}: the local header or the data are other ones")


def compare_parts(before: Package, after: Package, tenant: str, label: str) -> None:
    """Inside the label parts only what belongs to this tenant's label may differ."""
    label_parts = set()
    for package in (before, after):
        label_parts.update(package.targets(*CUSTOM_RELATIONSHIPS, LABEL_RELATIONSHIP))

    def other_types(package: Package) -> list:
        return [
            (element.tag, sorted(element.attrib.items()))
            for element in package.xml(CONTENT_TYPES)
            if element.get("PartName", "").lstrip("/").lower() not in label_parts
        ]

    if other_types(before) != other_types(after):
        raise Fault("[Content_Types].xml: something else changed")
    overrides = Counter(
        element.get("PartName", "").lstrip("/").lower() for element in after.xml(CONTENT_TYPES)
    )
    for part in label_parts:
        if overrides[part] > 1 or (overrides[part] and part not in after.by_name):
            raise Fault(f"[Content_Types].xml: an override too many for {part}")
    for part, wanted in ((after.custom_name, CUSTOM_TYPE), (after.label_name, LABEL_TYPE)):
        if part is None or after.contents.get(part) == before.contents.get(part):
            continue
        if part not in after.by_name:
            raise Fault(f"_rels/.rels: {part} is not there")
        if after.content_type(part) != wanted:
            raise Fault(f"{part}: content type {after.content_type(part)}")

    def other_relationships(package: Package) -> list:
        ours = (*CUSTOM_RELATIONSHIPS, LABEL_RELATIONSHIP)
        return [item for item in package.relationships if item["Type"] not in ours]

    if other_relationships(before) != other_relationships(after):
        raise Fault("_rels/.rels: something else changed")
    ids = [item["Id"] for item in after.relationships]
    if len(set(ids)) != len(ids):
        raise Fault("_rels/.rels: an id twice")
    for types in (CUSTOM_RELATIONSHIPS, (LABEL_RELATIONSHIP,)):
        if len(after.targets(*types)) > 1:
            raise Fault("_rels/.rels: two relationships of one type")

    def other_properties(package: Package) -> list[str]:
        kept = []
        for item in package.properties:
            match = re.match(r"msip_label_\{?([0-9a-f-]{36})", item["name"].lower())
            if match:
                site = package.groups[match[1]].get("siteid", "").strip("{}").lower()
                if match[1] == label or site in (tenant, ""):
                    continue
            if item["name"] != "Sensitivity":
                kept.append(item["text"])
        return kept

    if other_properties(before) != other_properties(after):
        raise Fault("custom properties: something else changed")
    for package in (before, after):
        pids = [item["pid"] for item in package.properties]
        unique = len(set(pids)) == len(pids) and all(int(pid or 0) >= 2 for pid in pids)
        if not unique and package is before:
            break
        if not unique:
            raise Fault("custom properties: a pid twice, or below 2")

    def other_elements(package: Package) -> list:
        return [element for element in package.elements if element["siteId"] != tenant]

    if other_elements(before) != other_elements(after):
        raise Fault("LabelInfo: another tenant's element changed")
    sites = [element["siteId"] for element in after.elements]
    if sites.count(tenant) > 1:
        raise Fault("LabelInfo: two elements of the tenant")


def no_residue(labelled: Package, unlabelled: Package, label: str) -> None:
    """After removal the label is nowhere: not in a part, not as dead bytes."""
    needles = [
        text.encode(encoding)
        for text in (label, label.upper(), "Prüfung")
        for encoding in ("utf-8", "utf-16-le")
    ]

    def holds(package: Package) -> bool:
        return any(
            needle in content for content in package.contents.values() for needle in needles
        )

    if not holds(labelled):
        raise Fault("the label is not in the labelled file: this check proves nothing")
    if holds(unlabelled):
        raise Fault("the removed label is still in a part")
    for name in (labelled.custom_name, labelled.label_name):
        entry = labelled.by_name.get(name or "")
        if entry is None or labelled.contents[name] == unlabelled.contents.get(name):
            continue
        if len(entry.packed) > 64 and entry.packed in unlabelled.bytes:
            raise Fault(f"the old bytes of {name} are still in the file")


# ---------------------------------------------------------------------------------------------
# The program under test
# ---------------------------------------------------------------------------------------------


class Labels:
    """The example program `labels`."""

    def __init__(self, program: Path, state: str):
        self.program = str(program)
        self.state = state

    def _run(self, deed: str, *arguments: str) -> subprocess.CompletedProcess:
        try:
            return subprocess.run(
                [self.program, deed, "--storage", self.state, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=TOOL_SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            raise Fault(f"`labels {deed}` does not end") from None

    def read(self, file: Path) -> dict:
        run = self._run("read", "--json", str(file))
        if run.returncode != 0:
            raise Fault(f"`labels read` exit {run.returncode}: {run.stderr.strip()[-200:]}")
        try:
            return json.loads(run.stdout)
        except json.JSONDecodeError as error:
            raise Fault(f"`labels read`: not one JSON object: {error}") from None

    def verify(self, tenant: str, before: Path, after: Path, differs: bool) -> None:
        """The program's own comparison finds nothing but labels, and a changed file different."""
        run = self._run("verify", "--json", "--tenant", tenant, str(before), str(after))
        try:
            report = json.loads(run.stdout)
        except json.JSONDecodeError as error:
            raise Fault(f"`labels verify`: exit {run.returncode}, no JSON: {error}") from None
        if run.returncode != 0 or not report["only_labels"]:
            found = report["error"] or report["differences"][:3]
            raise Fault(f"`labels verify` exit {run.returncode}: {found}")
        if report["identical"] == differs:
            raise Fault("`labels verify` says that the file did not change, or that it did")
        if any(change["tenant"] != tenant for change in report["changes"]):
            raise Fault("`labels verify` sees another tenant's label change")

    def write(self, deed: str, *arguments: str, source: Path, target: Path) -> str | None:
        """Why the program refused, or nothing if it wrote the target."""
        run = self._run(deed, *arguments, str(source), str(target))
        lines = [line for line in (run.stdout + run.stderr).splitlines() if line.strip()]
        if run.returncode == 0:
            if not target.is_file():
                raise Fault(f"`labels {deed}` exit 0 without a file")
            return None
        if run.returncode != 1:
            raise Fault(f"`labels {deed}` exit {run.returncode}: {' '.join(lines)[-200:]}")
        if target.exists():
            raise Fault(f"`labels {deed}` refused and left a file")
        if len(lines) != 1:
            raise Fault(f"`labels {deed}` refused with {len(lines)} lines instead of 1")
        return lines[0].replace(str(source), "FILE")


def of_others(report: dict, tenant: str, strangers: bool) -> tuple[list, list]:
    """The records and effective labels that a write for `tenant` has to leave alone.

    `strangers`: the tenant has nothing in the file yet, so records without a tenant, which else
    may belong to it, have to stay too.
    """

    def other(item: dict) -> bool:
        return item["tenant"] != tenant and (strangers or item["tenant"] is not None)

    return (
        [item for item in report["labels"] if other(item)],
        [item for item in report["effective"] if other(item)],
    )


# ---------------------------------------------------------------------------------------------
# The judges
# ---------------------------------------------------------------------------------------------


def run_tool(*command: str) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TOOL_SECONDS_MAX,
        )
    except FileNotFoundError:
        raise ToolTrouble(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise ToolTrouble(f"{command[0]} does not end on {command[-1]}") from None


def validate(validator: str, file: Path, folder: Path) -> Counter:
    """What the Open XML SDK says, as a bag.

    It works on a copy, because the SDK rewrites relationship targets that it can't parse, in the
    file that it was given. Its exit status is not looked at: it has differed between versions for
    files with errors.
    """
    copy = folder / f"validated{file.suffix}"
    copy.unlink(missing_ok=True)
    shutil.copyfile(file, copy)
    run = run_tool(validator, str(copy))
    try:
        report = json.loads(run.stdout)
        errors = report["errors"]
        if report["ok"] != (not errors):
            raise ValueError("`ok` and `errors` disagree")
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ToolTrouble(f"validator on {file.name}: {error}: {run.stderr[-300:]}") from None

    def without_places(path: str | None) -> str:
        # A property after a removed one moves up.
        return re.sub(r"\[\d+\]", "", path or "")

    return Counter(
        (
            error["errorType"],
            error["id"] or "",
            error["path"] or "",
            without_places(error["xPath"]),
            error["description"],
        )
        for error in errors
    )


def opened(file: Path, kind: str) -> tuple | None:
    """What python-docx, openpyxl or python-pptx sees in the file; None if it can't open it."""
    import docx
    import openpyxl
    import pptx

    warnings.simplefilter("ignore")
    try:
        if kind.startswith("do"):
            document = docx.Document(str(file))
            return tuple(paragraph.text for paragraph in document.paragraphs)
        if kind.startswith("x"):
            book = openpyxl.load_workbook(file)
            return tuple((sheet.title, sheet.dimensions) for sheet in book.worksheets)
        slides = pptx.Presentation(str(file)).slides
        return tuple(tuple(shape.name for shape in slide.shapes) for slide in slides)
    except Exception:  # whatever it raises, it could not open the file
        return None


class Judges:
    """What the other programs think of one original, and whether a copy is worse."""

    def __init__(self, validator: str | None, original: Path, kind: str, folder: Path):
        self.validator = validator
        self.kind = kind
        self.folder = folder
        self.seconds: Counter = Counter()
        self.runs: Counter = Counter()
        # By the file's bytes: two states of a tenant often come to the same file.
        self.asked: dict[bytes, dict] = {}
        self.verdicts = self._ask(original)

    def _ask(self, file: Path) -> dict:
        bytes_of_it = hashlib.sha256(file.read_bytes()).digest()
        if bytes_of_it not in self.asked:
            self.asked[bytes_of_it] = self._ask_anew(file)
        return self.asked[bytes_of_it]

    def _ask_anew(self, file: Path) -> dict:
        questions = {
            "7z": lambda: run_tool("7z", "t", "-bd", str(file)).returncode,
            "unzip": lambda: run_tool("unzip", "-tq", str(file)).returncode,
            "opens": lambda: opened(file, self.kind),
        }
        if self.validator:
            questions["validator"] = lambda: validate(self.validator, file, self.folder)
        verdicts = {}
        for judge, question in questions.items():
            start = time.perf_counter()
            verdicts[judge] = question()
            self.seconds[judge] += time.perf_counter() - start
            self.runs[judge] += 1
        return verdicts

    def compare(self, written: Path, done: Counter) -> None:
        verdicts = self._ask(written)
        if self.validator:
            new_errors = verdicts["validator"] - self.verdicts["validator"]
            if new_errors:
                error = next(iter(new_errors))
                raise Fault(f"validator: {sum(new_errors.values())} new errors, first: {error}")
            done["validator"] += 1
        for judge in ("7z", "unzip"):
            if verdicts[judge] > self.verdicts[judge]:
                raise Fault(f"{judge}: exit {verdicts[judge]}, original {self.verdicts[judge]}")
            done[judge] += 1
        if self.verdicts["opens"] is not None:
            if verdicts["opens"] != self.verdicts["opens"]:
                raise Fault("a reader that could open the original can't, or sees other content")
            done["opens"] += 1


# ---------------------------------------------------------------------------------------------
# One file
# ---------------------------------------------------------------------------------------------


@dataclass
class Task:
    name: str
    source: Path
    sha256: str
    judged: bool
    labels: Path
    validator: str | None
    work: Path


@dataclass
class Outcome:
    name: str
    kind: str
    refusals: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    done: Counter = field(default_factory=Counter)
    # The same counts, by the tenant's state and the deed.
    deeds: Counter = field(default_factory=Counter)
    seconds: Counter = field(default_factory=Counter)
    runs: Counter = field(default_factory=Counter)
    trouble: str | None = None
    # Whether the corpus file has the hash that the manifest gives.
    as_listed: bool = True


def write_and_judge(task: Task) -> Outcome:
    kind = task.source.suffix.lower().lstrip(".")
    outcome = Outcome(task.name, kind)
    task.work.mkdir(parents=True, exist_ok=True)
    case = "corpus"
    try:
        before = Package(task.source)
        outcome.as_listed = hashlib.sha256(before.bytes).hexdigest() == task.sha256
        judges = Judges(task.validator, task.source, kind, task.work) if task.judged else None
        for state in STATES:
            labels = Labels(task.labels, state)
            report = labels.read(task.source)
            own = sorted({item["tenant"] for item in report["labels"]} - {None})
            for tenant in (NEW_TENANT, *own):
                who = "new tenant" if tenant == NEW_TENANT else f"tenant {tenant}"
                case = f"{who} {state}"
                write_case(task, case, tenant, labels, before, report, judges, outcome)
        if task.source.read_bytes() != before.bytes:
            raise Fault("the input file was changed")
        if judges is not None:
            outcome.seconds, outcome.runs = judges.seconds, judges.runs
    except ToolTrouble as trouble:
        outcome.trouble = str(trouble)
    except (Fault, zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError) as fault:
        kept = f" (files kept in {task.work})"
        outcome.faults.append(f"{case}: {type(fault).__name__}: {fault}{kept}")
    if not outcome.faults:
        shutil.rmtree(task.work, ignore_errors=True)
    return outcome


def write_case(
    task: Task,
    case: str,
    tenant: str,
    labels: Labels,
    before: Package,
    report: dict,
    judges: Judges | None,
    outcome: Outcome,
) -> None:
    folder = task.work / case.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    applied_path = folder / f"applied.{outcome.kind}"
    again_path = folder / f"again.{outcome.kind}"
    removed_path = folder / f"removed.{outcome.kind}"
    done = outcome.done
    state = labels.state
    others = of_others(report, tenant, strangers=tenant == NEW_TENANT)
    has_others = any(item["tenant"] not in (tenant, None) for item in others[0])

    def count(deed: str, before_write: Counter) -> None:
        """Adds what was found of one write to the row of its deed."""
        checks = done - before_write
        rows = [deed, *(["beside"] if has_others else [])]
        for row in rows:
            outcome.deeds[state, row, "writes"] += 1
            for check in ("verify", "zip", *JUDGES):
                outcome.deeds[state, row, check] += 1 if checks[check] else 0

    wanted = ("--tenant", tenant, "--label", NEW_LABEL, "--name", NAME, "--date", DATE)

    refusal = labels.write("apply", *wanted, source=task.source, target=applied_path)
    expected = before.why_not_written()
    if refusal is not None:
        if expected is None:
            raise Fault(f"refused without need: {refusal}")
        outcome.refusals.append(f"{expected}: {refusal}")
        return
    if expected is not None:
        raise Fault(f"written, but should be refused: {expected}")
    so_far = done.copy()
    done["apply"] += 1

    after = Package(applied_path)
    now = labels.read(applied_path)
    effective = [item for item in now["effective"] if item["tenant"] == tenant]
    if now["status"] != "ok" or [item["id"] for item in effective] != [NEW_LABEL]:
        raise Fault(f"read back: {now['status']}, {effective}, {now['error']}")
    if of_others(now, tenant, strangers=tenant == NEW_TENANT) != others:
        raise Fault("another tenant's label is read differently after applying")
    done["read"] += 1

    # Where nothing is known, whoever has an element keeps being stored in the part, everybody else
    # in custom properties.
    has_element = any(element["siteId"] == tenant for element in before.elements)
    in_part = {"unknown": has_element, "opted-in": True, "not-opted-in": False}[state]
    storage = "labelinfo" if in_part else "custom.xml"
    stored = after.label_of(tenant, state)
    if stored != (NEW_LABEL, storage) or effective[0]["storage"] != storage:
        raise Fault(f"stored: {stored}, expected it in {storage}")
    if in_part and before.properties != after.properties:
        raise Fault("stored in the part, but custom properties changed")
    if not in_part and not has_element and before.elements != after.elements:
        raise Fault("stored in custom properties, but the part changed")
    if not in_part and any(element["siteId"] == tenant for element in after.elements):
        raise Fault("stored in custom properties, but the tenant's element is still there")
    name = after.groups.get(NEW_LABEL, {}).get("name")
    if not in_part and not (name == NAME == effective[0]["name"]):
        raise Fault(f"stored: name `{name}`, read as `{effective[0]['name']}`")
    done["stored"] += 1

    refusal = labels.write("apply", *wanted, source=applied_path, target=again_path)
    if refusal is not None or again_path.read_bytes() != after.bytes:
        raise Fault(f"applying the same label again changes the file or is refused: {refusal}")
    done["again"] += 1

    compare_packages(before, after)
    done["zip"] += 1
    compare_parts(before, after, tenant, NEW_LABEL)
    done["parts"] += 1
    labels.verify(tenant, task.source, applied_path, differs=True)
    labels.verify(tenant, applied_path, again_path, differs=False)
    done["verify"] += 1
    if judges is not None:
        judges.compare(applied_path, done)
    count("apply" if tenant == NEW_TENANT else "replace", so_far)

    so_far = done.copy()
    refusal = labels.write(
        "remove", "--tenant", tenant, source=applied_path, target=removed_path
    )
    if refusal is not None:
        raise Fault(f"removal refused: {refusal}")
    done["remove"] += 1
    removed = Package(removed_path)
    now = labels.read(removed_path)
    if now["status"] != "ok" or any(item["tenant"] == tenant for item in now["effective"]):
        raise Fault(f"after removal: {now['status']}, {now['effective']}, {now['error']}")
    if of_others(now, tenant, strangers=tenant == NEW_TENANT) != others:
        raise Fault("another tenant's label is read differently after removing")
    if removed.label_of(tenant, state) is not None:
        raise Fault(f"after removal stored: {removed.label_of(tenant, state)}")
    if state == "opted-in" and after.properties != removed.properties:
        raise Fault("removed from the part, but custom properties changed")
    done["unread"] += 1

    compare_packages(after, removed)
    done["zip"] += 1
    compare_parts(after, removed, tenant, NEW_LABEL)
    done["parts"] += 1
    no_residue(after, removed, NEW_LABEL)
    done["gone"] += 1
    labels.verify(tenant, applied_path, removed_path, differs=True)
    labels.verify(tenant, task.source, removed_path, differs=removed.bytes != before.bytes)
    done["verify"] += 1
    if judges is not None:
        judges.compare(removed_path, done)
    count("remove", so_far)


# ---------------------------------------------------------------------------------------------
# All files
# ---------------------------------------------------------------------------------------------


def corpus_files(corpus: Path) -> list[dict]:
    with open(corpus / "MANIFEST.tsv", encoding="utf-8", newline="") as manifest:
        rows = csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE)
        return sorted(
            (row for row in rows if row["path"].startswith(("ooxml-labelled/", "ooxml-plain/"))),
            key=lambda row: row["path"],
        )


def strata(row: dict) -> set[str]:
    """What a file stands for when a sample is drawn."""
    folder, name = row["path"].split("/", 1)
    extension = name.rsplit(".", 1)[-1].lower()
    marks = {f"{folder} {extension}"}
    marks.update(feature for feature in row["features"].split(",") if feature)
    labels = json.loads(row["labels"])
    marks.update(f"{folder} {label['storage']}" for label in labels)
    if len({label["siteId"] for label in labels}) > 1:
        marks.add("several tenants")
    if any(label["removed"] for label in labels):
        marks.add("removed")
    if len({label["storage"] for label in labels}) > 1:
        marks.add("two storages")
    return marks


def draw_sample(rows: list[dict], count: int) -> set[str]:
    """Always the same files: first what covers most that is not covered yet, then by extension
    in turn."""
    rows = [row for row in rows if "signed" not in row["features"].split(",")]
    marks = {row["path"]: strata(row) for row in rows}
    left = set().union(*marks.values())
    sample: list[str] = []
    while left and len(sample) < count:
        best = max(marks, key=lambda path: (len(marks[path] & left), path))
        sample.append(best)
        left -= marks.pop(best)
    while marks and len(sample) < count:
        taken = Counter(path.rsplit(".", 1)[-1].lower() for path in sample)
        rarest = min(marks, key=lambda path: (taken[path.rsplit(".", 1)[-1].lower()], path))
        sample.append(rarest)
        marks.pop(rarest)
    return set(sample)


def print_table(outcomes: list[Outcome]) -> None:
    columns = ("files", "refused", *OWN_CHECKS, *JUDGES, "faults")

    def line(title: str, group: list[Outcome]) -> list[str]:
        done = sum((outcome.done for outcome in group), Counter())
        refused = sum(1 for outcome in group if outcome.refusals)
        faults = sum(len(outcome.faults) for outcome in group)
        counts = {"files": len(group), "refused": refused, "faults": faults, **done}
        return [title, *(str(counts.get(column, 0)) for column in columns)]

    kinds = sorted({outcome.kind for outcome in outcomes})
    table = [["", *columns]]
    for kind in kinds:
        table.append(line(kind, [outcome for outcome in outcomes if outcome.kind == kind]))
    table.append(line("all", outcomes))
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    for row in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))


def print_deeds(outcomes: list[Outcome]) -> None:
    """What was written, by the tenant's state, and how many of it each judge saw without a fault."""
    found = sum((outcome.deeds for outcome in outcomes), Counter())
    columns = ("writes", "verify", "zip", *JUDGES)
    print(f"{'tenant':<14}{'deed':<9}" + "".join(f"{column:>11}" for column in columns))
    for state in STATES:
        for deed in DEEDS:
            cells = "".join(f"{found[state, deed, column]:>11}" for column in columns)
            print(f"{state:<14}{deed:<9}{cells}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=Path, required=True, help="the example program `labels`")
    parser.add_argument("--validator", help="the program `ooxml-validator`; else it is not asked")
    parser.add_argument("--work", type=Path, required=True, help="a folder for written files")
    parser.add_argument("--jobs", type=int, default=2, help="files at the same time")
    extent = parser.add_mutually_exclusive_group(required=True)
    extent.add_argument("--sample", action="store_true", help="the slow judges see a sample")
    extent.add_argument("--all", action="store_true", help="the slow judges see every file")
    arguments = parser.parse_args()
    corpus = Path(os.environ.get("LABEL_CORPUS") or sys.exit("interop: LABEL_CORPUS is not set"))

    rows = corpus_files(corpus)
    if not rows:
        sys.exit("interop: the corpus has no Office files")
    judged = {row["path"] for row in rows} if arguments.all else draw_sample(rows, SAMPLE_COUNT)
    shutil.rmtree(arguments.work, ignore_errors=True)
    tasks = [
        Task(
            name=row["path"],
            source=corpus / row["path"],
            sha256=row["sha256"],
            judged=row["path"] in judged,
            labels=arguments.labels.resolve(),
            validator=arguments.validator,
            work=arguments.work.resolve() / f"{number:03}",
        )
        for number, row in enumerate(rows)
    ]
    with ProcessPoolExecutor(max_workers=arguments.jobs) as pool:
        outcomes = list(pool.map(write_and_judge, tasks))

    print(f"{len(rows)} files, {len(judged)} of them before all judges; one count per write")
    print_table(outcomes)
    print("by what is known of the tenant; `beside`: those of files with another tenant's label")
    print_deeds(outcomes)
    seconds = sum((outcome.seconds for outcome in outcomes), Counter())
    runs = sum((outcome.runs for outcome in outcomes), Counter())
    for judge in JUDGES:
        if runs[judge]:
            average = seconds[judge] / runs[judge]
            print(f"{judge}: {runs[judge]} times, {average:.2f} s each")
    refusals = Counter(reason for outcome in outcomes for reason in outcome.refusals)
    print(f"refused, rightly ({sum(refusals.values())}):")
    for reason, count in sorted(refusals.items()):
        print(f"  {count:3}  {reason}")

    unlisted = [outcome.name for outcome in outcomes if not outcome.as_listed]
    if unlisted:
        print(f"not the bytes that the manifest lists, checked all the same: {', '.join(unlisted)}")

    broken = [outcome for outcome in outcomes if outcome.trouble]
    failed = [outcome for outcome in outcomes if outcome.faults]
    for outcome in broken:
        print(f"FAILED {outcome.name}: no verdict: {outcome.trouble}")
    for outcome in failed:
        for fault in outcome.faults:
            print(f"FAILED {outcome.name}: {fault}")
    if not any(outcome.done["apply"] for outcome in outcomes):
        print("FAILED: no file was written at all")
        return 1
    print(f"interop: {len(rows) - len(broken) - len(failed)} of {len(rows)} files without a fault")
    return 1 if broken or failed else 0


if __name__ == "__main__":
    sys.exit(main())
