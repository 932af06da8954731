"""How long several readers take to find the labels of real files, and how many they find.

    python3 benches/peers/read_corpus.py --labels target/release/examples/labels
    python3 benches/peers/read_corpus.py --labels target/release/examples/labels --pdf
    python3 benches/peers/read_corpus.py --labels target/release/examples/labels --pdf --large

Over the Office packages of the corpus, whose folder comes from LABEL_CORPUS: our example program
`labels read`, Python's zipfile with ElementTree, python-docx, openpyxl and python-pptx on the files
of their kind, and exiftool. With `--pdf`, over its PDFs: ours, pikepdf, pypdf, exiftool, pdfinfo,
and qpdf, which only opens them; with `--large` too, over one labelled PDF of 50 MB that is made for
it, under twenty names. What is not installed is skipped, with a line that says so.

Programs are timed as processes, with their start; libraries inside this one, without. All read
every file once before the clock starts. The rounds are interleaved, and the median of each
reader's rounds counts. Prints a Markdown table.
"""

import argparse
import csv
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urljoin
from xml.etree import ElementTree

FOLDERS = {False: ("ooxml-labelled", "ooxml-plain"), True: ("pdf-labelled", "pdf-plain")}
PROCESS_SECONDS_MAX = 600
# So that the start of a process weighs little beside the files that it reads.
LARGE_NAMES = 20
CUSTOM_TYPES = ("/custom-properties", "/customProperties")
LABEL_INFO_TYPE = "/classificationlabels"
LABEL = re.compile(r"MSIP_Label_", re.IGNORECASE)
# exiftool shows property names without underscores.
EXIFTOOL_LABEL = re.compile(r"MSIP_?Label", re.IGNORECASE)


# ---------------------------------------------------------------------------------------------
# One file each: whether it has label records. Whatever they raise, they could not open the file.
# ---------------------------------------------------------------------------------------------


def with_zipfile(path: Path) -> bool:
    """As a script would do it: the two parts by relationship, parsed."""
    with zipfile.ZipFile(path) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        root = ElementTree.fromstring(archive.read(names["_rels/.rels"]))
        for item in root:
            kind = item.get("Type", "")
            if not kind.endswith((*CUSTOM_TYPES, LABEL_INFO_TYPE)):
                continue
            target = unquote(urljoin("/", item.get("Target", ""))).lstrip("/").lower()
            if target not in names:
                continue
            part = ElementTree.fromstring(archive.read(names[target]))
            if kind.endswith(LABEL_INFO_TYPE) and len(part):
                return True
            if any(LABEL.match(child.get("name", "")) for child in part):
                return True
    return False


def in_parts(parts) -> bool:
    """The libraries have no call for either part; both are in the package that they hold."""
    for part in parts:
        name = str(part.partname).lower()
        if name.endswith("labelinfo.xml") and b"<clbl:label " in part.blob:
            return True
        if name.endswith("custom.xml") and LABEL.search(part.blob.decode("utf-8", "replace")):
            return True
    return False


def with_python_docx(path: Path) -> bool:
    import docx

    return in_parts(docx.Document(str(path)).part.package.iter_parts())


def with_python_pptx(path: Path) -> bool:
    import pptx

    return in_parts(pptx.Presentation(str(path)).part.package.iter_parts())


def with_openpyxl(path: Path) -> bool:
    import openpyxl

    # Without this it parses every sheet as well.
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        return any(LABEL.match(item.name) for item in book.custom_doc_props.props)
    finally:
        book.close()


def with_pikepdf(path: Path) -> bool:
    import pikepdf

    with pikepdf.open(path) as pdf:
        if "/Info" in pdf.trailer and any(LABEL.search(key) for key in pdf.docinfo.keys()):
            return True
        metadata = pdf.Root.get("/Metadata")
        return metadata is not None and b"MSIP_Label_" in metadata.read_bytes()


def with_pypdf(path: Path) -> bool:
    import pypdf

    reader = pypdf.PdfReader(path)
    if any(LABEL.search(key) for key in reader.metadata or {}):
        return True
    packet = reader.xmp_metadata
    return packet is not None and any(LABEL.search(key) for key in packet.custom_properties or {})


# ---------------------------------------------------------------------------------------------
# The contestants
# ---------------------------------------------------------------------------------------------


