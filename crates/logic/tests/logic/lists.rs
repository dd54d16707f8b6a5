//! Which edits of a roster are allowed, and what they leave behind.

use logic::ns::lists::{Deed, Limits, apply, decide, reverse};
use model::{
    Change, Contact, Email, Group, GroupId, GroupSet, Guid, List, Lists, MessagePrivacy, Name, Property, Props,
    ReversePrompt, Roster, Serial, UserId,
};
use msnp::Code;
use proptest::prelude::*;
use proptest::sample::select;

const LIMITS: Limits = Limits { contacts: 3, groups: 4 };
const LISTS: [List; 3] = [List::Forward, List::Allow, List::Block];

fn name(text: &str) -> Name {
    Name::friendly(text).expect("a name")
}

fn address(who: i64) -> Email {
    Email::parse(&format!("u{who}@example.com")).expect("an address")
}

fn id(number: u8) -> GroupId {
    GroupId::new(number).expect("a group's number")
}

fn set(groups: &[u8]) -> GroupSet {
    groups.iter().fold(GroupSet::NONE, |set, number| set.with(id(*number)))
}

fn on(lists: &[List]) -> Lists {
    lists.iter().fold(Lists::NONE, |all, list| all.with(*list))
}

fn contact(who: i64, lists: &[List], groups: &[u8]) -> Contact {
    Contact {
        user: UserId(who),
        guid: Guid([who as u8; 16]),
        email: address(who),
        name: name(&format!("u{who}")),
        lists: on(lists),
        groups: set(groups),
        props: Props::default(),
    }
}

/// Groups 0, 1 and 2, and these contacts.
fn roster(contacts: Vec<Contact>) -> Roster {
    let group = |number| Group { id: id(number), guid: Guid([number; 16]), name: name(&format!("g{number}")) };
    Roster {
        user: UserId(0),
        email: address(0),
        name: name("me"),
        serial: Serial(7),
        lists_at: 0,
        settings_at: 0,
        prompt: ReversePrompt::Ask,
        privacy: MessagePrivacy::AllButBlocked,
        props: Props::default(),
        groups: vec![group(0), group(1), group(2)],
        contacts,
    }
}

/// `ADD` of someone, as the roster or the store knows them.
fn add(roster: &Roster, list: List, who: i64, group: Option<u8>) -> Deed {
    let peer = roster.by_id(UserId(who)).cloned().unwrap_or_else(|| contact(who, &[], &[]));
    Deed::Add { list, peer: Box::new(peer), name: name("new"), group: group.map(id) }
}

fn remove(list: List, who: i64, group: Option<u8>) -> Deed {
    Deed::Remove { list, email: address(who), group: group.map(id) }
}

/// Does the deed, and shows the lists and groups of this contact afterwards.
fn after(roster: &Roster, deed: &Deed, who: i64) -> Result<Option<(Lists, GroupSet)>, Code> {
    let mut roster = roster.clone();
    let changes = decide(&roster, deed, &LIMITS)?;
    let peer = if let Deed::Add { peer, .. } = deed { Some(&**peer) } else { None };
    apply(&mut roster, &changes, peer, Serial(8));
    assert_eq!(roster.serial, Serial(8));
    Ok(roster.by_id(UserId(who)).map(|contact| (contact.lists, contact.groups)))
}

use List::{Allow as AL, Block as BL, Forward as FL, Reverse as RL};

#[test]
fn what_cannot_be_added() {
    let full = roster(vec![
        contact(1, &[FL, AL], &[0]),
        contact(2, &[FL, BL], &[1, 2]),
        contact(3, &[FL, RL], &[]),
        contact(4, &[RL], &[]),
    ]);
    for (deed, code) in [
        (add(&full, FL, 1, None), Code::AlreadyThere),
        (add(&full, FL, 1, Some(0)), Code::AlreadyThere),
        (add(&full, FL, 2, Some(2)), Code::AlreadyThere),
        (add(&full, FL, 3, Some(0)), Code::AlreadyThere),
        (add(&full, AL, 1, None), Code::AlreadyThere),
        (add(&full, AL, 2, None), Code::OppositeList),
        (add(&full, BL, 1, None), Code::OppositeList),
        (add(&full, FL, 5, None), Code::ListFull),
        (add(&full, FL, 4, None), Code::ListFull),
        (add(&full, FL, 5, Some(3)), Code::InvalidGroup),
        (add(&full, FL, 1, Some(29)), Code::InvalidGroup),
    ] {
        assert_eq!(decide(&full, &deed, &LIMITS), Err(code), "{deed:?}");
    }
}

