//! What the tests share.

use label_core::{
    AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelKey, LabelView, PolicyId, TenantId,
};

use super::*;
use crate::address::Address;
use crate::alerts::{AlertBook, NewAlert, Raised};
use crate::filter::VALUES_MAX;
use crate::{Category, LabelScan, Severity};

mod counting;
mod derive;
mod overload;
mod rule;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// When events are looked at, where that makes no difference.
const LATER_MS: i64 = i64::MAX;

const OWN: TenantId = TenantId::from_u128(1);
const GENERAL: LabelKey = own(1);
const SECRET: LabelKey = own(2);
const FINANCE: LabelKey = own(3);
const LEGAL: LabelKey = own(4);
const TOP_SECRET: LabelKey = own(5);
const FOREIGN: LabelKey = foreign(1);
const FOREIGN_OTHER: LabelKey = foreign(2);

const fn own(id: u128) -> LabelKey {
    LabelKey::new(OWN, LabelId::from_u128(id))
}

const fn foreign(id: u128) -> LabelKey {
    LabelKey::new(TenantId::from_u128(9), LabelId::from_u128(id))
}

/// General; Secret with Finance and Legal; Top secret.
fn labels() -> LabelView {
    let label = |key: LabelKey, parent: Option<LabelKey>, at| {
        let mut label = Label::new(OWN, key.label, &format!("L{at}"));
        label.parent = parent.map(|parent| parent.label);
        label.source_order = at;
        label
    };
    let all = vec![
        label(GENERAL, None, 0),
        label(SECRET, None, 1),
        label(FINANCE, Some(SECRET), 2),
        label(LEGAL, Some(SECRET), 3),
        label(TOP_SECRET, None, 4),
    ];
    LabelView::new(LabelCatalog::build(OWN, all).unwrap().0.into())
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn policy(id: &str) -> PolicyId {
    PolicyId::parse(id).unwrap()
}

fn file(id: &str) -> FileKey {
    FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap())
}

fn event(id: &str, at_ms: i64) -> LabelEvent {
    LabelEvent {
        kind: LabelEventKind::LabelRemoved,
        file: file(id),
        before: None,
        after: None,
        actor: Actor::Outside(None),
        at_ms,
    }
}

fn rule() -> EventRule {
    EventRule::new(policy("r"), "Labels removed", 0)
}

fn matcher(rule: EventRule) -> EventMatcher {
    EventMatcher::new(rule, EventOptions::default()).unwrap()
}

fn repeated(minimum_count: u32, time_frame_minutes: u32) -> Repeated {
    Repeated {
        minimum_count,
        time_frame_minutes,
        apps: AppScope::All,
        counting: Counting::Events,
    }
}

fn repeating(repeated: Repeated) -> EventMatcher {
    let mut rule = rule();
    rule.parameters = MatchParameters::Repeated(repeated);
    matcher(rule)
}
