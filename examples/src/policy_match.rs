//! Which files policies match: `policies match`.

use std::io::{self, BufRead, Write};

use policy_engine::{
    Action, Answer, BuildContext, ConditionReport, ContentAnswer, FileAction, FileJson, FileRecord,
    Filter, Inspection, Notify, Outcome, PolicySet,
};
use serde_json::{Map, Value, json};

use crate::file_lines::{Files, Lines, Unreadable};

/// Most filters of one file.
pub const FILTERS_MAX: usize = 100_000;

/// What is asked of every file.
pub enum Questions {
    /// Policies of a document.
    Policies(PolicySet),
    /// Filters in the product's own syntax, each with its id, some of which can't be read.
    Filters(Vec<(String, ReadFilter)>),
}

/// A filter, or what is wrong with it.
pub type ReadFilter = Result<Filter, Unreadable>;

/// Reads filters: one object a line with `filters`, and `id`. One without id goes by its line.
///
/// # Errors
///
/// Of reading, and more than [`FILTERS_MAX`] filters. What is wrong with a filter stands in its place.
pub fn filters(
    lines: impl BufRead,
    context: &BuildContext<'_>,
) -> Result<Vec<(String, ReadFilter)>, String> {
    let mut filters = Vec::new();
    for line in Lines::new(lines) {
        let (number, line) = line.map_err(|error| error.to_string())?;
        if line.as_ref().is_ok_and(|line| line.trim().is_empty()) {
            continue;
        }
        if filters.len() == FILTERS_MAX {
            return Err(format!("more than {FILTERS_MAX} filters"));
        }
        // A line that is no good as a whole may still say whose it is.
        let lenient = line.as_ref().ok();
        let lenient = lenient.and_then(|line| serde_json::from_str::<Value>(line).ok());
        let id = match lenient.as_ref().and_then(|members| members.get("id")) {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => format!("line {number}"),
        };
        filters.push((id, line.and_then(|line| filter(&line, context))));
    }
    Ok(filters)
}

fn filter(line: &str, context: &BuildContext<'_>) -> ReadFilter {
    let value = policy_engine::strict_json(line)?;
    let Some(members) = value.as_object() else {
        let cause = "expected an object with `id` and `filters`";
        return Err(Unreadable::Line(cause.to_owned()));
    };
    // Without conditions every file matches: that is for `{}` to say.
    let Some(filters) = members.get("filters") else {
        return Err(Unreadable::Line("`filters` is missing".to_owned()));
    };
    Ok(Filter::build(filters, context)?)
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// One JSON object a line.
    pub json: bool,
    /// With what each condition saw.
    pub explain: bool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Pairs of file and policy that match.
    pub matches: usize,
    /// Pairs that a scan or the content decides.
    pub undecided: usize,
    /// Filters and files that can't be read.
    pub errors: usize,
}

/// Asks the questions of every file of a file of records: one a line, or all as one JSON value.
///
/// # Errors
///
/// Of reading and writing.
pub fn run(
    questions: &Questions,
    files: impl BufRead,
    now_ms: i64,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<Summary> {
    let mut run = Run {
        questions,
        now_ms,
        style,
        out,
        summary: Summary::default(),
    };
    run.unreadable_filters()?;
    for file in Files::new(files) {
        let (line, file) = file?;
        run.file(line, file)?;
    }
    Ok(run.summary)
}

struct Run<'r> {
    questions: &'r Questions,
    now_ms: i64,
    style: Style,
    out: &'r mut dyn Write,
    summary: Summary,
}

/// What one question says of one file.
struct Said<'s> {
    policy: &'s str,
    name: Option<&'s str>,
    outcome: Outcome,
    actions: &'s [Action],
    conditions: Vec<ConditionReport>,
}

