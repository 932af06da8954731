//! The same file policies over the same file records, in this project's engine and in general
//! ones. The bench target `policies` lets them take turns; what is fair about that, and what is
//! not, stands there.

#![forbid(unsafe_code)]

pub mod cold;
pub mod contestants;
pub mod policies;
pub mod records;
pub mod rounds;
mod sequence;

use std::ops::Range;

use contestants::ours::{Plain, PlainWay, Prepared, PreparedWay};
use policies::FilePolicy;
use records::Record;

/// One hit: the number of the record and the number of the policy that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// The place of the record in the list that was prepared.
    pub record: usize,
    /// [`FilePolicy::number`].
    pub policy: usize,
}

/// An engine with policies compiled and records in the form it wants, ready to be timed.
pub trait Contestant {
    /// What the printed table calls it.
    fn name(&self) -> &'static str;

    /// Whether it can't take one record alone.
    fn takes_all_records_at_once(&self) -> bool {
        false
    }

    /// Evaluates every policy on these records and adds what matches, in any order.
    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>);
}

/// The place of `wirefilter-engine` among the [`contestants`], to which ratios are given.
pub const WIREFILTER: usize = 0;

/// Compiles the policies and prepares the records for every contestant.
pub fn contestants(policies: &[FilePolicy], records: &[Record]) -> Vec<Box<dyn Contestant>> {
    let plain = |way| Box::new(Plain::new(policies, records, way));
    let prepared = |way| Box::new(Prepared::new(policies, records, way));
    vec![
        Box::new(contestants::wirefilter::Wirefilter::new(policies, records)),
        Box::new(contestants::by_hand::ByHand::new(policies, records)),
        Box::new(contestants::closures::Closures::new(policies, records)),
        prepared(PreparedWay::AllPolicies),
        prepared(PreparedWay::OneByOne),
        prepared(PreparedWay::Columns),
        plain(PlainWay::Finder),
        plain(PlainWay::OneByOne),
        Box::new(contestants::json_logic::JsonLogic::new(policies, records)),
        Box::new(contestants::common_expressions::CommonExpressions::new(
            policies, records,
        )),
        Box::new(contestants::cedar::Cedar::new(policies, records)),
        Box::new(contestants::rego::Machine::new(policies, records)),
        Box::new(contestants::rego::Interpreter::new(policies, records)),
    ]
}
