//! What `policies` tells without arguments: an inventory, a policy, a mistake, a change.

use std::io::{self, Write};

use label_core::source::Document;
use label_core::{LabelCatalog, LabelView};
use policy_engine::{
    BuildContext, ContentAnswer, FileJson, FileRecord, Filter, FilterDialect, Inspection, Outcome,
    PolicySet, PreviewOptions,
};
use serde_json::json;

use crate::label_documents::SAMPLE_TENANT;
use crate::policy_preview;

const LABELS: &str = include_str!("../data/labels.json");
const INVENTORY: &str = include_str!("../data/inventory.jsonl");

/// 27 December 2020, noon.
const NOW_MS: i64 = 1_609_070_400_000;

/// Tells it.
///
/// # Errors
///
/// One line, if the bundled data can't be read or nothing can be written.
pub fn tell(out: &mut dyn Write) -> Result<(), String> {
    let labels = labels()?;
    let files = inventory()?;
    let presets = label_service::presets();
    let mut context = BuildContext::new(&labels);
    context.detectors = &presets;
    let story = Story {
        labels: &labels,
        context: &context,
        files: &files,
    };
    story.tell(out).map_err(|error| error.to_string())
}

/// The labels of the sample tenant.
pub(crate) fn labels() -> Result<LabelView, String> {
    let documents = Document::read(SAMPLE_TENANT, LABELS.as_bytes());
    let documents = documents.map_err(|error| error.to_string())?;
    let combined = label_core::source::combine(
        SAMPLE_TENANT,
        documents.into_iter().collect(),
        label_core::source::Import::default(),
    )
    .map_err(|error| error.to_string())?;
    let list = combined
        .chosen
        .list
        .map_or_else(Vec::new, |list| list.labels);
    let (catalog, _) =
        LabelCatalog::build(SAMPLE_TENANT, list).map_err(|error| error.to_string())?;
    Ok(LabelView::new(catalog.into()))
}

fn inventory() -> Result<Vec<FileRecord>, String> {
    INVENTORY
        .lines()
        .map(|line| match FileJson::from_json(line) {
            Ok(file) => Ok(file.record),
            Err(errors) => Err(errors.to_string()),
        })
        .collect()
}

struct Story<'s> {
    labels: &'s LabelView,
    context: &'s BuildContext<'s>,
    files: &'s [FileRecord],
}

