//! Which edits of a roster are allowed, and what they leave behind.

use logic::ns::lists::{Deed, Limits, apply, decide};
use model::{
    Contact, Email, Group, GroupId, GroupSet, Guid, List, Lists, MessagePrivacy, Name, Property, Props, ReversePrompt,
    Roster, Serial, Stamps, UserId,
};
use msnp::Code;
use msnp::dialect::Keys;

pub(crate) const LIMITS: Limits = Limits { contacts: 3, groups: 4 };

pub(crate) fn name(text: &str) -> Name {
    Name::friendly(text).expect("a name")
}

pub(crate) fn address(who: i64) -> Email {
    Email::parse(&format!("u{who}@example.com")).expect("an address")
}

pub(crate) fn id(number: u8) -> GroupId {
    GroupId::new(number).expect("a group's number")
}

fn set(groups: &[u8]) -> GroupSet {
    groups.iter().fold(GroupSet::NONE, |set, number| set.with(id(*number)))
}

fn on(lists: &[List]) -> Lists {
    lists.iter().fold(Lists::NONE, |all, list| all.with(*list))
}

pub(crate) fn contact(who: i64, lists: &[List], groups: &[u8]) -> Contact {
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
pub(crate) fn roster(contacts: Vec<Contact>) -> Roster {
    let group = |number| Group { id: id(number), guid: Guid([number; 16]), name: name(&format!("g{number}")) };
    Roster {
        user: UserId(0),
        email: address(0),
        name: name("me"),
        serial: Serial(7),
        stamps: Some(Stamps::default()),
        prompt: ReversePrompt::Ask,
        privacy: MessagePrivacy::AllButBlocked,
        props: Props::default(),
        groups: vec![group(0), group(1), group(2)],
        contacts,
    }
}

/// `ADD` of someone, as the roster or the store knows them.
pub(crate) fn add(roster: &Roster, list: List, who: i64, group: Option<u8>) -> Deed {
    let peer = roster.by_id(UserId(who)).cloned().unwrap_or_else(|| contact(who, &[], &[]));
    Deed::Add { list, peer: Box::new(peer), name: name("new"), group: group.map(id) }
}

pub(crate) fn remove(list: List, who: i64, group: Option<u8>) -> Deed {
    Deed::Remove { list, email: address(who), group: group.map(id) }
}

/// Does the deed, and shows the lists and groups of this contact afterwards.
fn after(roster: &Roster, deed: &Deed, who: i64) -> Result<Option<(Lists, GroupSet)>, Code> {
    after_by(Keys::GroupNumbers, roster, deed, who)
}

/// The same by a client that names groups in this way.
fn after_by(keys: Keys, roster: &Roster, deed: &Deed, who: i64) -> Result<Option<(Lists, GroupSet)>, Code> {
    let mut roster = roster.clone();
    let changes = decide(&roster, deed, &LIMITS, keys)?;
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
        assert_eq!(decide(&full, &deed, &LIMITS, Keys::GroupNumbers), Err(code), "{deed:?}");
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
        let changes = decide(&roster, &deed, &LIMITS, Keys::GroupNumbers).unwrap();
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
        assert_eq!(decide(&roster, &deed, &LIMITS, Keys::GroupNumbers), Err(code), "{deed:?}");
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
    let refused = |deed| decide(&mine, &deed, &LIMITS, Keys::GroupNumbers).unwrap_err();
    assert_eq!(refused(Deed::RemoveGroup(id(0))), Code::GroupZero);
    assert_eq!(refused(Deed::RemoveGroup(id(3))), Code::InvalidGroup);
    assert_eq!(refused(Deed::RenameGroup(id(3), name("x"))), Code::InvalidGroup);
    let changes = decide(&mine, &Deed::RemoveGroup(id(1)), &LIMITS, Keys::GroupNumbers).unwrap();
    apply(&mut mine, &changes, None, Serial(8));
    assert_eq!(mine.groups.iter().map(|group| group.id.number()).collect::<Vec<_>>(), [0, 2]);
    assert!(mine.by_id(UserId(1)).is_none(), "was in no other group");
    assert_eq!(mine.by_id(UserId(2)).unwrap().groups, set(&[2]));
    assert_eq!(mine.by_id(UserId(3)).unwrap().lists, on(&[RL]));
    // The lowest free number is the next, and after four there is none.
    for expected in [1, 3] {
        let changes = decide(&mine, &Deed::AddGroup(name("same")), &LIMITS, Keys::GroupNumbers).unwrap();
        let next = Serial(mine.serial.0 + 1);
        apply(&mut mine, &changes, None, next);
        assert!(mine.group(id(expected)).is_some());
    }
    assert_eq!(decide(&mine, &Deed::AddGroup(name("x")), &LIMITS, Keys::GroupNumbers), Err(Code::TooManyGroups));
    assert!(mine.groups.is_sorted_by_key(|group| group.id));
    let guids: std::collections::HashSet<Guid> = mine.groups.iter().map(|group| group.guid).collect();
    assert_eq!(guids.len(), mine.groups.len());
    let before = mine.group(id(0)).unwrap().guid;
    let changes = decide(&mine, &Deed::RenameGroup(id(0), name("Mates")), &LIMITS, Keys::GroupNumbers).unwrap();
    apply(&mut mine, &changes, None, Serial(20));
    let zero = mine.group(id(0)).unwrap();
    assert_eq!((zero.name.as_str(), zero.guid), ("Mates", before));
}

/// To clients of MSNP10 and newer, lists are an address book: contacts may be in no group, and stay
/// when they leave the last. (protocol page, 11 and 12.2)
#[test]
fn contacts_of_an_address_book() {
    let mine = roster(vec![
        contact(1, &[FL], &[0]),
        contact(2, &[FL], &[1]),
        contact(3, &[FL, AL], &[0, 2]),
        contact(4, &[RL], &[]),
    ]);
    let lists = |lists: &[List], groups: &[u8]| Ok(Some((on(lists), set(groups))));
    let by_guid = |deed: &Deed, who| after_by(Keys::Guids, &mine, deed, who);
    assert_eq!(by_guid(&add(&mine, FL, 1, Some(1)), 1), lists(&[FL], &[1]), "group 0 is no group of theirs");
    assert_eq!(by_guid(&add(&mine, FL, 2, Some(2)), 2), lists(&[FL], &[1, 2]));
    assert_eq!(by_guid(&add(&mine, FL, 2, Some(1)), 2), Err(Code::AlreadyThere));
    assert_eq!(by_guid(&add(&mine, FL, 1, None), 1), Err(Code::AlreadyThere));
    assert_eq!(by_guid(&remove(FL, 2, Some(1)), 2), lists(&[FL], &[]), "they stay, in no group");
    assert_eq!(by_guid(&remove(FL, 3, Some(2)), 3), lists(&[FL, AL], &[]));
    assert_eq!(by_guid(&remove(FL, 1, Some(1)), 1), Err(Code::NotInGroup));
    assert_eq!(by_guid(&remove(FL, 2, None), 2), Ok(None));
    let some = roster(vec![contact(4, &[RL], &[])]);
    assert_eq!(after_by(Keys::Guids, &some, &add(&some, FL, 4, None), 4), lists(&[FL, RL], &[]), "in no group");
    assert_eq!(after_by(Keys::Guids, &some, &add(&some, FL, 9, Some(2)), 9), lists(&[FL], &[2]));
}

#[test]
fn groups_of_an_address_book() {
    let mut mine = roster(vec![contact(1, &[FL], &[1]), contact(2, &[FL, AL], &[0, 1, 2]), contact(3, &[AL], &[])]);
    let by_guid = |deed| decide(&mine, &deed, &LIMITS, Keys::Guids);
    assert_eq!(by_guid(Deed::AddGroup(name("g1"))), Err(Code::GroupNameTaken));
    assert_eq!(by_guid(Deed::RenameGroup(id(1), name("g2"))), Err(Code::GroupNameTaken));
    assert!(by_guid(Deed::RenameGroup(id(1), name("g1"))).is_ok(), "its own name is not taken");
    assert!(by_guid(Deed::AddGroup(name("g0"))).is_ok(), "they do not know of group 0");
    for deed in [Deed::AddGroup(name("g1")), Deed::RenameGroup(id(1), name("g2"))] {
        assert!(decide(&mine, &deed, &LIMITS, Keys::GroupNumbers).is_ok(), "names were no keys before");
    }
    let changes = by_guid(Deed::RemoveGroup(id(1))).unwrap();
    apply(&mut mine, &changes, None, Serial(8));
    let groups = |who| mine.by_id(UserId(who)).map(|contact| (contact.lists, contact.groups));
    assert_eq!(groups(1), Some((on(&[FL]), set(&[]))), "nobody goes with a group");
    assert_eq!(groups(2), Some((on(&[FL, AL]), set(&[0, 2]))));
    assert_eq!(groups(3), Some((on(&[AL]), set(&[]))));
    assert_eq!(mine.groups.len(), 2);
}

/// A client of MSNP7 takes one group for the other, and one of MSNP11 follows: who is in no group is in
/// group 0, and back.
#[test]
fn one_roster_for_both_kinds_of_clients() {
    let (old, new) = (Keys::GroupNumbers, Keys::Guids);
    let mut mine = roster(Vec::new());
    let serial = |mine: &Roster| Serial(mine.serial.0 + 1);
    let mut act = |keys, deed: Deed| {
        let peer = if let Deed::Add { peer, .. } = &deed { Some((**peer).clone()) } else { None };
        let changes = decide(&mine, &deed, &LIMITS, keys)?;
        let next = serial(&mine);
        apply(&mut mine, &changes, peer.as_ref(), next);
        Ok(mine.by_id(UserId(1)).map(|contact| contact.groups))
    };
    let in_group = |group| Deed::Add { list: FL, peer: Box::new(contact(1, &[FL], &[])), name: name("u1"), group };
    let first = Deed::Add { list: FL, peer: Box::new(contact(1, &[], &[])), name: name("u1"), group: None };
    assert_eq!(act(new, first), Ok(Some(set(&[]))));
    assert_eq!(act(old, in_group(Some(id(0)))), Err(Code::AlreadyThere), "in no group is in group 0");
    assert_eq!(act(old, in_group(Some(id(1)))), Ok(Some(set(&[0, 1]))));
    assert_eq!(act(old, remove(FL, 1, Some(0))), Ok(Some(set(&[1]))));
    assert_eq!(act(new, remove(FL, 1, Some(1))), Ok(Some(set(&[]))));
    assert_eq!(act(old, remove(FL, 1, Some(0))), Ok(None), "out of the last group is off the list");
}

#[test]
fn thirty_groups_at_most_whatever_the_operator_says() {
    let mut mine = roster(Vec::new());
    let generous = Limits { contacts: 1, groups: 1000 };
    while let Ok(changes) = decide(&mine, &Deed::AddGroup(name("x")), &generous, Keys::GroupNumbers) {
        let next = Serial(mine.serial.0 + 1);
        apply(&mut mine, &changes, None, next);
    }
    assert_eq!(mine.groups.len(), 30);
}

#[test]
fn settings_and_names() {
    let mut mine = roster(vec![contact(1, &[RL], &[]), contact(2, &[BL], &[])]);
    let refused = |deed| decide(&mine, &deed, &LIMITS, Keys::GroupNumbers).unwrap_err();
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
        let changes = decide(&mine, &deed, &LIMITS, Keys::GroupNumbers).unwrap();
        let next = Serial(mine.serial.0 + 1);
        apply(&mut mine, &changes, None, next);
    }
    assert_eq!((mine.prompt, mine.privacy), (ReversePrompt::Allow, MessagePrivacy::OnlyAllowed));
    assert_eq!((mine.name.as_str(), mine.by_id(UserId(2)).unwrap().name.as_str()), ("I", "two"));
    assert_eq!((mine.props.get(Property::MobilePages), mine.serial), ("Y", Serial(12)));
}
