"""Writes labels into PDFs and lets independent programs judge the result.

    python3 .ci/interop_pdf.py --labels target/release/examples/labels --work target/interop-pdf --all

For every PDF of the corpus that may be written, and for files made here in every form of
cross-reference, as PDF/A-1 to 4, signed and certified: apply a label of a tenant that the file does
not know, apply it again, replace it, remove it; once appended and once written anew. After each
write

- an appended file begins with the bytes of the file before;
- `qpdf --check` finds nothing that it did not find before, and `pdftotext` the same text;
- pikepdf and MuPDF see the label's values in the information dictionary and the XMP packet, pdfinfo
  too, and pikepdf sees every other entry, every other element of the packet and every page unchanged;
- `labels verify`, which shares no code with the writer, finds that only labels changed;
- of signed files, pdfsig and pyHanko call every signature valid that was valid before.

Without `--all` every fourth corpus file is written. The corpus folder comes from LABEL_CORPUS.
Exit 1 on any difference.
"""

import argparse
import csv
import datetime
import io
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
from asn1crypto import keys, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

TENANT = "6f2c1d1e-52a7-4f0b-9d0a-3b8f5b7c9e21"
LABEL = "0b9e7a54-8c1d-4e62-a3f7-d5c2946b1e08"
OTHER_LABEL = "5d1f0c6b-2a94-4b7e-8c33-e07a61d5b942"
NAME = 'Prüfung & "Vertrieb" <intern>'
DATE = "2021-05-11T14:00:00Z"
PDFX = "{http://ns.adobe.com/pdfx/1.3/}"
PDFA_SCHEMAS = "{http://www.aiim.org/pdfa/ns/extension/}schemas"
TOOL_SECONDS_MAX = 120
CHECKS = (
    "apply", "prefix", "qpdf", "text", "pikepdf", "mutool", "pdfinfo", "others", "pages", "again",
    "replace", "remove", "no residue", "verify", "pdfsig", "pyHanko",
)


class Fault(Exception):
    """Something that must not be; the message says what."""


def run(*command: str, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TOOL_SECONDS_MAX
    )
    if done.returncode not in codes:
        raise Fault(f"{command[0]}: exit {done.returncode}: {done.stderr[-200:]!r}")
    return done.stdout.decode("utf-8", errors="replace")


