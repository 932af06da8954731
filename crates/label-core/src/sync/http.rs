//! The requests of a [`LabelSync`] over HTTP, with a token of the client-credential flow (section
//! 3.1): for programs that run without a user.

use std::fmt;
use std::io::Read;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::error::quote;
use crate::id::TenantId;
use crate::source::graph::BODY_BYTES_MAX;
use crate::sync::link::Server;
use crate::sync::{Action, LabelSync, Request, Response, Step};

/// Where tokens come from, in the global cloud.
pub const LOGIN_URL: &str = "https://login.microsoftonline.com";

/// What a token is for, in the global cloud.
pub const GRAPH_SCOPE: &str = "https://graph.microsoft.com/.default";

/// Longest answer of the token service, in bytes.
const TOKEN_BYTES_MAX: u64 = 64 * 1024;

/// How long before its end a token is no longer used, in milliseconds.
const TOKEN_MARGIN_MS: i64 = 300_000;

/// How long one request may take, connection and answer together.
const REQUEST_SECONDS_MAX: u64 = 100;

/// Most requests of one run: pages, retries, and tokens between them.
const REQUESTS_MAX: usize = 1_000;

/// An app registration with the application permission `SensitivityLabels.Read.All`. Its secret is
/// in no output of this library.
#[derive(Clone)]
#[non_exhaustive]
pub struct Credentials {
    /// The tenant that the app is registered in.
    pub tenant: TenantId,
    /// The app's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl Credentials {
    /// Credentials of an app.
    pub fn new(tenant: TenantId, client_id: &str, client_secret: &str) -> Self {
        Self {
            tenant,
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

struct Token {
    text: String,
    /// From when on it is not used any more.
    until_ms: i64,
}

/// Sends what a [`LabelSync`] asks for. It blocks while it waits for answers, and never sleeps: when
/// to go on is the caller's to say.
///
/// # Examples
///
/// ```no_run
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
///
/// use label_core::TenantId;
/// use label_core::sync::{Credentials, GraphDriver, KeeperOptions, LabelSync, SnapshotKeeper, SyncOptions};
///
/// let now = || {
///     let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
///     i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
/// };
/// let tenant = TenantId::parse(&std::env::var("AZURE_TENANT_ID")?)?;
/// let credentials = Credentials::new(tenant, &std::env::var("AZURE_CLIENT_ID")?, &std::env::var("AZURE_CLIENT_SECRET")?);
/// let keeper = SnapshotKeeper::new(tenant, KeeperOptions::default());
/// let mut sync = LabelSync::new(keeper, SyncOptions::default())?;
/// let mut driver = GraphDriver::new(credentials);
/// loop {
///     let run = driver.run(&mut sync, &now);
///     for step in &run.steps {
///         println!("{step:?}");
///     }
///     let wait = u64::try_from(run.until_ms - now()).unwrap_or_default();
///     std::thread::sleep(Duration::from_millis(wait));
/// }
/// # #[allow(unreachable_code)]
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GraphDriver {
    agent: Agent,
    credentials: Credentials,
    login_url: String,
    scope: String,
    token: Option<Token>,
}

impl fmt::Debug for GraphDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphDriver")
            .field("credentials", &self.credentials)
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// What a run did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// What came of the answers, without those after which there was more to ask.
    pub steps: Vec<Step>,
    /// When to run again, UTC, in milliseconds since 1970.
    pub until_ms: i64,
}

impl GraphDriver {
    /// A driver for the global cloud.
    pub fn new(credentials: Credentials) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirection must not take the token along.
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(REQUEST_SECONDS_MAX)))
            .build();
        Self {
            agent: config.into(),
            credentials,
            login_url: LOGIN_URL.to_owned(),
            scope: GRAPH_SCOPE.to_owned(),
            token: None,
        }
    }

    /// The same with another place for tokens, and another name for what they are for: other clouds
    /// have their own.
    #[must_use]
    pub fn with_login(mut self, login_url: &str, scope: &str) -> Self {
        self.login_url = login_url.trim_end_matches('/').to_owned();
        self.scope = scope.to_owned();
        self
    }

    /// Sends requests until there is nothing to send for now.
    pub fn run(&mut self, sync: &mut LabelSync, now: &dyn Fn() -> i64) -> Run {
        let mut steps = Vec::new();
        for _ in 0..REQUESTS_MAX {
            match sync.poll(now()) {
                Action::Wait { until_ms } => return Run { steps, until_ms },
                Action::Send(request) => {
                    let answer = self.send(&request, now());
                    let step = match answer {
                        Ok(response) => sync.answer(now(), request.number, &response),
                        Err(cause) => sync.no_answer(now(), request.number, &cause),
                    };
                    if !matches!(step, Step::Continue) {
                        steps.push(step);
                    }
                }
            }
        }
        // Not for ever at once, whatever the service makes of it.
        let until_ms = now().saturating_add(1_000);
        Run { steps, until_ms }
    }

    /// Sends one request.
    ///
    /// # Errors
    ///
    /// There was no answer, or no token; the text says why, without any secret.
    pub fn send(&mut self, request: &Request, now_ms: i64) -> Result<Response, String> {
        if request.wants_new_token {
            self.token = None;
        }
        let token = match self.token(now_ms)? {
            Ok(token) => token,
            // The refusal of the token service is what the machine has to know.
            Err(refused) => return Ok(refused),
        };
        let mut call = self.agent.get(&request.url);
        for (name, value) in &request.headers {
            call = call.header(*name, value);
        }
        let answer = call
            .header("Authorization", format!("Bearer {token}"))
            .call();
        response(answer, BODY_BYTES_MAX)
    }

    /// A token that is still good, or the answer that refused one.
    fn token(&mut self, now_ms: i64) -> Result<Result<String, Response>, String> {
        if let Some(token) = self.token.as_ref().filter(|token| now_ms < token.until_ms) {
            return Ok(Ok(token.text.clone()));
        }
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            self.login_url, self.credentials.tenant
        );
        // The secret goes there.
        if !Server::of(&url).is_some_and(|server| server.is_safe()) {
            return Err(
                "token: the login address is neither `https` nor on this machine".to_owned(),
            );
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.credentials.client_id.as_str()),
            ("client_secret", self.credentials.client_secret.as_str()),
            ("scope", self.scope.as_str()),
        ];
        let answer = response(self.agent.post(&url).send_form(form), TOKEN_BYTES_MAX)
            .map_err(|cause| format!("token: {cause}"))?;
        if answer.status != 200 {
            return match answer.status {
                // Wrong credentials: the machine asks for another token once and then gives up.
                400 | 401 => Ok(Err(Response {
                    status: 401,
                    ..answer
                })),
                _ => Ok(Err(answer)),
            };
        }
        if answer.body.len() as u64 > TOKEN_BYTES_MAX {
            return Err("token: the answer is too long".to_owned());
        }
        let parsed: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| "token: the answer is not JSON".to_owned())?;
        let text = parsed.get("access_token").and_then(Value::as_str);
        let text = text.filter(|text| text.bytes().all(|byte| (b'!'..=b'~').contains(&byte)));
        let Some(text) = text else {
            return Err("token: the answer has none".to_owned());
        };
        let seconds = parsed
            .get("expires_in")
            .and_then(Value::as_i64)
            .unwrap_or(0);
        let lasts_ms = seconds.clamp(0, 86_400) * 1_000;
        // One that is nearly over is good for the request at hand.
        let until_ms = now_ms.saturating_add((lasts_ms - TOKEN_MARGIN_MS).max(0));
        self.token = Some(Token {
            text: text.to_owned(),
            until_ms,
        });
        Ok(Ok(text.to_owned()))
    }
}

/// The answer, its body cut one byte behind the bound.
fn response(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    bytes_max: u64,
) -> Result<Response, String> {
    let mut answer = answer.map_err(|error| quote(&error.to_string()))?;
    let headers = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let status = answer.status().as_u16();
    // Cut, and not refused: a longer answer is an answer, and the machine says that it is too long.
    let mut body = Vec::new();
    answer
        .body_mut()
        .as_reader()
        .take(bytes_max.saturating_add(1))
        .read_to_end(&mut body)
        .map_err(|error| quote(&error.to_string()))?;
    Ok(Response {
        status,
        headers,
        body,
    })
}