#[test]
fn what_adding_does() {
    let roster = roster(vec![contact(1, &[FL], &[]), contact(2, &[AL, RL], &[]), contact(3, &[FL], &[2])]);
    let lists = |lists: &[List], groups: &[u8]| Ok(Some((on(lists), set(groups))));
    assert_eq!(after(&roster, &add(&roster, FL, 9, None), 9), lists(&[FL], &[0]));
    assert_eq!(after(&roster, &add(&roster, FL, 9, Some(2)), 9), lists(&[FL], &[2]));
    assert_eq!(after(&roster, &add(&roster, FL, 2, None), 2), lists(&[FL, AL, RL], &[0]));
    assert_eq!(after(&roster, &add(&roster, FL, 3, Some(1)), 3), lists(&[FL], &[1, 2]), "a further group");
    assert_eq!(after(&roster, &add(&roster, FL, 1, Some(1)), 1), lists(&[FL], &[0, 1]), "from none, which is group 0");
    assert_eq!(after(&roster, &add(&roster, BL, 3, None), 3), lists(&[FL, BL], &[2]), "groups are FL's");
}

#[test]
fn who_is_added_comes_under_the_name_that_was_given() {
    let mut roster = roster(vec![contact(1, &[FL], &[1]), contact(2, &[RL], &[])]);
    for who in [1, 2] {
        let deed = if who == 1 { add(&roster, FL, 1, Some(2)) } else { add(&roster, AL, 2, None) };
        let changes = decide(&roster, &deed, &LIMITS).unwrap();
        apply(&mut roster, &changes, None, Serial(8));
    }
    assert_eq!(roster.by_id(UserId(1)).unwrap().name, name("u1"), "a further group changes no name");
    assert_eq!(roster.by_id(UserId(2)).unwrap().name, name("new"));
}

#[test]
fn what_cannot_be_removed() {
    let roster = roster(vec![contact(1, &[FL, AL], &[1]), contact(2, &[RL], &[]), contact(3, &[FL], &[])]);
    for (deed, code) in [
        (remove(BL, 1, None), Code::NotOnList),
        (remove(FL, 2, None), Code::NotOnList),
        (remove(FL, 9, None), Code::NotOnList),
        (remove(FL, 1, Some(3)), Code::InvalidGroup),
        (remove(FL, 9, Some(3)), Code::InvalidGroup),
        (remove(FL, 1, Some(2)), Code::NotInGroup),
        (remove(FL, 3, Some(1)), Code::NotInGroup),
    ] {
        assert_eq!(decide(&roster, &deed, &LIMITS), Err(code), "{deed:?}");
    }
}

#[test]
fn what_removing_does() {
    let roster = roster(vec![contact(1, &[FL, AL, RL], &[1, 2]), contact(2, &[FL], &[1]), contact(3, &[FL], &[])]);
    let lists = |lists: &[List], groups: &[u8]| Ok(Some((on(lists), set(groups))));
    assert_eq!(after(&roster, &remove(FL, 1, Some(1)), 1), lists(&[FL, AL, RL], &[2]), "only out of the group");
    assert_eq!(after(&roster, &remove(FL, 1, None), 1), lists(&[AL, RL], &[]), "out of all groups");
    assert_eq!(after(&roster, &remove(AL, 1, None), 1), lists(&[FL, RL], &[1, 2]), "groups stay");
    assert_eq!(after(&roster, &remove(FL, 2, Some(1)), 2), Ok(None), "out of the last group is off the list");
    assert_eq!(after(&roster, &remove(FL, 3, Some(0)), 3), Ok(None), "none is group 0");
}

#[test]
fn groups() {
    let mut mine = roster(vec![contact(1, &[FL], &[1]), contact(2, &[FL, AL], &[1, 2]), contact(3, &[FL, RL], &[1])]);
    let refused = |deed| decide(&mine, &deed, &LIMITS).unwrap_err();
    assert_eq!(refused(Deed::RemoveGroup(id(0))), Code::GroupZero);
    assert_eq!(refused(Deed::RemoveGroup(id(3))), Code::InvalidGroup);
    assert_eq!(refused(Deed::RenameGroup(id(3), name("x"))), Code::InvalidGroup);
    let changes = decide(&mine, &Deed::RemoveGroup(id(1)), &LIMITS).unwrap();
    apply(&mut mine, &changes, None, Serial(8));
    assert_eq!(mine.groups.iter().map(|group| group.id.number()).collect::<Vec<_>>(), [0, 2]);
    assert!(mine.by_id(UserId(1)).is_none(), "was in no other group");
    assert_eq!(mine.by_id(UserId(2)).unwrap().groups, set(&[2]));
    assert_eq!(mine.by_id(UserId(3)).unwrap().lists, on(&[RL]));
    // The lowest free number is the next, and after four there is none.
    for expected in [1, 3] {
        let changes = decide(&mine, &Deed::AddGroup(name("same")), &LIMITS).unwrap();
        let next = Serial(mine.serial.0 + 1);
        apply(&mut mine, &changes, None, next);
        assert!(mine.group(id(expected)).is_some());
    }
    assert_eq!(decide(&mine, &Deed::AddGroup(name("x")), &LIMITS), Err(Code::TooManyGroups));
    assert!(mine.groups.is_sorted_by_key(|group| group.id));
    let guids: std::collections::HashSet<Guid> = mine.groups.iter().map(|group| group.guid).collect();
    assert_eq!(guids.len(), mine.groups.len());
    let before = mine.group(id(0)).unwrap().guid;
    let changes = decide(&mine, &Deed::RenameGroup(id(0), name("Mates")), &LIMITS).unwrap();
    apply(&mut mine, &changes, None, Serial(20));
    let zero = mine.group(id(0)).unwrap();
    assert_eq!((zero.name.as_str(), zero.guid), ("Mates", before));
}

