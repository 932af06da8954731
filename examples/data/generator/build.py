"""Makes `files.json` and the documents from `catalogue.py` and the label lists.

    python build.py [output folder]

The output folder is `examples/data` unless another one is given. The programs
needed are listed in `requirements.txt`; `soffice` (LibreOffice) must be on the
path. All dates, ids and salts are fixed, so a second run gives the same bytes.
"""

import hashlib
import io
import json
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import uuid
import zipfile
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

import docx
import msoffcrypto.format.ooxml
import msoffcrypto.method.container.ecma376_encrypted as container
import openpyxl
import openpyxl.styles
import pikepdf
import pptx

from catalogue import DOCUMENTS, PEOPLE

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent
OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else DATA

CONTOSO = "74f71239-3dea-461b-910f-15d15a71655a"
FABRIKAM = "954a5c8e-2013-4eaf-9806-f27804879c6e"
FABRIKAM_LABELS = {
    "Internal Use": "c1a7d9e4-3b52-4f0a-8e66-2d94b7a0f513",
    "Confidential": "7e0d52b8-94c6-4a1f-b3d7-60fa1c8e2954",
    "Restricted": "2f96b3a1-e85d-4c70-9a42-d7315be80c6f",
}
PASSWORD = "Autumn-Leaves-2020"

APPS = [
    {"appId": 20892, "instId": 0, "name": "SharePoint Online", "folder": "sharepoint"},
    {"appId": 15600, "instId": 0, "name": "OneDrive for Business", "folder": "onedrive"},
    {"appId": 10489, "instId": 0, "name": "Box", "folder": "box"},
    {"appId": 11770, "instId": 0, "name": "Google Workspace", "folder": "google"},
]

W = "application/vnd.openxmlformats-officedocument.wordprocessingml."
S = "application/vnd.openxmlformats-officedocument.spreadsheetml."
P = "application/vnd.openxmlformats-officedocument.presentationml."
MAIN_TYPES = {
    "docx": W + "document.main+xml",
    "dotx": W + "template.main+xml",
    "docm": "application/vnd.ms-word.document.macroEnabled.main+xml",
    "dotm": "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    "xlsx": S + "sheet.main+xml",
    "xltx": S + "template.main+xml",
    "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    "xlam": "application/vnd.ms-excel.addin.macroEnabled.main+xml",
    "pptx": P + "presentation.main+xml",
    "potx": P + "template.main+xml",
    "ppsx": P + "slideshow.main+xml",
    "pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
    "potm": "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
    "ppsm": "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
}
LO_FILTERS = {
    "docx": "MS Word 2007 XML",
    "dotx": "MS Word 2007 XML Template",
    "xlsx": "Calc MS Excel 2007 XML",
    "xltx": "Calc MS Excel 2007 XML Template",
    "pptx": "Impress MS PowerPoint 2007 XML",
    "ppsx": "Impress MS PowerPoint 2007 XML AutoPlay",
    "pdf": "writer_pdf_Export",
}
FAMILY = {ext: ("docx" if ext in ("docx", "dotx", "docm", "dotm", "pdf") else
                "xlsx" if ext.startswith("x") else "pptx")
          for ext in [*MAIN_TYPES, "pdf"]}


# ---------------------------------------------------------------- small helpers

