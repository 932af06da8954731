//! Ten thousand random courses of failures, changes, restarts and jumping clocks.

use std::sync::Arc;

use label_core::sync::{
    Action, KeeperOptions, LabelSnapshot, LabelSync, Loaded, Outcome, Request, Response,
    SnapshotKeeper, SnapshotStore, Step, SyncOptions,
};
use label_core::{Label, LabelState};

use super::{HOUR, body, label, tenant};

const COURSES: u64 = 10_000;
const STEPS: usize = 24;

/// A course fails with its number, and the same number gives the same course.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % limit
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// A service whose list changes, and which answers each read from the list at its beginning.
struct Service {
    lists: Vec<Vec<Label>>,
    was_empty: bool,
    has_answered: bool,
}

impl Service {
    /// Another list. All of its labels say which one it is.
    fn change(&mut self, random: &mut Random) {
        let generation = self.lists.len();
        let mut list: Vec<Label> = (0..8)
            .filter(|_| !random.one_in(4))
            .map(|number| label(number, &format!("L{number}"), number as i64, None))
            .collect();
        if list.is_empty() {
            list.push(label(0, "L0", 0, None));
        }
        for label in &mut list {
            label.tooltip = Some(generation.to_string());
        }
        self.lists.push(list);
    }

    /// A page of two labels to four.
    fn page(&self, url: &str) -> Response {
        let (generation, from) = match url.split_once("?page=") {
            None => (self.lists.len() - 1, 0),
            Some((_, place)) => {
                let (generation, from) = place.split_once('-').unwrap();
                (generation.parse().unwrap(), from.parse().unwrap())
            }
        };
        let list = &self.lists[generation];
        let to = (from + 2 + generation % 3).min(list.len());
        let link = format!(
            "{}?page={generation}-{to}",
            label_core::sync::GRAPH_LABELS_URL
        );
        let link = (to < list.len()).then_some(link.as_str());
        Response::new(200, body(&list[from..to], link))
    }

    fn faulty(&mut self, request: &Request, random: &mut Random) -> Option<Response> {
        let mut response = match random.below(16) {
            0 => Response::new(429, Vec::new()),
            1 => Response::new(503, b"<html>".to_vec()),
            2 => Response::new(401, Vec::new()),
            3 => Response::new(403, Vec::new()),
            // Before the first list it would be believed.
            4 if self.has_answered => {
                Response::new(404, br#"{"error":{"code":"itemNotFound"}}"#.to_vec())
            }
            5 => Response::new(200, br#"{"value":null}"#.to_vec()),
            6 => Response::new(200, b"{\"value\":[{\"id\":".to_vec()),
            7 => Response::new(200, body(&[], Some("https://evil.example/"))),
            8 => Response::new(200, body(&[], Some(&request.url))),
            // Half-granted permissions, for one read: twice in a row it would be believed.
            9 if !self.was_empty && !request.url.contains("?page=") => {
                self.was_empty = true;
                return Some(Response::new(200, body(&[], None)));
            }
            10 => return None,
            _ => self.page(&request.url),
        };
        if random.one_in(2) {
            let wait = [
                "0",
                "17",
                "2.128",
                "1000000000",
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "x",
            ][random.below(6) as usize];
            response
                .headers
                .push(("Retry-After".to_owned(), wait.to_owned()));
        }
        Some(response)
    }
}

/// Which list a snapshot has; it has only one, and all of it.
fn generation(snapshot: &LabelSnapshot, service: &Service, course: u64) -> usize {
    let tooltips: Vec<&str> = snapshot
        .catalog
        .labels()
        .map(|label| label.tooltip.as_deref().unwrap())
        .collect();
    assert!(!tooltips.is_empty(), "course {course}: an empty list");
    let generation: usize = tooltips[0].parse().unwrap();
    assert!(
        tooltips.iter().all(|tooltip| *tooltip == tooltips[0]),
        "course {course}: {tooltips:?}"
    );
    assert_eq!(
        tooltips.len(),
        service.lists[generation].len(),
        "course {course}"
    );
    generation
}

#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    replaced: u64,
    unchanged: u64,
    held: u64,
    failed: u64,
    restarts: u64,
    lost_files: u64,
    jumps: u64,
}

/// Runs a course; time stands in the machine's clock.
struct Course {
    number: u64,
    random: Random,
    service: Service,
    sync: LabelSync,
    store: Option<Arc<LabelSnapshot>>,
    now: i64,
    last_version: u64,
}

fn machine(keeper: SnapshotKeeper, seed: u64) -> LabelSync {
    let options = SyncOptions {
        seed,
        ..SyncOptions::default()
    };
    LabelSync::new(keeper, options).unwrap()
}

impl Course {
    fn new(number: u64) -> Self {
        let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut service = Service {
            lists: Vec::new(),
            was_empty: true,
            has_answered: false,
        };
        service.change(&mut random);
        let keeper = SnapshotKeeper::new(tenant(), KeeperOptions::default());
        Self {
            number,
            sync: machine(keeper, number),
            random,
            service,
            store: None,
            now: 1_609_066_800_000,
            last_version: 0,
        }
    }

