//! What was measured: kept, merged and shown.

mod goals;
mod merge;
mod record;
mod svg;
mod table;

pub(crate) use goals::{Claim, claims, markdown};
pub(crate) use merge::{Merged, Spread, merge, ratio};
pub(crate) use record::{Figures, Record, Results, read};
pub(crate) use svg::chart;
pub(crate) use table::table;
