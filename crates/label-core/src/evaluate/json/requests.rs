//! Questions: the bodies of the evaluate calls.

use super::members::Members;
use crate::error::SourceError;
use crate::evaluate::{
    ClassificationResult, ContentFormat, ContentInfo, DataState, DowngradeJustification,
    LabelingOptions, Method,
};
use crate::id::{LabelId, SensitiveTypeId};

/// Reads the body of `evaluateApplication`.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer.
///
/// # Examples
///
/// ```
/// use label_core::LabelId;
/// use label_core::evaluate::json::parse_application;
///
/// let id = LabelId::parse("247d25b6-53f6-440e-9853-7b0b7f86f502")?;
/// let body = format!(r#"{{"contentInfo":{{}},"labelingOptions":{{"labelId":"{id}"}}}}"#);
/// let (_, options) = parse_application(body.as_bytes())?;
/// assert_eq!(options.label, id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse_application(body: &[u8]) -> Result<(ContentInfo, LabelingOptions), SourceError> {
    let value = crate::source::json(body)?;
    let request = Members::new(&value, String::new())?;
    let content = content(&request)?;
    let given = needed(&request, "labelingOptions")?;
    let label = given.id("labelId", LabelId::parse)?;
    let mut options = LabelingOptions::new(label.ok_or_else(|| given.lacks("labelId"))?);
    let methods = [
        ("standard", Method::Standard),
        ("privileged", Method::Privileged),
        ("auto", Method::Auto),
    ];
    if let Some(method) = given.word("assignmentMethod", &methods)? {
        options.method = method;
    }
    options.justification = justification(&given)?;
    options.extended_properties = given.pairs("extendedProperties")?;
    Ok((content, options))
}

/// Reads the body of `evaluateRemoval`.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer.
pub fn parse_removal(body: &[u8]) -> Result<(ContentInfo, DowngradeJustification), SourceError> {
    let value = crate::source::json(body)?;
    let request = Members::new(&value, String::new())?;
    Ok((content(&request)?, justification(&request)?))
}

/// Reads the body of `evaluateClassificationResults`.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer.
pub fn parse_classification(
    body: &[u8],
) -> Result<(ContentInfo, Vec<ClassificationResult>), SourceError> {
    let value = crate::source::json(body)?;
    let request = Members::new(&value, String::new())?;
    let content = content(&request)?;
    let one = |(value, pointer)| {
        let result = Members::new(value, pointer)?;
        let id = result.id("sensitiveTypeId", SensitiveTypeId::parse)?;
        let confidence = result.number("confidenceLevel")?.unwrap_or(0);
        let confidence = u8::try_from(confidence).ok().filter(|level| *level <= 100);
        Ok(ClassificationResult {
            sensitive_type: id.ok_or_else(|| result.lacks("sensitiveTypeId"))?,
            count: result.number("count")?.unwrap_or(0),
            confidence: confidence
                .ok_or_else(|| result.wrong("confidenceLevel", "not from 0 to 100"))?,
        })
    };
    let results = request.list("classificationResults")?;
    let results = results.into_iter().map(one).collect::<Result<_, _>>()?;
    Ok((content, results))
}

/// Reads the body of `extractLabel` and `extractContentLabel`.
///
/// # Errors
///
/// [`SourceError::Document`] with a JSON pointer.
pub fn parse_extraction(body: &[u8]) -> Result<ContentInfo, SourceError> {
    let value = crate::source::json(body)?;
    content(&Members::new(&value, String::new())?)
}

fn needed<'v>(request: &Members<'v>, name: &str) -> Result<Members<'v>, SourceError> {
    request.object(name)?.ok_or_else(|| request.lacks(name))
}

fn content(request: &Members<'_>) -> Result<ContentInfo, SourceError> {
    let given = needed(request, "contentInfo")?;
    // The newer and the older namespace call it differently; who sends both means one.
    let newer = given.text("contentFormat")?.map(ContentFormat::parse);
    let older = given.text("format")?.map(ContentFormat::parse);
    if let (Some(newer), Some(older)) = (&newer, &older)
        && newer != older
    {
        let cause = format!("`{older}`, and `contentFormat` says `{newer}`");
        return Err(given.wrong("format", &cause));
    }
    let states = [
        ("rest", DataState::Rest),
        ("motion", DataState::Motion),
        ("use", DataState::Use),
    ];
    Ok(ContentInfo {
        format: newer.or(older).unwrap_or_default(),
        identifier: given.text("identifier")?.map(str::to_owned),
        state: given.word("state", &states)?.unwrap_or_default(),
        metadata: given.pairs("metadata")?,
    })
}

fn justification(given: &Members<'_>) -> Result<DowngradeJustification, SourceError> {
    let Some(given) = given.object("downgradeJustification")? else {
        return Ok(DowngradeJustification::default());
    };
    Ok(DowngradeJustification {
        is_justified: given.flag("isDowngradeJustified")?.unwrap_or(false),
        message: given.text("justificationMessage")?.map(str::to_owned),
    })
}
