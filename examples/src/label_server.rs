//! A local server that answers like Graph's label list, and has the troubles of the real one: it is
//! told what to answer hour by hour.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

/// Longest line of a request, in bytes, and most of them.
const LINE_BYTES_MAX: u64 = 16 * 1024;
const LINES_MAX: usize = 100;

/// How many top-level labels a page has.
const PAGE_LABELS: usize = 4;

/// What the server does at the moment.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The labels, as Graph nests them.
    pub labels: Vec<Value>,
    /// So many answers are refused as too many requests first.
    pub throttled: u32,
    /// No answer but 503.
    pub is_down: bool,
}

/// A server that runs until the program ends.
#[derive(Debug)]
pub struct LabelServer {
    address: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl LabelServer {
    /// Starts to serve these labels.
    ///
    /// # Errors
    ///
    /// What opening the port reports.
    pub fn start(labels: Vec<Value>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let behaviour = Arc::new(Mutex::new(Behaviour {
            labels,
            throttled: 0,
            is_down: false,
        }));
        let shared = Arc::clone(&behaviour);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away in between is no failure of the server's.
                serve(&stream, address, &shared).ok();
            }
        });
        Ok(Self { address, behaviour })
    }

    /// Where the list is.
    pub fn url(&self) -> String {
        format!("http://{}/labels", self.address)
    }

    /// Changes what it does.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(
            &mut self
                .behaviour
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

/// One request, one answer.
fn serve(stream: &TcpStream, address: SocketAddr, shared: &Mutex<Behaviour>) -> io::Result<()> {
    let mut lines = BufReader::new(stream);
    let first = line(&mut lines)?;
    for _ in 0..LINES_MAX {
        if line(&mut lines)?.is_empty() {
            break;
        }
    }
    let path = first.split_whitespace().nth(1).unwrap_or_default();
    let (status, extra, body) = {
        let mut behaviour = shared.lock().unwrap_or_else(PoisonError::into_inner);
        answer(path, address, &mut behaviour)
    };
    let body = body.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{extra}Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

fn answer(
    path: &str,
    address: SocketAddr,
    behaviour: &mut Behaviour,
) -> (&'static str, &'static str, Value) {
    if behaviour.is_down {
        let error = json!({"error": {"code": "serviceNotAvailable", "message": "down for maintenance",
            "innerError": {"request-id": "9d2c1f2e-0000-4000-8000-000000000503"}}});
        return ("503 Service Unavailable", "", error);
    }
    if behaviour.throttled > 0 {
        behaviour.throttled -= 1;
        let error = json!({"error": {"code": "TooManyRequests", "message": "retry later"}});
        return ("429 Too Many Requests", "Retry-After: 17\r\n", error);
    }
    let page: usize = path
        .split_once("skiptoken=")
        .and_then(|(_, token)| token.parse().ok())
        .unwrap_or(0);
    let start = page.saturating_mul(PAGE_LABELS);
    let labels: Vec<Value> = behaviour
        .labels
        .iter()
        .skip(start)
        .take(PAGE_LABELS)
        .cloned()
        .collect();
    let mut body = json!({ "value": labels });
    if start + PAGE_LABELS < behaviour.labels.len()
        && let Some(members) = body.as_object_mut()
    {
        let link = format!("http://{address}/labels?$skiptoken={}", page + 1);
        members.insert("@odata.nextLink".to_owned(), Value::String(link));
    }
    ("200 OK", "", body)
}

/// A line without its end; empty at the end of the head.
fn line(lines: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    io::Read::take(lines, LINE_BYTES_MAX).read_line(&mut text)?;
    Ok(text.trim_end().to_owned())
}
