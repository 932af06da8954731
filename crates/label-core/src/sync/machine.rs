//! The machine that keeps a list up to date: time and answers in, requests and waits out.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::quote;
use crate::source::graph::parse_page;
use crate::sync::error::{SyncError, SyncOptionsError};
use crate::sync::exchange::{Action, Request, Response, Step, SyncOptions};
use crate::sync::graph_error::GraphError;
use crate::sync::keeper::{Outcome, SnapshotKeeper, SnapshotReader};
use crate::sync::link::{Server, path};
use crate::sync::pages::Pages;
use crate::sync::random::Random;
use crate::sync::retry::{TRIES_MAX, drawn_wait_ms, is_transient, retry_after_ms};
use crate::sync::schedule::Schedule;
use crate::sync::snapshot::{LabelSnapshot, Origin};
use crate::sync::status::SyncStatus;

/// Keeps one tenant's list up to date over HTTP, without doing any: the caller sends the requests,
/// with its own client and token, and tells the time.
///
/// One read at a time (L-051); its pages are put together in memory and nothing shows before the
/// last (L-040). Whatever fails, the list in force stays (R-063).
///
/// # Examples
///
/// ```
/// use label_core::TenantId;
/// use label_core::sync::{Action, KeeperOptions, LabelSync, Response, SnapshotKeeper, Step, SyncOptions};
///
/// let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a")?;
/// let keeper = SnapshotKeeper::new(tenant, KeeperOptions::default());
/// let mut sync = LabelSync::new(keeper, SyncOptions::default())?;
/// let mut now_ms = 1_609_066_800_000;
/// let Action::Send(request) = sync.poll(now_ms) else {
///     return Err("the first read is due at once".into());
/// };
/// // Here the caller's client sends it, with a token.
/// let body = br#"{"value":[{"id":"247d25b6-53f6-440e-9853-7b0b7f86f502","name":"General"}]}"#;
/// let step = sync.answer(now_ms, request.number, &Response::new(200, body.to_vec()));
/// assert!(matches!(step, Step::Done(_)));
/// assert!(sync.reader().current().is_some_and(|snapshot| snapshot.version == 1));
/// let Action::Wait { until_ms } = sync.poll(now_ms) else {
///     return Err("and the next within the hour".into());
/// };
/// assert!(until_ms <= now_ms + 3_600_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LabelSync {
    keeper: SnapshotKeeper,
    options: SyncOptions,
    server: Server,
    schedule: Schedule,
    random: Random,
    last_number: u64,
    last_ms: Option<i64>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between two reads.
    Idle,
    /// Before a request.
    Waiting { run: Run, until_ms: i64 },
    /// After a request.
    Sent { run: Run, number: u64, sent_ms: i64 },
}

/// One read of the whole list.
#[derive(Debug)]
struct Run {
    url: String,
    pages: Pages,
    seen: HashSet<String>,
    tries: u32,
    is_token_renewed: bool,
    wants_new_token: bool,
    /// When the next read would be due: no wait goes beyond.
    deadline_ms: i64,
}

impl LabelSync {
    /// A machine whose first read is due at once.
    ///
    /// # Errors
    ///
    /// [`SyncOptionsError`]: correct the options.
    pub fn new(keeper: SnapshotKeeper, options: SyncOptions) -> Result<Self, SyncOptionsError> {
        let server = options.check()?;
        let mut random = Random::new(options.seed);
        let schedule = Schedule::new(options.schedule, random.next())?;
        Ok(Self {
            keeper,
            options,
            server,
            schedule,
            random,
            last_number: 0,
            last_ms: None,
            state: State::Idle,
        })
    }

