"""Writes inventory.jsonl: files as the product's interface gives them, one a line.

Everything is invented; the same seed gives the same files.

    python inventory.py > ../inventory.jsonl
"""

import json
import random

TENANT = "74f71239-3dea-461b-910f-15d15a71655a"
PARTNER = "954a5c8e-2013-4eaf-9806-f27804879c6e"
LABELS = {
    "Public": "fe36ad5e-9f79-45ef-903d-4b5af72ccf92",
    "General": "247d25b6-53f6-440e-9853-7b0b7f86f502",
    "Confidential": "e2b282cb-f306-49ad-947d-fb80289fa63c",
    "Finance": "3d8f0b72-61c4-4e9a-a7d5-90be12c4f386",
}
APPS = {
    10489: "Box",
    11770: "Google Workspace",
    15600: "Microsoft OneDrive for Business",
    20892: "Microsoft SharePoint Online",
}
PEOPLE = {
    "lucia.romano": "Legal",
    "jonas.weber": "Sales",
    "priya.nair": "Engineering",
    "ana.silva": "Finance",
}
OUTSIDE = ["raul@northwind.example", "kim@fabrikam.example"]
SUBJECTS = ["Budget", "Price List", "Roadmap", "Payroll", "Contract", "Forecast", "Minutes"]
KINDS = [
    ("docx", [1, "DOCUMENT"]),
    ("xlsx", [2, "SPREADSHEET"]),
    ("pptx", [3, "PRESENTATION"]),
    ("pdf", [1, "DOCUMENT"]),
    ("txt", [4, "TEXT"]),
]
LEVELS = ["PRIVATE", "INTERNAL", "EXTERNAL", "PUBLIC", "PUBLIC_INTERNET"]
NOW_MS = 1_609_070_400_000
DAY_MS = 86_400_000


def file(number: int, draw: random.Random) -> dict:
    app = draw.choice(list(APPS))
    person = draw.choice(list(PEOPLE))
    address = f"{person}@contoso.example"
    extension, kind = draw.choice(KINDS)
    name = f"{draw.choice(SUBJECTS)} {draw.randint(2018, 2021)} {number:03}.{extension}"
    level = draw.choices(range(5), weights=[40, 30, 18, 10, 2])[0]
    emails = [address]
    if level == 2:
        emails.append(draw.choice(OUTSIDE))
    modified = NOW_MS - draw.randint(0, 700) * DAY_MS - draw.randint(0, DAY_MS)
    tags = []
    label = draw.choices([None, *LABELS], weights=[45, 8, 22, 20, 5])[0]
    # Text files carry no label.
    if extension == "txt":
        pass
    elif label:
        tags.append(f"{TENANT}_{LABELS[label]}")
    elif draw.random() < 0.1:
        tags.append(f"{PARTNER}_{LABELS['Confidential']}")
    elif draw.random() < 0.05:
        tags.append("Password encrypted")
    members = {
        "_id": f"{number:024x}",
        "appId": app,
        "appName": APPS[app],
        "instId": 0,
        "id": f"item-{number:03}",
        "name": name,
        "fileExtension": extension,
        "fileType": kind,
        "isFolder": False,
        "fileSize": draw.randint(8_000, 4_000_000),
        "createdDate": modified - draw.randint(1, 300) * DAY_MS,
        "modifiedDate": modified,
        "fTags": tags,
        "fileAccessLevel": [level, LEVELS[level]],
        "fileStatus": [0, "EXISTS"],
        "ownerName": person.replace(".", " ").title(),
        "ownerAddress": address,
        "emails": emails,
        "domains": sorted({email.split("@")[1] for email in emails}),
        "parentIds": [PEOPLE[person]],
        "effectiveParents": [PEOPLE[person], "root"],
        "filePath": f"/{PEOPLE[person]}/{name}",
    }
    if app == 11770:
        members["ownerOrgUnit"] = PEOPLE[person]
    if not tags and draw.random() < 0.2:
        members["labelScan"] = "never"
    return members


def main() -> None:
    draw = random.Random(20201227)
    for number in range(1, 241):
        print(json.dumps(file(number, draw), separators=(",", ":")))


main()
