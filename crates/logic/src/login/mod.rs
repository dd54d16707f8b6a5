//! Sign-in schemes, one file each.

pub mod md5;
pub mod twn;
