//! The programs under test: built once, found beside the test.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Builds the programs, once.
pub(crate) fn build() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = std::process::Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "-p", "msnpd", "-p", "ds", "-p", "ns", "-p", "sb", "-p", "msnpctl"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(command.status().expect("cargo runs").success(), "the programs do not build");
}

/// Where cargo puts the programs: beside the directory of this test.
pub(crate) fn program(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let me = std::env::current_exe().expect("a program knows where it is");
        me.parent().and_then(Path::parent).expect("cargo keeps tests in deps/").to_owned()
    });
    directory.join(name)
}
