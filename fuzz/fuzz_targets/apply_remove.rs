//! What can be labelled reads back as labelled, can be unlabelled, and nobody else's label moves.
//!
//! The first byte chooses the form: `R` and a file; `T`, two bytes of options, and sections with
//! the parts of a package; anything else, a package of prepared pieces.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use label_fuzz::package::{Change, Plan, from_sections};
use label_fuzz::properties::apply_and_remove;
use label_fuzz::sections;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    match input {
        [b'R', file @ ..] => {
            let (request, options) = Change::plain(0).request();
            let _ = apply_and_remove(&file.to_vec(), &request, &options, false);
        }
        [b'T', storage, form, rest @ ..] => {
            let file = from_sections(&sections(rest), form & 1 != 0);
            let mut change = Change::plain(*storage);
            change.force = form & 2 != 0;
            change.same_label = form & 4 != 0;
            let (request, options) = change.request();
            let _ = apply_and_remove(&file, &request, &options, true);
        }
        _ => {
            let Ok(plan) = Plan::arbitrary(&mut Unstructured::new(input)) else {
                return;
            };
            let Some(built) = plan.build() else { return };
            let (request, options) = plan.write.request();
            let result = apply_and_remove(&built.bytes, &request, &options, true);
            if built.ordinary {
                result.expect("an ordinary package can be labelled");
            }
        }
    }
});
