//! Plays every transcript on every stage: in memory; over TCP against `msnpd`; against separate
//! programs with two notification servers and two switchboards over the hub; against a cluster of
//! nine on Postgres and NATS; and through the HTTP gateway of `msnpd`.
//!
//! Arguments are parts of stage or file names to play only those: `cargo test --test transcripts
//! memory presence/`.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "a test runner talks to whoever runs it")]

mod arrange;
#[path = "../database.rs"]
mod database;
mod memory;
#[path = "../nats.rs"]
mod nats;
mod processes;
#[path = "../programs.rs"]
mod programs;

use std::collections::VecDeque;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use std::{fs, io, thread};

use conformance::{Played, Script};

/// Files that are played at the same time. Most of a play is waiting.
const AT_ONCE: usize = 6;
/// Fewer transcripts than this, and some have been lost.
const AT_LEAST: usize = 60;

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Memory,
    Tcp,
    Hub,
    Cluster,
    Gateway,
}

struct Job {
    on: On,
    path: PathBuf,
    name: String,
}

struct Done {
    label: String,
    result: Result<Played, String>,
}

fn main() -> ExitCode {
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts");
    let mut files = Vec::new();
    find(&root, &mut files).expect("the transcripts can be listed");
    files.sort();
    assert!(files.len() >= AT_LEAST || !filters.is_empty(), "there are only {} transcripts", files.len());
    let jobs: VecDeque<Job> = [On::Memory, On::Tcp, On::Hub, On::Cluster, On::Gateway]
        .into_iter()
        .flat_map(|on| files.iter().map(move |path| (on, path)))
        .map(|(on, path)| {
            let name = path.strip_prefix(&root).expect("it is below").display().to_string();
            Job { on, path: path.clone(), name }
        })
        .filter(|job| filters.iter().all(|filter| job.label().contains(filter)))
        .collect();
    if jobs.iter().any(|job| job.on != On::Memory) {
        programs::build();
    }
    report(&run(jobs))
}

impl Job {
    fn label(&self) -> String {
        let stage = match self.on {
            On::Memory => "memory",
            On::Tcp => "tcp",
            On::Hub => "hub",
            On::Cluster => "cluster",
            On::Gateway => "gateway",
        };
        format!("{stage} {}", self.name)
    }
}

fn find(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "msnp") {
            files.push(path);
        }
    }
    Ok(())
}

fn run(jobs: VecDeque<Job>) -> Vec<Done> {
    let total = jobs.len();
    let (jobs, done) = (Arc::new(Mutex::new(jobs)), Arc::new(Mutex::new(Vec::new())));
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (jobs, done) = (Arc::clone(&jobs), Arc::clone(&done));
            thread::spawn(move || {
                while let Some(job) = { jobs.lock().expect("no worker panics in here").pop_front() } {
                    let label = job.label();
                    let began = Instant::now();
                    let result = perform(&job);
                    let mut done = done.lock().expect("no worker panics in here");
                    tell(&label, &result, began, done.len() + 1, total);
                    done.push(Done { label, result });
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker panicked");
    }
    Arc::into_inner(done).expect("the workers are gone").into_inner().expect("no worker panicked")
}

fn perform(job: &Job) -> Result<Played, String> {
    let text = fs::read_to_string(&job.path).map_err(|error| error.to_string())?;
    let script = Script::parse(&job.name, &text).map_err(|error| error.to_string())?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().map_err(|error| error.to_string())?;
    match job.on {
        On::Memory => runtime.block_on(memory::perform(&script)),
        On::Tcp => runtime.block_on(processes::perform(&script, processes::Shape::AllInOne)),
        On::Hub => runtime.block_on(processes::perform(&script, processes::Shape::Hub)),
        On::Cluster if !database::is_there() => {
            Ok(Played::Skipped("there is no Postgres: run tests/run, which starts one".to_owned()))
        }
        On::Cluster => runtime.block_on(processes::perform(&script, processes::Shape::Cluster)),
        On::Gateway => runtime.block_on(processes::perform(&script, processes::Shape::Gateway)),
    }
}

/// One line a play; on a terminal they replace each other.
fn tell(label: &str, result: &Result<Played, String>, began: Instant, number: usize, total: usize) {
    let millis = began.elapsed().as_millis();
    let terminal = io::stdout().is_terminal();
    match result {
        Err(failure) => println!("{}FAIL {label}\n{failure}", if terminal { "\r\x1b[K" } else { "" }),
        Ok(_) if terminal => {
            print!("\r\x1b[K[{number}/{total}] {label}");
            let _ = io::stdout().flush();
        }
        Ok(Played::Skipped(why)) => println!("skip {label} ({why})"),
        Ok(Played::Passed) => println!("ok   {label} ({millis} ms)"),
    }
}

fn report(done: &[Done]) -> ExitCode {
    let passed = done.iter().filter(|done| matches!(done.result, Ok(Played::Passed))).count();
    let skipped = done.iter().filter(|done| matches!(done.result, Ok(Played::Skipped(_)))).count();
    let mut failed: Vec<&str> = done.iter().filter(|done| done.result.is_err()).map(|done| &*done.label).collect();
    failed.sort_unstable();
    println!();
    for label in &failed {
        println!("failed: {label}");
    }
    println!("{passed} passed, {} failed, {skipped} skipped", failed.len());
    if failed.is_empty() && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
