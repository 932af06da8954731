//! Plain text of Office packages, for content inspection.
