"""Writes labels into PDFs and lets independent programs judge the result.

    python3 .ci/interop_pdf.py --labels target/release/examples/labels --work target/interop-pdf --all

For every PDF of the corpus that may be written, and for files made here in every form of
cross-reference, updated by others, as PDF/A-1 to 4, signed, certified, with usage rights: apply a
label of a tenant that the file does not know, apply it again, replace it, remove it; once appended
and once written anew. Signed files are refused first, and then written with `--allow-signed`. After
each write

- an appended file begins with the bytes of the file before;
- `qpdf --check` finds nothing that it did not find before, and `pdftotext` the same text;
- pikepdf, pypdf, MuPDF and exiftool (where there is one) see the label in the information dictionary
  and the XMP packet, pdfinfo in the former, and pikepdf sees every other entry, every other element
  of the packet and every page unchanged;
- `labels verify`, which shares no code with the writer, finds that only labels changed;
- of signed files, pdfsig and pyHanko say of every signature what they said before.

Where a label was removed and the file written anew, neither its GUID nor its name is left: not in
the raw bytes, in no string and in no decoded stream, as ASCII, UTF-8 or UTF-16. The same search
finds both in the file before.

Without `--all` every fourth corpus file is written. The corpus folder comes from LABEL_CORPUS.
Exit 1 on any difference.
"""

import argparse
import csv
import datetime
import io
import json
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
import pypdf
import pypdf.annotations
from asn1crypto import keys, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import signers
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

