//! The values of conditions: read from JSON, checked, made ready to compare.

use std::collections::BTreeSet;

use label_core::{AppId, LabelKey};
use serde_json::Value;

use crate::error::{BuildCause, Place, did_you_mean, quote};
use crate::field::{Field, FilterDialect, Kind, Operator};
use crate::file_type::FileType;
use crate::filter::{
    Compiler, DAYS_MAX, ExtensionCase, LabelReference, PATTERNS_MAX, Purpose, VALUES_MAX,
    show_instant,
};
use crate::fold::fold;
use crate::index::{FoldedTexts, times};
use crate::json::{type_error, whole_number};
use crate::pattern::Pattern;
use crate::program::Operand;
use crate::record::{AccessLevel, EntityKey, ScanWarning};
use crate::text_match::WordQuery;
use crate::value;

/// Values of one operand, ready to compare and to read.
type Compiled = (Operand, Vec<String>);

impl Compiler<'_, '_> {
    /// The operand of a condition, and the operator it comes out as: `isset: false` is
    /// `isnotset`.
    pub(crate) fn operand(
        &mut self,
        field: Field,
        operator: Operator,
        value: &Value,
        place: &Place<'_>,
    ) -> Option<(Operator, Operand, Vec<String>)> {
        let (operand, wanted) = match (operator, field.kind()) {
            (Operator::IsSet | Operator::IsNotSet, _) => {
                let Some(as_written) = value.as_bool() else {
                    self.problems
                        .push(place, type_error("`true` or `false`", value));
                    return None;
                };
                let set = as_written == (operator == Operator::IsSet);
                let operator = if set {
                    Operator::IsSet
                } else {
                    Operator::IsNotSet
                };
                return Some((operator, Operand::Nothing, Vec::new()));
            }
            (Operator::GteNdays | Operator::LteNdays, _) => self.days(value, place)?,
            (Operator::Range, _) => self.ranges(value, place)?,
            (_, Kind::Instant) => {
                let instant = value::instant(value, place, self.problems)?;
                (Operand::Instant(instant), vec![show_instant(instant)])
            }
            (Operator::Text | Operator::StartsWithSingle, _) if !value.is_string() => {
                self.problems.push(place, type_error("one text", value));
                return None;
            }
            (_, kind) => self.values(kind, operator, value, place)?,
        };
        Some((operator, operand, wanted))
    }

    /// A list of values; a bare value counts as a list of one.
    fn values(
        &mut self,
        kind: Kind,
        operator: Operator,
        value: &Value,
        place: &Place<'_>,
    ) -> Option<Compiled> {
        let errors_before = self.problems.len();
        let limit = if is_pattern(operator) {
            PATTERNS_MAX
        } else {
            VALUES_MAX
        };
        let mut compiled = ValueLists::default();
        let list = value::list(value, limit, place, self.problems)?;
        for (at, one) in list.iter().enumerate() {
            let item = place.item(at);
            let place = if value.is_array() { &item } else { place };
            self.value(kind, operator, one, place, &mut compiled);
        }
        // Every value is looked at before giving up, so that all errors are found at once.
        (self.problems.len() == errors_before)
            .then(|| compiled.finish(kind, operator, self.context.extension_case))
    }

    fn value(
        &mut self,
        kind: Kind,
        operator: Operator,
        value: &Value,
        place: &Place<'_>,
        into: &mut ValueLists,
    ) {
        match kind {
            _ if is_query(operator) => self.query(value, place, into),
            _ if is_pattern(operator) => self.pattern(operator, value, place, into),
            Kind::App => {
                let show = |code| AppId(code).name().map(str::to_owned);
                self.number(show, value, place, into);
            }
            Kind::Number => self.number(|_| None, value, place, into),
            Kind::AccessLevel => {
                let level = whole_number(value).and_then(AccessLevel::from_code);
                let named = level.map(|level| (level.code(), level.to_string()));
                self.choice(
                    named,
                    "a level from 0 (Private) to 4 (Public (Internet))",
                    value,
                    place,
                    into,
                );
            }
            Kind::FileType => {
                let file_type = whole_number(value).and_then(FileType::from_code);
                let named = file_type.map(|kind| (kind.code(), kind.to_string()));
                self.choice(
                    named,
                    "a file type from 0 (Other) to 6 (Folder)",
                    value,
                    place,
                    into,
                );
            }
            Kind::Boolean => {
                let named = value.as_bool().map(|it| (u32::from(it), it.to_string()));
                self.choice(named, "`true` or `false`", value, place, into);
            }
            Kind::Warning => self.warning(value, place, into),
            Kind::Label => self.label(operator, value, place, into),
            Kind::Entity => self.entity(value, place, into),
            Kind::Extension => self.extension(value, place, into),
            Kind::Text | Kind::Name => {
                if let Some(text) = self.text(value, place) {
                    into.texts.push(text.into());
                    into.wanted.push(text.to_owned());
                }
            }
            // Dates never come as lists of values.
            Kind::Instant => {}
        }
    }