# ---------------------------------------------------------------------------------------------
# What a PDF says, read without the libraries under test
# ---------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """What counts of a file, as pikepdf sees it."""

    info: dict[str, str]
    xmp: bytes | None
    pages: list[str]
    part: str | None = None

    @classmethod
    def of(cls, path: Path) -> "Seen":
        with pikepdf.open(path) as pdf:
            has_info = isinstance(pdf.trailer.get("/Info"), pikepdf.Dictionary)
            info = {key: str(value) for key, value in pdf.docinfo.items()} if has_info else {}
            metadata = pdf.Root.get("/Metadata")
            is_stream = isinstance(metadata, pikepdf.Stream)
            xmp = metadata.read_bytes() if is_stream else None
            # What pages inherit is made into objects with numbers that were free.
            size = int(pdf.trailer.get("/Size", 0))
            pages = [
                re.sub(r"\b(\d+) 0 R", lambda one: one[0] if int(one[1]) < size else "new", page)
                for page in cls.pages_below(pdf.Root.get("/Pages"), set())
            ]
        seen = cls(info, xmp, pages)
        tree = seen.tree()
        if tree is not None:
            for element in tree.iter():
                for name, value in [(element.tag, element.text), *element.attrib.items()]:
                    if name == "{http://www.aiim.org/pdfa/ns/id/}part":
                        seen.part = (value or "").strip()
        return seen

    @classmethod
    def pages_below(cls, node, seen: set) -> list[str]:
        if not isinstance(node, pikepdf.Dictionary) or node.objgen in seen:
            return []
        seen.add(node.objgen)
        texts = [node.unparse(resolved=True).decode("latin-1")]
        kids = node.get("/Kids")
        for kid in kids if isinstance(kids, pikepdf.Array) else []:
            texts += cls.pages_below(kid, seen)
        return texts

    def tree(self) -> ElementTree.Element | None:
        try:
            return None if self.xmp is None else ElementTree.fromstring(self.xmp.rstrip(b"\0"))
        except ElementTree.ParseError:
            return None

    def label_in_info(self, label: str) -> dict[str, str]:
        prefix = f"/MSIP_Label_{label}_"
        return {k[len(prefix):]: v for k, v in self.info.items() if k.startswith(prefix)}

    def label_in_xmp(self, label: str) -> dict[str, str]:
        tree, prefix = self.tree(), f"{PDFX}MSIP_Label_{label}_"
        found = [] if tree is None else tree.iter()
        return {e.tag[len(prefix):]: e.text or "" for e in found if e.tag.startswith(prefix)}

    def described(self, label: str) -> int:
        """How many of the label's properties the extension schema of PDF/A describes."""
        tree = self.tree()
        names = [] if tree is None else tree.iter("{http://www.aiim.org/pdfa/ns/property#}name")
        return sum(1 for name in names if f"MSIP_Label_{label}_" in (name.text or ""))

    def others(self) -> tuple[dict[str, str], list]:
        """Everything but our two labels, and but the lists that describe them."""
        ours = re.compile(f"MSIP_Label_({LABEL}|{OTHER_LABEL})_")
        info = {key: value for key, value in self.info.items() if not ours.search(key)}
        tree = self.tree()
        elements = []
        for element in [] if tree is None else tree.iter():
            # Elements that only hold others come and go with what is in them.
            is_frame = not (element.text or "").strip() and not element.attrib
            is_frame |= element.tag.endswith("}Description") and len(element.attrib) <= 1
            if not ours.search(element.tag) and not is_frame:
                elements.append((element.tag, (element.text or "").strip(), sorted(element.attrib.items())))
        return info, elements


def without_schema(elements: list) -> list:
    """What PDF/A says of extension schemas comes with the label's properties."""
    return [one for one in elements if "/pdfa/ns/" not in one[0] and not one[0].endswith("}li")]


def qpdf_verdict(path: Path) -> int:
    done = subprocess.run(
        ["qpdf", "--check", str(path)], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=TOOL_SECONDS_MAX,
    )
    # 0 clean, 3 warnings, 2 errors.
    return {0: 0, 3: 1}.get(done.returncode, 2)


def page_text(path: Path) -> bytes:
    done = subprocess.run(
        ["pdftotext", str(path), "-"], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=TOOL_SECONDS_MAX,
    )
    return done.stdout


# ---------------------------------------------------------------------------------------------
# Files made here
# ---------------------------------------------------------------------------------------------


def xmp_packet(inside: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f"{inside}</rdf:RDF></x:xmpmeta>\n{' ' * 200}\n<?xpacket end=\"w\"?>"
    ).encode()


def base(part: int | None = None, with_info: bool = True, with_xmp: bool = True) -> pikepdf.Pdf:
    pdf = pikepdf.new()
    content = b"BT /F1 24 Tf 72 700 Td (Terms of a contract, page one.) Tj ET"
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page, MediaBox=[0, 0, 595, 842], Contents=pikepdf.Stream(pdf, content),
        Resources=pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font)),
    )
    for _ in range(3):
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(pikepdf.Dictionary(page))))
    if with_info:
        pdf.docinfo["/Title"] = "Vertrag über Lieferung"
        pdf.docinfo["/ModDate"] = "D:20210101120000Z"
    if with_xmp or part:
        pdfaid = (
            '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
            f"<pdfaid:part>{part}</pdfaid:part></rdf:Description>"
            if part
            else ""
        )
        dc = (
            '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            "<dc:format>application/pdf</dc:format></rdf:Description>"
        )
        stream = pikepdf.Stream(pdf, xmp_packet(dc + pdfaid))
        stream.Type, stream.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
        pdf.Root.Metadata = pdf.make_indirect(stream)
    return pdf


