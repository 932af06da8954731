//! The crate from outside.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod event_documents;
#[cfg(test)]
mod event_rules;
#[cfg(test)]
mod explanations;
#[cfg(test)]
mod export;
#[cfg(test)]
mod extreme_times;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod life;
#[cfg(test)]
mod match_book;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod possible;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod sharing;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod worked_examples;