def when(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def stamp(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def extension(path):
    return path.rsplit(".", 1)[1]


def title_of(entry):
    return entry["path"].rsplit("/", 1)[1].rsplit(".", 1)[0]


# ------------------------------------------------------------------- the labels

def own_labels():
    """Label path -> (id, id of the parent), also of the label deleted since."""
    found = {}
    for name in ("labels-earlier.json", "labels.json"):
        for top in json.loads((DATA / name).read_text(encoding="utf-8"))["value"]:
            found[top["name"]] = (top["id"], None)
            for sub in top["sublabels"]:
                found[f'{top["name"]}/{sub["name"]}'] = (sub["id"], top["id"])
                found.setdefault(sub["name"], (sub["id"], top["id"]))
    return found


OWN = own_labels()


def resolve(name):
    """-> (tenant, label id, id of the parent or None, leaf name)"""
    if name.startswith("fabrikam-id:"):
        leaf = name.split(":", 1)[1]
        return FABRIKAM, OWN[leaf][0], None, leaf
    if name.startswith("fabrikam:"):
        leaf = name.split(":", 1)[1]
        return FABRIKAM, FABRIKAM_LABELS[leaf], None, leaf
    label, parent = OWN[name]
    return CONTOSO, label, parent, name.split("/")[-1]


def modern_attributes(entry, name):
    tenant, label, _, leaf = resolve(name)
    set_date = stamp(when(entry["modified"]) - timedelta(minutes=45))
    method = "Standard" if leaf == "General" else "Privileged"
    action = uuid.uuid5(uuid.NAMESPACE_URL, "https://contoso.example/" + entry["path"] + "#" + label)
    return [(label, attribute, value) for attribute, value in (
        ("Enabled", "true"), ("SetDate", set_date), ("Method", method), ("Name", leaf),
        ("SiteId", tenant), ("ActionId", str(action)), ("ContentBits", "0"))]


def older_attributes(entry, name):
    """Groups as the older client wrote them: the parent first, then the sublabel."""
    tenant, label, parent, leaf = resolve(name)
    set_date = (when(entry["modified"]) - timedelta(minutes=45)).strftime("%Y-%m-%dT%H:%M:%S") + ".4183627Z"
    owner = PEOPLE[entry["owner"]][0]
    groups = []
    if parent:
        groups.append((parent, next(k for k, v in OWN.items() if v[0] == parent), None))
    groups.append((label, leaf, parent))
    rows = []
    for gid, gname, gparent in groups:
        rows += [(gid, "Enabled", "True"), (gid, "SiteId", tenant), (gid, "Owner", owner),
                 (gid, "SetDate", set_date), (gid, "Name", gname),
                 (gid, "Application", "Microsoft Azure Information Protection")]
        if gparent:
            rows.append((gid, "Parent", gparent))
        rows.append((gid, "Extended_MSFT_Method", "Manual"))
    return rows


def custom_xml(rows):
    parts = []
    for pid, (label, attribute, value) in enumerate(rows, start=2):
        parts.append('<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" '
                     f'pid="{pid}" name="MSIP_Label_{label}_{attribute}">'
                     f"<vt:lpwstr>{escape(value)}</vt:lpwstr></property>")
    return ('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
            '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" '
            'xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
            + "".join(parts) + "</Properties>").encode()


def label_info_xml(names):
    elements = []
    for name in names:
        if name == "-":
            elements.append(f'<clbl:label id="{{{CONTOSO}}}" enabled="0" method="" '
                            f'siteId="{{{CONTOSO}}}" removed="1" />')
            continue
        tenant, label, _, leaf = resolve(name)
        method = "Standard" if leaf == "General" else "Privileged"
        elements.append(f'<clbl:label id="{{{label}}}" enabled="1" method="{method}" '
                        f'siteId="{{{tenant}}}" contentBits="0" removed="0" />')
    return ('<?xml version="1.0" encoding="utf-8" standalone="yes"?>'
            '<clbl:labelList xmlns:clbl="http://schemas.microsoft.com/office/2020/mipLabelMetadata">'
            + "".join(elements) + "</clbl:labelList>").encode()


def split_labels(entry):
    """-> (rows of custom.xml, names for LabelInfo.xml)"""
    rows, info = [], []
    for item in entry["labels"]:
        kind, name = item.split(":", 1)
        if kind in ("C", "B", "P"):
            rows += modern_attributes(entry, name)
        if kind in ("A", "Q"):
            rows += older_attributes(entry, name)
        if kind in ("I", "B"):
            info.append(name)
    return rows, info


# ------------------------------------------------------------- OOXML packages

def read_package(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}


def write_package(parts):
    order = sorted(parts, key=lambda n: (n != "[Content_Types].xml", n != "_rels/.rels"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in order:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            archive.writestr(info, parts[name], compresslevel=9)
    return buffer.getvalue()


def drop_part(parts, name):
    """Removes a part with its override, its own relationships and every
    relationship that points at it."""
    if parts.pop(name, None) is None:
        return
    folder, _, leaf = name.rpartition("/")
    parts.pop(f"{folder}/_rels/{leaf}.rels", None)
    types = parts["[Content_Types].xml"].decode()
    parts["[Content_Types].xml"] = re.sub(
        r'<Override\b[^>]*PartName="/(?:%s|%s)"[^>]*/>' % (
            re.escape(name), re.escape(f"{folder}/_rels/{leaf}.rels")), "", types).encode()
    for rels in [n for n in parts if n.endswith(".rels")]:
        base = rels.replace("_rels/", "", 1) if rels.startswith("_rels/") else rels.replace("/_rels/", "/")
        base = base.rpartition("/")[0]

        def keep(match):
            target = re.search(r'Target="([^"]*)"', match.group(0)).group(1)
            full = target[1:] if target.startswith("/") else str(pathlib.PurePosixPath(base, target))
            pieces = []
            for piece in full.split("/"):
                pieces.pop() if piece == ".." else pieces.append(piece)
            return "" if "/".join(pieces) == name else match.group(0)

        parts[rels] = re.sub(r"<Relationship\b[^>]*/>", keep, parts[rels].decode()).encode()


def add_part(parts, name, data, content_type, relationship):
    assert name not in parts
    parts[name] = data
    types = parts["[Content_Types].xml"].decode()
    override = f'<Override PartName="/{name}" ContentType="{content_type}"/>'
    parts["[Content_Types].xml"] = types.replace("</Types>", override + "</Types>").encode()
    rels = parts["_rels/.rels"].decode()
    used = set(re.findall(r'\bId="([^"]*)"', rels))
    number = next(n for n in range(1, 999) if f"rId{n}" not in used)
    entry = f'<Relationship Id="rId{number}" Type="{relationship}" Target="{name}"/>'
    parts["_rels/.rels"] = rels.replace("</Relationships>", entry + "</Relationships>").encode()


def main_part(parts):
    match = re.search(r"<Relationship\b[^>]*relationships/officeDocument\"[^>]*/>", parts["_rels/.rels"].decode())
    return re.search(r'Target="/?([^"]*)"', match.group(0)).group(1)


def finish_package(entry, data):
    """Normalises what the programs wrote, sets the kind, adds the labels."""
    parts = read_package(data)
    for name in list(parts):
        if (name.startswith(("docProps/thumbnail", "docProps/custom", "customXml/item")) or "printerSettings" in name
                or name.endswith("stylesWithEffects.xml")) and "/_rels/" not in name:
            drop_part(parts, name)
    types = parts["[Content_Types].xml"].decode()
    for ext in ("jpeg", "bin", "png"):
        if not any(n.endswith("." + ext) for n in parts):
            types = re.sub(r'<Default\b[^>]*Extension="%s"[^>]*/>' % ext, "", types)
    for name in parts:  # LibreOffice gives slide number fields a random id
        if name.startswith("ppt/") and name.endswith(".xml"):
            numbers = iter(range(1_000))
            parts[name] = re.sub(
                rb'(<a:fld id="\{)[^}]*', lambda m: m.group(1) + str(uuid.uuid5(
                    uuid.NAMESPACE_URL, f"{name}#{next(numbers)}")).upper().encode(), parts[name])
    main = main_part(parts)
    kind = MAIN_TYPES[extension(entry["path"])]
    types, count = re.subn(r'(<Override\b[^>]*PartName="/%s"[^>]*ContentType=")[^"]*' % re.escape(main),
                           lambda m: m.group(1) + kind, types)
    if not count:
        types, count = re.subn(r'(<Override\b[^>]*ContentType=")[^"]*("[^>]*PartName="/%s")' % re.escape(main),
                               lambda m: m.group(1) + kind + m.group(2), types)
    assert count == 1, entry["path"]
    parts["[Content_Types].xml"] = types.encode()

    person = escape(PEOPLE[entry["owner"]][1])
    parts["docProps/core.xml"] = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title_of(entry))}</dc:title><dc:creator>{person}</dc:creator>"
        f"<cp:lastModifiedBy>{person}</cp:lastModifiedBy>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{entry["created"]}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{entry["modified"]}</dcterms:modified>'
        "</cp:coreProperties>").encode()

    if b"Microsoft Macintosh" in parts["docProps/app.xml"]:  # comes from the libraries' blank documents
        parts["docProps/app.xml"] = (
            b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<Properties xmlns='
            b'"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
            b"<Application>Contoso sample generator</Application></Properties>")

    rows, info = split_labels(entry)
    if rows:
        add_part(parts, "docProps/custom.xml", custom_xml(rows),
                 "application/vnd.openxmlformats-officedocument.custom-properties+xml",
                 "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties")
    if info:
        add_part(parts, "docMetadata/LabelInfo.xml", label_info_xml(info),
                 "application/vnd.ms-office.classificationlabels+xml",
                 "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels")
    return write_package(parts)


# -------------------------------------------------------------- the three makers

def cells(line):
    return [c.strip() for c in line.strip().strip("|").split("|")]


def make_docx(entry):
    document = docx.Document()
    used = {"Normal", "Title", "Heading 1", "List Bullet", "Table Grid", "Table Normal",
            "Default Paragraph Font", "No List"}
    for style in list(document.styles):
        if style.name not in used and not style.name.startswith(("Heading 1", "Title", "Normal")):
            style.delete()
    table = None
    first = True
    for line in entry["body"].splitlines():
        if line.startswith("|"):
            values = cells(line)
            if table is None:
                table = document.add_table(rows=0, cols=len(values))
                table.style = "Table Grid"
            for cell, value in zip(table.add_row().cells, values):
                cell.text = value
            continue
        table = None
        if line.startswith("# "):
            document.add_paragraph(line[2:], style="Title" if first else "Heading 1")
        elif line.startswith("- "):
            document.add_paragraph(line[2:], style="List Bullet")
        else:
            paragraph = document.add_paragraph()
            for index, run in enumerate(line.split("~")):
                if run:
                    paragraph.add_run(run).bold = True if index % 2 else None
        first = False
    return save(document)


def make_xlsx(entry):
    book = openpyxl.Workbook()
    book.remove(book.active)
    sheet, row = None, 0
    for line in entry["body"].splitlines():
        if line.startswith("## "):
            sheet, row = book.create_sheet(line[3:]), 0
            continue
        row += 1
        for column, value in enumerate(cells(line), start=1):
            if not value:
                continue
            cell = sheet.cell(row, column)
            if value.startswith("'"):
                cell.value = value[1:]
            elif re.fullmatch(r"-?\d+", value):
                cell.value = int(value)
                cell.number_format = "0"
            elif re.fullmatch(r"-?\d+\.\d+", value):
                cell.value = float(value)
            else:
                cell.value = value
            if row == 1:
                cell.font = openpyxl.styles.Font(bold=True)
    for sheet in book.worksheets:
        for column in "ABCDE":
            sheet.column_dimensions[column].width = 24 if column in "AB" else 18
    return save(book)


def make_pptx(entry):
    deck = pptx.Presentation()
    for layout in list(deck.slide_layouts)[2:]:
        deck.slide_layouts.remove(layout)
    blocks = []
    for line in entry["body"].splitlines():
        if line.startswith("# "):
            blocks.append((line[2:], []))
        else:
            blocks[-1][1].append(line)
    for number, (title, lines) in enumerate(blocks):
        slide = deck.slides.add_slide(deck.slide_layouts[0 if number == 0 else 1])
        slide.shapes.title.text = title
        frame = slide.placeholders[1].text_frame
        for index, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
            for position, piece in enumerate(line.split("~")):
                run = paragraph.add_run()
                run.text = piece
                if position % 2:
                    run.font.bold = True
    return save(deck)


def save(thing):
    buffer = io.BytesIO()
    thing.save(buffer)
    return buffer.getvalue()


MAKERS = {"docx": make_docx, "xlsx": make_xlsx, "pptx": make_pptx}


def through_libreoffice(entries, drafts):
    """Converts the drafts with LibreOffice, one run for each target kind."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for target in sorted({extension(e["path"]) for e in entries}):
            source, result = folder / f"in-{target}", folder / f"out-{target}"
            source.mkdir()
            names = {}
            for number, entry in enumerate(e for e in entries if extension(e["path"]) == target):
                name = f"d{number:03}"
                (source / f"{name}.{FAMILY[target]}").write_bytes(drafts[entry["path"]])
                names[name] = entry["path"]
            subprocess.run(
                ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to",
                 f"{target}:{LO_FILTERS[target]}", "--outdir", str(result), *map(str, sorted(source.iterdir()))],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name, path in names.items():
                results[path] = (result / f"{name}.{target}").read_bytes()
    return results


# ------------------------------------------------------------------------- PDF

def pdf_date(text):
    return "D:" + when(text).strftime("%Y%m%d%H%M%S") + "Z"


def finish_pdf(entry, data):
    rows, _ = split_labels(entry)
    older = any(label.startswith("Q:") for label in entry["labels"])
    # Attributes as label SDKs write them into PDF: "True" with a capital letter.
    rows = [(i, a, "True" if a == "Enabled" else v) for i, a, v in rows]
    pdf = pikepdf.open(io.BytesIO(data))
    for key in ("/DocChecksum", "/ID"):
        if key in pdf.trailer:
            del pdf.trailer[key]
    person = PEOPLE[entry["owner"]][1]
    info = pdf.docinfo
    info["/Title"], info["/Author"] = title_of(entry), person
    info["/CreationDate"], info["/ModDate"] = pdf_date(entry["created"]), pdf_date(entry["modified"])
    for label, attribute, value in rows:
        info[f"/MSIP_Label_{label}_{attribute}"] = value
    labels = "".join(f"   <pdfx:MSIP_Label_{i}_{a}>{escape(v)}</pdfx:MSIP_Label_{i}_{a}>\n" for i, a, v in rows)
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfx="http://ns.adobe.com/pdfx/1.3/">\n'
        f'   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title_of(entry))}</rdf:li></rdf:Alt></dc:title>\n'
        f"   <dc:creator><rdf:Seq><rdf:li>{escape(person)}</rdf:li></rdf:Seq></dc:creator>\n"
        f'   <xmp:CreateDate>{entry["created"]}</xmp:CreateDate>\n   <xmp:ModifyDate>{entry["modified"]}</xmp:ModifyDate>\n'
        f'   <xmp:MetadataDate>{entry["modified"]}</xmp:MetadataDate>\n'
        + labels + "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n" + (" " * 99 + "\n") * 4
        + '<?xpacket end="w"?>').encode()
    stream = pikepdf.Stream(pdf, packet)
    stream.Type, stream.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
    pdf.Root.Metadata = pdf.make_indirect(stream)
    buffer = io.BytesIO()
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
    if older:
        # One of the labelled files has object streams, so Info lies inside one.
        pdf = pikepdf.open(io.BytesIO(buffer.getvalue()))
        buffer = io.BytesIO()
        pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return buffer.getvalue()


def protect_pdf(data):
    """AES-128 by qpdf; its file id and AES vectors are set to fixed values."""
    with tempfile.TemporaryDirectory() as folder:
        source, result = pathlib.Path(folder, "a.pdf"), pathlib.Path(folder, "b.pdf")
        source.write_bytes(data)
        pikepdf.Job(["pikepdf", str(source), "--allow-weak-crypto", "--encrypt", PASSWORD, "Owner-" + PASSWORD,
                     "128", "--use-aes=y", "--", "--static-id", "--static-aes-iv", str(result)]).run()
        return result.read_bytes()


def protect_office(entry, data):
    """Agile encryption by msoffcrypto-tool, with a fixed stream instead of random salts."""
    counter = iter(range(1_000_000))

    def fixed(size):
        block = b""
        while len(block) < size:
            block += hashlib.sha256(f'{entry["path"]}#{next(counter)}'.encode()).digest()
        return block[:size]

    class FixedClock(datetime):
        @classmethod
        def now(cls, tz=None):
            return when(entry["modified"])

    original, secrets.token_bytes = secrets.token_bytes, fixed
    container.datetime = FixedClock
    try:
        buffer = io.BytesIO()
        msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(data)).encrypt(PASSWORD, buffer)
    finally:
        secrets.token_bytes = original
        container.datetime = datetime
    return buffer.getvalue()


# ------------------------------------------------------------------------ main

def files_json():
    files = []
    for entry in DOCUMENTS:
        address, name = PEOPLE[entry["owner"]]
        item = {"path": entry["path"], "ownerAddress": address, "ownerName": name}
        if entry["ou"]:
            item["ownerOrgUnit"] = entry["ou"]
        if entry["people"]:
            item["collaborators"] = [PEOPLE[p][0] for p in entry["people"]]
        if entry["link"] != "none":
            item["link"] = entry["link"]
        item["createdDate"], item["modifiedDate"] = entry["created"], entry["modified"]
        if entry["copies"]:
            item["copies"] = entry["copies"]
        files.append(item)
    head = json.dumps({"format": "folder-apps/1", "tenantId": CONTOSO, "managedDomains": ["contoso.example"]},
                      indent=2)[:-2]
    apps = ",\n".join("    " + json.dumps(a) for a in APPS)
    rows = ",\n".join("    " + json.dumps(f) for f in files)
    text = f'{head},\n  "apps": [\n{apps}\n  ],\n  "files": [\n{rows}\n  ]\n}}\n'
    json.loads(text)
    return text


def main():
    drafts = {e["path"]: MAKERS[FAMILY[extension(e["path"])]](e)
              for e in DOCUMENTS if extension(e["path"]) in FAMILY}
    drafts.update(through_libreoffice([e for e in DOCUMENTS if e["make"] == "libreoffice"], drafts))
    for entry in DOCUMENTS:
        path = entry["path"]
        if entry["special"] == "text":
            data = (entry["body"] + "\n").encode()
        elif extension(path) == "pdf":
            data = finish_pdf(entry, drafts[path])
            if entry["special"] == "password":
                data = protect_pdf(data)
        else:
            data = finish_package(entry, drafts[path])
            if entry["special"] == "password":
                data = protect_office(entry, data)
            elif entry["special"] == "truncated":
                data = data[: len(data) * 3 // 5]
        target = OUT / "documents" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (OUT / "files.json").write_text(files_json(), encoding="utf-8")
    print(f"{len(DOCUMENTS)} documents")


if __name__ == "__main__":
    main()