@dataclass
class Contestant:
    name: str
    files: list[Path]
    # Reads all the files; gives how many could be opened and how many have labels.
    run: Callable[[list[Path]], tuple[int, int]]
    seconds: list[float] = field(default_factory=list)
    opened: int = 0
    labelled: int = 0

    def measure(self) -> None:
        start = time.perf_counter()
        self.opened, self.labelled = self.run(self.files)
        self.seconds.append(time.perf_counter() - start)

    @property
    def ms_per_file(self) -> float:
        return 1000 * statistics.median(self.seconds) / len(self.files)


def one_by_one(read: Callable[[Path], bool]) -> Callable[[list[Path]], tuple[int, int]]:
    def run(files: list[Path]) -> tuple[int, int]:
        opened = labelled = 0
        for path in files:
            try:
                found = read(path)
            except Exception:  # whatever it raises, it could not open the file
                continue
            opened += 1
            labelled += found
        return opened, labelled

    return run


def run_of(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=PROCESS_SECONDS_MAX,
    )


def output_of(*command: str) -> str:
    return run_of(*command).stdout


def ours(program: str, files: list[Path]) -> tuple[int, int]:
    lines = output_of(program, "read", "--json", *map(str, files)).splitlines()
    reports = [json.loads(line) for line in lines]
    opened = sum(report["status"] == "ok" for report in reports)
    return opened, sum(bool(report["labels"]) for report in reports)


def exiftool(files: list[Path]) -> tuple[int, int]:
    lines = output_of("exiftool", "-json", "-a", "-G1", *map(str, files))
    reports = json.loads(lines or "[]")
    opened = sum("ExifTool:Error" not in report for report in reports)
    return opened, sum(any(EXIFTOOL_LABEL.search(key) for key in report) for report in reports)


def pdf_tool(*command: str) -> Callable[[list[Path]], tuple[int, int]]:
    """A program that is started for each file; qpdf ends with 3 where it warns."""

    def run(files: list[Path]) -> tuple[int, int]:
        runs = [run_of(*command, str(path)) for path in files]
        opened = sum(one.returncode in (0, 3) for one in runs)
        return opened, sum(bool(LABEL.search(one.stdout)) for one in runs)

    return run


def each_alone(run: Callable[[list[Path]], tuple[int, int]]):
    def run_each(files: list[Path]) -> tuple[int, int]:
        results = [run([path]) for path in files]
        return sum(opened for opened, _ in results), sum(labelled for _, labelled in results)

    return run_each


def with_exiftool(files: list[Path], per_file: bool) -> list[Contestant]:
    if shutil.which("exiftool") is None:
        print("skipped: exiftool is not installed")
        return []
    version = output_of("exiftool", "-ver").strip()
    found = [Contestant(f"exiftool {version}, one process", files, exiftool)]
    if per_file:
        name = f"exiftool {version}, a process each"
        found.append(Contestant(name, files, each_alone(exiftool)))
    return found


def pdf_contestants(program: str, files: list[Path], per_file: bool) -> list[Contestant]:
    def read_ours(some: list[Path]) -> tuple[int, int]:
        return ours(program, some)

    found = [Contestant("`labels read`, one process", files, read_ours)]
    if per_file:
        found.append(Contestant("`labels read`, a process each", files, each_alone(read_ours)))
    for module, read in (("pikepdf", with_pikepdf), ("pypdf", with_pypdf)):
        if importlib.util.find_spec(module) is None:
            print(f"skipped: {module} is not installed")
        else:
            version = importlib.metadata.version(module)
            found.append(Contestant(f"{module} {version}", files, one_by_one(read)))
    for command in (("pdfinfo", "-custom"), ("qpdf", "--show-object=trailer")):
        if shutil.which(command[0]) is None:
            print(f"skipped: {command[0]} is not installed")
        elif per_file:
            name = f"`{' '.join(command)}`, a process each"
            found.append(Contestant(name, files, pdf_tool(*command)))
    return found + with_exiftool(files, per_file)


