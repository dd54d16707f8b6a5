//! `msnp-play`: plays transcripts against any running MSN server.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use conformance::{Played, Preparation, Recasting, Script, TcpOptions, TcpStage, play};
use serde_json::json;

/// Plays transcripts (*.msnp) against a running MSN server.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Transcripts, or directories that hold some at any depth.
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The dispatch server.
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "list")]
    ds: Option<String>,
    /// The web daemon, over plain HTTP: tickets for MSNP8 and later, transcripts of HTTP, the gateway.
    #[arg(long, value_name = "HOST:PORT", required_if_eq("only", "gateway"))]
    web: Option<String>,
    /// Let a real account play a role: alice@example.com=real@host:password
    #[arg(long = "account", value_name = "ROLE=HANDLE:PASSWORD", value_parser = actor)]
    accounts: Vec<Actor>,
    /// Sleep only a part of the transcripts' waits: 60 makes an hour a minute.
    #[arg(long, default_value_t = 1.0, value_parser = scale)]
    time_scale: f64,
    /// Milliseconds that something which must come is waited for.
    #[arg(long, default_value_t = 5000)]
    patience: u64,
    /// Milliseconds without output that count as silence.
    #[arg(long, default_value_t = 300)]
    silence: u64,
    /// How the accounts' names and lists come in place.
    #[arg(long, value_enum, default_value_t = Prepare::None)]
    prepare: Prepare,
    /// Play as this stage: transcripts that are only for others are skipped. With `gateway`, all connections
    /// but those to the web daemon go through its HTTP gateway.
    #[arg(long, value_enum, default_value_t = On::Tcp)]
    only: On,
    /// Play also what needs configuration or accounts that cannot be arranged from outside.
    #[arg(long)]
    assume_config: bool,
    /// Print the transcripts with their titles, and play nothing.
    #[arg(long)]
    list: bool,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Prepare {
    /// They are in place: lists are empty.
    None,
    /// By signing in as each account.
    Protocol,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum On {
    Tcp,
    Cluster,
    Gateway,
    Memory,
}

#[derive(Clone, Debug)]
struct Actor {
    role: String,
    handle: String,
    password: String,
}

fn actor(text: &str) -> Result<Actor, String> {
    let parts = text.split_once('=').and_then(|(role, real)| Some((role, real.split_once(':')?)));
    let (role, (handle, password)) = parts.ok_or("expected ROLE=HANDLE:PASSWORD")?;
    Ok(Actor { role: role.to_owned(), handle: handle.to_owned(), password: password.to_owned() })
}

fn scale(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|scale: &f64| scale.is_finite() && *scale > 0.0)
        .ok_or("expected a number above 0".to_owned())
}

/// How a file ended.
enum Verdict {
    Ok,
    Fail(String),
    Skipped(String),
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut files = Vec::new();
    for path in &arguments.paths {
        collect(path, &mut files).with_context(|| format!("cannot read {}", path.display()))?;
    }
    if files.is_empty() {
        bail!("no *.msnp file there");
    }
    let mut recasting = Recasting::default();
    for actor in &arguments.accounts {
        recasting.add(&actor.role, &actor.handle, &actor.password);
    }
    if arguments.list { list(&arguments, &files, &recasting) } else { play_all(&arguments, &files, &recasting) }
}

/// All transcripts at or below `path`, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|extension| extension == "msnp") {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

fn list(arguments: &Arguments, files: &[PathBuf], recasting: &Recasting) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let mut code = ExitCode::SUCCESS;
    for file in files {
        let file = file.as_path();
        match Script::load(file, recasting) {
            Ok(script) if arguments.json => {
                writeln!(out, "{}", json!({"file": script.file, "title": script.title, "on": script.stages}))?;
            }
            Ok(script) => {
                let stages =
                    if script.stages.is_empty() { String::new() } else { format!(" [{}]", script.stages.join(" ")) };
                writeln!(out, "{}{stages}  {}", script.file, script.title.unwrap_or_default())?;
            }
            Err(error) => {
                writeln!(std::io::stderr(), "{error}")?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn play_all(arguments: &Arguments, files: &[PathBuf], recasting: &Recasting) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let terminal = std::io::stdout().is_terminal() && !arguments.json;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (index, file) in files.iter().enumerate() {
        if terminal {
            let mut out = std::io::stdout();
            write!(out, "\r\x1b[K[{}/{}] {}", index + 1, files.len(), file.display())?;
            out.flush()?;
        }
        let start = Instant::now();
        let verdict = runtime.block_on(play_one(arguments, file, recasting));
        match verdict {
            Verdict::Ok => passed += 1,
            Verdict::Fail(_) => failed += 1,
            Verdict::Skipped(_) => skipped += 1,
        }
        report(file, &verdict, start.elapsed(), terminal, arguments.json)?;
    }
    let mut out = std::io::stdout();
    if arguments.json {
        writeln!(out, "{}", json!({"passed": passed, "failed": failed, "skipped": skipped}))?;
    } else {
        writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped")?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn play_one(arguments: &Arguments, file: &Path, recasting: &Recasting) -> Verdict {
    let script = match Script::load(file, recasting) {
        Ok(script) => script,
        Err(error) => return Verdict::Fail(error.to_string()),
    };
    let mut stage = TcpStage::new(TcpOptions {
        name: match arguments.only {
            On::Tcp => "tcp",
            On::Cluster => "cluster",
            On::Gateway => "gateway",
            On::Memory => "memory",
        },
        web: arguments.web.clone(),
        through_gateway: matches!(arguments.only, On::Gateway),
        patience: Duration::from_millis(arguments.patience),
        silence: Duration::from_millis(arguments.silence),
        time_scale: arguments.time_scale,
        accounts: match arguments.prepare {
            Prepare::None => Preparation::Ready,
            Prepare::Protocol => Preparation::ByProtocol,
        },
        assume_config: arguments.assume_config,
        ..TcpOptions::new(arguments.ds.clone().unwrap_or_default())
    });
    match play(&script, &mut stage).await {
        Ok(Played::Passed) => Verdict::Ok,
        Ok(Played::Skipped(reason)) => Verdict::Skipped(reason),
        Err(failure) => Verdict::Fail(failure.to_string()),
    }
}

fn report(file: &Path, verdict: &Verdict, time: Duration, terminal: bool, as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let (word, colour, reason) = match verdict {
        Verdict::Ok => ("ok", "32", ""),
        Verdict::Fail(reason) => ("FAIL", "31", reason.as_str()),
        Verdict::Skipped(reason) => ("skipped", "33", reason.as_str()),
    };
    if as_json {
        let result = word.to_lowercase();
        let line = json!({"file": file.display().to_string(), "result": result, "seconds": time.as_secs_f64(), "reason": reason});
        return writeln!(out, "{line}");
    }
    let (clear, on, off) =
        if terminal { ("\r\x1b[K", format!("\x1b[{colour}m"), "\x1b[0m") } else { ("", String::new(), "") };
    let beside = if let Verdict::Skipped(reason) = verdict { format!(": {reason}") } else { String::new() };
    writeln!(out, "{clear}{on}{word:<7}{off} {} ({:.1} s){beside}", file.display(), time.as_secs_f64())?;
    if let Verdict::Fail(reason) = verdict {
        for line in reason.lines() {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}
