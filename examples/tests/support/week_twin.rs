//! The slow, obvious twin of `labelling_week --scenario`: lists that are searched from one end to
//! the other, and a clock that stops at every noon. It knows nothing of the engine.

use examples::week::{Options, instant, rfc3339};
use governance::DayReading;
use serde_json::{Value, json};

const NOON: i64 = 43_200_000;
const DAY: i64 = 86_400_000;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    Succeeded,
    Skipped(&'static str),
    Cancelled(&'static str),
}

struct Task {
    name: String,
    place: (String, String),
    file: String,
    policy: Option<String>,
    priority: u64,
    state: State,
    at: i64,
}

struct App {
    place: (String, String),
    limit: u64,
    /// When labels were applied that count.
    units: Vec<i64>,
    /// An instant of the day that was reached.
    reached: Option<i64>,
}

/// A submission: a task of its own, or a part of one.
enum Line {
    Task(usize),
    Joined(String, usize),
}

struct Twin {
    options: Options,
    tasks: Vec<Task>,
    lines: Vec<Line>,
    apps: Vec<App>,
    disabled: Vec<String>,
    deleted: Vec<String>,
    now: Option<i64>,
}

/// What the script prints.
pub(crate) fn twin(script: &str, options: Options) -> Vec<Value> {
    let mut twin = Twin {
        options,
        tasks: Vec::new(),
        lines: Vec::new(),
        apps: Vec::new(),
        disabled: Vec::new(),
        deleted: Vec::new(),
        now: None,
    };
    let mut out = Vec::new();
    for (number, line) in script.lines().enumerate() {
        let event: Value = serde_json::from_str(line).unwrap();
        let at = instant(event["at"].as_str().unwrap()).unwrap();
        if options.until.is_some_and(|until| at > until) {
            break;
        }
        if twin.now.is_some_and(|now| at < now) {
            out.push(number + 1);
            continue;
        }
        twin.advance(at);
        if !twin.event(&event, at) {
            out.push(number + 1);
        }
        twin.drain(at);
    }
    if let Some(until) = options.until {
        twin.advance(until);
    }
    twin.report(&out, script, options)
}

impl Twin {
    /// The first instant of the day that an instant belongs to.
    fn begin(&self, at: i64) -> i64 {
        let offset = match self.options.day {
            DayReading::Calendar => 0,
            DayReading::Window => NOON,
        };
        at - (at - offset).rem_euclid(DAY)
    }

    /// The first noon that belongs to a later day.
    fn resume(&self, at: i64) -> i64 {
        let mut noon = at - at.rem_euclid(DAY) + NOON;
        while self.begin(noon) <= self.begin(at) {
            noon += DAY;
        }
        noon
    }

    fn app(&mut self, place: &(String, String)) -> usize {
        if let Some(found) = self.apps.iter().position(|app| app.place == *place) {
            return found;
        }
        self.apps.push(App {
            place: place.clone(),
            limit: 100,
            units: Vec::new(),
            reached: None,
        });
        self.apps.len() - 1
    }

    fn count(&self, app: usize, day_of: i64) -> u64 {
        let begin = self.begin(day_of);
        let units = self.apps[app].units.iter();
        units.filter(|unit| self.begin(**unit) == begin).count() as u64
    }

    /// `None`: not paused; `Some(None)`: without an end.
    fn pause(&self, app: usize, now: i64) -> Option<Option<i64>> {
        if self.apps[app].limit == 0 {
            return Some(None);
        }
        let until = self.resume(self.apps[app].reached?);
        (now < until).then_some(Some(until))
    }

    fn advance(&mut self, to: i64) {
        if let Some(now) = self.now {
            let mut noon = now - now.rem_euclid(DAY) + NOON;
            while noon <= to {
                if noon > now {
                    self.drain(noon);
                }
                noon += DAY;
            }
        }
        self.now = Some(self.now.map_or(to, |now| now.max(to)));
    }

    fn is_suspended(&self, task: &Task) -> bool {
        task.policy
            .as_ref()
            .is_some_and(|policy| self.disabled.contains(policy))
    }

    /// The policy of the last success on a file; `Some(None)` for an administrator's.
    fn labelled(&self, task: &Task) -> Option<Option<String>> {
        self.tasks
            .iter()
            .enumerate()
            .filter(|(_, other)| {
                other.state == State::Succeeded
                    && other.place == task.place
                    && other.file == task.file
            })
            // Of two at one instant: by hand goes first in the queue, but a policy's task never
            // follows a success; so the one by hand is the later.
            .max_by_key(|(number, other)| (other.at, other.policy.is_none(), *number))
            .map(|(_, other)| other.policy.clone())
    }

    fn drain(&mut self, now: i64) {
        loop {
            let mut order: Vec<usize> = (0..self.tasks.len())
                .filter(|number| {
                    let task = &self.tasks[*number];
                    task.state == State::Open && !self.is_suspended(task)
                })
                .collect();
            order.sort_by_key(|number| {
                let task = &self.tasks[*number];
                (
                    task.policy.is_some(),
                    std::cmp::Reverse(task.priority),
                    *number,
                )
            });
            if !order.into_iter().any(|number| self.attempt(number, now)) {
                return;
            }
        }
    }

    /// Whether something became of the task.
    fn attempt(&mut self, number: usize, now: i64) -> bool {
        let task = &self.tasks[number];
        if let (Some(policy), Some(last)) = (&task.policy, self.labelled(task)) {
            let code = if last.as_ref() == Some(policy) {
                "already_labelled"
            } else {
                "labelled_by_us"
            };
            self.tasks[number].state = State::Skipped(code);
            return true;
        }
        let counts = task.policy.is_some() || self.options.counts_manual;
        let place = task.place.clone();
        let app = self.app(&place);
        if counts {
            if self.pause(app, now).is_some() {
                return false;
            }
            self.apps[app].units.push(now);
            if self.count(app, now) >= self.apps[app].limit {
                self.apps[app].reached = Some(now);
            }
        }
        self.tasks[number].state = State::Succeeded;
        self.tasks[number].at = now;
        true
    }

    /// Whether the event was carried out.
    fn event(&mut self, event: &Value, now: i64) -> bool {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let policy = text("policy");
        match text("op").as_str() {
            "submit" => self.submit(event),
            "cancel" => {
                let name = text("task");
                let found = self.tasks.iter_mut().find(|task| task.name == name);
                match found {
                    Some(task) if task.state == State::Open => {
                        task.state = State::Cancelled("cancelled");
                        true
                    }
                    _ => false,
                }
            }
            "disable_policy" | "enable_policy" => {
                if self.deleted.contains(&policy) {
                    return false;
                }
                self.disabled.retain(|other| *other != policy);
                if text("op") == "disable_policy" {
                    self.disabled.push(policy);
                }
                true
            }
            "delete_policy" => {
                for task in &mut self.tasks {
                    if task.state == State::Open && task.policy.as_ref() == Some(&policy) {
                        task.state = State::Cancelled("policy_deleted");
                    }
                }
                self.disabled.retain(|other| *other != policy);
                self.deleted.push(policy);
                true
            }
            "set_limit" => {
                let app = self.app(&(text("tenant"), text("app")));
                let limit = event["limit"].as_u64().unwrap();
                self.apps[app].limit = limit;
                let reached = self.apps[app].reached;
                if limit == 0 || reached.is_some_and(|day| self.count(app, day) < limit) {
                    self.apps[app].reached = None;
                }
                if limit > 0 && self.count(app, now) >= limit {
                    self.apps[app].reached = Some(now);
                }
                true
            }
            _ => true,
        }
    }

    fn name(&self, line: &Line) -> String {
        match line {
            Line::Task(number) => self.tasks[*number].name.clone(),
            Line::Joined(name, _) => name.clone(),
        }
    }

    fn submit(&mut self, event: &Value) -> bool {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let policy = event["policy"].as_str().map(str::to_owned);
        let (name, place, file) = (text("task"), (text("tenant"), text("app")), text("file"));
        if self.lines.iter().any(|line| self.name(line) == name)
            || policy
                .as_ref()
                .is_some_and(|policy| self.deleted.contains(policy))
        {
            return false;
        }
        let open = self.tasks.iter().position(|task| {
            task.state == State::Open
                && task.policy.is_some()
                && (&task.place, &task.file, &task.policy) == (&place, &file, &policy)
        });
        if let Some(open) = open {
            self.lines.push(Line::Joined(name, open));
            return true;
        }
        self.lines.push(Line::Task(self.tasks.len()));
        self.tasks.push(Task {
            name,
            place,
            file,
            policy,
            priority: event["label_priority"].as_u64().unwrap(),
            state: State::Open,
            at: 0,
        });
        true
    }

    /// The lines; of an error only its text is taken from the real run.
    fn report(mut self, errors: &[usize], script: &str, options: Options) -> Vec<Value> {
        let mut out = Vec::new();
        examples::week::run(script, options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let real: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line.get("line").is_some())
            .collect();
        let mut lines: Vec<Value> = errors
            .iter()
            .enumerate()
            .map(|(number, line)| {
                let error = real
                    .get(number)
                    .map_or(Value::Null, |real| real["error"].clone());
                json!({"line": line, "error": error})
            })
            .collect();
        let now = self.now.unwrap_or(0);
        for number in 0..self.lines.len() {
            let (name, state) = match &self.lines[number] {
                Line::Joined(name, other) => {
                    let other = &self.tasks[*other].name;
                    lines.push(json!({
                        "task": name, "state": "joined", "at": null, "until": null,
                        "reason": null, "joined": other,
                    }));
                    continue;
                }
                Line::Task(task) => (self.tasks[*task].name.clone(), *task),
            };
            let place = self.tasks[state].place.clone();
            let app = self.app(&place);
            let task = &self.tasks[state];
            let (word, at, until, reason) = match task.state {
                State::Succeeded => ("succeeded", Some(task.at), None, None),
                State::Skipped(code) => ("skipped", None, None, Some(code)),
                State::Cancelled(code) => ("cancelled", None, None, Some(code)),
                State::Open if self.is_suspended(task) => {
                    ("suspended", None, None, Some("policy_disabled"))
                }
                State::Open => {
                    let until = self.pause(app, now).expect("an open task has a reason");
                    ("deferred", None, until, Some("daily_limit"))
                }
            };
            lines.push(json!({
                "task": name, "state": word, "at": at.map(rfc3339), "until": until.map(rfc3339),
                "reason": reason, "joined": null,
            }));
        }
        lines
    }
}
