//! Reads the label of a large document behind HTTP with a handful of small range requests.
//!
//! ```text
//! remote_label [PATH | http://…]
//! ```
//!
//! Without arguments it makes a labelled document of 50 MB, serves it on this machine and reads it
//! from there. A path is served likewise; an address is read where it is.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use examples::range_server::RangeServer;
use examples::remote::{RemoteReading, read_over_http};
use examples::sample::write_with_picture;
use label_core::{LabelId, TenantId};
use label_formats::{ApplyRequest, FileSource, ReadOptions, WriteOptions, apply};

/// The picture in the document that is made, in bytes.
const PICTURE_BYTES: usize = 50_000_000;

const TENANT: TenantId = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);
const LABEL: LabelId = LabelId::from_u128(0xe2b2_82cb_f306_49ad_947d_fb80_289f_a63c);

fn main() -> ExitCode {
    match run(examples::arguments::given().next()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(argument: Option<String>) -> Result<(), String> {
    if let Some(url) = argument.as_deref().filter(|text| text.contains("://")) {
        return show(url).map(drop);
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = match argument {
        Some(path) => PathBuf::from(path),
        None => make_document(folder.path())?,
    };
    let server =
        RangeServer::start(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let remote = show(&server.url())?;
    let (requests, bytes) = (server.counts().requests(), server.counts().bytes());
    println!(
        "The server counted {requests} requests and sent {bytes} of {} bytes: one in {}.",
        remote.len,
        remote.len.checked_div(bytes).unwrap_or_default()
    );
    Ok(())
}

/// A Word document with a large picture, labelled.
fn make_document(folder: &Path) -> Result<PathBuf, String> {
    let plain = folder.join("plain.docx");
    let labelled = folder.join("Scanned Contracts.docx");
    write_with_picture(&plain, PICTURE_BYTES).map_err(|error| error.to_string())?;
    let source = FileSource::open(&plain).map_err(|error| error.to_string())?;
    let mut request = ApplyRequest::new(TENANT, LABEL, 1_609_840_800_000);
    request.name = Some("Confidential".to_owned());
    let out = fs::File::create(&labelled).map_err(|error| error.to_string())?;
    let mut out = BufWriter::new(out);
    apply(&source, &request, &WriteOptions::default(), &mut out)
        .map_err(|error| error.to_string())?;
    out.into_inner().map_err(|error| error.to_string())?;
    println!("Made a labelled document with a picture of {PICTURE_BYTES} bytes.");
    Ok(labelled)
}

fn show(url: &str) -> Result<RemoteReading, String> {
    println!("Reading {url}");
    let start = Instant::now();
    let remote = read_over_http(url, &ReadOptions::default())?;
    let elapsed = start.elapsed();
    for range in &remote.ranges {
        println!(
            "  range {:>12} to {:>12}: {:>7} bytes",
            range.start,
            range.end,
            range.end - range.start
        );
    }
    let reading = &remote.reading;
    println!("Status: {}", reading.status.as_str());
    if let Some(error) = &reading.error {
        println!("  {error}");
    }
    for label in &reading.effective {
        let name = label.name.as_deref().unwrap_or(&label.id_text);
        let tenant = label.tenant.map_or("unknown".to_owned(), |t| t.to_string());
        println!(
            "Label: `{name}` of tenant {tenant}, in {}",
            label.storage.as_str()
        );
    }
    if reading.effective.is_empty() {
        println!("Label: none");
    }
    println!("{} ranges in {elapsed:.1?}.", remote.ranges.len());
    Ok(remote)
}