def hybrid(source: bytes) -> bytes:
    """A table, and a hidden stream that puts the information dictionary into an object stream."""
    with pikepdf.open(io.BytesIO(source)) as pdf:
        info = pdf.docinfo.objgen[0]
        size = int(pdf.trailer.Size)
        body = pdf.docinfo.unparse(resolved=True)
    start = int(re.findall(rb"startxref\s+(\d+)", source)[-1])
    head = f"{info} 0 ".encode()
    out = bytearray(source)
    container = len(out)
    content = head + body
    out += f"{size} 0 obj\n<</Type/ObjStm/N 1/First {len(head)}/Length {len(content)}>>stream\n".encode()
    out += content + b"\nendstream\nendobj\n"
    hidden = len(out)
    rows = bytes([2]) + size.to_bytes(4, "big") + bytes(2)
    out += (
        f"{size + 1} 0 obj\n<</Type/XRef/Size {size + 2}/W[1 4 2]/Index[{info} 1]/Root 1 0 R"
        f"/Length {len(rows)}>>stream\n"
    ).encode()
    out += rows + b"\nendstream\nendobj\n"
    table = len(out)
    root = re.findall(rb"/Root (\d+ \d+ R)", source)[-1].decode()
    out += (
        f"xref\n{size} 2\n{container:010} 00000 n \n{hidden:010} 00000 n \n"
        f"trailer\n<</Size {size + 2}/Root {root}/Info {info} 0 R/Prev {start}/XRefStm {hidden}>>\n"
        f"startxref\n{table}\n%%EOF\n"
    ).encode()
    return bytes(out)


class Signer:
    """A signer of its own, and what its signatures are worth."""

    def __init__(self):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = certificates.Name(
            [certificates.NameAttribute(certificates.NameOID.COMMON_NAME, "Signer of the tests")]
        )
        usage = certificates.KeyUsage(True, True, *[False] * 7)
        certificate = (
            certificates.CertificateBuilder()
            .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(datetime.datetime(2020, 1, 1))
            .not_valid_after(datetime.datetime(2060, 1, 1))
            .add_extension(usage, True)
            .sign(key, hashes.SHA256())
        )
        encoded = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.certificate = x509.Certificate.load(
            certificate.public_bytes(serialization.Encoding.DER)
        )
        store = SimpleCertificateStore()
        store.register(self.certificate)
        self.signer = signers.SimpleSigner(
            signing_cert=self.certificate, signing_key=keys.PrivateKeyInfo.load(encoded),
            cert_registry=store,
        )

    def sign(self, source: bytes, level: MDPPerm | None = None, locks: bool = False) -> bytes:
        metadata = signers.PdfSignatureMetadata(
            field_name="Signature1", certify=level is not None,
            docmdp_permissions=level or MDPPerm.FILL_FORMS,
        )
        lock = FieldMDPSpec(FieldMDPAction.ALL) if locks else None
        field_ = SigFieldSpec("Signature1", field_mdp_spec=lock)
        writer = IncrementalPdfFileWriter(io.BytesIO(source))
        return signers.PdfSigner(metadata, self.signer, new_field_spec=field_).sign_pdf(writer).getvalue()


def verdicts(path: Path, certificate: bytes) -> list[tuple]:
    """What pyHanko says of every signature."""
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(certificate)], allow_fetching=False
    )
    with open(path, "rb") as file:
        found = []
        for signature in PdfFileReader(file).embedded_signatures:
            status = validate_pdf_signature(signature, context)
            change = status.modification_level.name if status.modification_level else "NONE"
            found.append((status.intact, status.valid, status.docmdp_ok, change))
        return found


