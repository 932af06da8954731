//! Writes the seeds that are made by program: sample documents, built packages and compound files,
//! small PDFs. Seeds written by hand stand beside them and stay.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use label_core::{LabelCatalog, LabelView, TenantId};
use label_fuzz::package::archive;
use label_fuzz::{compound, join, pieces};
use policy_engine::{BuildContext, Field, Filter, FilterDialect};
use serde_json::json;

type Outcome = Result<(), Box<dyn Error>>;

/// Sample documents that are small and different.
const DOCUMENTS: [(&str, &str); 13] = [
    ("docx", "box/Partners/Joint Test Plan.docx"),
    (
        "docm-two-tenants",
        "box/Legal/Settlement Draft Riverside.docm",
    ),
    ("dotx", "box/Sales/Reseller Welcome Letter.dotx"),
    ("dotm-both-storages", "sharepoint/HR/Offer Letter.dotm"),
    ("xlsx-part", "box/Partners/Price List 2021 Wholesale.xlsx"),
    ("xlsx-removed", "box/Sales/Campaign Results Spring.xlsx"),
    ("xlsm-contradiction", "box/Sales/Quote Calculator.xlsm"),
    ("xlsm-parent", "sharepoint/Projects/Falcon/Cost Model.xlsm"),
    (
        "xlsx-cells",
        "onedrive/ana.silva/Documents/Card Refunds November.xlsx",
    ),
    ("pptx", "box/Partners/Press Kit Autumn.pptx"),
    ("pptm", "sharepoint/Projects/Falcon/Partner Workshop.pptm"),
    ("cut-off", "sharepoint/Legal/Merger Memo Draft.docx"),
    ("password", "onedrive/tom.adler/Finance/Payroll Cards.docx"),
];

const LARGEST_SAMPLE: usize = 24 * 1024;

struct Seeds {
    folder: PathBuf,
}

impl Seeds {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> Outcome {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
        Ok(())
    }
}

fn main() -> Outcome {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = Seeds {
        folder: here.join("seeds"),
    };
    let data = here.join("../examples/data");
    for (name, path) in DOCUMENTS {
        let bytes = fs::read(data.join("documents").join(path))?;
        if bytes.len() > LARGEST_SAMPLE {
            println!("left out, {} bytes: {path}", bytes.len());
            continue;
        }
        seeds.put("read_any", name, &bytes)?;
        if [
            "docx",
            "docm-two-tenants",
            "xlsm-contradiction",
            "xlsx-removed",
        ]
        .contains(&name)
        {
            seeds.put("apply_remove", name, &[b"R", &bytes[..]].concat())?;
        }
        if name == "password" {
            seeds.put("compound", name, &bytes)?;
        }
    }
    packages(&seeds)?;
    compounds(&seeds)?;
    pdfs(&seeds)?;
    written_pdfs(&seeds)?;
    let policies = fs::read_to_string(data.join("policies.json"))?;
    seeds.put("policy_document", "examples", policies.as_bytes())?;
    filters(&seeds)?;
    let rules = fs::read_to_string(data.join("event-rules.json"))?;
    let events = fs::read_to_string(data.join("label-events.jsonl"))?;
    let input = format!("{rules}\n---\n{events}");
    seeds.put("event_rules", "examples", input.as_bytes())?;
    for fill in [1_u8, 37, 91, 150, 201, 255] {
        let choices: Vec<u8> = (0..120_u8)
            .map(|at| at.wrapping_mul(fill) ^ (at / 3))
            .collect();
        let input = [&[1], &choices[..]].concat();
        seeds.put("policy_document", &format!("choices-{fill}"), &input)?;
    }
    lives(&seeds)?;
    for name in ["labels", "labels-earlier"] {
        let labels = fs::read(data.join(format!("{name}.json")))?;
        seeds.put("graph_labels", name, &labels)?;
    }
    Ok(())
}

