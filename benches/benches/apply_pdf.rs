//! Labelling a PDF of 50 MB, verification and sync to disk included, beside a copy.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use benches::package::{LABEL, OTHER_LABEL, TENANT};
use benches::writing::{copy, status, write};
use benches::{must, paired};
use label_formats::{ApplyRequest, FileSource, WriteOptions, plan_apply, plan_remove};

const BYTES: usize = 50_000_000;
const IMAGE_BYTES: usize = 500_000;
const ROUNDS: usize = 15;

/// A labelled file with a table: pages, each with a picture that is stored as it is.
fn generate(to: &Path) -> io::Result<()> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    let mut object = |body: &[u8]| {
        offsets.push(out.len());
        out.extend(format!("{} 0 obj\n", offsets.len()).bytes());
        out.extend(body);
        out.extend(b"\nendobj\n");
    };
    let stream = |entries: &str, content: &[u8]| {
        let head = format!("<<{entries}/Length {}>>stream\n", content.len());
        [head.as_bytes(), content, b"\nendstream"].concat()
    };
    let count = BYTES / IMAGE_BYTES;
    let kids: String = (0..count)
        .map(|at| format!("{} 0 R ", 5 + 2 * at))
        .collect();
    let in_info =
        |attribute: &str, value: &str| format!("/MSIP_Label_{LABEL}_{attribute}({value})");
    let in_xmp = |attribute: &str, value: &str| {
        format!(
            "<pdfx:MSIP_Label_{LABEL}_{attribute}>{value}</pdfx:MSIP_Label_{LABEL}_{attribute}>"
        )
    };
    let tenant = TENANT.to_string();
    object(b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>");
    object(format!("<</Type/Pages/Count {count}/Kids[{kids}]>>").as_bytes());
    object(
        format!(
            "<</Title(Large){}{}>>",
            in_info("Enabled", "true"),
            in_info("SiteId", &tenant)
        )
        .as_bytes(),
    );
    let packet = format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\">{}{}</rdf:Description></rdf:RDF></x:xmpmeta>{}<?xpacket end=\"w\"?>",
        in_xmp("Enabled", "true"),
        in_xmp("SiteId", &tenant),
        " ".repeat(2048)
    );
    object(&stream("/Type/Metadata/Subtype/XML", packet.as_bytes()));
    let mut state = 1_u32;
    for page in 0..count {
        let image = 6 + 2 * page;
        object(
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 500]/Resources<</XObject<</I {image} 0 R>>>>>>")
                .as_bytes(),
        );
        let pixels: Vec<u8> = (0..IMAGE_BYTES)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        object(&stream(
            "/Type/XObject/Subtype/Image/Width 1000/Height 500/ColorSpace/DeviceGray/BitsPerComponent 8",
            &pixels,
        ));
    }
    let section = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
    for offset in &offsets {
        out.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let end = format!(
        "trailer\n<</Size {}/Root 1 0 R/Info 3 0 R>>\nstartxref\n{section}\n%%EOF\n",
        offsets.len() + 1
    );
    out.extend(end.bytes());
    fs::write(to, out)
}

fn apply(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let source = FileSource::open(from)?;
    let mut request = ApplyRequest::new(TENANT, OTHER_LABEL, 1_609_840_800_000);
    request.name = Some("General".to_owned());
    write(
        &plan_apply(&source, &request, &WriteOptions::default())?,
        to,
    )
}

fn remove(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let source = FileSource::open(from)?;
    write(&plan_remove(&source, TENANT, &WriteOptions::default())?, to)
}

/// How far the memory of the process grows meanwhile, in KiB; where the system doesn't say, nothing.
fn growth(
    work: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<Option<u64>, Box<dyn Error>> {
    // The highest mark starts again here.
    let marked = fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = status("VmRSS").filter(|_| marked);
    work()?;
    let peak = status("VmHWM");
    Ok(before
        .zip(peak)
        .map(|(before, peak)| peak.saturating_sub(before)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let from = folder.path().join("from.pdf");
    let to = folder.path().join("to.pdf");
    generate(&from)?;
    println!("input: {} bytes", from.metadata()?.len());
    if let Some(kib) = status("VmRSS") {
        println!("memory before: {kib} KiB");
    }
    type Work = fn(&Path, &Path) -> Result<(), Box<dyn Error>>;
    for (name, work) in [("apply", apply as Work), ("remove", remove)] {
        if let Some(kib) = growth(|| work(&from, &to))? {
            println!("peak memory of {name}: {kib} KiB");
        }
        println!("output of {name}: {} bytes", to.metadata()?.len());
    }
    let [applied, removed, copied] = paired::medians(
        ROUNDS,
        [
            &mut || must(apply(&from, &to)),
            &mut || must(remove(&from, &to)),
            &mut || must(copy(&from, &to)),
        ],
    );
    println!(
        "median of {ROUNDS} interleaved rounds, to a copy and sync: apply {:.2}, remove {:.2}; the copy {:.0} ms",
        applied.1,
        removed.1,
        copied.0 * 1e3
    );
    Ok(())
}
