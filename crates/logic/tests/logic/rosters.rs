//! Whatever clients do to a roster, in whatever order, it stays one that the store can hold, and nobody
//! is lost.

use logic::ns::lists::{Deed, apply, decide};
use model::List::{self, Allow as AL, Block as BL, Forward as FL, Reverse as RL};
use model::{Change, GroupId, Lists, Roster, Serial};
use msnp::dialect::Keys;
use proptest::prelude::*;
use proptest::sample::select;

use crate::lists::{LIMITS, add, address, contact, id, name, remove, roster};

const LISTS: [List; 3] = [FL, AL, BL];

/// What is done, on which list, to whom, with which group, and by a client of which kind.
type Step = (u8, List, i64, Option<u8>, Keys);

fn step(kinds: &'static [Keys]) -> impl Strategy<Value = Step> {
    (0..9u8, select(LISTS.to_vec()), 1..6i64, proptest::option::of(0..6u8), select(kinds))
}

/// Does a step if it can be done, and checks what must hold of it.
fn take(mine: &mut Roster, (kind, list, who, number, keys): Step) -> Result<(), TestCaseError> {
    // No client is told of group 0 by an identifier, so none can name it.
    let number = number.filter(|number| keys != Keys::Guids || *number != 0);
    let group = number.filter(|_| list == FL && keys != Keys::Handles);
    let deed = match kind {
        0..=2 => add(mine, list, who, group),
        3 | 4 => remove(list, who, group),
        5 => Deed::AddGroup(name(["x", "y"][usize::from(number.is_some())])),
        6 if keys == Keys::Guids && number.is_none() => return Ok(()),
        6 => Deed::RemoveGroup(id(number.unwrap_or(0))),
        7 => Deed::RenameGroup(id(number.unwrap_or(1)), name(["x", "y"][usize::from(group.is_some())])),
        _ => {
            reverse(mine, who, number.is_some());
            return Ok(());
        }
    };
    let Ok(changes) = decide(mine, &deed, &LIMITS, keys) else { return Ok(()) };
    prop_assert!(!changes.is_empty(), "an edit is not empty");
    for change in &changes {
        if let Change::Contact { peer, was, .. } = change {
            let lists = mine.by_id(*peer).map_or(Lists::NONE, |contact| contact.lists.own());
            prop_assert_eq!(*was, lists, "an edit says what it was decided on");
        }
    }
    let before = mine.clone();
    let peer = if let Deed::Add { peer, .. } = &deed { Some(&**peer) } else { None };
    apply(mine, &changes, peer, Serial(1));
    sound(mine)?;
    if keys != Keys::Guids {
        return Ok(());
    }
    // In an address book only who is removed from it leaves it.
    let removed = |user| matches!(&deed, Deed::Remove { list: FL, email, group: None } if *email == address(user));
    for contact in before.on(FL).filter(|contact| !removed(contact.user.0)) {
        let now = mine.by_id(contact.user);
        prop_assert!(now.is_some_and(|now| now.lists.has(FL)), "{deed:?} has lost {contact:?}");
    }
    // Nobody is put into the group that its clients do not know.
    for contact in mine.on(FL).filter(|contact| contact.groups.has(GroupId::OTHER)) {
        let was = before.by_id(contact.user).is_some_and(|was| was.groups.has(GroupId::OTHER));
        prop_assert!(was, "{deed:?} has put {contact:?} into group 0");
    }
    let renamed = matches!(&deed, Deed::AddGroup(_) | Deed::RenameGroup(..));
    for group in mine.groups.iter().filter(|group| renamed && !before.groups.contains(group)) {
        let same = mine.groups.iter().filter(|other| other.name == group.name && other.id != GroupId::OTHER).count();
        prop_assert!(same == 1 || group.id == GroupId::OTHER, "{deed:?} has made a name ambiguous");
    }
    Ok(())
}

/// Someone puts the owner on their forward list, or takes them off it, and the roster is read again.
fn reverse(mine: &mut Roster, who: i64, added: bool) {
    let user = contact(who, &[], &[]).user;
    if mine.by_id(user).is_none() {
        mine.contacts.push(contact(who, &[], &[]));
    }
    for contact in mine.contacts.iter_mut().filter(|contact| contact.user == user) {
        contact.lists = if added { contact.lists.with(RL) } else { contact.lists.without(RL) };
    }
    mine.contacts.retain(|contact| !contact.lists.is_empty());
}

/// Could the store hold it?
fn sound(mine: &Roster) -> Result<(), TestCaseError> {
    for list in LISTS {
        prop_assert!(mine.on(list).count() <= LIMITS.contacts);
    }
    for contact in &mine.contacts {
        prop_assert!(!contact.lists.is_empty());
        prop_assert!(!(contact.lists.has(AL) && contact.lists.has(BL)));
        prop_assert!(contact.lists.has(FL) || contact.groups.is_empty(), "groups are FL's: {contact:?}");
        prop_assert!(contact.groups.iter().all(|id| mine.group(id).is_some()), "{contact:?}");
    }
    prop_assert!(mine.group(GroupId::OTHER).is_some() && mine.groups.len() <= LIMITS.groups);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// Whatever is done, in whatever order, a roster stays one that the store can hold.
    #[test]
    fn a_roster_stays_sound(steps in proptest::collection::vec(step(&[Keys::GroupNumbers]), 0..40)) {
        let mut mine = roster(Vec::new());
        steps.into_iter().try_for_each(|step| take(&mut mine, step))?;
    }

    /// The same with clients of all kinds, in turn.
    #[test]
    fn a_roster_stays_sound_in_the_hands_of_all_clients(
        steps in proptest::collection::vec(step(&[Keys::Handles, Keys::GroupNumbers, Keys::Guids]), 0..40),
    ) {
        let mut mine = roster(Vec::new());
        steps.into_iter().try_for_each(|step| take(&mut mine, step))?;
    }
}