TENANT = "6f2c1d1e-52a7-4f0b-9d0a-3b8f5b7c9e21"
LABEL = "0b9e7a54-8c1d-4e62-a3f7-d5c2946b1e08"
OTHER_LABEL = "5d1f0c6b-2a94-4b7e-8c33-e07a61d5b942"
NAME = 'Prüfung & "Vertriebsweg7" <intern>'
# What is looked for of the name: XML and PDF write the rest of it in more than one way.
NAME_CORE = "Vertriebsweg7"
DATE = "2021-05-11T14:00:00Z"
PDFX = "{http://ns.adobe.com/pdfx/1.3/}"
PDFA_SCHEMAS = "{http://www.aiim.org/pdfa/ns/extension/}schemas"
TOOL_SECONDS_MAX = 120
CHECKS = (
    "apply", "again", "replace", "remove", "prefix", "qpdf", "text", "pikepdf", "pypdf", "mutool",
    "pdfinfo", "exiftool", "others", "pages", "verify", "no residue", "pdfsig", "pyHanko",
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

    def names_its_subject(self) -> bool:
        about, tree = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about", self.tree()
        return tree is not None and any(element.get(about) for element in tree.iter())

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


def qpdf_verdict(path: Path) -> tuple[int, int]:
    """How bad, and in how many ways: 0 clean, 1 warnings, 2 errors."""
    done = subprocess.run(
        ["qpdf", "--check", str(path)], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=TOOL_SECONDS_MAX,
    )
    said = len(re.findall(rb"^WARNING: |^ERROR: ", done.stderr + done.stdout, re.MULTILINE))
    return {0: 0, 3: 1}.get(done.returncode, 2), said


def in_pypdf(path: Path) -> tuple[dict[str, str], dict[str, str]] | None:
    """Information dictionary and custom properties of the packet; `None` where pypdf can't say."""
    try:
        reader = pypdf.PdfReader(path)
        info = {key: str(value) for key, value in (reader.metadata or {}).items()}
        xmp = reader.xmp_metadata
        return info, {} if xmp is None else dict(xmp.custom_properties)
    except Exception:  # Whatever it raises: it is asked again only where it could read the file.
        return None


def in_exiftool(path: Path) -> dict[str, str] | None:
    if shutil.which("exiftool") is None:
        return None
    said = run("exiftool", "-j", "-G0", "-struct", str(path), codes=(0, 1))
    return {key: str(value) for key, value in json.loads(said)[0].items()} if said else None


def strings_of(node) -> list[bytes]:
    """Every string directly in an object, its names too."""
    if isinstance(node, pikepdf.Stream | pikepdf.Dictionary):
        inside = [one for key, value in node.items() for one in (key, value)]
    elif isinstance(node, pikepdf.Array):
        inside = list(node)
    elif isinstance(node, str):
        return [node.encode()]
    elif isinstance(node, pikepdf.String):
        return [bytes(node)]
    else:
        return []
    # References are other objects; those are looked at by themselves.
    return [
        text
        for one in inside
        if not (isinstance(one, pikepdf.Object) and one.is_indirect)
        for text in strings_of(one)
    ]


def residue(path: Path, needles: tuple[str, ...]) -> set[str]:
    """Which of these texts a file holds: in its raw bytes, in a string, or in a decoded stream."""
    texts = [path.read_bytes()]
    with pikepdf.open(path) as pdf:
        for node in pdf.objects:
            if isinstance(node, pikepdf.Stream):
                try:
                    texts.append(node.read_bytes())
                except pikepdf.PdfError:
                    texts.append(node.read_raw_bytes())
            texts += strings_of(node)
    everything = b"\0\0".join(texts).lower()
    return {
        needle
        for needle in needles
        for encoding in ("utf-8", "utf-16-be", "utf-16-le")
        if needle.lower().encode(encoding) in everything
    }


def signed_state(path: Path) -> str:
    """What may be done to a file for the sake of its signatures: `plain`, `signed`, `refused`."""
    with pikepdf.open(path) as pdf:
        permissions, form = pdf.Root.get("/Perms", {}), pdf.Root.get("/AcroForm", {})
        if "/UR3" in permissions or "/UR" in permissions:
            return "refused"
        queue, signatures = list(form.get("/Fields", [])), []
        while queue and len(queue) < 10_000:
            field = queue.pop()
            if field.get("/FT") == "/Sig" and "/V" in field:
                signatures.append(field.V)
            queue += list(field.get("/Kids", []))
        for signature in signatures:
            for reference in signature.get("/Reference", []):
                if reference.get("/TransformMethod") == "/DocMDP":
                    if reference.get("/TransformParams", {}).get("/P", 2) == 1:
                        return "refused"
        return "signed" if signatures else "plain"


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


def usage_rights(pdf: pikepdf.Pdf) -> pikepdf.Pdf:
    """What gives usage rights, but for the signature's value: only Adobe could make one."""
    reference = pikepdf.Dictionary(
        Type=pikepdf.Name.SigRef, TransformMethod=pikepdf.Name.UR3,
        TransformParams=pikepdf.Dictionary(
            Type=pikepdf.Name.TransformParams, V=pikepdf.Name("/2.2"),
            Form=[pikepdf.Name.FillIn], Document=[pikepdf.Name.FullSave],
        ),
    )
    signature = pikepdf.Dictionary(
        Type=pikepdf.Name.Sig, Filter=pikepdf.Name("/Adobe.PPKLite"),
        SubFilter=pikepdf.Name("/adbe.pkcs7.detached"), ByteRange=[0, 10, 20, 10],
        Contents=pikepdf.String(bytes(16)), Reference=[reference],
    )
    pdf.Root.Perms = pikepdf.Dictionary(UR3=pdf.make_indirect(signature))
    return pdf


def streams_alone(source: bytes) -> bytes:
    """A cross-reference stream, and no object stream."""
    reader = PdfFileReader(io.BytesIO(source))
    writer = copy_into_new_writer(reader, {"stream_xrefs": True})
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def updated(source: bytes, by: str) -> bytes:
    """Another title, and another annotation on the first page, appended by another program."""
    buffer = io.BytesIO()
    if by == "pypdf":
        # It writes the whole file, the old bytes first.
        writer = pypdf.PdfWriter(io.BytesIO(source), incremental=True)
        writer.add_metadata({"/Subject": "Zweite Fassung"})
        note = pypdf.annotations.Text(text="Bitte prüfen", rect=(50, 50, 80, 80))
        writer.add_annotation(page_number=0, annotation=note)
        writer.write(buffer)
    else:
        writer = IncrementalPdfFileWriter(io.BytesIO(source), strict=False)
        name, place = generic.NameObject, map(generic.NumberObject, (9, 9, 30, 30))
        note = generic.DictionaryObject({
            name("/Type"): name("/Annot"), name("/Subtype"): name("/Text"),
            name("/Rect"): generic.ArrayObject(place),
            name("/Contents"): generic.TextStringObject("Bitte prüfen"),
        })
        writer.register_annotation(writer.find_page_for_modification(1)[0], writer.add_object(note))
        writer.write(buffer)
    if not buffer.getvalue().startswith(source):
        raise Fault(f"{by} did not append")
    return buffer.getvalue()


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
        conformance = "<pdfaid:conformance>B</pdfaid:conformance>"
        if part == 4:
            conformance = "<pdfaid:rev>2020</pdfaid:rev>"
        pdfaid = (
            '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
            f"<pdfaid:part>{part}</pdfaid:part>{conformance}</rdf:Description>"
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
        writer = IncrementalPdfFileWriter(io.BytesIO(source), strict=False)
        return signers.PdfSigner(metadata, self.signer, new_field_spec=field_).sign_pdf(writer).getvalue()


def verdicts(path: Path) -> list[tuple]:
    """What pyHanko says of every signature; the signer's own certificate counts as trusted."""
    with open(path, "rb") as file:
        found = []
        for signature in PdfFileReader(file, strict=False).embedded_signatures:
            try:
                context = ValidationContext(
                    trust_roots=[signature.signer_cert], allow_fetching=False
                )
                if signature.sig_object.get("/Type") == "/DocTimeStamp":
                    status = validate_pdf_timestamp(signature, context)
                    found.append((status.intact, status.valid, None, status.modification_level))
                    continue
                status = validate_pdf_signature(signature, context)
                level = status.modification_level
                found.append((status.intact, status.valid, status.docmdp_ok, level))
            except Exception as error:  # Such a signature is none for pyHanko, before and after.
                found.append((type(error).__name__, str(error), None, None))
        return found


def in_pdfsig(path: Path) -> list[str]:
    """What pdfsig says of every signature, in its order."""
    said = run("pdfsig", "-nocert", str(path), codes=(0, 1, 2))
    return re.findall(r"Signature Validation: (.*)", said)


def made_files(folder: Path) -> list[tuple[str, Path, str]]:
    """Files in every form: a name, a path, and what is expected of writing."""
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
    packed_file = add("object streams", saved(base(), **packed))
    add("table, linearised", saved(base(), linearize=True, **plain))
    add("object streams, linearised", saved(base(), linearize=True, **packed))
    stream = add("stream", streams_alone(table))
    both = add("hybrid", hybrid(table))
    for form, source in (("table", table), ("stream", stream), ("object streams", packed_file)):
        once = add(f"{form}, updated by pypdf", updated(source, "pypdf"))
        add(f"{form}, updated by pyHanko", updated(source, "pyHanko"))
        add(f"{form}, updated by both", updated(once, "pyHanko"))
    add("hybrid, updated by pyHanko", updated(both, "pyHanko"))
    add("no Info", saved(base(with_info=False), **plain))
    add("no XMP", saved(base(with_xmp=False), **packed))
    add("neither", saved(base(with_info=False, with_xmp=False), **plain))
    for part in (1, 2, 3):
        add(f"PDF A-{part}b", saved(base(part=part), **(plain if part == 1 else packed)))
    add("PDF A-4", saved(base(part=4, with_info=False), **packed))
    for form, source in (("table", table), ("object streams", packed_file), ("hybrid", both),
                         ("no XMP", saved(base(with_xmp=False), **plain))):
        add(f"signed, {form}", signer.sign(source), "signed")
        add(f"fields locked, {form}", signer.sign(source, locks=True), "signed")
        add(f"certified 2, {form}", signer.sign(source, MDPPerm.FILL_FORMS), "signed")
        add(f"certified 3, {form}", signer.sign(source, MDPPerm.ANNOTATE), "signed")
        add(f"certified 1, {form}", signer.sign(source, MDPPerm.NO_CHANGES), "refused")
        add(f"signed, then updated, {form}", updated(signer.sign(source), "pyHanko"), "signed")
    add("usage rights", saved(usage_rights(base()), **plain), "refused")
    add("header behind bytes", b"\n\n\n" + table, "rewritten only")
    return files


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


@dataclass
class Outcome:
    name: str
    kind: str
    done: Counter = field(default_factory=Counter)
    # What pyHanko said of a signature before and after a write.
    signatures: Counter = field(default_factory=Counter)
    # What became of labels that corpus files came with.
    own: Counter = field(default_factory=Counter)
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


def refusal_type(reason: str) -> str:
    """The refusal as the crate has it, by its text."""
    for text, name in (("digitally signed: ", "SignatureForbids: "), ("digitally signed", "Signed"),
                       ("malformed: ", "Malformed: "), ("protected", "Protected")):
        if reason.startswith(text):
            return name + reason[len(text):]
    return reason


def one_way(task: Task, save: str, folder: Path, outcome: Outcome) -> None:
    done = outcome.done
    try:
        state = signed_state(task.source)
    except pikepdf.PasswordError:
        state = "plain"
    flags = ["--rewrite"] if save == "rewritten" else []

    def labels(deed: str, source: Path, target: Path, label: str = LABEL, more=None) -> str | None:
        wanted = ["--label", label, "--name", NAME, "--date", DATE] if deed == "apply" else []
        options = flags if more is None else more
        ran = subprocess.run(
            [str(task.labels), deed, "--tenant", TENANT, *wanted, *options, str(source), str(target)],
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            timeout=TOOL_SECONDS_MAX,
        )
        if ran.returncode == 0:
            return None
        if target.exists() or ran.returncode != 1:
            raise Fault(f"`labels {deed}`: exit {ran.returncode}: {ran.stderr[-200:]}")
        return refusal_type(ran.stderr.strip().split(": ", 1)[-1])

    one, again, two, bare = (folder / f"{name}.pdf" for name in ("one", "again", "two", "bare"))
    if state != "plain":
        # Nobody asked for signed files.
        if (refusal := labels("apply", task.source, one)) != "Signed":
            raise Fault(f"signed, and without --allow-signed: {refusal}")
        outcome.refusals.append(f"{save}, not allowed: {refusal}")
        flags.append("--allow-signed")
    allowed = {
        ("signed", "rewritten"): "SignatureForbids: a file that is written anew",
        ("refused", "rewritten"): "SignatureForbids: (a file that|its certification|a change would)",
        ("refused", "appended"): "SignatureForbids: (its certification|a change would)",
    }
    must_be = allowed.get((state, save))
    if task.expected == "rewritten only" and save == "appended":
        must_be = "Malformed: PDF header"
    if task.expected not in ("any", "written", "rewritten only", state):
        raise Fault(f"made to be {task.expected}, but is {state}")
    refusal = labels("apply", task.source, one)
    if refusal is not None:
        may_be = must_be
        if may_be is None and task.expected == "any":
            may_be = "Protected|Malformed: (cross-reference|PDF header)"
        if may_be is None or not re.match(may_be, refusal):
            raise Fault(f"refused without need: {refusal}")
        allowing = ", allowed" if state != "plain" else ""
        outcome.refusals.append(f"{save}{allowing}: {refusal}")
        return
    if must_be is not None:
        raise Fault("written, but should be refused")
    done["apply"] += 1

    before = Seen.of(task.source)
    is_signed = state == "signed"
    pypdf_reads = in_pypdf(task.source) is not None
    old_verdict, old_text = qpdf_verdict(task.source), page_text(task.source)
    old_signatures = verdicts(task.source) if is_signed else []
    old_said = in_pdfsig(task.source) if is_signed else []

    def judge(path: Path, previous: Path, label: str | None) -> None:
        if save == "appended":
            if not path.read_bytes().startswith(previous.read_bytes()):
                raise Fault("the file before is not the beginning of the new one")
            done["prefix"] += 1
        verdict = qpdf_verdict(path)
        if any(new > old for new, old in zip(verdict, old_verdict)):
            raise Fault(f"qpdf finds more than before: {old_verdict}, now {verdict}")
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
            keys = {f"MSIP_Label_{label}_{key}": value for key, value in expected.items()}
            if pypdf_reads:
                info, properties = in_pypdf(path) or ({}, {})
                if before.part != "4" and any(info.get(f"/{k}") != v for k, v in keys.items()):
                    raise Fault(f"pypdf sees in Info: {info}")
                # It passes over what a packet says of anything but "".
                is_asked = not info_only and not seen.names_its_subject()
                if is_asked and any(properties.get(k) != v for k, v in keys.items()):
                    raise Fault(f"pypdf sees in XMP: {properties}")
                done["pypdf"] += 1
            seen_there = in_exiftool(path)
            if seen_there is not None and "Error" not in seen_there:
                name = f"MSIP_Label_{label}_Name"
                for place, is_there in (("PDF", before.part != "4"), ("XMP", not info_only)):
                    value = seen_there.get(f"{place}:{name}")
                    if is_there and value != NAME:
                        raise Fault(f"exiftool sees in {place}: {value}")
                done["exiftool"] += 1
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
            if (said := in_pdfsig(path)) != old_said:
                raise Fault(f"pdfsig: {old_said}, now {said}")
            done["pdfsig"] += 1
            for old, new in zip(old_signatures, verdicts(path), strict=True):
                # Metadata may change among what may change without any harm.
                may_be = ModificationLevel.LTA_UPDATES.value
                level = max(may_be, old[3].value) if old[3] else may_be
                if new[:3] != old[:3] or (new[3] and new[3].value > level):
                    raise Fault(f"pyHanko: {old}, now {new}")
                names = [one[3].name if one[3] is not None else one[0] for one in (old, new)]
                outcome.signatures[" -> ".join(map(str, names))] += 1
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
    needles = (LABEL, OTHER_LABEL, NAME_CORE)

    def expect(path: Path, *expected: str) -> None:
        if (found := residue(path, needles)) != set(expected):
            raise Fault(f"{path.stem}: holds {sorted(found)}, not {sorted(expected)}")

    if save == "rewritten":
        expect(one, LABEL, NAME_CORE)
        expect(two, OTHER_LABEL, NAME_CORE)
        expect(bare)
        done["no residue"] += 1
        own_labels(task, folder, outcome)
    elif not is_signed:
        # Three revisions with labels, written anew without.
        expect(two, *needles)
        clean = folder / "clean.pdf"
        if (refusal := labels("remove", two, clean, more=["--rewrite"])) is not None:
            raise Fault(f"removing from revisions refused: {refusal}")
        expect(clean)
        done["no residue"] += 1


def own_labels(task: Task, folder: Path, outcome: Outcome) -> None:
    """Removes the labels that a corpus file came with, each tenant's."""
    seen = Seen.of(task.source)
    texts = dict(seen.info)
    tree = seen.tree()
    for element in [] if tree is None else tree.iter():
        texts.setdefault(element.tag.replace(PDFX, "/"), element.text or "")
    found: dict[str, set[str]] = {}
    for key, value in texts.items():
        if match := re.match(r"/MSIP_Label_([0-9a-fA-F-]{36})_SiteId$", key):
            found.setdefault(value, set()).add(match[1])
    for number, (tenant, ids) in enumerate(sorted(found.items())):
        needles = tuple(sorted(ids))
        if residue(task.source, needles) != set(needles):
            raise Fault("the search does not find the file's own label")
        target = folder / f"own-{number}.pdf"
        ran = subprocess.run(
            [str(task.labels), "remove", "--tenant", tenant, "--rewrite", str(task.source),
             str(target)],
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            timeout=TOOL_SECONDS_MAX,
        )
        if ran.returncode != 0:
            raise Fault(f"own label: {ran.stderr.strip()}")
        after = Seen.of(target)
        if any(after.label_in_info(one) or after.label_in_xmp(one) for one in ids):
            raise Fault("its own label is still there")
        left = residue(target, needles)
        if left and "can still be found" not in ran.stdout:
            raise Fault(f"its own label leaves {sorted(left)}, and nobody says so")
        outcome.own["left in something else, and said" if left else "gone"] += 1


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
    listed = [(path, corpus / path, "any") for path in paths] + made_files(arguments.work / "made")
    tasks = [
        Task(name, path, expected, arguments.labels.resolve(),
             arguments.work.resolve() / f"{number:03}")
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
    signatures = [one.signatures for one in outcomes]
    own = [one.own for one in outcomes]
    for title, counters in (
        ("pyHanko on each signature, before -> after a write", signatures),
        ("labels that corpus files came with, removed and the file written anew", own),
    ):
        print(f"{title}:")
        for what, count in sorted(sum(counters, Counter()).items()):
            print(f"  {count:3}  {what}")
    failed = [outcome for outcome in outcomes if outcome.faults]
    for outcome in failed:
        for fault in outcome.faults:
            print(f"FAILED {outcome.name}: {fault}")
    print(f"interop: {len(outcomes) - len(failed)} of {len(outcomes)} PDFs without a fault")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
