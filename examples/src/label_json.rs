//! What `labels read --json` prints: one object for each file; and `labels verify --json`: one for
//! the comparison.

use label_core::{EffectiveLabel, FileLabel};
use label_formats::{Diagnostic, Reading, Verification, VerifyError};
use serde_json::{Value, json};

/// The object for one file.
pub fn to_json(path: &str, reading: &Reading) -> Value {
    json!({
        "path": path,
        "kind": reading.kind.map(|kind| kind.extension()),
        "status": reading.status.as_str(),
        "protection": reading.protection.map(|protection| protection.as_str()),
        "labels": reading.labels.iter().map(record).collect::<Vec<_>>(),
        "effective": reading.effective.iter().map(effective).collect::<Vec<_>>(),
        "diagnostics": reading.diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
        "error": reading.error,
    })
}

/// The object for a comparison of two files.
pub fn verification_to_json(
    before: &str,
    after: &str,
    result: &Result<Verification, VerifyError>,
) -> Value {
    let verification = match result {
        Ok(verification) => verification,
        Err(error) => {
            return json!({
                "before": before,
                "after": after,
                "only_labels": false,
                "error": {
                    "code": error.code(),
                    "side": error.side().to_string(),
                    "text": error.to_string(),
                },
            });
        }
    };
    let changes: Vec<Value> = verification
        .changes
        .iter()
        .map(|change| {
            json!({
                "tenant": change.tenant.map(|tenant| tenant.to_string()),
                "previous": change.previous.as_ref().map(effective),
                "new": change.new.as_ref().map(effective),
            })
        })
        .collect();
    let differences: Vec<Value> = verification
        .differences
        .iter()
        .map(|one| json!({"kind": one.kind.as_str(), "place": one.place, "detail": one.detail}))
        .collect();
    json!({
        "before": before,
        "after": after,
        "kind": verification.kind.extension(),
        "identical": verification.identical,
        "only_labels": verification.only_labels_changed(),
        "changes": changes,
        "differences": differences,
        "differences_count": verification.differences_count,
        "error": null,
    })
}

fn record(label: &FileLabel) -> Value {
    json!({
        "id": label.id_text,
        "tenant": label.tenant_text,
        "name": label.name,
        "enabled": label.enabled,
        "removed": label.removed,
        "method": label.method,
        "set_date": label.set_date,
        "content_bits": label.content_bits,
        "storage": label.storage.as_str(),
    })
}

fn effective(label: &EffectiveLabel) -> Value {
    json!({
        "tenant": label.tenant.map(|tenant| tenant.to_string()),
        "id": label.id_text,
        "name": label.name,
        "storage": label.storage.as_str(),
        "method": label.method.map(|method| method.as_str()),
    })
}

fn diagnostic(diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code.as_str(),
        "place": diagnostic.place,
        "detail": diagnostic.detail,
    })
}