impl Story<'_> {
    fn tell(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "Contoso has {} files in four apps, read from the product's own JSON.\n",
            self.files.len()
        )?;
        self.first_policy(out)?;
        self.mistakes(out)?;
        self.doubts(out)?;
        self.change(out)?;
        self.query(out)
    }

    /// The policies of a text; what is wrong with them is printed.
    fn built(&self, text: &str, out: &mut dyn Write) -> io::Result<PolicySet> {
        match PolicySet::from_json(text, self.context) {
            Ok(set) => Ok(set),
            Err(errors) => {
                for error in errors.as_slice() {
                    writeln!(out, "  {error}")?;
                }
                Ok(PolicySet::default())
            }
        }
    }

    fn first_policy(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "1. The article's sample: confidential, shared outside, on Box.\n"
        )?;
        let set = self.built(&exposed("[2, 3]"), out)?;
        let Some(policy) = set.policies().first() else {
            return Ok(());
        };
        let mut not_read = |_: &Inspection| ContentAnswer::NotYet;
        let of = |outcome: Outcome| {
            let mut not_read = |_: &Inspection| ContentAnswer::NotYet;
            let is_so = move |record: &&FileRecord| {
                policy.evaluate(record, NOW_MS, &mut not_read) == outcome
            };
            self.files.iter().filter(is_so)
        };
        writeln!(
            out,
            "{} files match; of {} more the labels must be read to tell.",
            of(Outcome::Match).count(),
            of(Outcome::NeedsScan).count()
        )?;
        let near_miss = |record: &&FileRecord| {
            let explanation =
                policy.explain(record, NOW_MS, &mut |_: &Inspection| ContentAnswer::NotYet);
            let failed = explanation
                .conditions
                .iter()
                .filter(|report| report.outcome == Some(policy_engine::Answer::No));
            failed.count() == 1
        };
        let shown = of(Outcome::Match)
            .take(1)
            .chain(of(Outcome::NoMatch).filter(near_miss).take(1))
            .chain(of(Outcome::NeedsScan).take(1));
        for record in shown {
            writeln!(out, "\n`{}`", record.name)?;
            writeln!(out, "{}", policy.explain(record, NOW_MS, &mut not_read))?;
        }
        Ok(())
    }

    fn mistakes(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "\n2. A document with mistakes: all of them at once, each with its place.\n"
        )?;
        let text = json!({"format": "file-policies/1", "policies": [{
            "id": "1",
            "name": "Payroll",
            "severity": "hihg",
            "filters": {
                "servce": {"eq": [10489]},
                "fileLabels": {"eq": ["Confidental"]},
                "filename": {"contains": ["\"payroll\" 2021"]},
                "createdDate": {"gte_ndays": 30},
            },
            "inspection": {"method": "built_in", "preset": "credit_crad"},
            "governance": {"20892": {"removeSharedLink": true}},
        }]});
        self.built(&text.to_string(), out)?;
        Ok(())
    }

    fn doubts(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "\n3. Policies that can be built, and look like mistakes all the same.\n"
        )?;
        let apply = |label: &str| json!({"20892": {"applyLabel": label}});
        let text = json!({"format": "file-policies/1", "policies": [
            {"id": "exposed", "name": "Not internal", "filters": {"sharing": {"neq": [1]}},
             "governance": apply("Confidential")},
            {"id": "public", "name": "Public", "filters": {"sharing": {"eq": [3]}},
             "governance": apply("General")},
            {"id": "never", "name": "Large and small",
             "filters": {"modifiedDate": {"gte": 1_609_070_400_000_i64, "lte": 1_577_836_800_000_i64}}},
        ]});
        for lint in self.built(&text.to_string(), out)?.lints(self.labels) {
            writeln!(out, "  {lint}")?;
        }
        Ok(())
    }

    fn change(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "\n4. What a change would change, before anything is done.\n"
        )?;
        let before = self.built(&exposed("[2, 3]"), out)?;
        let after = self.built(&exposed("[3, 4]"), out)?;
        let mut options = PreviewOptions::default();
        options.samples_max = 2;
        if let (Some(before), Some(after)) = (before.policies().first(), after.policies().first()) {
            policy_preview::change(before, after, self.files, NOW_MS, &options, out)?;
        }
        let labelling = json!({"format": "file-policies/1", "policies": [{
            "id": "1",
            "name": "Finance's files become Highly Confidential/Finance",
            "filters": {"parentFolder": {"eq": ["Finance"]}, "fileType": {"neq": [4]}},
            "governance": {
                "20892": {"applyLabel": "Highly Confidential/Finance"},
                "10489": {"applyLabel": "Highly Confidential/Finance", "removeExternalUsers": true},
            },
        }]});
        let labelling = self.built(&labelling.to_string(), out)?;
        options.samples_max = 0;
        writeln!(out)?;
        match labelling.policies().first() {
            Some(policy) => {
                policy_preview::policy(policy, self.files, self.labels, NOW_MS, &options, out)
            }
            None => Ok(()),
        }
    }

    fn query(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n5. A query in the product's own syntax.\n")?;
        let filters = json!({
            "sharing": {"eq": [2, 3, 4]},
            "modifiedDate": {"lte_ndays": 180},
            "filename": {"contains": ["payroll forecast"]},
        });
        let mut context = self.context.clone();
        context.dialect = FilterDialect::Product;
        match Filter::build(&filters, &context) {
            Ok(filter) => {
                let is_match = |record: &&FileRecord| {
                    filter.answer(record, NOW_MS) == policy_engine::Answer::Yes
                };
                let found: Vec<&FileRecord> = self.files.iter().filter(is_match).collect();
                writeln!(out, "{filters}\n\n{} files, such as:", found.len())?;
                for record in found.iter().take(3) {
                    writeln!(out, "  {}: `{}`", record.key.app, record.name)?;
                }
            }
            Err(errors) => writeln!(out, "{errors}")?,
        }
        Ok(())
    }
}

/// The article's first sample, with these access levels.
fn exposed(levels: &str) -> String {
    format!(
        r#"{{"format": "file-policies/1", "policies": [{{
            "id": "1", "name": "Confidential, shared outside, on Box", "severity": "high",
            "filters": {{
                "service": {{"eq": [10489]}},
                "sharing": {{"eq": {levels}}},
                "fileLabels": {{"eq": ["Confidential"]}}
            }},
            "governance": {{"10489": {{"notifyOwner": true}}}}
        }}]}}"#
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_story_is_as_it_was() {
        let mut out = Vec::new();
        super::tell(&mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        // After a change: cargo run --example policies > examples/data/policies-story.txt
        assert_eq!(told, include_str!("../data/policies-story.txt"));
    }
}