def made_files(folder: Path) -> tuple[list[tuple[str, Path, str]], bytes]:
    """Files in every form: a name, a path, and what is expected of writing; the certificate."""
    folder.mkdir(parents=True)
    signer = Signer()
    files = []

    def add(name: str, data: bytes, expected: str = "written") -> bytes:
        path = folder / f"{name}.pdf"
        path.write_bytes(data)
        files.append((name, path, expected))
        return data

    def saved(pdf: pikepdf.Pdf, **options) -> bytes:
        buffer = io.BytesIO()
        pdf.save(buffer, deterministic_id=True, **options)
        return buffer.getvalue()

    plain = {"object_stream_mode": pikepdf.ObjectStreamMode.disable}
    packed = {"object_stream_mode": pikepdf.ObjectStreamMode.generate}
    table = add("table", saved(base(), **plain))
    add("object streams", saved(base(), **packed))
    add("table, linearised", saved(base(), linearize=True, **plain))
    add("object streams, linearised", saved(base(), linearize=True, **packed))
    add("hybrid", hybrid(table))
    add("no Info", saved(base(with_info=False), **plain))
    add("no XMP", saved(base(with_xmp=False), **packed))
    add("neither", saved(base(with_info=False, with_xmp=False), **plain))
    for part in (1, 2, 3):
        add(f"PDF A-{part}", saved(base(part=part), **plain))
    add("PDF A-4", saved(base(part=4, with_info=False), **packed))
    for form, source in (("table", table), ("streams", saved(base(), **packed)),
                         ("no XMP", saved(base(with_xmp=False), **plain))):
        add(f"signed, {form}", signer.sign(source), "signed")
        add(f"fields locked, {form}", signer.sign(source, locks=True), "signed")
        add(f"certified 2, {form}", signer.sign(source, MDPPerm.FILL_FORMS), "signed")
        add(f"certified 3, {form}", signer.sign(source, MDPPerm.ANNOTATE), "signed")
        add(f"certified 1, {form}", signer.sign(source, MDPPerm.NO_CHANGES), "refused")
    add("header behind bytes", b"\n\n\n" + table, "rewritten only")
    return files, signer.certificate.dump()


# ---------------------------------------------------------------------------------------------
# One file
# ---------------------------------------------------------------------------------------------


@dataclass
class Task:
    name: str
    source: Path
    expected: str
    labels: Path
    work: Path
    certificate: bytes


@dataclass
class Outcome:
    name: str
    kind: str
    done: Counter = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def write_and_judge(task: Task) -> Outcome:
    warnings.simplefilter("ignore")
    made = not task.name.startswith("pdf-")
    outcome = Outcome(task.name, "made here" if made else task.name.split("/")[0])
    for save in ("appended", "rewritten"):
        folder = task.work / save
        folder.mkdir(parents=True)
        try:
            one_way(task, save, folder, outcome)
        except Fault as fault:
            outcome.faults.append(f"{save}: {fault}")
        except Exception as error:
            outcome.faults.append(f"{save}: {type(error).__name__}: {error}")
        shutil.rmtree(folder)
    return outcome