    /// What to do now: send a request, or wait. Call it after every answer and when the wait is
    /// over; to call it earlier or several times does no harm (L-051).
    ///
    /// A request without an answer for too long is given up here; whether that was the last try of
    /// its read, [`status`](Self::status) says.
    pub fn poll(&mut self, now_ms: i64) -> Action {
        self.notice(now_ms);
        if let State::Sent {
            number, sent_ms, ..
        } = &self.state
        {
            let until_ms = sent_ms.saturating_add(self.options.answer_ms_max);
            if until_ms > now_ms {
                return Action::Wait { until_ms };
            }
            let cause = format!("none within {} ms", self.options.answer_ms_max);
            let number = *number;
            self.no_answer(now_ms, number, &cause);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Waiting { run, until_ms } => {
                if until_ms > now_ms {
                    self.state = State::Waiting { run, until_ms };
                    return Action::Wait { until_ms };
                }
                self.send(now_ms, run)
            }
            State::Idle | State::Sent { .. } => {
                let until_ms = self.schedule.due_ms(now_ms);
                if until_ms > now_ms {
                    return Action::Wait { until_ms };
                }
                self.schedule.started(now_ms);
                self.keeper.begin(now_ms);
                let run = Run {
                    url: self.options.url.clone(),
                    pages: Pages::default(),
                    seen: HashSet::from([self.options.url.clone()]),
                    tries: 0,
                    is_token_renewed: false,
                    wants_new_token: false,
                    deadline_ms: self.schedule.due_ms(now_ms),
                };
                self.send(now_ms, run)
            }
        }
    }

    /// A clock that was set back takes the times of a read with it: waits stay as long as they are.
    fn notice(&mut self, now_ms: i64) {
        let back_ms = self.last_ms.map_or(0, |last| last.saturating_sub(now_ms));
        if back_ms > 0 {
            let (run, at_ms) = match &mut self.state {
                State::Idle => (None, None),
                State::Waiting { run, until_ms } => (Some(run), Some(until_ms)),
                State::Sent { run, sent_ms, .. } => (Some(run), Some(sent_ms)),
            };
            let times = [run.map(|run| &mut run.deadline_ms), at_ms];
            for time in times.into_iter().flatten() {
                *time = time.saturating_sub(back_ms);
            }
        }
        self.last_ms = Some(now_ms);
    }

    fn send(&mut self, now_ms: i64, mut run: Run) -> Action {
        self.last_number = self.last_number.saturating_add(1);
        run.tries = run.tries.saturating_add(1);
        let status = self.keeper.status_mut();
        status.requests = status.requests.saturating_add(1);
        let mut bytes = [0; 16];
        let (first, last) = bytes.split_at_mut(8);
        first.copy_from_slice(&self.random.next().to_be_bytes());
        last.copy_from_slice(&self.random.next().to_be_bytes());
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        let request = Request {
            number: self.last_number,
            url: run.url.clone(),
            headers: vec![
                ("Accept", "application/json".to_owned()),
                ("Prefer", "include-unknown-enum-members".to_owned()),
                ("User-Agent", self.options.user_agent.clone()),
                ("client-request-id", id.hyphenated().to_string()),
            ],
            wants_new_token: std::mem::take(&mut run.wants_new_token),
        };
        self.state = State::Sent {
            run,
            number: self.last_number,
            sent_ms: now_ms,
        };
        Action::Send(request)
    }

    /// Takes the answer to a request.
    pub fn answer(&mut self, now_ms: i64, number: u64, response: &Response) -> Step {
        self.notice(now_ms);
        let Some(mut run) = self.take_run(number) else {
            return Step::Ignored;
        };
        match response.status {
            200 => match self.page(&mut run, response) {
                Ok(true) => {
                    run.tries = 0;
                    self.state = State::Waiting {
                        run,
                        until_ms: now_ms,
                    };
                    Step::Continue
                }
                Ok(false) => self.complete(now_ms, run.pages),
                Err(error) => self.fail(error),
            },
            401 if !run.is_token_renewed => {
                run.is_token_renewed = true;
                run.wants_new_token = true;
                // The try was of no use, and doesn't count.
                run.tries = run.tries.saturating_sub(1);
                self.state = State::Waiting {
                    run,
                    until_ms: now_ms,
                };
                Step::Continue
            }
            404 if run.pages.count() == 0 && self.has_no_labels() && is_not_found(response) => {
                self.complete(now_ms, run.pages)
            }
            status if is_transient(status) => {
                let asked = response
                    .values_of("retry-after")
                    .find_map(|text| retry_after_ms(text, now_ms));
                self.again(now_ms, run, asked, refused(response))
            }
            _ => self.fail(refused(response)),
        }
    }

    /// Notes that no answer will come to a request: the client gave up.
    pub fn no_answer(&mut self, now_ms: i64, number: u64, cause: &str) -> Step {
        self.notice(now_ms);
        let Some(run) = self.take_run(number) else {
            return Step::Ignored;
        };
        let error = SyncError::NoAnswer {
            cause: quote(cause),
        };
        self.again(now_ms, run, None, error)
    }

