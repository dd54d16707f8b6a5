//! Rosters read from the database, and edits made in it, without a server in between.
//!
//! What they are compared with: a roster with the read of one value of the same size, by the same
//! driver from the same database; edits of many at the same time with those of one.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use model::{Change, Edit, MessagePrivacy, UserId};
use sqlx::{AssertSqlSafe, Row as _};
use store::Store;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::args::StoreArgs;
use crate::measure::Latency;
use crate::progress::bar;
use crate::report::{Figures, Record, Results};
use crate::server::{Crowd, master_key, people};

pub(super) async fn run(args: &StoreArgs, results: &mut Results) -> anyhow::Result<()> {
    let place = tempfile::Builder::new().prefix("msnp-load-").tempdir()?;
    let mut urls = args.store.clone();
    if urls.is_empty() {
        urls.push(format!("sqlite:{}", place.path().join("data/msnp.db").display()));
    }
    let bar = bar(u64::from(args.measure.rounds) * urls.len() as u64);
    for url in &urls {
        let ground = Ground::prepare(url, &place, args).await?;
        for round in 0..args.measure.rounds {
            bar.set_message(ground.kind);
            for (case, subject, figures) in ground.measure(args).await? {
                let (run, case, subject) = ("store".to_owned(), format!("{} {case}", ground.kind), subject.to_owned());
                results.push(Record { run, case, subject, round, figures })?;
            }
            bar.inc(1);
        }
        ground.store.close().await;
    }
    bar.finish_and_clear();
    Ok(())
}

/// An open store with people in it, and a second way into the same database.
struct Ground {
    kind: &'static str,
    store: Store,
    people: Vec<UserId>,
    raw: Raw,
}

enum Raw {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

/// A table of one value, as large as a roster is.
const BLOB: [&str; 2] =
    ["CREATE TABLE load_blob (id BIGINT PRIMARY KEY, body TEXT NOT NULL)", "INSERT INTO load_blob VALUES (1, $1)"];

impl Ground {
    async fn prepare(url: &str, place: &TempDir, args: &StoreArgs) -> anyhow::Result<Self> {
        let store = Store::open(&url.parse()?, master_key(place.path())?).await?;
        let (count, contacts) = (usize::from(args.editors.max(args.contacts)) + 1, usize::from(args.contacts));
        // The first one has contacts.
        let all = move |number: usize| if number == 0 { (1..=contacts).collect() } else { Vec::new() };
        let crowd = Crowd { contacts: Box::new(all), ..Crowd::strangers(count) };
        let people = people(&store, &crowd, ("user{n}@example.com", "password")).await?;
        let body = "x".repeat(60 * contacts);
        let raw = if url.starts_with("sqlite:") {
            let path = url.trim_start_matches("sqlite:");
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let pool = sqlx::sqlite::SqlitePoolOptions::new().test_before_acquire(false).max_connections(1);
            let pool = pool.connect_with(options).await?;
            sqlx::query(BLOB[0]).execute(&pool).await?;
            sqlx::query(BLOB[1]).bind(&body).execute(&pool).await?;
            Raw::Sqlite(pool)
        } else {
            let pool = sqlx::PgPool::connect(url).await?;
            sqlx::query(BLOB[0]).execute(&pool).await?;
            sqlx::query(BLOB[1]).bind(&body).execute(&pool).await?;
            Raw::Postgres(pool)
        };
        let kind = if matches!(raw, Raw::Sqlite(_)) { "sqlite" } else { "postgres" };
        Ok(Self { kind, store, people, raw })
    }

    async fn measure(&self, args: &StoreArgs) -> anyhow::Result<Vec<(String, &'static str, Figures)>> {
        let span = args.measure.span();
        let reads = format!("roster contacts={}", args.contacts);
        let mut measured = vec![(reads.clone(), "floor-blob", self.blobs(span).await?)];
        measured.push((reads, "suite", self.rosters(span, args.contacts.into()).await?));
        for editors in [1, usize::from(args.editors)] {
            measured.push((format!("edits editors={editors}"), "suite", self.edits(span, editors).await?));
        }
        Ok(measured)
    }

    async fn blobs(&self, span: Duration) -> anyhow::Result<Figures> {
        let read = || AssertSqlSafe("SELECT body FROM load_blob WHERE id = $1");
        let (started, mut latency) = (Instant::now(), Latency::default());
        while started.elapsed() < span {
            let asked = Instant::now();
            let body: String = match &self.raw {
                Raw::Sqlite(pool) => sqlx::query(read()).bind(1_i64).fetch_one(pool).await?.try_get(0)?,
                Raw::Postgres(pool) => sqlx::query(read()).bind(1_i64).fetch_one(pool).await?.try_get(0)?,
            };
            anyhow::ensure!(!body.is_empty(), "the value is gone");
            latency.note(nanos(asked.elapsed()));
        }
        Ok(figures(&latency, started.elapsed()))
    }

    async fn rosters(&self, span: Duration, contacts: usize) -> anyhow::Result<Figures> {
        let (started, mut latency) = (Instant::now(), Latency::default());
        while started.elapsed() < span {
            let asked = Instant::now();
            let roster = self.store.roster(self.people[0]).await?.context("the account is gone")?;
            latency.note(nanos(asked.elapsed()));
            anyhow::ensure!(roster.contacts.len() == contacts, "{} contacts of {contacts}", roster.contacts.len());
        }
        Ok(figures(&latency, started.elapsed()))
    }

    /// Each of so many changes a setting again and again. An edit is answered when it is on disk.
    async fn edits(&self, span: Duration, editors: usize) -> anyhow::Result<Figures> {
        let (started, before) = (Instant::now(), self.store.writes());
        let mut tasks = JoinSet::new();
        for owner in self.people[..editors].iter().copied() {
            let store = self.store.clone();
            tasks.spawn_local(async move {
                let (mut latency, mut allowed) = (Latency::default(), true);
                while started.elapsed() < span {
                    let privacy = if allowed { MessagePrivacy::OnlyAllowed } else { MessagePrivacy::AllButBlocked };
                    let asked = Instant::now();
                    store.edit(Edit { owner, changes: vec![Change::Privacy(privacy)] }).await?;
                    latency.note(nanos(asked.elapsed()));
                    allowed = !allowed;
                }
                anyhow::Ok(latency)
            });
        }
        let mut latency = Latency::default();
        while let Some(ended) = tasks.join_next().await {
            latency.add(&ended??);
        }
        let (elapsed, after) = (started.elapsed(), self.store.writes());
        let (changes, commits) = (after.changes - before.changes, after.commits - before.commits);
        anyhow::ensure!(changes == latency.count(), "{} edits were answered, and {changes} made", latency.count());
        let mut figures = figures(&latency, elapsed);
        figures.insert("edits_per_commit".to_owned(), changes as f64 / commits.max(1) as f64);
        Ok(figures)
    }
}

fn figures(latency: &Latency, elapsed: Duration) -> Figures {
    let mut figures = Figures::new();
    latency.report(&mut figures);
    figures.insert("rate".to_owned(), latency.count() as f64 / elapsed.as_secs_f64());
    figures
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
