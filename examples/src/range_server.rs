//! A small HTTP server of one file, on this machine only, that answers range requests and counts.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use label_formats::{ByteSource, FileSource};

/// Longest line of a request, in bytes, and most of them.
const LINE_BYTES_MAX: u64 = 8 * 1024;
const LINES_MAX: usize = 100;

/// Largest answer, in bytes: a range request that asks for more gets the first of them.
const ANSWER_BYTES_MAX: u64 = 4 * 1_048_576;

/// What was asked for so far.
#[derive(Debug, Default)]
pub struct Counts {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Counts {
    /// Requests of any kind.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes of the file that were sent.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A server that runs until the program ends.
#[derive(Debug)]
pub struct RangeServer {
    address: SocketAddr,
    counts: Arc<Counts>,
}

impl RangeServer {
    /// Starts to serve the file.
    ///
    /// # Errors
    ///
    /// What opening the file or the port reports.
    pub fn start(path: &Path) -> io::Result<Self> {
        FileSource::open(path)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts::default());
        let (path, shared) = (path.to_owned(), Arc::clone(&counts));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (path, counts) = (path.clone(), Arc::clone(&shared));
                // A client that goes away in between is no failure of the server's.
                std::thread::spawn(move || serve(&stream, &path, &counts).ok());
            }
        });
        Ok(Self { address, counts })
    }

    /// Where the file is.
    pub fn url(&self) -> String {
        format!("http://{}/document", self.address)
    }

    /// What was asked for so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// One connection, as many requests as the client sends.
fn serve(stream: &TcpStream, path: &Path, counts: &Counts) -> io::Result<()> {
    let source = FileSource::open(path)?;
    let mut lines = BufReader::new(stream);
    while let Some(request) = Request::read(&mut lines)? {
        counts.requests.fetch_add(1, Ordering::Relaxed);
        answer(stream, &source, &request, counts)?;
    }
    Ok(())
}

/// What matters of a request.
struct Request {
    method: String,
    /// First and last byte, as HTTP counts.
    range: Option<(u64, u64)>,
}

impl Request {
    fn read(lines: &mut impl BufRead) -> io::Result<Option<Self>> {
        let first = line(lines)?;
        let Some(method) = first.split_whitespace().next() else {
            return Ok(None);
        };
        let mut request = Self {
            method: method.to_owned(),
            range: None,
        };
        for _ in 0..LINES_MAX {
            let line = line(lines)?;
            let Some((name, value)) = line.split_once(':') else {
                return Ok(Some(request));
            };
            if name.eq_ignore_ascii_case("range") {
                request.range = value
                    .trim()
                    .strip_prefix("bytes=")
                    .and_then(|range| range.split_once('-'))
                    .and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
            }
        }
        Err(io::Error::other("too many header lines"))
    }
}

fn line(lines: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    io::Read::take(lines, LINE_BYTES_MAX).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn answer(
    mut stream: &TcpStream,
    source: &FileSource,
    request: &Request,
    counts: &Counts,
) -> io::Result<()> {
    let len = source.len();
    let (status, range) = match (request.method.as_str(), request.range) {
        ("HEAD", _) => ("200 OK", 0..0),
        ("GET", Some((first, last))) if first <= last && first < len => {
            let end = last.saturating_add(1).min(len);
            (
                "206 Partial Content",
                first..end.min(first + ANSWER_BYTES_MAX),
            )
        }
        ("GET", Some(_)) => ("416 Range Not Satisfiable", 0..0),
        // The whole file would be what this program is there to avoid.
        _ => ("400 Bad Request", 0..0),
    };
    let mut body = vec![0; usize::try_from(range.end - range.start).unwrap_or_default()];
    source.read_exact_at(range.start, &mut body)?;
    let length = match request.method.as_str() {
        "HEAD" => len,
        _ => body.len() as u64,
    };
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nAccept-Ranges: bytes\r\nETag: \"{len}\"\r\n"
    );
    if !body.is_empty() {
        let last = range.end - 1;
        head.push_str(&format!(
            "Content-Range: bytes {}-{last}/{len}\r\n",
            range.start
        ));
    }
    head.push_str("\r\n");
    counts.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    // In one piece: the second of two would wait for the first to be acknowledged.
    let mut message = head.into_bytes();
    message.append(&mut body);
    stream.write_all(&message)?;
    Ok(())
}
