"""Checks the sample data: packages, labels, lists, expected results.

    python check.py [--table]

The conditions of the four policies are written down here once more, in plain
Python, and are compared with `expected.tsv`; `policies.json` is only checked
for its outer form. `--table` prints one line for each document.
"""

import io
import json
import pathlib
import re
import sys
import zipfile

import docx
import msoffcrypto
import openpyxl
import pikepdf
import pptx
from lxml import etree

DATA = pathlib.Path(__file__).resolve().parent.parent
OWN = "74f71239-3dea-461b-910f-15d15a71655a"
CT = "{http://schemas.openxmlformats.org/package/2006/content-types}"
OFFICE = "docm docx dotm dotx xlam xlsm xlsx xltx potm potx ppsx ppsm pptm pptx".split()
BASE = {
    "w": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "x": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "p": "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
}
KINDS = {
    "docx": "wordprocessingml.document", "dotx": "wordprocessingml.template", "docm": "word.document.macroEnabled",
    "dotm": "word.template.macroEnabledTemplate", "xlsx": "spreadsheetml.sheet", "xltx": "spreadsheetml.template",
    "xlsm": "excel.sheet.macroEnabled", "xlam": "excel.addin.macroEnabled", "pptx": "presentationml.presentation",
    "potx": "presentationml.template", "ppsx": "presentationml.slideshow", "pptm": "powerpoint.presentation.macroEnabled",
    "potm": "powerpoint.template.macroEnabled", "ppsm": "powerpoint.slideshow.macroEnabled",
}
PASSWORD = "Autumn-Leaves-2020"


def labels_of_rows(rows):
    """rows: name -> value; result: tenant -> label id in effect"""
    groups = {}
    for name, value in rows.items():
        match = re.fullmatch(r"/?MSIP_Label_([0-9a-f-]{36})_(.+)", name)
        if match:
            groups.setdefault(match.group(1), {})[match.group(2)] = value
    groups = {k: v for k, v in groups.items() if v.get("Enabled", "").lower() == "true"}
    parents = {v["Parent"] for v in groups.values() if "Parent" in v}
    result = {}
    for label, group in groups.items():
        if label not in parents:
            assert group["SiteId"] not in result
            result[group["SiteId"]] = label
    return result


