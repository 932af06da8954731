//! What a policy looks for in a file's content, asked only when everything else matches.

use std::collections::HashMap;

use content_inspection::{
    CaseRule, Context, Expression, ExpressionKind, InspectOptions, InspectionError, Inspector,
    InspectorBuilder, LastFour,
};
use label_formats::text::{ExtractedText, TextError, extract};
use label_formats::{ByteSource, Limits, Status};
use policy_engine::{ContentAnswer, ExpressionForm, Include, Inspection, Unavailable};

/// The ids of the presets that policies can name.
pub fn presets() -> Vec<&'static str> {
    content_inspection::catalogue::DETECTORS
        .iter()
        .map(|detector| detector.id)
        .collect()
}

/// One inspection of a policy, compiled.
#[derive(Debug)]
struct Compiled {
    inspector: Inspector,
    exclude: Option<Expression>,
    options: InspectOptions,
}

/// The id that a policy's own expression has inside its inspector.
const OWN_EXPRESSION: &str = "expression";

/// Compiled inspections, kept for as long as the policies stand.
#[derive(Debug, Default)]
pub(crate) struct Inspectors(HashMap<Inspection, Compiled>);

impl Inspectors {
    /// Compiles what is not compiled yet.
    pub(crate) fn prepare(&mut self, inspection: &Inspection) -> Result<(), InspectionError> {
        if !self.0.contains_key(inspection) {
            let compiled = compile(inspection)?;
            self.0.insert(inspection.clone(), compiled);
        }
        Ok(())
    }
}

fn compile(inspection: &Inspection) -> Result<Compiled, InspectionError> {
    let builder = match &inspection.include {
        Include::Preset(id) => InspectorBuilder::new().detector(id),
        Include::Expression {
            kind,
            text,
            case_sensitive,
        } => {
            let kind = match kind {
                ExpressionForm::Substring => ExpressionKind::Substring,
                ExpressionForm::Exact => ExpressionKind::Exact,
                ExpressionForm::Regex => ExpressionKind::Regex,
            };
            let case = if *case_sensitive {
                CaseRule::Respect
            } else {
                CaseRule::Ignore
            };
            let expression = Expression::parse(kind, text, case)?;
            InspectorBuilder::new().expression(OWN_EXPRESSION, expression)
        }
        other => {
            // A form that this crate does not know yet.
            return Err(InspectionError::UnknownDetector {
                id: format!("{other:?}"),
                suggestion: None,
            });
        }
    };
    let exclude = inspection
        .exclude
        .as_deref()
        .map(|text| Expression::parse(ExpressionKind::Regex, text, CaseRule::Ignore))
        .transpose()?;
    let mut options = InspectOptions::default();
    if inspection.require_context {
        options.context = Context::Required;
    }
    if inspection.unmask_last_four {
        options.last_four = LastFour::Shown;
    }
    Ok(Compiled {
        inspector: builder.build()?,
        exclude,
        options,
    })
}

/// A file's content: its text is read when a policy asks for the first time, and once.
pub(crate) struct FileContent<'a> {
    inspectors: &'a Inspectors,
    source: &'a dyn ByteSource,
    limits: &'a Limits,
    name: &'a str,
    inspect_bytes_max: u64,
    text: Option<Result<ExtractedText, Unavailable>>,
}

impl<'a> FileContent<'a> {
    pub(crate) fn new(
        inspectors: &'a Inspectors,
        source: &'a dyn ByteSource,
        limits: &'a Limits,
        name: &'a str,
        inspect_bytes_max: u64,
    ) -> Self {
        Self {
            inspectors,
            source,
            limits,
            name,
            inspect_bytes_max,
            text: None,
        }
    }

    pub(crate) fn answer(&mut self, inspection: &Inspection) -> ContentAnswer {
        let Some(compiled) = self.inspectors.0.get(inspection) else {
            return ContentAnswer::Unavailable(Unavailable::Failed);
        };
        let mut scopes: Vec<&str> = Vec::new();
        if inspection.search_in.file_name {
            scopes.push(self.name);
        }
        if inspection.search_in.content || inspection.search_in.metadata {
            let text = self
                .text
                .get_or_insert_with(|| read_text(self.source, self.limits, self.inspect_bytes_max));
            match text {
                Ok(text) => {
                    if inspection.search_in.content {
                        scopes.push(&text.content);
                    }
                    if inspection.search_in.metadata {
                        scopes.push(&text.metadata);
                    }
                }
                Err(unavailable) => return ContentAnswer::Unavailable(*unavailable),
            }
        }
        if let Some(exclude) = &compiled.exclude
            && scopes.iter().any(|scope| exclude.is_found_in(scope))
        {
            return ContentAnswer::NoMatch;
        }
        // Matches never span two scopes.
        let count: usize = scopes
            .iter()
            .map(|scope| {
                let findings = compiled.inspector.inspect(scope, &compiled.options);
                findings.total().total
            })
            .fold(0, usize::saturating_add);
        let enough = usize::try_from(inspection.minimum_matches).unwrap_or(usize::MAX);
        if count >= enough.max(1) {
            ContentAnswer::Match { count }
        } else {
            ContentAnswer::NoMatch
        }
    }
}

fn read_text(
    source: &dyn ByteSource,
    limits: &Limits,
    bytes_max: u64,
) -> Result<ExtractedText, Unavailable> {
    if source.len() > bytes_max {
        return Err(Unavailable::TooLarge);
    }
    extract(source, limits).map_err(|error| match error {
        TextError::Unreadable(Status::Protected, _) => Unavailable::Encrypted,
        TextError::Unreadable(Status::TooLarge, _) => Unavailable::TooLarge,
        TextError::Unreadable(Status::Malformed, _) | TextError::Damaged(_) => Unavailable::Corrupt,
        TextError::Unreadable(Status::Unsupported, _) | TextError::Unsupported(_) => {
            Unavailable::UnsupportedType
        }
        _ => Unavailable::Failed,
    })
}