    /// One turn of the caller's loop.
    fn turn(&mut self, is_healthy: bool, counts: &mut Counts) {
        let number = self.number;
        let before = self.sync.current();
        match self.sync.poll(self.now) {
            Action::Wait { until_ms } => {
                assert!(until_ms > self.now, "course {number}: a wait that is over");
                assert!(until_ms <= self.now + HOUR, "course {number}: a stall");
                self.now = until_ms;
            }
            Action::Send(request) => {
                counts.requests += 1;
                assert!(
                    request.url.starts_with(label_core::sync::GRAPH_LABELS_URL),
                    "course {number}: {}",
                    request.url
                );
                let response = match is_healthy {
                    true => Some(self.service.page(&request.url)),
                    false => self.service.faulty(&request, &mut self.random),
                };
                let Some(response) = response else {
                    return;
                };
                self.now += 1 + self.random.below(2_000) as i64;
                self.take(&request, &response, before.as_ref(), counts);
            }
            other => panic!("course {number}: {other:?}"),
        }
    }

    fn take(
        &mut self,
        request: &Request,
        response: &Response,
        before: Option<&Arc<LabelSnapshot>>,
        counts: &mut Counts,
    ) {
        let step = self.sync.answer(self.now, request.number, response);
        let after = self.sync.current();
        let is_kept = match (before, &after) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        match step {
            Step::Done(Outcome::Replaced { snapshot, .. }) => {
                counts.replaced += 1;
                self.service.was_empty = false;
                self.service.has_answered = true;
                assert!(
                    snapshot.version > self.last_version,
                    "course {}: version {} after {}",
                    self.number,
                    snapshot.version,
                    self.last_version
                );
                self.last_version = snapshot.version;
                // What the last file was is the previous one now.
                self.store = self.sync.current();
                return;
            }
            Step::Done(Outcome::Unchanged) => {
                counts.unchanged += 1;
                self.service.was_empty = false;
            }
            Step::Done(Outcome::Held(_)) => counts.held += 1,
            Step::Failed(_) => counts.failed += 1,
            _ => {}
        }
        assert!(is_kept, "course {}: the list went", self.number);
    }

    /// The process ends and starts again with its file.
    fn restart(&mut self, counts: &mut Counts) {
        counts.restarts += 1;
        let keeper = match &self.store {
            None => SnapshotKeeper::new(tenant(), KeeperOptions::default()),
            Some(stored) => {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("labels.json");
                let store = SnapshotStore::new(&path);
                store.save(stored).unwrap();
                if self.random.one_in(3) {
                    // The file that should follow is cut off.
                    counts.lost_files += 1;
                    std::fs::rename(&path, folder.path().join("labels.json.previous")).unwrap();
                    std::fs::write(&path, &stored.to_json()[..100]).unwrap();
                }
                let loaded: Loaded = store.load(tenant()).unwrap().unwrap();
                assert!(loaded.version_floor >= self.last_version);
                SnapshotKeeper::resume(tenant(), KeeperOptions::default(), loaded).unwrap()
            }
        };
        let seed = self.random.below(u64::MAX);
        self.sync = machine(keeper, seed);
    }
}

#[test]
fn l_040_l_043_l_045_l_049_l_052_r_063_ten_thousand_courses_never_empty_never_mixed_never_old() {
    let mut counts = Counts::default();
    for number in 0..COURSES {
        let mut course = Course::new(number);
        for _ in 0..STEPS {
            if course.random.one_in(4) {
                course.service.change(&mut course.random);
            }
            if course.random.one_in(40) {
                counts.jumps += 1;
                let by = course.random.below(40) as i64 - 20;
                course.now += by * HOUR;
            }
            // Each of them flushes a file to the disk, which takes its time.
            if course.random.one_in(200) {
                course.restart(&mut counts);
            }
            if course.random.one_in(8) {
                course.sync.force();
            }
            course.turn(false, &mut counts);
            if let Some(snapshot) = course.sync.current() {
                generation(&snapshot, &course.service, number);
            }
        }
        // From here on the service is healthy and the clock goes on: what changes now shows within
        // a period and a read, and one period later where it was held back.
        course.service.change(&mut course.random);
        let latest = course.service.lists.len() - 1;
        let begin = course.now;
        let mut held = counts.held;
        let mut shown = None;
        while shown.is_none() {
            course.turn(true, &mut counts);
            let newest = course
                .sync
                .current()
                .map(|snapshot| generation(&snapshot, &course.service, number));
            if newest == Some(latest) {
                shown = Some(course.now - begin);
            }
            assert!(course.now - begin < 3 * HOUR, "course {number}: {newest:?}");
        }
        held = counts.held - held;
        let bound = HOUR * i64::try_from(1 + held).unwrap() + 130_000;
        assert!(
            shown.unwrap() <= bound,
            "course {number}: {shown:?}, held {held}"
        );
        let snapshot = course.sync.current().unwrap();
        let is_deleted = |label: &&Label| label.state == LabelState::Deleted;
        assert_eq!(
            snapshot.catalog.with_deleted().filter(is_deleted).count(),
            snapshot.tombstones.len()
        );
    }
    println!("{COURSES} courses: {counts:?}");
    assert!(counts.replaced > 10_000 && counts.held > 1_000 && counts.failed > 10_000);
    assert!(counts.restarts > 1_000 && counts.jumps > 1_000);
}
