//! The programs under test: built once, found beside the test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Builds the programs, once.
pub(crate) fn build() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = std::process::Command::new(cargo);
    command.args([
        "build", "--quiet", "--locked", "-p", "msnpd", "-p", "ds", "-p", "ns", "-p", "sb", "-p", "web", "-p", "msnpctl",
    ]);
    // What cargo tells this test of itself is not meant for the cargo in it: crates that look at it (ring
    // does) would be built anew, and again without it.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
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

/// Ports for servers to listen at. They are below those that systems give to outgoing
/// connections, so that no client of another test gets one of them before its server does.
pub(crate) fn ports(count: usize) -> Vec<u16> {
    const FIRST: u16 = 10_000;
    const MANY: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Two test programs at the same time begin at different places.
    let begin = u16::try_from(std::process::id() % u32::from(MANY)).expect("it is below a u16");
    let mut ports = Vec::with_capacity(count);
    while ports.len() < count {
        let step = u32::from(begin) * 7 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from(step % u32::from(MANY)).expect("it is below a u16");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            ports.push(port);
        }
    }
    ports
}
