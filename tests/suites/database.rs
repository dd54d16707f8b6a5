//! Postgres databases that belong to a test, on the server that MSNP_TEST_POSTGRES names.

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A database with the schema in it. Dropped with this.
pub(crate) struct Database {
    name: String,
    /// Its address.
    pub(crate) url: String,
}

impl Database {
    /// Makes one. `fill` is called once, with the address of an empty one that all others are copies
    /// of: migrations take longer than copying.
    pub(crate) fn new(fill: impl FnOnce(&str)) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        static MODEL: OnceLock<Database> = OnceLock::new();
        let prefix = format!("msnp_suite_{}", std::process::id());
        let model = MODEL.get_or_init(|| {
            let name = format!("{prefix}_model");
            run(&format!("CREATE DATABASE {name}"));
            let url = address(&name);
            fill(&url);
            Self { name, url }
        });
        let name = format!("{prefix}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        run(&format!("CREATE DATABASE {name} TEMPLATE {}", model.name));
        Self { url: address(&name), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Is there a server? In CI there must be.
pub(crate) fn is_there() -> bool {
    let there = std::env::var_os("MSNP_TEST_POSTGRES").is_some();
    assert!(there || std::env::var_os("CI").is_none(), "in CI nothing is left out: use tests/services run");
    there
}

fn server() -> String {
    std::env::var("MSNP_TEST_POSTGRES").expect("tests/services sets it")
}

fn address(name: &str) -> String {
    let server = server();
    let (before, query) = server.split_once('?').map_or((&*server, ""), |(before, query)| (before, query));
    let base = before.rsplit_once('/').map_or(before, |(base, _)| base);
    format!("{base}/{name}?{query}")
}

/// Runs a statement on the server.
fn run(statement: &str) {
    let psql = std::env::var("MSNP_TEST_POSTGRES_BIN").map_or("psql".to_owned(), |bin| format!("{bin}/psql"));
    let mut command = Command::new(&psql);
    command.args(["--quiet", "--no-psqlrc", "--dbname", &server(), "--command", statement]);
    let output = command.output().unwrap_or_else(|error| panic!("{psql} cannot be run: {error}"));
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
}