def one_way(task: Task, save: str, folder: Path, outcome: Outcome) -> None:
    done = outcome.done
    flags = ["--rewrite"] if save == "rewritten" else []
    if task.expected in ("signed", "refused") and save == "appended":
        flags.append("--allow-signed")

    def labels(deed: str, source: Path, target: Path, label: str = LABEL) -> str | None:
        wanted = ["--label", label, "--name", NAME, "--date", DATE] if deed == "apply" else []
        ran = subprocess.run(
            [str(task.labels), deed, "--tenant", TENANT, *wanted, *flags, str(source), str(target)],
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            timeout=TOOL_SECONDS_MAX,
        )
        if ran.returncode == 0:
            return None
        if target.exists() or ran.returncode != 1:
            raise Fault(f"`labels {deed}`: exit {ran.returncode}: {ran.stderr[-200:]}")
        return ran.stderr.strip().split(": ", 1)[-1]

    one, again, two, bare = (folder / f"{name}.pdf" for name in ("one", "again", "two", "bare"))
    refusal = labels("apply", task.source, one)
    must_refuse = (
        task.expected == "refused"
        or (task.expected == "signed" and save == "rewritten")
        or (task.expected == "rewritten only" and save == "appended")
    )
    if refusal is not None:
        rightly = must_refuse or (task.expected == "any" and re.match(
            "digitally signed|protected|malformed: (cross-reference|PDF header)", refusal
        ))
        if not rightly:
            raise Fault(f"refused without need: {refusal}")
        outcome.refusals.append(f"{save}: {refusal}")
        return
    if must_refuse:
        raise Fault("written, but should be refused")
    done["apply"] += 1

    before = Seen.of(task.source)
    is_signed = task.expected == "signed"
    old_verdict, old_text = qpdf_verdict(task.source), page_text(task.source)
    old_signatures = verdicts(task.source, task.certificate) if is_signed else []

    def judge(path: Path, previous: Path, label: str | None) -> None:
        if save == "appended":
            if not path.read_bytes().startswith(previous.read_bytes()):
                raise Fault("the file before is not the beginning of the new one")
            done["prefix"] += 1
        if qpdf_verdict(path) > old_verdict:
            raise Fault("qpdf finds more than before")
        done["qpdf"] += 1
        if page_text(path) != old_text:
            raise Fault("pdftotext gives another text")
        done["text"] += 1
        seen = Seen.of(path)
        expected = {}
        if label is not None:
            expected = {
                "Enabled": "true", "SetDate": DATE, "Method": "Standard", "Name": NAME,
                "SiteId": TENANT, "ContentBits": "0",
            }
        for other in {LABEL, OTHER_LABEL} - {label}:
            if seen.label_in_info(other) or seen.label_in_xmp(other):
                raise Fault("a label that was replaced or removed is still there")
        if label is not None:
            in_info, in_xmp = seen.label_in_info(label), seen.label_in_xmp(label)
            info_only = before.xmp is not None and before.tree() is None
            if in_info != ({} if before.part == "4" else expected):
                raise Fault(f"in Info: {in_info}")
            if in_xmp != expected and not info_only:
                raise Fault(f"in XMP: {in_xmp}")
            if before.part in ("1", "2", "3") and seen.described(label) != len(expected):
                raise Fault(f"PDF/A: {seen.described(label)} of {len(expected)} described")
            mutool = run("mutool", "show", str(path), "trailer/Info", codes=(0, 1))
            if before.part != "4" and f"MSIP_Label_{label}_Enabled" not in mutool:
                raise Fault("MuPDF does not see the label")
            packet = run("mutool", "show", "-b", str(path), "trailer/Root/Metadata", codes=(0, 1))
            is_utf16 = (seen.xmp or b"")[:2] in (b"\xfe\xff", b"\xff\xfe")
            if not info_only and not is_utf16 and f"MSIP_Label_{label}_Enabled" not in packet:
                raise Fault("MuPDF does not see the label in the packet")
            done["mutool"] += 1
            # It ends with 99 where a damaged file has no pages, before it prints anything.
            custom = run("pdfinfo", "-custom", str(path), codes=(0, 1, 99))
            if before.part != "4" and NAME not in custom and "Producer" in custom:
                raise Fault("pdfinfo does not see the label's name")
            done["pdfinfo"] += NAME in custom
        done["pikepdf"] += 1
        (old_info, old_xmp), (new_info, new_xmp) = before.others(), seen.others()
        if old_info != new_info:
            raise Fault("another entry of Info changed")
        if without_schema(old_xmp) != without_schema(new_xmp):
            raise Fault("another element of the packet changed")
        done["others"] += 1
        if seen.pages != before.pages:
            raise Fault("a page changed")
        done["pages"] += 1
        run(str(task.labels), "verify", "--tenant", TENANT, str(previous), str(path))
        run(str(task.labels), "verify", "--tenant", TENANT, str(task.source), str(path))
        done["verify"] += 1
        if is_signed:
            said = run("pdfsig", "-nocert", str(path))
            if said.count("Signature is Valid.") != len(old_signatures):
                raise Fault(f"pdfsig: {said[-300:]}")
            done["pdfsig"] += 1
            for old, new in zip(old_signatures, verdicts(path, task.certificate), strict=True):
                if new[:3] != old[:3] or new[3] not in ("NONE", "LTA_UPDATES"):
                    raise Fault(f"pyHanko: {old}, now {new}")
            done["pyHanko"] += 1

    judge(one, task.source, LABEL)
    if labels("apply", one, again) is not None or again.read_bytes() != one.read_bytes():
        raise Fault("applying the same label again changes the file")
    done["again"] += 1
    if (refusal := labels("apply", one, two, OTHER_LABEL)) is not None:
        raise Fault(f"replacing refused: {refusal}")
    judge(two, one, OTHER_LABEL)
    done["replace"] += 1
    if (refusal := labels("remove", two, bare)) is not None:
        raise Fault(f"removing refused: {refusal}")
    judge(bare, two, None)
    done["remove"] += 1
    if save == "rewritten":
        if any(label.encode() in bare.read_bytes() for label in (LABEL, OTHER_LABEL)):
            raise Fault("a removed label is still in the file")
        done["no residue"] += 1