    fn choice(
        &mut self,
        found: Option<(u32, String)>,
        expected: &'static str,
        value: &Value,
        place: &Place<'_>,
        into: &mut ValueLists,
    ) {
        match found {
            Some((code, name)) => {
                into.codes.insert(code);
                into.wanted.push(name);
            }
            None => self.problems.push(place, type_error(expected, value)),
        }
    }

    /// A number that may have a name.
    fn number(
        &mut self,
        name: impl Fn(u32) -> Option<String>,
        value: &Value,
        place: &Place<'_>,
        into: &mut ValueLists,
    ) {
        if let Some(code) = value::number(value, place, self.problems) {
            into.codes.insert(code);
            into.wanted
                .push(name(code).unwrap_or_else(|| code.to_string()));
        }
    }

    fn warning(&mut self, value: &Value, place: &Place<'_>, into: &mut ValueLists) {
        const ALLOWED: &[&str] = &["Azure RMS encrypted", "Password encrypted", "Corrupt file"];
        let Some(text) = self.text(value, place) else {
            return;
        };
        match ScanWarning::parse(text) {
            Some(warning) => {
                into.codes.insert(warning.code());
                into.wanted.push(warning.to_string());
            }
            None => self.problems.push_near(
                place,
                BuildCause::Choice {
                    value: quote(text),
                    allowed: ALLOWED,
                },
                || did_you_mean(text, ALLOWED.iter().copied()),
            ),
        }
    }

    fn label(
        &mut self,
        operator: Operator,
        value: &Value,
        place: &Place<'_>,
        into: &mut ValueLists,
    ) {
        let labels = self.context.labels;
        let Some(key) = value::label(value, labels, self.gone, place, self.problems) else {
            return;
        };
        self.references.push(LabelReference {
            pointer: place.to_string(),
            key,
            purpose: Purpose::Find,
        });
        into.labels.insert(key);
        if matches!(operator, Operator::DescendantOf | Operator::NdescendantOf) {
            into.labels.extend(value::sublabels(labels, key));
        }
        into.wanted
            .push(labels.display_name(key).unwrap_or_else(|| key.to_string()));
    }

    fn extension(&mut self, value: &Value, place: &Place<'_>, into: &mut ValueLists) {
        let Some(text) = self.text(value, place) else {
            return;
        };
        let bare = text.strip_prefix('.');
        if let (Some(bare), FilterDialect::Extended) = (bare, self.context.dialect) {
            self.problems.push_with(
                place,
                BuildCause::Type {
                    expected: "an extension without its dot",
                    found: format!("`{}`", quote(text)),
                },
                Some(format!("write `{}`", quote(bare))),
            );
            return;
        }
        let text = bare.unwrap_or(text);
        into.texts.push(text.into());
        into.wanted.push(text.to_owned());
    }

    fn query(&mut self, value: &Value, place: &Place<'_>, into: &mut ValueLists) {
        let Some(text) = self.text(value, place) else {
            return;
        };
        match WordQuery::parse(text, self.context.words) {
            Ok(query) => {
                into.queries.push(query);
                into.wanted.push(text.to_owned());
            }
            Err(reason) => self.problems.push(
                place,
                BuildCause::Query {
                    query: quote(text),
                    reason,
                },
            ),
        }
    }

    fn pattern(
        &mut self,
        operator: Operator,
        value: &Value,
        place: &Place<'_>,
        into: &mut ValueLists,
    ) {
        let Some(text) = self.text(value, place) else {
            return;
        };
        let compiled = match operator {
            Operator::Glob | Operator::Nglob => Pattern::glob(text),
            _ => Pattern::regex(text),
        };
        match compiled {
            Ok(pattern) => {
                into.patterns.push(pattern);
                into.wanted.push(text.to_owned());
            }
            Err(reason) => self.problems.push(
                place,
                BuildCause::Pattern {
                    pattern: quote(text),
                    reason,
                },
            ),
        }
    }