#[test]
fn thirty_groups_at_most_whatever_the_operator_says() {
    let mut mine = roster(Vec::new());
    let generous = Limits { contacts: 1, groups: 1000 };
    while let Ok(changes) = decide(&mine, &Deed::AddGroup(name("x")), &generous) {
        let next = Serial(mine.serial.0 + 1);
        apply(&mut mine, &changes, None, next);
    }
    assert_eq!(mine.groups.len(), 30);
}

#[test]
fn settings_and_names() {
    let mut mine = roster(vec![contact(1, &[RL], &[]), contact(2, &[BL], &[])]);
    let refused = |deed| decide(&mine, &deed, &LIMITS).unwrap_err();
    assert_eq!(refused(Deed::Prompt(ReversePrompt::Ask)), Code::AlreadyInMode);
    assert_eq!(refused(Deed::Privacy(MessagePrivacy::AllButBlocked)), Code::AlreadyInMode);
    assert_eq!(refused(Deed::RenameContact(address(9), name("x"))), Code::NotOnList);
    assert_eq!(refused(Deed::RenameContact(address(1), name("x"))), Code::NotOnList, "RL is not theirs");
    for deed in [
        Deed::Prompt(ReversePrompt::Allow),
        Deed::Privacy(MessagePrivacy::OnlyAllowed),
        Deed::RenameContact(address(2), name("two")),
        Deed::Rename(name("I")),
        Deed::Property(Property::MobilePages, "Y".into()),
    ] {
        let changes = decide(&mine, &deed, &LIMITS).unwrap();
        let next = Serial(mine.serial.0 + 1);
        apply(&mut mine, &changes, None, next);
    }
    assert_eq!((mine.prompt, mine.privacy), (ReversePrompt::Allow, MessagePrivacy::OnlyAllowed));
    assert_eq!((mine.name.as_str(), mine.by_id(UserId(2)).unwrap().name.as_str()), ("I", "two"));
    assert_eq!((mine.props.get(Property::MobilePages), mine.serial), ("Y", Serial(12)));
}

#[test]
fn reverse_lists() {
    let mut mine = roster(vec![contact(1, &[FL], &[0])]);
    let peer = |who| Contact { name: name("theirs"), ..contact(who, &[FL, AL], &[1]) };
    assert!(reverse(&mut mine, &peer(1), true, Serial(8)));
    assert!(!reverse(&mut mine, &peer(1), true, Serial(9)), "known already");
    let known = mine.by_id(UserId(1)).unwrap();
    assert_eq!((known.lists, known.groups, known.name.as_str()), (on(&[FL, RL]), set(&[0]), "u1"));
    assert!(reverse(&mut mine, &peer(2), true, Serial(10)));
    let new = mine.by_id(UserId(2)).unwrap();
    assert_eq!((new.lists, new.groups, new.name.as_str()), (on(&[RL]), GroupSet::NONE, "theirs"));
    assert!(reverse(&mut mine, &peer(2), false, Serial(11)));
    assert!(mine.by_id(UserId(2)).is_none(), "on no list any more");
    assert!(!reverse(&mut mine, &peer(2), false, Serial(12)));
    assert!(reverse(&mut mine, &peer(1), false, Serial(13)));
    assert_eq!((mine.by_id(UserId(1)).unwrap().lists, mine.serial), (on(&[FL]), Serial(13)));
}

fn deed() -> impl Strategy<Value = (u8, List, i64, Option<u8>)> {
    (0..8u8, select(LISTS.to_vec()), 1..6i64, proptest::option::of(0..6u8))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// Whatever is done, in whatever order, a roster stays one that the store can hold.
    #[test]
    fn a_roster_stays_sound(deeds in proptest::collection::vec(deed(), 0..40)) {
        let mut mine = roster(Vec::new());
        for (kind, list, who, number) in deeds {
            let group = if list == FL { number } else { None };
            let deed = match kind {
                0..=2 => add(&mine, list, who, group),
                3 | 4 => remove(list, who, group),
                5 => Deed::AddGroup(name("x")),
                6 => Deed::RemoveGroup(id(number.unwrap_or(0))),
                _ => {
                    reverse(&mut mine, &contact(who, &[], &[]), number.is_some(), Serial(1));
                    continue;
                }
            };
            let Ok(changes) = decide(&mine, &deed, &LIMITS) else { continue };
            prop_assert!(!changes.is_empty(), "an edit is not empty");
            for change in &changes {
                if let Change::Contact { peer, was, .. } = change {
                    let lists = mine.by_id(*peer).map_or(Lists::NONE, |contact| contact.lists.own());
                    prop_assert_eq!(*was, lists, "an edit says what it was decided on");
                }
            }
            let peer = if let Deed::Add { peer, .. } = &deed { Some(&**peer) } else { None };
            apply(&mut mine, &changes, peer, Serial(1));
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
        }
    }
}