# ---------------------------------------------------------------------------------------------
# All files
# ---------------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=Path, required=True, help="the example program `labels`")
    parser.add_argument("--work", type=Path, required=True, help="a folder for written files")
    parser.add_argument("--jobs", type=int, default=2, help="files at the same time")
    parser.add_argument("--all", action="store_true", help="every corpus file, not every fourth")
    arguments = parser.parse_args()
    corpus = Path(os.environ.get("LABEL_CORPUS") or sys.exit("interop: LABEL_CORPUS is not set"))
    with open(corpus / "MANIFEST.tsv", encoding="utf-8", newline="") as manifest:
        rows = csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE)
        paths = sorted(row["path"] for row in rows if row["path"].startswith("pdf-"))
    if not paths:
        sys.exit("interop: the corpus has no PDFs")
    if not arguments.all:
        paths = paths[::4]
    shutil.rmtree(arguments.work, ignore_errors=True)
    made, certificate = made_files(arguments.work / "made")
    listed = [(path, corpus / path, "any") for path in paths] + made
    tasks = [
        Task(name, path, expected, arguments.labels.resolve(),
             arguments.work.resolve() / f"{number:03}", certificate)
        for number, (name, path, expected) in enumerate(listed)
    ]
    with ProcessPoolExecutor(max_workers=arguments.jobs) as pool:
        outcomes = list(pool.map(write_and_judge, tasks))

    table = [["", "files", *CHECKS, "faults"]]
    for kind in [*dict.fromkeys(outcome.kind for outcome in outcomes), "all"]:
        group = [one for one in outcomes if kind in (one.kind, "all")]
        done = sum((one.done for one in group), Counter())
        counts = [len(group), *(done[check] for check in CHECKS), sum(len(one.faults) for one in group)]
        table.append([kind, *map(str, counts)])
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    print(f"{len(tasks)} PDFs, appended and written anew; one count per write")
    for row in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))
    refusals = Counter(
        re.sub(r"\d+", "N", reason) for outcome in outcomes for reason in outcome.refusals
    )
    print(f"refused, rightly ({sum(refusals.values())}):")
    for reason, count in sorted(refusals.items()):
        print(f"  {count:3}  {reason}")
    failed = [outcome for outcome in outcomes if outcome.faults]
    for outcome in failed:
        for fault in outcome.faults:
            print(f"FAILED {outcome.name}: {fault}")
    print(f"interop: {len(outcomes) - len(failed)} of {len(outcomes)} PDFs without a fault")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