/// For each field of the filter JSON, the operators with a value that is accepted.
fn filters(seeds: &Seeds) -> Outcome {
    let tenant = TenantId::from_u128(1);
    let labels = LabelView::new(LabelCatalog::empty(tenant).into());
    let context = BuildContext::new(&labels);
    let values = [
        json!([1]),
        json!([10489, 20892]),
        json!(["Finance"]),
        json!(["application/pdf", "docx"]),
        json!([pieces::OURS]),
        json!(["Password encrypted"]),
        json!([{"id": "f1", "app": 20892, "inst": 0}]),
        json!([{"id": "f1", "saas": 20892, "inst": 0}]),
        json!([true]),
        json!(true),
        json!("report"),
        json!(7),
        json!(1_473_851_520_000_i64),
        json!([{"start": 1_473_851_520_000_i64, "end": 1_609_840_800_000_i64}]),
    ];
    for name in Field::names(FilterDialect::Extended) {
        let field = Field::parse(name).ok_or("a field without a name")?;
        let mut policies = Vec::new();
        for operator in field.operators(FilterDialect::Extended) {
            let accepted = values
                .iter()
                .map(|value| json!({name: {operator.name(): value}}))
                .find(|filters| Filter::build(filters, &context).is_ok());
            if let Some(filters) = accepted {
                policies.push(
                    json!({"id": policies.len().to_string(), "name": "x", "filters": filters}),
                );
            } else {
                println!("no value found for {name} {}", operator.name());
            }
        }
        if let Some(first) = policies.first() {
            let alone = serde_json::to_vec(first.get("filters").ok_or("no filters")?)?;
            seeds.put("policy_document", &format!("filter-{name}"), &alone)?;
        }
        let document = json!({"format": "file-policies/1", "policies": policies});
        let name = format!("field-{name}");
        seeds.put("policy_document", &name, &serde_json::to_vec(&document)?)?;
    }
    Ok(())
}

/// Lives of a queue: the head byte, then operations.
fn lives(seeds: &Seeds) -> Outcome {
    let mut usual = vec![0x20];
    for file in 0..8 {
        usual.extend([0, file, 0x05]);
    }
    usual.extend([2, 7]);
    for _ in 0..7 {
        usual.extend([3, 0, 1, 5, 0, 0]);
    }
    let mut next_day = usual.clone();
    next_day.extend([12, 30, 2, 7, 3, 0, 1, 5, 0, 0]);
    let mut crash = usual[..27].to_vec();
    crash.extend([
        3, 0, 1, 3, 1, 0, 7, 0, 2, 7, 3, 0, 0, 7, 1, 13, 1, 2, 7, 13, 2, 2, 7,
    ]);
    let mut failures = vec![0x32];
    failures.extend([
        0, 1, 5, 0, 2, 6, 2, 7, 3, 0, 0, 5, 0, 13, 12, 1, 2, 7, 5, 0, 6, 5, 0, 4, 14, 0, 15, 1,
    ]);
    let mut policies = vec![0x11];
    policies.extend([
        0, 1, 5, 0, 1, 6, 0, 9, 4, 8, 0, 2, 7, 9, 0, 2, 7, 3, 0, 0, 8, 1, 3, 0, 1, 10, 1, 5, 0, 0,
    ]);
    for (name, life) in [
        ("usual", usual),
        ("next-day", next_day),
        ("crash", crash),
        ("failures", failures),
        ("policies", policies),
    ] {
        seeds.put("governance_ops", name, &life)?;
    }
    Ok(())
}

const RELATIONSHIPS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="MAIN"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties" Target="docProps/custom.xml"/><Relationship Id="rId3" Type="http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels" Target="docMetadata/LabelInfo.xml"/></Relationships>"#;

