//! What the user sees while a run lasts, and at its end.

use std::io::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over so many steps, on a terminal only.
pub(crate) fn bar(steps: u64) -> ProgressBar {
    // It draws nothing where standard error is no terminal.
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// Tells a result, on standard output.
pub(crate) fn say(text: &str) {
    // Nobody may be reading it any more.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Tells what went wrong, or how far it is, on standard error.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
