//! The report as one plain HTML file that opens without a network.

use std::collections::BTreeMap;
use std::fmt::Write;

use governance::{TaskFilter, TaskId};
use label_core::{FileKey, LabelState};
use label_service::{Service, ServiceError};

use crate::story;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd}th{background:#f4f4f4}\
td.n{text-align:right;font-variant-numeric:tabular-nums}.swatch{display:inline-block;width:.8em;height:.8em;margin-right:.4em;border:1px solid #999}\
small{color:#555}details{margin:.4rem 0}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The whole page.
///
/// # Errors
///
/// Those of the service's state.
pub fn page(service: &Service, now_ms: i64) -> Result<String, ServiceError> {
    let mut html = String::new();
    // Writing to a String can't fail.
    let _ = write!(
        html,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sensitivity labels</title><style>{STYLE}</style>\
         <h1>Sensitivity labels</h1><p>Tenant {}, {}.</p>",
        service.labels().tenant(),
        story::time(now_ms)
    );
    labels(&mut html, service);
    exposure(&mut html, service)?;
    matches(&mut html, service)?;
    tasks(&mut html, service, now_ms)?;
    files(&mut html, service)?;
    html.push_str("</html>\n");
    Ok(html)
}

fn labels(html: &mut String, service: &Service) {
    html.push_str("<h2>Labels</h2><table><tr><th>Label<th>State<th>Can be applied");
    let view = service.labels();
    for label in view.catalog().labels() {
        let id = label.key.label;
        let state = match label.state {
            LabelState::Active | LabelState::Unknown => "active",
            LabelState::Disabled => "disabled",
            _ => "",
        };
        let appliable = match view.not_appliable(label.key) {
            None => "yes".to_owned(),
            Some(why) => format!("no: {why}"),
        };
        let _ = write!(
            html,
            "<tr><td><span class=\"swatch\" style=\"background:{}\"></span>{}<td>{state}<td>{appliable}",
            view.catalog().color(id).unwrap_or("transparent"),
            escape(view.catalog().path(id).unwrap_or_default())
        );
    }
    for label in view.external() {
        let _ = write!(
            html,
            "<tr><td>{}<td>external<td>no: a label of another tenant",
            escape(&view.display_name(label.key).unwrap_or_default())
        );
    }
    html.push_str("</table>");
}

fn exposure(html: &mut String, service: &Service) -> Result<(), ServiceError> {
    html.push_str("<h2>Files by label, app and access level</h2><table><tr><th>Label<th>App<th>Access level<th>Files");
    for (cell, count) in service.exposure()? {
        let _ = write!(
            html,
            "<tr><td>{}<td>{}<td>{}<td class=\"n\">{count}",
            escape(cell.label.as_deref().unwrap_or("(no label)")),
            cell.app,
            cell.access_level
                .map_or_else(|| "unknown".to_owned(), |level| level.to_string()),
        );
    }
    html.push_str("</table>");
    Ok(())
}

fn matches(html: &mut String, service: &Service) -> Result<(), ServiceError> {
    html.push_str("<h2>Matching now</h2>");
    let mut policies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for found in service.matches()? {
        let file = FileKey::new(found.app, found.instance, found.file.clone());
        let reasons: Vec<String> = found.reasons.iter().map(|reason| escape(reason)).collect();
        policies
            .entry(found.policy.to_string())
            .or_default()
            .push(format!(
                "<tr><td>{}<td>{}<td>{}<td>{}",
                escape(&story::file_name(&file)),
                reasons.join("<br>"),
                escape(&found.actions.join(", ")),
                story::time(found.since_ms)
            ));
    }
    for (policy, rows) in policies {
        let _ = write!(
            html,
            "<details open><summary><b>{}</b>: {} files</summary><table><tr><th>File<th>Because<th>Then<th>Since{}</table></details>",
            escape(&policy),
            rows.len(),
            rows.concat()
        );
    }
    Ok(())
}

fn tasks(html: &mut String, service: &Service, now_ms: i64) -> Result<(), ServiceError> {
    html.push_str("<h2>Label tasks</h2><table><tr><th>Task<th>File<th>Asked for by<th>What it waits for, or how it ended");
    let mut after = TaskId(0);
    loop {
        let page = service
            .governance()
            .tasks(&TaskFilter::default(), after, 500)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for task in page {
            let why = service.governance().why(task.id, now_ms)?;
            let _ = write!(
                html,
                "<tr><td class=\"n\">{}<td>{}<td>{}<td>{}",
                task.id,
                escape(&story::file_name(&task.key.file)),
                escape(&task.initiator.to_string()),
                escape(&why.to_string())
            );
        }
    }
    html.push_str("</table>");
    Ok(())
}

fn files(html: &mut String, service: &Service) -> Result<(), ServiceError> {
    html.push_str(
        "<h2>Files</h2><table><tr><th>File<th>Owner<th>Type<th>Labels<th>Warnings<th>Bytes",
    );
    for file in service.files()? {
        let labels: Vec<String> = file
            .labels
            .iter()
            .filter_map(|label| service.labels().display_name(label.key?))
            .map(|name| escape(&name))
            .collect();
        let _ = write!(
            html,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td class=\"n\">{}",
            escape(&story::file_name(&file.key())),
            escape(file.metadata.owner_name.as_deref().unwrap_or_default()),
            escape(file.kind.as_deref().unwrap_or_default()),
            labels.join(", "),
            escape(&file.warnings.join(", ")),
            file.metadata.size_bytes
        );
    }
    html.push_str("</table>");
    Ok(())
}
