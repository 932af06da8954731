//! Which label events match which rules, and which alerts arise: `policies events`.

use std::io::{self, BufRead, Write};

use label_core::LabelView;
use policy_engine::alerts::{AlertBook, AlertOptions, NewAlert, Raised};
use policy_engine::events::{
    EventMatch, EventMatcher, EventOptions, EventRule, EventRuleError, LabelEvent, RuleStatus,
};
use serde_json::{Value, json};

use crate::file_lines::{Lines, Unreadable};
use crate::policy_match::unreadable;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events that were read.
    pub events: usize,
    /// Matches of rules.
    pub matches: usize,
    /// Alerts that were raised.
    pub alerts: usize,
    /// Matches that are over their rule's daily limit of alerts, or that the book has no room for.
    pub over_limit: usize,
    /// Lines that can't be read.
    pub errors: usize,
    /// Events that are dated later than the present; they count as of the present.
    pub dated_ahead: usize,
}

/// Rules at work on a log of events.
pub struct Run<'r> {
    matchers: Vec<EventMatcher>,
    book: AlertBook,
    labels: &'r LabelView,
    json: bool,
    now_ms: i64,
    /// The date of the newest event that is not dated ahead.
    newest_ms: i64,
    summary: Summary,
}

impl<'r> Run<'r> {
    /// Rules that have seen nothing. With `json`, one object a line is printed. No event is later than
    /// `now_ms`, milliseconds UTC.
    ///
    /// # Errors
    ///
    /// None for rules of a document, which are checked.
    pub fn new(
        rules: &[EventRule],
        labels: &'r LabelView,
        json: bool,
        now_ms: i64,
    ) -> Result<Self, EventRuleError> {
        let matcher = |rule: &EventRule| EventMatcher::new(rule.clone(), EventOptions::default());
        Ok(Self {
            matchers: rules.iter().map(matcher).collect::<Result<_, _>>()?,
            book: AlertBook::new(AlertOptions::default()),
            labels,
            json,
            now_ms,
            newest_ms: i64::MIN,
            summary: Summary::default(),
        })
    }

    /// What came of it so far.
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// Looks at the events of a log, one a line. The present is the date of the newest event so far; one that
    /// is dated ahead doesn't move it. Until there is one, it is `now_ms`.
    ///
    /// # Errors
    ///
    /// Of reading and writing.
    pub fn log(&mut self, log: impl BufRead, out: &mut dyn Write) -> io::Result<()> {
        for line in Lines::new(log) {
            let (number, line) = line?;
            if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
                continue;
            }
            let event = line.and_then(|line| {
                LabelEvent::from_json(&line, self.labels).map_err(Unreadable::from)
            });
            match event {
                Ok(event) => {
                    self.summary.events += 1;
                    if event.at_ms > self.now_ms {
                        self.summary.dated_ahead += 1;
                    } else {
                        self.newest_ms = self.newest_ms.max(event.at_ms);
                    }
                    // Before the first date that is not ahead, the present is all that is known.
                    let present_ms = match self.newest_ms {
                        i64::MIN => self.now_ms,
                        newest_ms => newest_ms,
                    };
                    self.event(number, &event, present_ms, out)?;
                }
                Err(error) => {
                    self.summary.errors += 1;
                    if self.json {
                        writeln!(out, "{}", json!({"line": number, "error": error.to_json()}))?;
                    } else {
                        unreadable(&format!("line {number}"), &error, out)?;
                    }
                }
            }
        }
        for matcher in &self.matchers {
            if let RuleStatus::Overloaded { day_start_ms } = matcher.status() {
                let rule = matcher.rule();
                if self.json {
                    let line = json!({"rule": rule.id, "overloaded": instant(day_start_ms)});
                    writeln!(out, "{line}")?;
                } else {
                    let day = shown(day_start_ms);
                    writeln!(
                        out,
                        "`{}` matched too often up to {day} and is off",
                        rule.name
                    )?;
                }
            }
        }
        Ok(())
    }

    fn event(
        &mut self,
        line: usize,
        event: &LabelEvent,
        now_ms: i64,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for matcher in &mut self.matchers {
            let Some(found) = matcher.observe(event, now_ms) else {
                continue;
            };
            self.summary.matches += 1;
            let alert = NewAlert::of_event_match(matcher.rule(), found.clone())
                .map(|alert| self.book.raise(alert, now_ms));
            match alert {
                Some(Ok(Raised::Alert(_))) => self.summary.alerts += 1,
                Some(_) => self.summary.over_limit += 1,
                None => {}
            }
            let (code, text) = match alert {
                Some(Ok(Raised::Alert(id))) => (json!(id.to_string()), format!("alert {id}")),
                Some(_) => (
                    json!("over_limit"),
                    "over the daily limit of alerts".to_owned(),
                ),
                None => (Value::Null, "no alert wanted".to_owned()),
            };
            if self.json {
                let mut line = match_line(line, &found);
                if let Some(members) = line.as_object_mut() {
                    members.insert("alert".to_owned(), code);
                }
                writeln!(out, "{line}")?;
            } else {
                let what = match found.count {
                    1 => format!("an event by {}, {}", found.actor, shown(found.at_ms)),
                    count => format!(
                        "{count} events by {}, {} to {}",
                        found.actor,
                        shown(found.first_ms),
                        shown(found.at_ms),
                    ),
                };
                writeln!(
                    out,
                    "line {line}: `{}`: {what}: {text}",
                    matcher.rule().name,
                )?;
            }
        }
        Ok(())
    }
}