    /// The read that this request belongs to, if it is the one in flight.
    fn take_run(&mut self, number: u64) -> Option<Run> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Sent {
                run, number: sent, ..
            } if sent == number => Some(run),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Takes a page; `true` if there is another.
    fn page(&self, run: &mut Run, response: &Response) -> Result<bool, SyncError> {
        run.pages.add_bytes(response.body.len())?;
        let page = parse_page(self.keeper.tenant(), &response.body)?;
        let next_link = page.next_link.clone();
        run.pages.add(page, self.keeper.labels_max())?;
        let Some(link) = next_link else {
            return Ok(false);
        };
        if Server::of(&link).as_ref() != Some(&self.server) {
            return Err(SyncError::ForeignLink { link: quote(&link) });
        }
        let limit = self.options.pages_max;
        if run.pages.count() >= limit {
            return Err(SyncError::TooManyPages { limit });
        }
        if !run.seen.insert(link.clone()) {
            return Err(SyncError::RepeatedLink);
        }
        run.url = link;
        Ok(true)
    }

    fn complete(&mut self, now_ms: i64, pages: Pages) -> Step {
        let origin = Origin {
            kind: self.options.kind.clone(),
            endpoint: path(&self.options.url),
            pages: u32::try_from(pages.count()).unwrap_or(u32::MAX).max(1),
        };
        let list = match pages.into_list(self.keeper.tenant()) {
            Ok(list) => list,
            Err(error) => return self.fail(error),
        };
        match self.keeper.offer(now_ms, list, origin) {
            Ok(outcome) => Step::Done(outcome),
            Err(error) => Step::Failed(error),
        }
    }

    /// Asks again later, unless that would be too often or too late.
    fn again(&mut self, now_ms: i64, run: Run, asked_ms: Option<i64>, error: SyncError) -> Step {
        // The service may ask for at most a period.
        let asked_ms = asked_ms.map(|asked| asked.min(self.schedule.period_ms()));
        let wait_ms = asked_ms.unwrap_or_else(|| drawn_wait_ms(run.tries, &mut self.random));
        let until_ms = now_ms.saturating_add(wait_ms);
        if run.tries >= TRIES_MAX || until_ms > run.deadline_ms {
            if asked_ms.is_some() {
                self.schedule.not_before(until_ms);
            }
            return self.fail(error);
        }
        let status = self.keeper.status_mut();
        status.retries = status.retries.saturating_add(1);
        self.state = State::Waiting { run, until_ms };
        Step::Continue
    }

    fn fail(&mut self, error: SyncError) -> Step {
        Step::Failed(self.keeper.fail(error))
    }

    /// "Not found" is how a tenant without labels is answered, and a wrong address too: it counts
    /// only where no labels are lost by it (L-044).
    fn has_no_labels(&self) -> bool {
        self.keeper
            .current()
            .is_none_or(|snapshot| snapshot.live_count() == 0)
    }

    /// Asks for a read as soon as the spacing of the schedule allows.
    pub fn force(&mut self) {
        self.schedule.force();
    }

    /// A file carries a label of this tenant that the list doesn't have: [`Schedule::unknown_label`].
    pub fn unknown_label(&mut self, now_ms: i64) -> bool {
        self.schedule.unknown_label(now_ms)
    }

    /// Puts the list in force that is held back: [`SnapshotKeeper::confirm`].
    ///
    /// # Errors
    ///
    /// [`SyncError`]: the old one stays.
    pub fn confirm(&mut self) -> Result<Option<Outcome>, SyncError> {
        self.keeper.confirm()
    }

    /// The snapshot in force.
    pub fn current(&self) -> Option<Arc<LabelSnapshot>> {
        self.keeper.current()
    }

    /// A handle for readers.
    pub fn reader(&self) -> SnapshotReader {
        self.keeper.reader()
    }

    /// How syncing stands.
    pub const fn status(&self) -> &SyncStatus {
        self.keeper.status()
    }
}

fn is_not_found(response: &Response) -> bool {
    GraphError::parse(&response.body).is_some_and(|error| error.is_not_found())
}

fn refused(response: &Response) -> SyncError {
    let error = GraphError::parse(&response.body).unwrap_or_default();
    let in_header = || response.values_of("request-id").next().map(quote);
    SyncError::Refused {
        status: response.status,
        code: error.code().map(str::to_owned),
        request_id: error.request_id.clone().or_else(in_header),
    }
}