impl Run<'_> {
    fn unreadable_filters(&mut self) -> io::Result<()> {
        let Questions::Filters(filters) = self.questions else {
            return Ok(());
        };
        for (id, filter) in filters {
            if let Err(errors) = filter {
                self.summary.errors += 1;
                self.error("policy", json!(id), &format!("filter `{id}`"), errors)?;
            }
        }
        Ok(())
    }

    fn error(&mut self, of: &str, which: Value, shown: &str, error: &Unreadable) -> io::Result<()> {
        if self.style.json {
            let line = json!({of: which, "error": error.to_json()});
            return writeln!(self.out, "{line}");
        }
        unreadable(shown, error, self.out)
    }

    fn file(&mut self, line: usize, file: Result<FileJson, Unreadable>) -> io::Result<()> {
        let file = match file {
            Ok(file) => file,
            Err(errors) => {
                self.summary.errors += 1;
                return self.error("line", json!(line), &format!("line {line}"), &errors);
            }
        };
        self.summary.files += 1;
        let record = &file.record;
        match self.questions {
            Questions::Policies(policies) => {
                let mut not_read = |_: &Inspection| ContentAnswer::NotYet;
                for evaluation in policies.evaluate(record, self.now_ms, &mut not_read) {
                    if evaluation.outcome == Outcome::NoMatch {
                        continue;
                    }
                    let policy = evaluation.policy;
                    let mut not_read = |_: &Inspection| ContentAnswer::NotYet;
                    let explanation = self
                        .style
                        .explain
                        .then(|| policy.explain(record, self.now_ms, &mut not_read));
                    self.said(
                        &file.id,
                        record,
                        Said {
                            policy: policy.id().as_str(),
                            name: Some(policy.name()),
                            outcome: evaluation.outcome,
                            actions: policy.actions(record.key.app),
                            conditions: explanation.map_or_else(Vec::new, |one| one.conditions),
                        },
                    )?;
                }
            }
            Questions::Filters(filters) => {
                for (id, filter) in filters {
                    let Ok(filter) = filter else { continue };
                    let outcome = match filter.answer(record, self.now_ms) {
                        Answer::No => continue,
                        Answer::Yes => Outcome::Match,
                        Answer::Unknown => Outcome::NeedsScan,
                    };
                    let explanation = self
                        .style
                        .explain
                        .then(|| filter.explain(record, self.now_ms));
                    self.said(
                        &file.id,
                        record,
                        Said {
                            policy: id,
                            name: None,
                            outcome,
                            actions: &[],
                            conditions: explanation.map_or_else(Vec::new, |one| one.conditions),
                        },
                    )?;
                }
            }
        }
        Ok(())
    }

    fn said(&mut self, file: &str, record: &FileRecord, said: Said<'_>) -> io::Result<()> {
        match said.outcome {
            Outcome::Match => self.summary.matches += 1,
            _ => self.summary.undecided += 1,
        }
        if self.style.json {
            let mut line = Map::new();
            line.insert("file".to_owned(), file.into());
            line.insert("policy".to_owned(), said.policy.into());
            line.insert("outcome".to_owned(), outcome_name(said.outcome).into());
            let actions: Value = said.actions.iter().map(action).collect();
            line.insert("actions".to_owned(), actions);
            if self.style.explain {
                let conditions = said.conditions.iter().map(condition).collect();
                line.insert("conditions".to_owned(), conditions);
            }
            return writeln!(self.out, "{}", Value::Object(line));
        }
        let policy = said.name.unwrap_or(said.policy);
        writeln!(
            self.out,
            "{file} `{}`: {policy}: {}",
            record.name, said.outcome
        )?;
        for report in &said.conditions {
            let indent = 2 + 2 * report.depth;
            writeln!(self.out, "{:indent$}{report}", "")?;
        }
        Ok(())
    }
}

/// Says what can't be read, and why.
///
/// # Errors
///
/// Of writing.
pub fn unreadable(what: &str, error: &Unreadable, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{what} can't be read:")?;
    for line in error.to_string().lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// The word of an outcome in the JSON.
pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Match => "match",
        Outcome::NeedsScan => "needs_scan",
        Outcome::NeedsContent => "needs_content",
        _ => "no_match",
    }
}

fn action(action: &Action) -> Value {
    match action {
        Action::ApplyLabel {
            label,
            override_user_defined,
            allow_downgrade,
        } => json!({
            "action": "apply_label",
            "label": label.to_string(),
            "override_user_defined": override_user_defined,
            "allow_downgrade": allow_downgrade,
        }),
        Action::RemoveLabel => json!({"action": "remove_label"}),
        Action::Notify(Notify::Owner(digest)) => json!({
            "action": "notify_owner",
            "to_manager": digest.cc_manager,
            "to": digest.cc,
            "message": digest.message,
        }),
        Action::Notify(Notify::Users(users)) => json!({"action": "notify_users", "to": users}),
        Action::Notify(Notify::LastEditor) => json!({"action": "notify_last_editor"}),
        Action::Alert {
            severity,
            daily_limit,
            email,
            text_message,
            flow,
        } => json!({
            "action": "alert",
            "severity": severity,
            "daily_limit": daily_limit,
            "email": email,
            "text_message": text_message,
            "flow": flow,
        }),
        Action::File(action) => file_action(action),
        other => json!({"action": other.to_string()}),
    }
}

fn file_action(action: &FileAction) -> Value {
    let name = snake_case(action.kind().name());
    match action {
        FileAction::RemoveCollaborators(people) => json!({"action": name, "people": people}),
        FileAction::ChangeSharedLink(access) => json!({"action": name, "access": access}),
        FileAction::ExpireSharedLink(days) => json!({"action": name, "days": days}),
        FileAction::GrantReadToDomain(to) | FileAction::TransferOwnership(to) => {
            json!({"action": name, "to": to})
        }
        _ => json!({"action": name}),
    }
}

/// `makePrivate` as `make_private`, like all else in these lines.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

fn condition(report: &ConditionReport) -> Value {
    json!({
        "pointer": report.pointer,
        "field": report.field,
        "operator": report.operator,
        "wanted": report.wanted,
        "saw": report.saw,
        "outcome": report.outcome.map(|outcome| outcome.to_string()),
        "depth": report.depth,
    })
}

#[cfg(test)]
mod tests {
    use label_core::{LabelCatalog, LabelView};
    use policy_engine::{BuildContext, FilterDialect};

