//! What all runs stand on: the servers to measure, and rounds over them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum as _;

use crate::args::{MeasureArgs, TargetArgs};
use crate::client::Way;
use crate::herd::Herd;
use crate::progress::bar;
use crate::report::{Figures, Record, Results};
use crate::server::{Bus, Crowd, Floor, Named, Plan, Shape, Suite, Target, Variant, Work};

/// Sign-ins of a herd at the same time.
pub(super) const AT_ONCE: usize = 32;
/// Those who are on lists and never sign in.
const ABSENT: usize = 1000;
/// Of so many contacts one is there.
const ONE_IN: usize = 4;

impl TargetArgs {
    /// How clients sign in, but for addresses.
    pub(super) fn way(&self) -> Way {
        Way {
            ds: self.ds,
            ns: self.ns,
            login: self.login_url.clone(),
            dialect: self.dialect,
            pattern: self.accounts.clone(),
            begin: 0,
            password: self.password.clone(),
            narrow: false,
            any_ticket: None,
            tickets: BTreeMap::new(),
        }
    }

    /// How the suite is to be started, if it is; with so many notification servers if the user
    /// does not say.
    pub(super) fn plan(&self, processes: Option<usize>) -> Option<Plan> {
        let program = self.suite.clone()?;
        let bus = || Bus::from(self.bus.as_str());
        let shape = self.ns_processes.or(processes).map_or(Shape::One, |ns| Shape::Separate { ns, bus: bus() });
        Some(Plan { program, shape, store: self.store.clone(), keys: self.keys.clone() })
    }

    /// The floors that are wanted of those that there are.
    pub(super) fn floors(&self, there: &[Variant]) -> anyhow::Result<Vec<Variant>> {
        let mut wanted = Vec::new();
        for name in &self.floor {
            match Variant::from_str(name, false) {
                _ if name == "self" => wanted.extend(there),
                Ok(variant) if there.contains(&variant) => wanted.push(variant),
                _ => bail!("there is no floor {name} of this"),
            }
        }
        Ok(wanted)
    }

    /// The server that runs already, if one was named.
    pub(super) fn named(&self) -> anyhow::Result<Option<Named>> {
        let way = self.way();
        let Some(first) = way.first() else { return Ok(None) };
        let mut addresses: Vec<SocketAddr> = vec![first];
        if let Some(login) = &way.login {
            addresses.extend(login.addresses()?);
        }
        if let Some(far) = addresses.iter().find(|address| !address.ip().is_loopback() && !self.allow_remote) {
            bail!("{far} is not on this machine: give --allow-remote if its owner agrees to the load");
        }
        Ok(Some(Named { way, pids: self.pid.clone(), name: self.name.clone() }))
    }

    /// Starts and finds all that is to be measured. Floors come first, so that a round begins with
    /// what the others are compared with.
    pub(super) async fn open(&self, work: Work, there: &[Variant], crowd: &Crowd) -> anyhow::Result<Vec<Target>> {
        let mut targets = Vec::new();
        for variant in self.floors(there)? {
            targets.push(Target::Floor(Floor::start(work, variant, &self.way())?));
        }
        if let Some(plan) = self.plan(None) {
            targets.push(Target::Suite(Suite::start(plan, crowd, self.way()).await?));
        }
        targets.extend(self.named()?.map(Target::Named));
        anyhow::ensure!(!targets.is_empty(), "nothing to measure: give --suite, --floor, --ds or --ns");
        Ok(targets)
    }
}

impl MeasureArgs {
    /// How long a measurement lasts.
    pub(super) fn span(&self) -> Duration {
        if self.quick { self.seconds.min(Duration::from_millis(1000)) } else { self.seconds }
    }

    /// How long the server runs under load before it is measured.
    pub(super) fn warm_up(&self) -> Duration {
        self.span() / 6
    }
}

/// What is measured in a run: the case, and what it takes.
pub(super) type Case<T> = (String, T);

/// Measures each target in each case and each round, one after the other, and keeps what comes out:
/// what is compared is measured within seconds of each other. In every other round the cases are
/// gone through backwards, so that none has the better place.
pub(super) async fn rounds<T>(
    run: &str,
    cases: &[Case<T>],
    measure: &MeasureArgs,
    targets: &mut [Target],
    results: &mut Results,
    mut once: impl AsyncFnMut(&Target, &T) -> anyhow::Result<Figures>,
) -> anyhow::Result<()> {
    let bar = bar(u64::from(measure.rounds) * (cases.len() * targets.len()) as u64);
    for round in 0..measure.rounds {
        for turn in 0..cases.len() {
            let (case, terms) = &cases[if round.is_multiple_of(2) { turn } else { cases.len() - 1 - turn }];
            for target in &mut *targets {
                let subject = target.name();
                bar.set_message(format!("{run} {case} {subject}"));
                let figures = once(target, terms).await;
                target.check()?;
                let figures = figures.with_context(|| format!("{run} {case} of {subject}, round {}", round + 1))?;
                let (run, case) = (run.to_owned(), case.clone());
                results.push(Record { run, case, subject, round, figures })?;
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The words of a case that say under which conditions it was measured. (`report/goals.rs` keeps
/// these cases apart from the others.)
pub(super) fn conditions(idle: usize, ns: Option<usize>) -> String {
    let idle = if idle > 0 { format!(" idle={idle}") } else { String::new() };
    let ns = ns.map_or_else(String::new, |ns| format!(" ns={ns}"));
    idle + &ns
}

/// Lets the idle users of a run sign in, who have the numbers behind the others. The floors have
/// none: they do not know who is there.
pub(super) async fn idlers(target: &Target, first: usize, measure: &MeasureArgs) -> anyhow::Result<Option<Herd>> {
    if measure.idle == 0 || target.floor().is_some() {
        return Ok(None);
    }
    Herd::gather(target.way(), first..first + measure.idle, AT_ONCE, true).await.map(Some)
}

/// Users in a ring, of whom each knows its neighbours and some of the absent.
pub(super) fn ring(users: usize, contacts: usize) -> Crowd {
    let there = contacts / ONE_IN / 2 * 2;
    Crowd {
        accounts: users + ABSENT,
        contacts: Box::new(move |number| {
            if number >= users {
                return Vec::new();
            }
            let neighbours = (1..=there / 2).flat_map(|n| [(number + n) % users, (number + users - n) % users]);
            let absent = (0..contacts - there).map(|n| users + (number + n) % ABSENT);
            neighbours.chain(absent).collect()
        }),
        active: 0..users,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn friendships_among_those_who_are_there_are_mutual() {
        let crowd = ring(300, 50);
        for number in 0..300 {
            let contacts: BTreeSet<_> = (crowd.contacts)(number).into_iter().collect();
            assert_eq!((contacts.len(), contacts.range(..300).count()), (50, 12));
            assert!(contacts.range(..300).all(|peer| (crowd.contacts)(*peer).contains(&number)));
        }
    }
}
