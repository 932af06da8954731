//! The whole loop: labels are synchronised, files scanned, policies evaluated, labels applied under the daily limit
