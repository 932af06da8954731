//! The same file policies over the same file records, in this project's engine and in general
//! ones. The bench target `policies` lets them take turns; what is fair about that, and what is
//! not, stands there.

#![forbid(unsafe_code)]

pub mod contestants;
pub mod policies;
pub mod records;
pub mod rounds;
mod sequence;

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

    /// Evaluates every policy on every record and adds what matches, policies in any order.
    fn evaluate(&mut self, found: &mut Vec<Match>);
}

/// Compiles the policies and prepares the records for every contestant: ours first, then the twin
/// written by hand, then the others.
pub fn contestants(policies: &[FilePolicy], records: &[Record]) -> Vec<Box<dyn Contestant>> {
    vec![
        Box::new(contestants::ours::Finding::new(policies, records)),
        Box::new(contestants::ours::OneByOne::new(policies, records)),
        Box::new(contestants::by_hand::ByHand::new(policies, records)),
        Box::new(contestants::wirefilter::Wirefilter::new(policies, records)),
        Box::new(contestants::json_logic::JsonLogic::new(policies, records)),
        Box::new(contestants::common_expressions::CommonExpressions::new(
            policies, records,
        )),
        Box::new(contestants::cedar::Cedar::new(policies, records)),
        Box::new(contestants::rego::Machine::new(policies, records)),
        Box::new(contestants::rego::Interpreter::new(policies, records)),
    ]
}