    use super::*;
    use crate::label_documents::SAMPLE_TENANT;

    /// What is printed for these files, one object a line, and the counts.
    fn answers(questions: &Questions, files: &str, explain: bool) -> (Vec<Value>, Summary) {
        let style = Style {
            json: true,
            explain,
        };
        let mut out = Vec::new();
        let summary = run(questions, files.as_bytes(), 0, style, &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        (lines.collect(), summary)
    }

    fn labels() -> LabelView {
        LabelView::new(LabelCatalog::empty(SAMPLE_TENANT).into())
    }

    fn filters(all: &[(&str, Value)]) -> Questions {
        let labels = labels();
        let mut context = BuildContext::new(&labels);
        context.dialect = FilterDialect::Product;
        let read = |(id, filters): &(&str, Value)| {
            let filter = Filter::build(filters, &context).map_err(Unreadable::from);
            ((*id).to_owned(), filter)
        };
        Questions::Filters(all.iter().map(read).collect())
    }

    #[test]
    fn a_line_without_filters_matches_nothing() {
        let labels = labels();
        let mut context = BuildContext::new(&labels);
        context.dialect = FilterDialect::Product;
        let text = r#"{"id": "all", "filters": {}}
7
[]
{"id": "y"}
{"id": "x", "filter": {"service": {"eq": [1]}}}
{"id": "z", "filters": {"service": {"eq": [1]}}}"#;
        let read = super::filters(text.as_bytes(), &context).unwrap();
        let questions = Questions::Filters(read);
        let (lines, summary) = answers(&questions, r#"{"_id": "1", "appId": 10489}"#, false);
        assert_eq!((summary.errors, summary.matches), (4, 1));
        for (line, (policy, cause)) in lines.iter().zip([
            ("line 2", "expected an object with `id` and `filters`"),
            ("line 3", "expected an object with `id` and `filters`"),
            ("y", "`filters` is missing"),
            ("x", "`filters` is missing"),
        ]) {
            let error = json!({"pointer": "", "cause": cause, "suggestion": null});
            assert_eq!(*line, json!({"policy": policy, "error": error}));
        }
        assert_eq!(lines[4]["policy"], "all");
    }

    #[test]
    fn one_line_for_each_match_and_each_error() {
        let questions = filters(&[
            ("box", json!({"service": {"eq": [10489]}})),
            ("bad", json!({"servce": {"eq": [1]}})),
        ]);
        let files = r#"{"_id": "1", "appId": 10489, "name": "a"}
            {"_id": "2", "appId": 1}

            {"_id": "3", "appId": "x"}
            {"_id": "4",
             "appId": 10489, "name": "a } b"}
            {"data": [{"id": "5", "appId": 10489}], "total": 1}"#;
        let (lines, summary) = answers(&questions, files, false);
        assert_eq!(lines[0]["policy"], "bad");
        assert_eq!(lines[0]["error"]["pointer"], "/filters/servce");
        assert_eq!(
            lines[1],
            json!({"file": "1", "policy": "box", "outcome": "match", "actions": []})
        );
        assert_eq!(lines[2]["line"], 4);
        assert_eq!(lines[2]["error"]["pointer"], "/appId");
        let files: Vec<&Value> = lines[3..].iter().map(|line| &line["file"]).collect();
        assert_eq!(files, ["4", "5"]);
        let expected = Summary {
            files: 4,
            matches: 3,
            undecided: 0,
            errors: 2,
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn what_is_undecided_is_said_with_what_was_seen() {
        let labels = labels();
        let mut context = BuildContext::new(&labels);
        context.detectors = &["iban"];
        let text = json!({"format": "file-policies/1", "policies": [
            {"id": "labels", "name": "L", "filters": {"fileLabels": {"isset": true}}},
            {"id": "content", "name": "C", "filters": {}, "governance": {"1": {"notifyOwner": true}},
             "inspection": {"method": "built_in", "preset": "iban"}},
        ]});
        let policies = PolicySet::from_json(&text.to_string(), &context).unwrap();
        let file = r#"{"_id": "1", "appId": 1, "labelScan": "never"}"#;
        let (lines, summary) = answers(&Questions::Policies(policies), file, true);
        assert_eq!(lines[0]["outcome"], "needs_scan");
        assert_eq!(lines[0]["conditions"][0]["saw"], "labels never read");
        assert_eq!(lines[0]["conditions"][0]["outcome"], "unknown");
        assert_eq!(lines[1]["outcome"], "needs_content");
        assert_eq!(lines[1]["actions"][0]["action"], "notify_owner");
        assert_eq!((summary.matches, summary.undecided), (0, 2));
    }

    #[test]
    fn files_that_never_end_are_errors() {
        let questions = filters(&[("all", json!({}))]);
        for files in ["{\"_id\": \"1\"", "nothing", "[", "{\"_id\": \"1\"} {"] {
            let (lines, summary) = answers(&questions, files, false);
            assert_eq!(summary.errors, 1, "{files}");
            assert_eq!(lines.len(), 1, "{files}");
        }
    }
}
