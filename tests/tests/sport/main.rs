//! The sport's rules, without a server: a test for each rule of the timing system's data, named after
//! it, and properties over whole race days. Merging has its own table beside its code.

mod best_run_rules;
mod export_rules;
mod live_rules;
mod properties;
mod random_days;
mod rank_rules;
mod rows;