fn packages(seeds: &Seeds) -> Outcome {
    for kind in [0, 4, 8] {
        let (content_type, main) = pieces::KINDS[kind];
        let types = format!(
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/{main}\" ContentType=\"{content_type}\"/></Types>"
        );
        let relationships = RELATIONSHIPS.replace("MAIN", main);
        let mut pid = 2;
        let custom: String = [0, 1, 2, 6, 15]
            .map(|number| pieces::custom_property(number, &mut pid))
            .concat();
        let custom = format!(
            "<Properties xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">{custom}</Properties>"
        );
        let labels = format!(
            "<clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\">{}{}{}</clbl:labelList>",
            pieces::LABELS[0],
            pieces::LABELS[1],
            pieces::LABELS[7]
        );
        let body = match kind {
            0 => (
                "word/document.xml",
                "<w:document xmlns:w=\"w\"><w:p><w:r><w:t>Visa 4111</w:t></w:r><w:r><w:tab/><w:t> 1111</w:t></w:r></w:p></w:document>",
            ),
            4 => (
                "xl/sharedStrings.xml",
                "<sst><si><t>a</t><rPh><t>b</t></rPh></si></sst>",
            ),
            _ => (
                "ppt/slides/slide1.xml",
                "<p:sld xmlns:a=\"a\"><a:p><a:t>x</a:t></a:p></p:sld>",
            ),
        };
        let sheet = "<worksheet><c t=\"s\"><v>0</v></c><c><f>A1</f><v>4</v></c></worksheet>";
        let core = "<cp:coreProperties xmlns:cp=\"c\"><title>Plan</title></cp:coreProperties>";
        let mut parts = vec![
            ("[Content_Types].xml", types.as_str()),
            ("_rels/.rels", relationships.as_str()),
            ("docProps/custom.xml", custom.as_str()),
            ("!docMetadata/LabelInfo.xml", labels.as_str()),
            ("docProps/core.xml", core),
            body,
        ];
        if main != body.0 {
            parts.push((main, "<x/>"));
        }
        if kind == 4 {
            parts.push(("xl/worksheets/sheet1.xml", sheet));
        }
        let sections: Vec<(&str, &[u8])> = parts
            .iter()
            .map(|(name, text)| (*name, text.as_bytes()))
            .collect();
        let stored: Vec<(&str, &[u8], bool)> = sections
            .iter()
            .map(|(name, content)| (name.trim_start_matches('!'), *content, true))
            .collect();
        // Stored, so that bytes of the parts can be changed one by one.
        seeds.put(
            "read_any",
            &format!("stored-{kind}"),
            &archive(&stored, false),
        )?;
        for storage in 0..3_u8 {
            let first = [b'T', storage, storage];
            let name = format!("parts-{kind}-{storage}");
            seeds.put("apply_remove", &name, &join(&first, &sections))?;
        }
    }
    // Prepared pieces, chosen by bytes.
    for (number, fill) in [0_u8, 1, 3, 17, 64, 129, 200].into_iter().enumerate() {
        let bytes: Vec<u8> = (0..160_u8)
            .map(|at| at.wrapping_mul(fill).wrapping_add(at / 7))
            .collect();
        seeds.put("apply_remove", &format!("pieces-{number}"), &bytes)?;
    }
    Ok(())
}

fn compounds(seeds: &Seeds) -> Outcome {
    let labels = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\">{}{}</clbl:labelList>",
        pieces::LABELS[0],
        pieces::LABELS[1]
    );
    let names: Vec<String> = ["Enabled", "SiteId", "Name", "SetDate", "ContentBits"]
        .iter()
        .map(|attribute| format!("MSIP_Label_{}_{attribute}", pieces::OLD_LABEL))
        .collect();
    let values = ["true", pieces::OURS, "General", "2021-01-05T10:00:00Z", "8"];
    let pairs: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(values).collect();
    let (wide, narrow) = (
        compound::summary(&pairs, true),
        compound::summary(&pairs, false),
    );
    let package = ("/EncryptedPackage", &b"\x10\0\0\0\0\0\0\0encrypted"[..]);
    let primary = (
        "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/\u{6}Primary",
        &b"x"[..],
    );
    let info = (
        "/\u{6}DataSpaces/TransformInfo/LabelInfo",
        labels.as_bytes(),
    );
    let summary = "/\u{5}DocumentSummaryInformation";
    let text = pieces::licence();
    let licence = (compound::LICENCE, text.as_bytes());
    let stream = compound::transform(text.as_bytes());
    let user = (
        "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/EUL-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        &b"\x20\0\0\0\x18\0\0\0VwBpAG4AZABvAHcAcwA6AGEA\x04\0\0\0x"[..],
    );
    seeds.put("compound", "licence", &[b"L", text.as_bytes()].concat())?;
    let patches = (
        compound::PATCHES,
        &[0x30, 0, 9, 0x4c, 0, 7, 0x10, 2, 0xff][..],
    );
    for (name, sections) in [
        ("rights-managed", vec![package, primary, info]),
        ("summary-wide", vec![package, primary, (summary, &wide[..])]),
        (
            "summary-narrow",
            vec![package, primary, (summary, &narrow[..])],
        ),
        ("both", vec![package, primary, info, (summary, &wide[..])]),
        ("password-built", vec![package, ("/EncryptionInfo", b"x")]),
        ("unknown", vec![package]),
        (
            "binary-drm",
            vec![
                ("/\u{9}DRMContent", b"x"),
                ("/WordDocument", b"x"),
                (summary, &narrow[..]),
            ],
        ),
        ("word", vec![("/WordDocument", b"x")]),
        ("patched", vec![package, primary, info, patches]),
        ("licence-built", vec![package, licence, info]),
        ("licence-user", vec![package, licence, user]),
        (
            "licence-stream",
            vec![package, (compound::PRIMARY, &stream)],
        ),
    ] {
        let input = join(b"S", &sections);
        seeds.put("compound", name, &input)?;
        if name == "both" {
            let sections = label_fuzz::sections(&input);
            let bytes = compound::build(&sections);
            seeds.put("compound", "both-file", &bytes)?;
            seeds.put("read_any", "compound", &bytes)?;
        }
    }
    Ok(())
}

