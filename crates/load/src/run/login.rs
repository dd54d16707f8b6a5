//! The cost of a sign-in.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;

use super::ground::{AT_ONCE, conditions, idlers, rounds};
use crate::args::LoginArgs;
use crate::client::{Way, dispatch, sign_in};
use crate::herd::Herd;
use crate::measure::{Latency, Span};
use crate::report::{Figures, Results};
use crate::server::{Crowd, Target, Variant, Work};

/// People on everyone's lists, and those of them who are there. (The floor has as many.)
const CONTACTS: usize = 50;
const THERE: usize = 12;
/// Those who are there, and those who never are, whom the others know some of.
const HERD: usize = 100;
const ABSENT: usize = 500;

pub(super) async fn run(args: &LoginArgs, results: &mut Results) -> anyhow::Result<()> {
    let count = if args.measure.quick { 200.min(args.count) } else { args.count };
    let people = usize::try_from(count)?;
    let crowd = crowd(people, args.measure.idle);
    let mut targets = args.target.open(Work::Login, &[Variant::Direct], &crowd).await?;
    let terms = Terms { count: people, at_once: args.at_once.into(), direct: args.direct };
    let cases = [(terms.case() + &conditions(args.measure.idle, args.target.ns_processes), terms)];
    rounds("login", &cases, &args.measure, &mut targets, results, async |target, terms| {
        let herd = idlers(target, HERD + people + ABSENT, &args.measure).await?;
        let figures = once(target, terms).await;
        if let Some(mut herd) = herd {
            herd.count().await?;
        }
        figures
    })
    .await
}

/// How many sign in, how many of them at the same time, and do they go to the notification server
/// at once?
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) count: usize,
    pub(super) at_once: usize,
    pub(super) direct: bool,
}

impl Terms {
    pub(super) fn case(&self) -> String {
        let direct = if self.direct { " direct" } else { "" };
        format!("contacts={CONTACTS} there={THERE} at_once={}{direct}", self.at_once)
    }
}

/// Those of the herd have nobody as a contact, newcomers some of the herd and some of the absent.
/// Behind them come those who are idle.
pub(super) fn crowd(newcomers: usize, idle: usize) -> Crowd {
    let known = HERD..HERD + newcomers;
    let end = known.end;
    Crowd {
        accounts: end + ABSENT + idle,
        contacts: Box::new(move |number| {
            if !known.contains(&number) {
                return Vec::new();
            }
            let there = (0..THERE).map(|n| (number + n) % HERD);
            let absent = (0..CONTACTS - THERE).map(|n| end + (number + n) % ABSENT);
            there.chain(absent).collect()
        }),
        active: 0..end + ABSENT + idle,
    }
}

/// One measurement.
pub(super) async fn once(target: &Target, terms: &Terms) -> anyhow::Result<Figures> {
    let newcomers = HERD..HERD + terms.count;
    let mut herd = None;
    if target.floor().is_none() {
        herd = Some(Herd::gather(target.way(), 0..HERD, AT_ONCE, true).await?);
    }
    let mut way = target.way().clone();
    if terms.direct
        && let Some(ds) = way.ds
    {
        let at = dispatch(&way, ds, &way.account(newcomers.start)).await?;
        (way.ds, way.ns) = (None, Some(at));
    }
    let way = Rc::new(way);
    let workers: Vec<u32> = herd.iter().flat_map(Herd::pids).collect();
    let span = Span::begin(&target.pids(), &workers)?;
    let count = newcomers.len() as u64;
    let latency = all(&way, newcomers, terms.at_once).await?;
    let spent = span.spent()?;
    if let Some(mut herd) = herd {
        herd.count().await?;
    }
    let mut figures = Figures::new();
    spent.report(count, &mut figures);
    latency.report(&mut figures);
    figures.insert("verified".to_owned(), count as f64);
    Ok(figures)
}

/// Lets all sign in and leave, so many at a time.
async fn all(way: &Rc<Way>, mut newcomers: Range<usize>, at_once: usize) -> anyhow::Result<Latency> {
    let latency = Rc::new(RefCell::new(Latency::default()));
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < at_once
            && let Some(number) = newcomers.next()
        {
            let (way, latency) = (way.clone(), latency.clone());
            under_way.spawn_local(async move {
                let took = one(&way, number).await.with_context(|| format!("the sign-in of user {number}"))?;
                latency.borrow_mut().note(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
                anyhow::Ok(())
            });
        }
        match under_way.join_next().await {
            Some(ended) => ended??,
            None => return Ok(latency.take()),
        }
    }
}

/// Signs in, verifies what one is shown, and leaves.
async fn one(way: &Way, number: usize) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut session = sign_in(way, &way.account(number)).await?;
    let people = session.sync().await?;
    // Before MSNP8, whoever is on two lists comes twice.
    let due = if way.dialect.counts_lists() { CONTACTS } else { 2 * CONTACTS };
    anyhow::ensure!(people == due, "{people} people came on the lists, not {due}");
    session.appear("NLN").await?;
    session.await_initial(THERE).await?;
    session.ping().await?;
    let took = started.elapsed();
    session.conn.send(b"OUT\r\n").await?;
    Ok(took)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn newcomers_know_fifty_different_people_of_whom_twelve_are_there() {
        let crowd = crowd(300, 7);
        assert_eq!(crowd.accounts, HERD + 300 + ABSENT + 7);
        for number in HERD..HERD + 300 {
            let contacts: BTreeMap<_, _> = (crowd.contacts)(number).into_iter().map(|peer| (peer, ())).collect();
            assert_eq!(contacts.len(), CONTACTS);
            assert_eq!(contacts.range(0..HERD).count(), THERE);
            assert!(contacts.range(HERD..HERD + 300).next().is_none());
        }
        assert!((crowd.contacts)(0).is_empty() && (crowd.contacts)(HERD + 300).is_empty());
    }
}
