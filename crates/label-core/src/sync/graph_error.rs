//! The error object of Microsoft Graph (L-056).

use serde_json::{Map, Value};

/// Largest answer that is looked into for an error, in bytes.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// Deepest nesting of inner errors that is followed.
const DEPTH_MAX: usize = 16;

/// Longest text that is kept of an error, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// The codes that Graph documents, and those that were seen.
const KNOWN_CODES: [&str; 20] = [
    "accessDenied",
    "activityLimitReached",
    "generalException",
    "invalidRange",
    "invalidRequest",
    "itemNotFound",
    "malwareDetected",
    "nameAlreadyExists",
    "notAllowed",
    "notSupported",
    "resourceModified",
    "resyncRequired",
    "serviceNotAvailable",
    "syncStateNotFound",
    "quotaLimitReached",
    "unauthenticated",
    "TooManyRequests",
    "UnknownError",
    "InvalidAuthenticationToken",
    "Authorization_RequestDenied",
];

/// What a refusal says.
///
/// # Examples
///
/// ```
/// use label_core::sync::GraphError;
///
/// let body = r#"{"error":{"code":"accessDenied","message":"No.","innererror":{"request-id":"7"}}}"#;
/// let error = GraphError::parse(body.as_bytes()).ok_or("no error object")?;
/// assert_eq!(error.code(), Some("accessDenied"));
/// assert_eq!(error.request_id.as_deref(), Some("7"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphError {
    /// The codes from the outermost on; all are kept, known or not.
    pub codes: Vec<String>,
    /// The outermost text for people; empty where there is none.
    pub message: String,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The id that the request was sent with.
    pub client_request_id: Option<String>,
}

impl GraphError {
    /// Reads the body of a refusal, with `innerError` in either spelling, at any depth, or none.
    /// `None` for anything but an error object: a page of HTML from a proxy, or nothing at all.
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() > ERROR_BYTES_MAX {
            return None;
        }
        let document = crate::source::json(body).ok()?;
        let mut at = document.get("error")?.as_object()?;
        let mut error = Self::default();
        for depth in 0..DEPTH_MAX {
            error.codes.extend(text(at, "code"));
            if depth == 0 {
                error.message = text(at, "message").unwrap_or_default();
            }
            // The innermost ids are nearest to what happened.
            error.request_id = text(at, "request-id").or(error.request_id);
            error.client_request_id = text(at, "client-request-id").or(error.client_request_id);
            let inner = ["innerError", "innererror"]
                .into_iter()
                .find_map(|name| at.get(name).and_then(Value::as_object));
            match inner {
                None => break,
                Some(inner) => at = inner,
            }
        }
        Some(error)
    }

    /// The innermost code that is known, which is the most specific, else the outermost.
    pub fn code(&self) -> Option<&str> {
        let known = |code: &&String| {
            KNOWN_CODES
                .iter()
                .any(|known| known.eq_ignore_ascii_case(code))
        };
        self.codes
            .iter()
            .rev()
            .find(known)
            .or(self.codes.first())
            .map(String::as_str)
    }

    /// Whether any of its codes says that nothing is there.
    pub(super) fn is_not_found(&self) -> bool {
        self.codes
            .iter()
            .any(|code| code.eq_ignore_ascii_case("itemNotFound"))
    }
}

/// A text that says something, cut.
fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    let text = members.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(TEXT_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_056_errors_in_all_their_forms() {
        for (body, code, message, request) in [
            (
                r#"{"error":{"code":"accessDenied","message":"m","innerError":{"request-id":"r"}}}"#,
                Some("accessDenied"),
                "m",
                Some("r"),
            ),
            (
                r#"{"error":{"code":"serviceNotAvailable","innererror":{"request-id":"r"}}}"#,
                Some("serviceNotAvailable"),
                "",
                Some("r"),
            ),
            (
                r#"{"error":{"code":"generalException","innerError":{"code":"brandNew",
                   "innererror":{"code":"quotaLimitReached","request-id":"in"},"request-id":"out"}}}"#,
                Some("quotaLimitReached"),
                "",
                Some("in"),
            ),
            (
                r#"{"error":{"code":"brandNew"}}"#,
                Some("brandNew"),
                "",
                None,
            ),
            (
                r#"{"error":{"code":"UnknownError","message":"","innerError":{"request-id":""}}}"#,
                Some("UnknownError"),
                "",
                None,
            ),
            (r#"{"error":{"code":7,"innerError":[]}}"#, None, "", None),
            (r#"{"error":{}}"#, None, "", None),
        ] {
            let error = GraphError::parse(body.as_bytes()).unwrap();
            assert_eq!(error.code(), code, "{body}");
            assert_eq!(error.message, message, "{body}");
            assert_eq!(error.request_id.as_deref(), request, "{body}");
        }
        for body in ["", "<html>503</html>", "{}", r#"{"error":"text"}"#, "[]"] {
            assert_eq!(GraphError::parse(body.as_bytes()), None, "{body}");
        }
        let deep = format!(
            "{{\"error\":{}{}",
            "{\"code\":\"a\",\"innerError\":".repeat(60),
            "{}".to_owned() + &"}".repeat(61)
        );
        assert_eq!(GraphError::parse(deep.as_bytes()).unwrap().codes.len(), 16);
        assert_eq!(GraphError::parse(&vec![b' '; 100_000]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_an_error_or_none(body: Vec<u8>) {
            let _ = GraphError::parse(&body);
        }
    }
}
