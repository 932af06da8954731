//! The driver of the sync against a local server that answers like Graph and its token service, and
//! like neither.
#![cfg(feature = "graph")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use label_core::TenantId;
use label_core::source::graph;
use label_core::sync::{
    Credentials, GraphDriver, KeeperOptions, LabelSync, Outcome, Run, SnapshotKeeper, Step,
    SyncOptions,
};

const NOW_MS: i64 = 1_609_027_200_000;

/// What was asked: path, the token, the body.
type Asked = (String, Option<String>, String);

/// What is answered: status, headers, body. Nothing: the connection is cut.
type Answer = Option<(u16, &'static str, Vec<u8>)>;

/// Answers in order, and what was asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    fn start(answers: Vec<Answer>) -> Self {
        Self::start_with(|_| answers)
    }

    /// With answers that name the server.
    fn start_with(answers: impl FnOnce(SocketAddr) -> Vec<Answer>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let answers = answers(address);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (shared, answers) = (Arc::clone(&asked), Mutex::new(VecDeque::from(answers)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = read(&stream);
                shared.lock().unwrap().push(request);
                let answer = answers.lock().unwrap().pop_front();
                let Some((status, headers, body)) = answer.unwrap() else {
                    continue;
                };
                let mut stream = stream;
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                // The client may go away before a long body ends.
                let _ = stream.write_all(&body);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn sync(&self) -> (LabelSync, GraphDriver) {
        let tenant = tenant();
        let options = SyncOptions {
            url: format!("http://{}/labels", self.address),
            ..SyncOptions::default()
        };
        let keeper = SnapshotKeeper::new(tenant, KeeperOptions::default());
        let sync = LabelSync::new(keeper, options).unwrap();
        let credentials = Credentials::new(tenant, "app", "very secret");
        let login = format!("http://{}", self.address);
        let driver = GraphDriver::new(credentials).with_login(&login, "scope");
        (sync, driver)
    }
}

fn read(stream: &TcpStream) -> Asked {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut token, mut length) = (None, 0);
    loop {
        line.clear();
        lines.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => token = Some(value.to_owned()),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    (path, token, String::from_utf8(body).unwrap())
}

fn tenant() -> TenantId {
    TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a").unwrap()
}

fn sample(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

fn token(text: &str, seconds: u32) -> Answer {
    let body =
        format!(r#"{{"token_type":"Bearer","expires_in":{seconds},"access_token":"{text}"}}"#);
    Some((200, "", body.into_bytes()))
}

fn labels() -> Answer {
    Some((200, "", sample("graph-v1-labels.json")))
}

fn failed(run: &Run) -> String {
    match run.steps.as_slice() {
        [.., Step::Failed(error)] => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn l_040_pages_are_fetched_with_one_token() {
    // The links of the samples, leading here instead.
    let there =
        "https://graph.microsoft.com/beta/security/informationProtection/sensitivityLabels?";
    let server = Server::start_with(|address| {
        let here = format!("http://{address}/labels?");
        let page = |name: &str| {
            let text = String::from_utf8(sample(name)).unwrap();
            Some((200, "", text.replace(there, &here).into_bytes()))
        };
        vec![
            token("one", 3_600),
            page("graph-beta-labels-page1.json"),
            page("graph-beta-labels-page2.json"),
        ]
    });
    let (mut sync, mut driver) = server.sync();
    let run = driver.run(&mut sync, &|| NOW_MS);
    assert!(matches!(
        run.steps.as_slice(),
        [Step::Done(Outcome::Replaced { .. })]
    ));
    assert!(run.until_ms > NOW_MS && run.until_ms <= NOW_MS + 3_600_000);
    assert_eq!(sync.current().unwrap().catalog.len(), 14);
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    let (path, sent, form) = &asked[0];
    assert_eq!(path, &format!("/{}/oauth2/v2.0/token", tenant()));
    assert_eq!(sent, &None);
    assert!(form.contains("grant_type=client_credentials") && form.contains("scope=scope"));
    for (path, sent, _) in &asked[1..] {
        assert!(path.starts_with("/labels"), "{path}");
        assert_eq!(sent.as_deref(), Some("Bearer one"));
    }
}

#[test]
fn l_041_a_link_to_another_host_is_not_followed() {
    let server = Server::start(vec![
        token("one", 3_600),
        Some((200, "", sample("graph-beta-labels-page1.json"))),
    ]);
    let (mut sync, mut driver) = server.sync();
    let run = driver.run(&mut sync, &|| NOW_MS);
    assert!(
        failed(&run).contains("graph.microsoft.com"),
        "{}",
        failed(&run)
    );
    assert_eq!(server.asked().len(), 2);
    // Neither is a redirection, which would take the token along.
    let elsewhere = "Location: http://127.0.0.2:9/labels\r\n";
    let server = Server::start(vec![
        token("one", 3_600),
        Some((302, elsewhere, Vec::new())),
    ]);
    let (mut sync, mut driver) = server.sync();
    let run = driver.run(&mut sync, &|| NOW_MS);
    assert!(failed(&run).contains("302"), "{}", failed(&run));
    assert!(sync.current().is_none());
}

#[test]
fn l_042_a_busy_service_is_asked_again_after_the_time_that_it_says() {
    let server = Server::start(vec![
        token("one", 3_600),
        Some((429, "Retry-After: 17\r\n", sample("graph-error-429.json"))),
        labels(),
    ]);
    let (mut sync, mut driver) = server.sync();
    let run = driver.run(&mut sync, &|| NOW_MS);
    assert!(run.steps.is_empty(), "{:?}", run.steps);
    assert_eq!(run.until_ms, NOW_MS + 17_000);
    let run = driver.run(&mut sync, &|| NOW_MS + 17_000);
    assert!(
        matches!(run.steps.as_slice(), [Step::Done(_)]),
        "{:?}",
        run.steps
    );
    // The token was still good.
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn tokens_are_renewed_when_they_end_and_when_they_are_refused() {
    let refused = || {
        Some((
            401,
            "",
            br#"{"error":{"code":"InvalidAuthenticationToken"}}"#.to_vec(),
        ))
    };
    let server = Server::start(vec![
        token("short", 60),
        labels(),
        token("old", 7_200),
        refused(),
        token("new", 7_200),
        labels(),
    ]);
    let (mut sync, mut driver) = server.sync();
    driver.run(&mut sync, &|| NOW_MS);
    let later = NOW_MS + 3_600_000;
    let run = driver.run(&mut sync, &|| later);
    assert!(
        matches!(run.steps.as_slice(), [Step::Done(Outcome::Unchanged)]),
        "{:?}",
        run.steps
    );
    let sent: Vec<Option<String>> = server
        .asked()
        .into_iter()
        .map(|(_, token, _)| token)
        .collect();
    let bearer = |text: &str| Some(format!("Bearer {text}"));
    assert_eq!(
        sent,
        [
            None,
            bearer("short"),
            None,
            bearer("old"),
            None,
            bearer("new")
        ]
    );
}

#[test]
fn wrong_credentials_fail_the_read_and_stay_secret() {
    let wrong = || Some((400, "", br#"{"error":"invalid_client"}"#.to_vec()));
    let server = Server::start(vec![wrong(), wrong()]);
    let (mut sync, mut driver) = server.sync();
    let run = driver.run(&mut sync, &|| NOW_MS);
    let text = format!("{} {driver:?} {run:?}", failed(&run));
    assert!(
        text.contains("401") && !text.contains("very secret"),
        "{text}"
    );
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn the_secret_is_not_sent_in_clear_text() {
    let server = Server::start(Vec::new());
    let (mut sync, driver) = server.sync();
    let mut driver = driver.with_login("http://login.example", "scope");
    let run = driver.run(&mut sync, &|| NOW_MS);
    assert!(run.steps.is_empty());
    assert!(server.asked().is_empty());
    assert!(!format!("{driver:?}").contains("login.example"));
}

#[test]
fn l_057_an_oversized_answer_is_asked_for_once() {
    let bound = usize::try_from(graph::BODY_BYTES_MAX).unwrap();
    for (length, expected) in [
        // As long as an answer may be, and no list.
        (bound, "not JSON"),
        (bound + 1, "larger than 52428800 bytes"),
        (bound + 1_000_000, "larger than 52428800 bytes"),
    ] {
        let server = Server::start(vec![
            token("one", 3_600),
            Some((200, "", vec![b' '; length])),
        ]);
        let (mut sync, mut driver) = server.sync();
        let run = driver.run(&mut sync, &|| NOW_MS);
        let error = failed(&run);
        assert!(error.contains(expected), "{length}: {error}");
        assert_eq!(server.asked().len(), 2);
    }
    // Of a refusal, what comes first is enough.
    let server = Server::start(vec![
        token("one", 3_600),
        Some((403, "", vec![b' '; bound + 1_000_000])),
    ]);
    let (mut sync, mut driver) = server.sync();
    let run = driver.run(&mut sync, &|| NOW_MS);
    assert!(failed(&run).contains("403"), "{}", failed(&run));
    // A token is no list, and another is asked for later.
    let server = Server::start(vec![Some((200, "", vec![b' '; 1_000_000]))]);
    let (mut sync, mut driver) = server.sync();
    let run = driver.run(&mut sync, &|| NOW_MS);
    assert!(run.steps.is_empty() && run.until_ms > NOW_MS, "{run:?}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn l_043_a_service_that_lies_changes_nothing() {
    let html = b"<html>sign in</html>".to_vec();
    for (what, answers) in [
        (
            "a page of HTML",
            vec![token("one", 3_600), Some((200, "", html.clone()))],
        ),
        (
            "an empty answer",
            vec![token("one", 3_600), Some((200, "", Vec::new()))],
        ),
        (
            "null",
            vec![
                token("one", 3_600),
                Some((200, "", sample("graph-empty-value-null.json"))),
            ],
        ),
        (
            "no permission",
            vec![
                token("one", 3_600),
                Some((403, "", sample("graph-error-403.json"))),
            ],
        ),
    ] {
        let server = Server::start(answers);
        let (mut sync, mut driver) = server.sync();
        let run = driver.run(&mut sync, &|| NOW_MS);
        assert!(!failed(&run).is_empty(), "{what}");
        assert!(sync.current().is_none(), "{what}");
    }
    // What breaks off, also in place of a token, is asked for again later.
    for (what, answers) in [
        ("a cut connection", vec![token("one", 3_600), None]),
        ("a token that is none", vec![Some((200, "", html))]),
        (
            "a token with a line end",
            vec![Some((200, "", br#"{"access_token":"a\r\nb"}"#.to_vec()))],
        ),
        ("no token service", vec![None]),
    ] {
        let server = Server::start(answers);
        let (mut sync, mut driver) = server.sync();
        let run = driver.run(&mut sync, &|| NOW_MS);
        assert!(run.steps.is_empty(), "{what}: {:?}", run.steps);
        assert!(
            run.until_ms > NOW_MS && run.until_ms <= NOW_MS + 60_000,
            "{what}"
        );
        assert!(sync.current().is_none(), "{what}");
    }
}