def contestants(program: str, files: list[Path], per_file: bool) -> list[Contestant]:
    def read_ours(some: list[Path]) -> tuple[int, int]:
        return ours(program, some)

    found = [Contestant("`labels read`, one process", files, read_ours)]
    if per_file:
        found.append(Contestant("`labels read`, a process each", files, each_alone(read_ours)))
    found.append(Contestant("zipfile + ElementTree", files, one_by_one(with_zipfile)))
    for module, package, letter, read in (
        ("docx", "python-docx", "d", with_python_docx),
        ("openpyxl", "openpyxl", "x", with_openpyxl),
        ("pptx", "python-pptx", "p", with_python_pptx),
    ):
        own = [path for path in files if path.suffix.lower().startswith(f".{letter}")]
        if importlib.util.find_spec(module) is None:
            print(f"skipped: {package} is not installed")
        else:
            version = importlib.metadata.version(package)
            found.append(Contestant(f"{package} {version}", own, one_by_one(read)))
    return found + with_exiftool(files, per_file)


def write_large_pdf(path: Path) -> None:
    """A PDF of 50 MB with a table: pictures of 1 MiB, small objects, a label in both places."""
    key = "MSIP_Label_11111111-1111-4111-8111-111111111111_Enabled"
    pdfx = f"xmlns:pdfx='http://ns.adobe.com/pdfx/1.3/'><pdfx:{key}>true</pdfx:{key}>"
    packet = (
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
        f"<rdf:Description rdf:about='' {pdfx}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()

    def stream(entries: str, content: bytes) -> bytes:
        head = f"<<{entries}/Length {len(content)}>>stream\n".encode()
        return head + content + b"\nendstream"

    picture = stream("/Type/XObject/Subtype/Image/Filter/DCTDecode", bytes(range(256)) * 4096)
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        f"<</{key}(true)>>".encode(),
        stream("/Type/Metadata/Subtype/XML", packet),
        *[picture] * 48,
        *[b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]>>"] * 3000,
    ]
    offsets = []
    with open(path, "wb") as out:
        out.write(b"%PDF-1.7\n")
        for number, body in enumerate(bodies, 1):
            offsets.append(out.tell())
            out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        table, size = out.tell(), len(bodies) + 1
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        out.write(b"trailer\n<</Size %d/Root 1 0 R/Info 4 0 R>>\n" % size)
        out.write(b"startxref\n%d\n%%%%EOF\n" % table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", required=True, help="the example program `labels`")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pdf", action="store_true", help="PDFs instead of Office packages")
    parser.add_argument("--large", action="store_true", help="with --pdf: one PDF of 50 MB")
    parser.add_argument("--no-process-each", action="store_true", help="leave the slowest out")
    arguments = parser.parse_args()
    if arguments.large:
        if not arguments.pdf:
            parser.error("--large is for --pdf")
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"large-{number:02}.pdf" for number in range(LARGE_NAMES)]
            write_large_pdf(paths[0])
            for path in paths[1:]:
                os.link(paths[0], path)
            return compare(arguments, paths, set(paths))
    corpus = Path(os.environ.get("LABEL_CORPUS") or sys.exit("LABEL_CORPUS is not set"))
    with open(corpus / "MANIFEST.tsv", encoding="utf-8", newline="") as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = [row for row in rows if row["path"].startswith(FOLDERS[arguments.pdf])]
    files = sorted(corpus / row["path"] for row in rows)
    labelled = {corpus / row["path"] for row in rows if json.loads(row["labels"] or "null")}
    return compare(arguments, files, labelled)


def compare(arguments: argparse.Namespace, files: list[Path], labelled: set[Path]) -> int:
    """Reads every file once, runs the rounds and prints the table."""
    program = shutil.which(arguments.labels) or sys.exit(f"no program {arguments.labels}")
    warnings.simplefilter("ignore")
    for path in files:
        path.read_bytes()
    made = pdf_contestants if arguments.pdf else contestants
    found = made(program, files, not arguments.no_process_each)
    for _ in range(arguments.rounds):
        for one in found:
            one.measure()
    print(f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {len(files)} files,")
    print(f"{len(labelled)} of them labelled, medians of {arguments.rounds} rounds\n")
    print("| Reader | files | opened | labelled found | ms per file | to ours |")
    print("|---|---:|---:|---:|---:|---:|")
    base = found[0].ms_per_file
    for one in found:
        there = len(labelled.intersection(one.files))
        cells = (
            one.name,
            str(len(one.files)),
            str(one.opened),
            f"{one.labelled} of {there}",
            f"{one.ms_per_file:.2f}",
            f"{one.ms_per_file / base:.1f}",
        )
        print("| " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