fn match_line(line: usize, found: &EventMatch) -> Value {
    let files = found.files.iter();
    let files: Vec<String> = files.map(|file| file.to_string()).collect();
    json!({
        "line": line,
        "rule": found.rule,
        "actor": found.actor,
        "app": found.app.map(|app| app.0),
        "count": found.count,
        "files": files,
        "first": instant(found.first_ms),
        "last": instant(found.at_ms),
    })
}

/// A date and time, or milliseconds where there is no date.
fn instant(instant_ms: i64) -> Value {
    chrono::DateTime::from_timestamp_millis(instant_ms)
        .map_or_else(|| json!(instant_ms), |_| json!(shown(instant_ms)))
}

fn shown(instant_ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(instant_ms).map_or_else(
        || format!("{instant_ms} ms"),
        |instant| instant.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    )
}

#[cfg(test)]
mod tests {
    use policy_engine::BuildContext;
    use policy_engine::events::EventRuleDocument;

    use super::*;
    use crate::policy_story;

    const RULES: &str = include_str!("../data/event-rules.json");
    const EVENTS: &str = include_str!("../data/label-events.jsonl");

    /// 2021-01-01.
    const NOW_MS: i64 = 1_609_459_200_000;

    fn play(rules: &str, events: &str, json: bool) -> (String, Summary) {
        let labels = policy_story::labels().unwrap();
        let document = EventRuleDocument::from_json(rules, &BuildContext::new(&labels)).unwrap();
        let mut out = Vec::new();
        let mut run = Run::new(&document.rules, &labels, json, NOW_MS).unwrap();
        run.log(events.as_bytes(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), run.summary())
    }

    #[test]
    fn the_sample_events_match_as_its_rules_say() {
        let (text, summary) = play(RULES, EVENTS, false);
        assert_eq!(
            text,
            "line 1: `Confidential file found in OneDrive or Box`: an event by somebody outside, \
             2020-12-21T08:00:00Z: alert 000000000000000000000001\n\
             line 2: `Confidential file found in OneDrive or Box`: an event by somebody outside, \
             2020-12-21T08:05:00Z: over the daily limit of alerts\n\
             line 4: `Label of a secret file lowered by hand`: an event by ines@contoso.example, \
             2020-12-21T09:00:00Z: alert 000000000000000000000002\n\
             line 10: `Many labels taken off within an hour`: 3 events by bo@contoso.example, \
             2020-12-21T10:10:00Z to 2020-12-21T10:40:00Z: alert 000000000000000000000003\n"
        );
        let expected = Summary {
            events: 10,
            matches: 4,
            alerts: 3,
            over_limit: 1,
            ..Summary::default()
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn an_event_that_is_dated_ahead_counts_though_it_is_the_first() {
        let rules = r#"{"format": "event-rules/1", "rules": [{"id": "r", "name": "Removed", "severity": "low",
            "created": "2020-12-01T00:00:00Z", "filters": {"activity.eventType": {"eq": ["LabelRemoved"]}}}]}"#;
        let ahead = r#"{"eventType": "LabelRemoved", "app": 10489, "fileId": "7", "actor": {"outside": "bo@contoso.example"}, "before": "Confidential", "date": "2999-01-01T00:00:00Z"}"#;
        let (text, summary) = play(rules, ahead, false);
        assert_eq!((summary.dated_ahead, summary.matches), (1, 1), "{text}");
    }

    #[test]
    fn an_event_that_is_dated_ahead_silences_no_other() {
        // Of the one who takes many labels off, right before the first of them.
        let ahead = r#"{"eventType": "LabelRemoved", "app": 10489, "fileId": "7", "actor": {"outside": "bo@contoso.example"}, "before": "Confidential", "date": "2999-01-01T00:00:00Z"}"#;
        let (_, plain) = play(RULES, EVENTS, false);
        let mut lines: Vec<&str> = EVENTS.lines().collect();
        let first = lines.iter().position(|line| line.contains("bo@contoso"));
        lines.insert(first.unwrap(), ahead);
        let (text, summary) = play(RULES, &lines.join("\n"), false);
        assert_eq!((summary.dated_ahead, summary.events), (1, plain.events + 1));
        assert_eq!(summary.matches, plain.matches, "{text}");
        assert_eq!(summary.alerts, plain.alerts, "{text}");
    }

    #[test]
    fn what_cannot_be_read_is_a_line_and_the_rest_goes_on() {
        let events = "{\"eventType\": \"LabelRemoved\"\n\n\
            {\"eventType\": \"LabelRemoved\", \"app\": 10489, \"fileId\": \"7\", \"date\": \"x\"}\n\
            {\"eventType\": \"LabelRemoved\", \"app\": 10489, \"fileId\": \"7\", \"date\": 0}\n";
        let rules = r#"{"format": "event-rules/1", "rules": [
            {"id": "r", "name": "R", "created": 0, "alerts": {"eachMatch": false}}
        ]}"#;
        let (text, summary) = play(rules, events, true);
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0]["line"], 1);
        assert_eq!(lines[1]["line"], 3);
        assert_eq!(lines[1]["error"]["pointer"], "/date");
        let expected = json!({
            "line": 4, "rule": "r", "actor": "outside", "app": 10489, "count": 1,
            "files": ["10489:0:7"], "first": "1970-01-01T00:00:00Z",
            "last": "1970-01-01T00:00:00Z", "alert": null,
        });
        assert_eq!(lines[2..], [expected]);
        let expected = Summary {
            events: 1,
            matches: 1,
            errors: 2,
            ..Summary::default()
        };
        assert_eq!(summary, expected);
    }
}