def check_package(data, ext):
    """-> (tenant -> label, text). Raises if anything is wrong."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    names = archive.namelist()
    assert len(names) == len(set(names)) and names[0] == "[Content_Types].xml"
    trees = {n: etree.fromstring(archive.read(n)) for n in names if n.endswith((".xml", ".rels"))}
    types = trees["[Content_Types].xml"]
    overrides = {o.get("PartName")[1:]: o.get("ContentType") for o in types.iter(CT + "Override")}
    defaults = {d.get("Extension") for d in types.iter(CT + "Default")}
    assert set(overrides) <= set(names), set(overrides) - set(names)
    for name in names:
        assert name in overrides or name.rpartition(".")[2] in defaults or name == "[Content_Types].xml", name
    package = {}
    for name in (n for n in names if n.endswith(".rels")):
        base = pathlib.PurePosixPath(name).parent.parent
        for rel in trees[name]:
            if rel.get("TargetMode") == "External":
                continue
            parts = []
            target = rel.get("Target")
            for piece in (target[1:] if target.startswith("/") else str(base / target)).split("/"):
                parts.pop() if piece == ".." else parts.append(piece)
            target = "/".join(p for p in parts if p != ".")
            assert target in names, (name, target)
            if name == "_rels/.rels":
                assert rel.get("Type") not in package
                package[rel.get("Type")] = target
    rel = {k.rsplit("/", 1)[1]: v for k, v in package.items()}
    assert KINDS[ext] in overrides[rel["officeDocument"]], overrides[rel["officeDocument"]]
    found = {}
    if "custom-properties" in rel:
        rows = {p.get("name"): p[0].text for p in trees[rel["custom-properties"]]}
        found = labels_of_rows(rows)
    if "classificationlabels" in rel:
        part = rel["classificationlabels"]
        assert overrides[part] == "application/vnd.ms-office.classificationlabels+xml"
        for item in trees[part]:
            found[item.get("siteId").strip("{}")] = None if item.get("removed") == "1" else item.get("id").strip("{}")
    return found, package_text(archive, ext, rel["officeDocument"], overrides)


def package_text(archive, ext, main, overrides):
    """Text by the usual libraries; they only open the plain kinds, so the type of the main part is set back."""
    letter = "w" if ext[0] == "d" else "x" if ext[0] == "x" else "p"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as copy:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "[Content_Types].xml":
                data = data.decode().replace(overrides[main], BASE[letter]).encode()
            copy.writestr(name, data)
    buffer.seek(0)
    lines = []
    if letter == "w":
        document = docx.Document(buffer)
        lines += [p.text for p in document.paragraphs]
        lines += [c.text for t in document.tables for r in t.rows for c in r.cells]
    elif letter == "x":
        for sheet in openpyxl.load_workbook(buffer).worksheets:
            lines += ["\t".join("" if v is None else str(v) for v in row) for row in sheet.iter_rows(values_only=True)]
    else:
        for slide in pptx.Presentation(buffer).slides:
            lines += [p.text for s in slide.shapes if s.has_text_frame for p in s.text_frame.paragraphs]
    return "\n".join(lines)


def read_document(path):
    """-> (state, tenant -> label, text)"""
    data = (DATA / "documents" / path).read_bytes()
    ext = path.rsplit(".", 1)[1]
    if ext in ("csv", "txt"):
        return "plain", {}, data.decode()
    if ext == "pdf":
        try:
            pdf = pikepdf.open(io.BytesIO(data))
        except pikepdf.PasswordError:
            pikepdf.open(io.BytesIO(data), password=PASSWORD)
            return "password", {}, ""
        assert not pdf.check_pdf_syntax()
        info = {k: str(v) for k, v in pdf.docinfo.items()}
        packet = pdf.Root.Metadata
        assert "/Filter" not in packet
        xmp = {etree.QName(e).localname: e.text for e in etree.fromstring(packet.read_bytes()).iter()
               if isinstance(e.tag, str) and etree.QName(e).namespace == "http://ns.adobe.com/pdfx/1.3/"}
        assert {k[1:]: v for k, v in info.items() if "MSIP" in k} == xmp
        return "ok", labels_of_rows(info), ""
    if data[:8] == bytes.fromhex("d0cf11e0a1b11ae1"):
        office, clear = msoffcrypto.OfficeFile(io.BytesIO(data)), io.BytesIO()
        office.load_key(password=PASSWORD)
        office.decrypt(clear)
        check_package(clear.getvalue(), ext)
        return "password", {}, ""
    try:
        return "ok", *check_package(data, ext)
    except zipfile.BadZipFile:
        return "damaged", {}, ""


def access_level(item, managed):
    link, people = item.get("link", "none"), item.get("collaborators", [])
    if link == "anyone_searchable":
        return 4
    if link == "anyone":
        return 3
    if any(p.split("@")[1] not in managed for p in people):
        return 2
    return 1 if people or link == "organization" else 0


def luhn(digits):
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


ISSUERS = [(r"4", (13, 16, 19)), (r"5[1-5]|2[2-7]", (16,)), (r"3[47]", (15,)), (r"3(?:0[0-5]|[689])", (14,)),
           (r"6(?:011|4[4-9]|5)", (16,)), (r"35", (16,)), (r"62", (16, 17, 18, 19)), (r"5019", (16,))]


def cards(text, strict):
    """Card numbers. strict: whole digit groups only; otherwise every window of digits counts."""
    found = set()
    for run in re.findall(r"\d(?:[ .\-\t\n]?\d){12,}", text):
        digits = re.sub(r"\D", "", run)
        edges = {0}
        for group in re.findall(r"\d+", run):
            edges.add(max(edges) + len(group))
        for start in range(len(digits)):
            for size in range(13, 20):
                end = start + size
                if end > len(digits) or (strict and not (start in edges and end in edges)):
                    continue
                piece = digits[start:end]
                if luhn(piece) and any(re.match(p, piece) and size in s for p, s in ISSUERS):
                    found.add(piece)
    return found


def main():
    meta = json.loads((DATA / "files.json").read_text(encoding="utf-8"))
    names = {}
    for which in ("labels-earlier.json", "labels.json"):
        for top in json.loads((DATA / which).read_text(encoding="utf-8"))["value"]:
            for label in [top, *top["sublabels"]]:
                names[label["id"]] = label["name"] if label is top else f'{top["name"]}/{label["name"]}'
    now = {l["id"] for t in json.loads((DATA / "labels.json").read_text())["value"] for l in [t, *t["sublabels"]]}
    assert {names[i] for i in set(names) - now} == {"Legacy Internal"}
    on_disk = {str(p.relative_to(DATA / "documents")) for p in (DATA / "documents").rglob("*") if p.is_file()}
    assert on_disk == {f["path"] for f in meta["files"]}
    managed, folders = meta["managedDomains"], {a["folder"]: a["appId"] for a in meta["apps"]}

    conditions, copies, table, windows = {}, {}, [], {}
    for item in meta["files"]:
        path = item["path"]
        app = folders[path.split("/")[0]]
        ext = path.rsplit(".", 1)[1]
        state, labels, text = read_document(path)
        own = names.get(labels.get(OWN))
        level = access_level(item, managed)
        folder = "/".join(path.split("/")[1:-1])
        copies[path] = item.get("copies", 1)
        assert item["createdDate"] <= item["modifiedDate"]
        assert app == 11770 or "ownerOrgUnit" not in item
        assert copies[path] == 1 or ext in OFFICE
        confidential = own == "Confidential"
        numbers = cards(text, True)
        windows[path] = cards(text, False)
        conditions[path] = {
            "confidential-shared-outside-box": {
                "app": app == 10489, "access level": level in (2, 3), "label": confidential},
            "confidential-outside-finance": {
                "app": app == 20892, "date": item["modifiedDate"] >= "2016-09-14T11:12:00Z", "label": confidential,
                "folder": app != 20892 or not (folder + "/").startswith("Finance/")},
            "finance-not-internal": {
                "access level": level != 1, "OU": item.get("ownerOrgUnit") == "Finance"},
            "payment-cards-onedrive": {
                # The text of PDFs is not read here; only one of them is in question, and it holds a card number.
                "app": app == 15600, "extension": ext in OFFICE, "content": bool(numbers) or path.endswith("Receipt.pdf")},
        }
        table.append((path, state, ", ".join(
            f"{'own' if t == OWN else 'Fabrikam'}: {names.get(l, l) if l else 'removed'}" for t, l in labels.items())
            or "-", level, item.get("ownerOrgUnit", "-"), item["modifiedDate"], copies[path], len(numbers)))
        if app == 15600 and ext in OFFICE and not numbers:
            assert not windows[path], (path, windows[path])

    if "--table" in sys.argv:
        for row in table:
            print("\t".join(map(str, row)))

    # expected.tsv against the conditions
    expected, misses = {}, {}
    for line in (DATA / "expected.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        policy, path, match, why = line.split("\t")
        assert path in conditions and (policy, path) not in expected, line
        expected[policy, path] = match
        if match == "no":
            failing = [name for name, holds in conditions[path][policy].items() if not holds]
            assert failing == [why.split(":")[0]], (line, failing)
            misses.setdefault((policy, failing[0]), []).append(path)
    policies = json.loads((DATA / "policies.json").read_text(encoding="utf-8"))["policies"]
    for policy in [p["id"] for p in policies]:
        for path, per_policy in conditions.items():
            assert all(per_policy[policy].values()) == (expected.get((policy, path)) == "yes"), (policy, path)
        for name in conditions[path][policy]:
            assert len(misses.get((policy, name), [])) >= 3, (policy, name)
        yes = [p for p in conditions if expected.get((policy, p)) == "yes"]
        print(f"{policy}: {len(yes)} documents, {sum(copies[p] for p in yes)} with copies; near misses:",
              ", ".join(f"{n} {len(v)}" for (q, n), v in misses.items() if q == policy))
    yes = [p for p in conditions if expected.get(("finance-not-internal", p)) == "yes"]
    assert sum(copies[p] for p in yes) == 130
    state = {row[0]: row for row in table}
    assert {p: r[1] for p, r in state.items() if r[1] in ("damaged", "password")} == {
        "sharepoint/Legal/Merger Memo Draft.docx": "damaged",
        "onedrive/tom.adler/Finance/Payroll Cards.docx": "password",
        "google/Finance/Statement of Accounts 2019.pdf": "password"}
    able = [p for p in yes if p.rsplit(".", 1)[1] in OFFICE and state[p][1] == "ok" and "own: Confidential" not in state[p][2]]
    assert sum(copies[p] for p in able) == 128
    present = {p.rsplit(".", 1)[1] for p in conditions}
    assert present >= {*OFFICE, "pdf"}
    size = sum((DATA / "documents" / p).stat().st_size for p in conditions)
    assert size < 3_000_000
    print(f"{len(conditions)} documents, {size} bytes, {len(present)} extensions; all checks passed")


if __name__ == "__main__":
    main()
