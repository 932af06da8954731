//! What `labels read --json` prints: one object for each file.

use label_core::{EffectiveLabel, FileLabel};
use label_formats::{Diagnostic, Reading};
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