/// Objects with numbers from 1, a cross-reference table, a trailer.
fn pdf(objects: &[&str], trailer: &str) -> Vec<u8> {
    let mut text = "%PDF-1.7\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", text.len()));
        text.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let start = text.len();
    text.push_str(&format!(
        "{table}trailer\n<</Size {}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    text.into_bytes()
}

fn stream(dictionary: &str, content: &str) -> String {
    format!(
        "<<{dictionary}/Length {}>>\nstream\n{content}\nendstream",
        content.len()
    )
}

/// Objects for `pdf_write`: a document with labels of two tenants in both places, in each form, with
/// and without each place, as PDF/A, signed, in two revisions; and whole files.
fn written_pdfs(seeds: &Seeds) -> Outcome {
    let key = |label: &str, attribute: &str| format!("MSIP_Label_{label}_{attribute}");
    let element = |name: &str, value: &str| format!("<pdfx:{name}>{value}</pdfx:{name}>");
    let own = [
        ("Enabled", "true"),
        ("SiteId", pieces::OURS),
        ("Name", "Old (1)"),
    ];
    let info: String = own
        .iter()
        .map(|(name, value)| {
            format!(
                "/{}({})",
                key(pieces::OLD_LABEL, name),
                value.replace('(', "\\(").replace(')', "\\)")
            )
        })
        .collect();
    let of_other = format!(
        "/{}(true)/{}({})",
        key(pieces::OTHERS_LABEL, "Enabled"),
        key(pieces::OTHERS_LABEL, "SiteId"),
        pieces::OTHERS
    );
    let info = format!("<</Title(T)/Author 9 0 R{info}{of_other}>>");
    let elements: String = own
        .iter()
        .map(|(name, value)| element(&key(pieces::OLD_LABEL, name), value))
        .collect();
    let packet = |part: &str| {
        format!(
            "<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\" pdfx:Company=\"x\">{part}{elements}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
        )
    };
    let metadata = |part: &str| stream("/Type/Metadata/Subtype/XML", &packet(part));
    let catalog = "<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R/Extra[7 0 R 7 0 R]>>";
    let pages = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9.5 9]/Contents 6 0 R>>";
    let content = stream("", "BT (text) Tj ET");
    let put = |name: &str, how: u8, form: &str, objects: &[(&str, &str)]| -> Outcome {
        let sections: Vec<(&str, &[u8])> = objects
            .iter()
            .map(|(name, body)| (*name, body.as_bytes()))
            .collect();
        let first = [&[how][..], form.as_bytes()].concat();
        seeds.put("pdf_write", name, &join(&first, &sections))
    };
    let (plain, pdf_a) = (metadata(""), metadata("<pdfaid:part>2</pdfaid:part>"));
    let base = [
        ("1", catalog),
        ("2", pages),
        ("3", page),
        ("4", info.as_str()),
        ("5", plain.as_str()),
        ("6", content.as_str()),
        ("7", "[1.50 (x) <4142> /N#41 8 0 R]"),
        ("9", "(Author)"),
    ];
    let with = |other: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        let mut objects: Vec<(&str, String)> = base
            .iter()
            .map(|(name, body)| (*name, (*body).to_owned()))
            .collect();
        for (name, body) in other {
            objects.retain(|(known, _)| known != name);
            objects.push((name, (*body).to_owned()));
        }
        objects
    };
    let trailer = ("trailer", "/Info 4 0 R/ID[<01><02>]/Custom 7 0 R");
    let form_catalog =
        "<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R/AcroForm<</SigFlags 3/Fields[10 0 R]>>>>";
    for (at, form) in ["0", "1", "2", "3"].into_iter().enumerate() {
        for (name, how, objects) in [
            ("plain", 16, with(&[trailer])),
            ("same", 24 + 4, with(&[trailer])),
            ("pdf-a", 0, with(&[("5", &pdf_a), trailer])),
            (
                "bare",
                0,
                with(&[("1", "<</Type/Catalog/Pages 2 0 R>>"), ("trailer", "")]),
            ),
            ("direct", 0, with(&[("trailer", &format!("/Info{info}"))])),
            (
                "signed",
                2,
                with(&[
                    ("1", form_catalog),
                    ("10", "<</FT/Sig/V 11 0 R>>"),
                    ("11", "<</Type/Sig>>"),
                    trailer,
                ]),
            ),
        ] {
            for (save, bit) in [("appended", 0), ("rewritten", 1)] {
                let borrowed: Vec<(&str, &str)> = objects
                    .iter()
                    .map(|(name, body)| (*name, body.as_str()))
                    .collect();
                put(&format!("{name}-{at}-{save}"), how | bit, form, &borrowed)?;
            }
        }
        let mut twice: Vec<(&str, &str)> = base.to_vec();
        twice.extend([trailer, ("4", "<</Title(U)>>"), ("5", &plain), trailer]);
        put(&format!("revisions-{at}"), 1, form, &twice)?;
    }
    let objects = ["<</Type/Catalog/Pages 2 0 R>>", pages, page, info.as_str()];
    let whole = pdf(&objects, "/Info 4 0 R");
    let behind = [b"junk\n", &whole[..]].concat();
    for (name, how, bytes) in [
        ("whole", 0, &whole),
        ("whole-rewritten", 1, &whole),
        ("behind", 1, &behind),
    ] {
        seeds.put("pdf_write", name, &[&[how, b'R'], &bytes[..]].concat())?;
    }
    Ok(())
}