    fn entity(&mut self, value: &Value, place: &Place<'_>, into: &mut ValueLists) {
        const MEMBERS: &[&str] = &["id", "saas", "inst"];
        let Value::Object(members) = value else {
            let suggestion = value
                .as_str()
                .map(|id| format!("write `{{\"id\": \"{}\"}}`", quote(id)));
            self.problems
                .push_with(place, type_error("an object with `id`", value), suggestion);
            return;
        };
        let errors_before = self.problems.len();
        for name in members
            .keys()
            .filter(|name| !MEMBERS.contains(&name.as_str()))
        {
            self.problems.push_near(
                &place.member(name),
                BuildCause::UnknownMember { name: quote(name) },
                || did_you_mean(name, MEMBERS.iter().copied()),
            );
        }
        let id = match members.get("id") {
            Some(id) => self.text(id, &place.member("id")),
            None => {
                self.problems
                    .push(place, BuildCause::Missing { name: "id" });
                None
            }
        };
        let mut number = |name: &'static str| {
            let value = members.get(name)?;
            let number = whole_number(value);
            if number.is_none() {
                self.problems
                    .push(&place.member(name), type_error("a whole number", value));
            }
            number
        };
        let app = number("saas").map(AppId);
        let instance = number("inst");
        if self.problems.len() == errors_before
            && let Some(id) = id
        {
            into.wanted.push(id.to_owned());
            into.entities.push(EntityKey {
                id: fold(id).into(),
                app,
                instance,
            });
        }
    }

    fn text<'v>(&mut self, value: &'v Value, place: &Place<'_>) -> Option<&'v str> {
        value::text(value, place, self.problems)
    }

    fn days(&mut self, value: &Value, place: &Place<'_>) -> Option<Compiled> {
        let days = value.as_i64().filter(|days| (0..=DAYS_MAX).contains(days));
        if days.is_none() {
            self.problems
                .push(place, type_error("a number of days from 0 to 36500", value));
        }
        let days = days?;
        Some((Operand::Days(days), vec![days.to_string()]))
    }

    fn ranges(&mut self, value: &Value, place: &Place<'_>) -> Option<Compiled> {
        let errors_before = self.problems.len();
        let mut ranges = Vec::new();
        let mut wanted = Vec::new();
        let list = value::list(value, VALUES_MAX, place, self.problems)?;
        for (at, one) in list.iter().enumerate() {
            let item = place.item(at);
            let place = if value.is_array() { &item } else { place };
            if let Some(range) = value::range(one, place, self.problems) {
                let (start, end) = (show_instant(*range.start()), show_instant(*range.end()));
                wanted.push(format!("{start} and {end}"));
                ranges.push(range);
            }
        }
        (self.problems.len() == errors_before)
            .then(|| (Operand::Ranges(times::merged(ranges)), wanted))
    }
}

/// Values while they are read.
#[derive(Default)]
struct ValueLists {
    codes: BTreeSet<u32>,
    labels: BTreeSet<LabelKey>,
    texts: Vec<Box<str>>,
    queries: Vec<WordQuery>,
    patterns: Vec<Pattern>,
    entities: Vec<EntityKey>,
    wanted: Vec<String>,
}

impl ValueLists {
    fn finish(self, kind: Kind, operator: Operator, case: ExtensionCase) -> Compiled {
        let operand = match kind {
            _ if is_query(operator) => Operand::Queries(self.queries.into_boxed_slice()),
            _ if is_pattern(operator) => Operand::Patterns(self.patterns.into_boxed_slice()),
            Kind::Label => Operand::Labels(self.labels.into_iter().collect()),
            Kind::Entity => Operand::Entities(self.entities.into_boxed_slice()),
            Kind::Extension if case == ExtensionCase::Respected => {
                Operand::ExactTexts(sorted(self.texts))
            }
            Kind::Text | Kind::Name | Kind::Extension => Operand::Texts(FoldedTexts::new(
                self.texts.iter().map(|text| fold(text)).collect(),
            )),
            Kind::App
            | Kind::Number
            | Kind::AccessLevel
            | Kind::FileType
            | Kind::Boolean
            | Kind::Warning
            | Kind::Instant => Operand::Codes(self.codes.into_iter().collect()),
        };
        (operand, self.wanted)
    }
}

/// Whether its values are queries for words.
fn is_query(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Contains | Operator::Ncontains | Operator::Text
    )
}

/// Whether its values are patterns.
fn is_pattern(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Glob | Operator::Nglob | Operator::Regex | Operator::Nregex
    )
}

fn sorted(mut texts: Vec<Box<str>>) -> Box<[Box<str>]> {
    texts.sort_unstable();
    texts.dedup();
    texts.into_boxed_slice()
}
