//! Servers to measure: the suite and the floor, started here, or whatever runs somewhere.

mod child;
mod config;
mod floor;
mod population;
mod suite;
mod target;

pub(crate) use child::Child;
pub(crate) use floor::{Floor, Variant, Work, serve as serve_floor};
pub(crate) use population::{Crowd, befriend, master_key, people, populate};
pub(crate) use suite::{Bus, Plan, Shape, Suite};
pub(crate) use target::{Named, Target};