fn pdfs(seeds: &Seeds) -> Outcome {
    let put = |name: &str, bytes: &[u8]| -> Outcome {
        seeds.put("pdf_read", name, bytes)?;
        if ["info", "object-stream"].contains(&name) {
            seeds.put("read_any", &format!("pdf-{name}"), bytes)?;
        }
        Ok(())
    };
    let catalog = "<</Type/Catalog/Pages 2 0 R>>";
    let pages = "<</Type/Pages/Kids[]/Count 0>>";
    let key = |attribute: &str| format!("/MSIP_Label_{}_{attribute}", pieces::OLD_LABEL);
    let info = format!(
        "<<{}(true){}({}){}(Gen\\145ral\\)){}<FEFF0032>/Title(x)>>",
        key("Enabled"),
        key("SiteId"),
        pieces::OURS,
        key("Name"),
        key("ContentBits")
    );
    put("info", &pdf(&[catalog, pages, &info], "/Info 3 0 R"))?;
    put(
        "info-direct",
        &pdf(&[catalog, pages], &format!("/Info{info}")),
    )?;
    let indirect = format!("<<{} 4 0 R{} 5 0 R>>", key("Enabled"), key("SiteId"));
    let site = format!("({})", pieces::OURS);
    put(
        "info-indirect",
        &pdf(&[catalog, pages, &indirect, "(true)", &site], "/Info 3 0 R"),
    )?;

    let packet = format!(
        "<?xpacket begin=\"\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\" pdfx:MSIP_Label_{0}_Name=\"General\"><pdfx:MSIP_Label_{0}_Enabled>true</pdfx:MSIP_Label_{0}_Enabled><pdfx:MSIP_Label_{0}_SiteId>{1}</pdfx:MSIP_Label_{0}_SiteId></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>",
        pieces::OLD_LABEL,
        pieces::OURS
    );
    let metadata = stream("/Type/Metadata/Subtype/XML", &packet);
    let with_metadata = "<</Type/Catalog/Pages 2 0 R/Metadata 3 0 R>>";
    put("xmp", &pdf(&[with_metadata, pages, &metadata], ""))?;
    put(
        "info-and-xmp",
        &pdf(&[with_metadata, pages, &metadata, &info], "/Info 4 0 R"),
    )?;
    let hex: String = packet.bytes().map(|byte| format!("{byte:02x}")).collect();
    let metadata = stream("/Type/Metadata/Filter[/ASCIIHexDecode]", &format!("{hex}>"));
    put("xmp-hex", &pdf(&[with_metadata, pages, &metadata], ""))?;

    // A second revision with another label.
    let first = pdf(&[catalog, pages, &info], "/Info 3 0 R");
    let start = String::from_utf8_lossy(&first)
        .rfind("xref\n0")
        .ok_or("no table")?;
    let mut second = first.clone();
    let at = second.len();
    let newer = info.replace(pieces::OLD_LABEL, pieces::LABEL);
    second.extend(format!("3 0 obj\n{newer}\nendobj\n").bytes());
    let table = second.len();
    second.extend(format!("xref\n3 1\n{at:010} 00000 n \ntrailer\n<</Size 4/Root 1 0 R/Info 3 0 R/Prev {start}>>\nstartxref\n{table}\n%%EOF\n").bytes());
    put("revision", &second)?;

    // A cross-reference stream with an object stream, nothing compressed.
    let inner = format!(
        "1 0 2 {} 3 {} {catalog} {pages} {info}",
        catalog.len() + 1,
        catalog.len() + pages.len() + 2
    );
    let head = inner.find(catalog).ok_or("no catalog")?;
    let mut text = "%PDF-1.7\n".to_owned();
    let container = text.len();
    text.push_str(&format!(
        "4 0 obj\n{}\nendobj\n",
        stream(&format!("/Type/ObjStm/N 3/First {head}"), &inner)
    ));
    let start = text.len();
    let rows = format!(
        "00 0000 ff 02 0004 00 02 0004 01 02 0004 02 01 {container:04x} 00 01 {start:04x} 00>"
    );
    text.push_str(&format!(
        "5 0 obj\n{}\nendobj\nstartxref\n{start}\n%%EOF\n",
        stream(
            "/Type/XRef/Size 6/W[1 2 1]/Root 1 0 R/Info 3 0 R/Filter/ASCIIHexDecode",
            &rows
        )
    ));
    put("object-stream", text.as_bytes())?;

    let id = "/ID[<000102030405060708090a0b0c0d0e0f><000102030405060708090a0b0c0d0e0f>]";
    let thirty_two = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    for (name, encrypt) in [
        (
            "encrypt-rc4",
            format!(
                "<</Filter/Standard/V 2/R 3/Length 128/P -44/O<{thirty_two}>/U<{thirty_two}>>>"
            ),
        ),
        (
            "encrypt-aes",
            format!(
                "<</Filter/Standard/V 4/R 4/Length 128/P -44/O<{thirty_two}>/U<{thirty_two}>/CF<</StdCF<</CFM/AESV2/Length 16/AuthEvent/DocOpen>>>>/StmF/StdCF/StrF/StdCF/EncryptMetadata false>>"
            ),
        ),
        (
            "encrypt-aes256",
            format!(
                "<</Filter/Standard/V 5/R 6/Length 256/P -44/O<{0}0011223344556677{1}>/U<{0}0011223344556677{1}>/OE<{0}>/UE<{0}>/Perms<00112233445566778899aabbccddeeff>/CF<</StdCF<</CFM/AESV3/Length 32>>>>/StmF/StdCF/StrF/StdCF>>",
                thirty_two, "8899aabbccddeeff"
            ),
        ),
        (
            "encrypt-rights",
            "<</Filter/MicrosoftIRMServices/V 1>>".to_owned(),
        ),
        (
            "encrypt-certificate",
            "<</Filter/Adobe.PubSec/V 4/Recipients[<00>]>>".to_owned(),
        ),
    ] {
        put(
            name,
            &pdf(
                &[catalog, pages, &info, &encrypt],
                &format!("/Info 3 0 R/Encrypt 4 0 R{id}"),
            ),
        )?;
    }
    let cover = "<</Type/Catalog/Pages 2 0 R/AF[3 0 R]/AcroForm<</SigFlags 3>>>>";
    let file = "<</Type/Filespec/AFRelationship/EncryptedPayload/EP<</Subtype/MicrosoftIRMServices/Version 1>>>>";
    put("cover", &pdf(&[cover, pages, file], ""))?;
    let plain = pdf(&[catalog, pages, &info], "/Info 3 0 R");
    put("stray", &[b"some bytes\n", &plain[..]].concat())?;
    let text = String::from_utf8(plain)?;
    let broken = text
        .replace("startxref\n", "startxref\n9")
        .replace("0 obj", "0  obj");
    put("rebuilt", broken.as_bytes())?;
    put(
        "hybrid",
        text.replace("/Root 1 0 R", "/Root 1 0 R/XRefStm 15")
            .as_bytes(),
    )?;
    Ok(())
}
