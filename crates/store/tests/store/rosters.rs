//! Reading rosters.

use model::{
    Change, ContactEntry, Group, GroupId, GroupSet, Guid, Lists, MessagePrivacy, Property, Props, ReversePrompt, UserId,
};

use crate::place::{AL, BL, FL, Place, RL, accounts, contact, edit, email, name, put};

crate::suite!(
    a_roster_shows_own_and_reverse_lists,
    contacts_come_in_the_order_in_which_they_were_added,
    groups_and_names_are_kept,
    properties_are_shown_to_those_on_al,
    settings_are_kept,
    a_peer_is_as_a_contact,
    awkward_texts_survive,
);

async fn a_roster_shows_own_and_reverse_lists(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat, dan, eve] = accounts(&store, ["amy", "bob", "cat", "dan", "eve"]).await;
    edit(&store, amy, vec![put(bob, 0, FL | AL)]).await.unwrap();
    edit(&store, amy, vec![put(cat, 0, BL)]).await.unwrap();
    edit(&store, bob, vec![put(amy, 0, FL)]).await.unwrap();
    edit(&store, dan, vec![put(amy, 0, FL | BL)]).await.unwrap();
    edit(&store, eve, vec![put(amy, 0, AL)]).await.unwrap();
    let roster = store.roster(amy).await.unwrap().unwrap();
    let seen: Vec<_> = roster.contacts.iter().map(|c| (c.user, c.lists.0, c.name.as_str(), &c.email)).collect();
    let [bobs, cats, dans] = ["bob", "cat", "dan"].map(email);
    assert_eq!(seen, [(bob, FL | AL | RL, "peer", &bobs), (cat, BL, "peer", &cats), (dan, RL, "dan", &dans)]);
    let guid = store.account(&email("dan")).await.unwrap().unwrap().guid;
    assert_eq!(contact(&store, amy, dan).await.unwrap().guid, guid);
    assert_eq!(contact(&store, eve, amy).await.unwrap().lists.0, AL);
    assert_eq!(store.roster(UserId(999_999)).await.unwrap(), None);
}

async fn contacts_come_in_the_order_in_which_they_were_added(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat, dan, eve] = accounts(&store, ["amy", "bob", "cat", "dan", "eve"]).await;
    edit(&store, amy, vec![put(eve, 0, FL), put(cat, 0, FL)]).await.unwrap();
    edit(&store, dan, vec![put(amy, 0, FL)]).await.unwrap();
    edit(&store, amy, vec![put(bob, 0, FL)]).await.unwrap();
    edit(&store, amy, vec![put(eve, FL, FL | AL)]).await.unwrap();
    let roster = store.roster(amy).await.unwrap().unwrap();
    assert_eq!(roster.contacts.iter().map(|c| c.user).collect::<Vec<_>>(), [eve, cat, dan, bob]);
}

async fn groups_and_names_are_kept(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let [friends, work] = [3, 29].map(|number| GroupId::new(number).unwrap());
    let group = |id, called| Group { id, guid: Guid([id.number(); 16]), name: name(called) };
    let member = GroupSet::NONE.with(friends).with(work);
    let entry = ContactEntry { lists: Lists(FL), groups: member, name: name("Bobby") };
    let enter = Change::Contact { peer: bob, was: Lists::NONE, now: Some(entry) };
    edit(&store, amy, vec![Change::PutGroup(group(work, "Work")), Change::PutGroup(group(friends, "Friends")), enter])
        .await
        .unwrap();
    edit(&store, amy, vec![Change::PutGroup(group(friends, "Old friends"))]).await.unwrap();
    let roster = store.roster(amy).await.unwrap().unwrap();
    assert_eq!(roster.groups[1..], [group(friends, "Old friends"), group(work, "Work")]);
    assert_eq!((roster.contacts[0].groups, roster.contacts[0].name.as_str()), (member, "Bobby"));

    // Members that the edit itself does not move leave the group with it.
    edit(&store, amy, vec![Change::DropGroup(work), Change::DropGroup(GroupId::OTHER)]).await.unwrap();
    let roster = store.roster(amy).await.unwrap().unwrap();
    assert_eq!(roster.groups.iter().map(|group| group.id).collect::<Vec<_>>(), [GroupId::OTHER, friends]);
    assert_eq!(roster.contacts[0].groups, GroupSet::NONE.with(friends));
    let moved = ContactEntry { lists: Lists(FL), groups: GroupSet::NONE, name: name("Bobby") };
    let leave = Change::Contact { peer: bob, was: Lists(FL), now: Some(moved) };
    edit(&store, amy, vec![leave, Change::DropGroup(friends)]).await.unwrap();
    assert!(contact(&store, amy, bob).await.unwrap().groups.is_empty());
}

async fn properties_are_shown_to_those_on_al(place: &Place) {
    let store = place.open().await;
    let [amy, bob, cat, dan] = accounts(&store, ["amy", "bob", "cat", "dan"]).await;
    let set = |property, value: &str| Change::Property(property, value.to_owned());
    let props = vec![
        set(Property::HomePhone, "+1 (555) 0100"),
        set(Property::MobilePhone, "\u{1f}5\u{1e}55"),
        set(Property::MobilePages, "Y"),
        set(Property::MobileEnabled, "Y"),
    ];
    edit(&store, amy, props).await.unwrap();
    edit(&store, amy, vec![put(bob, 0, AL), put(cat, 0, FL), put(dan, 0, AL)]).await.unwrap();
    edit(&store, bob, vec![put(amy, 0, FL)]).await.unwrap();
    edit(&store, cat, vec![put(amy, 0, FL | AL)]).await.unwrap();
    let own = store.roster(amy).await.unwrap().unwrap().props;
    let all =
        Props { home: "+1 (555) 0100".into(), mobile: "555".into(), pages: true, enabled: true, ..Props::default() };
    assert_eq!(own, all);
    let shown = Props { enabled: false, ..all };
    assert_eq!(contact(&store, bob, amy).await.unwrap().props, shown);
    assert_eq!(contact(&store, cat, amy).await.unwrap().props, Props::default(), "cat is not on amy's AL");
    assert_eq!(store.peer(&email("amy"), bob).await.unwrap().unwrap().props, shown);
    assert_eq!(store.peer(&email("amy"), cat).await.unwrap().unwrap().props, Props::default());
    assert_eq!(store.peer(&email("amy"), dan).await.unwrap().unwrap().props, shown);
    // Someone who is only on RL is shown as well.
    edit(&store, amy, vec![put(dan, AL, 0)]).await.unwrap();
    edit(&store, bob, vec![put(amy, FL, 0)]).await.unwrap();
    edit(&store, bob, vec![put(dan, 0, AL), Change::Property(Property::WorkPhone, "7".into())]).await.unwrap();
    edit(&store, dan, vec![put(bob, 0, FL)]).await.unwrap();
    edit(&store, bob, vec![put(cat, 0, FL | AL)]).await.unwrap();
    let seen = contact(&store, cat, bob).await.unwrap();
    assert_eq!((seen.lists.0, seen.props.work.as_str()), (RL, "7"));
}

async fn settings_are_kept(place: &Place) {
    let store = place.open().await;
    let [amy] = accounts(&store, ["amy"]).await;
    let before = store.roster(amy).await.unwrap().unwrap();
    assert_eq!((before.prompt, before.privacy), (ReversePrompt::Ask, MessagePrivacy::AllButBlocked));
    let changes = vec![
        Change::Name(name("Ämy")),
        Change::Prompt(ReversePrompt::Allow),
        Change::Privacy(MessagePrivacy::OnlyAllowed),
    ];
    let serial = edit(&store, amy, changes).await.unwrap().serial;
    let after = store.roster(amy).await.unwrap().unwrap();
    assert_eq!((after.prompt, after.privacy), (ReversePrompt::Allow, MessagePrivacy::OnlyAllowed));
    assert_eq!((after.name.as_str(), after.serial, serial.0), ("Ämy", serial, 2));
    let (before, after) = (before.stamps.unwrap(), after.stamps.unwrap());
    assert!(after.settings > before.settings);
    assert_eq!(after.lists, before.lists);
    assert_eq!(store.account(&email("amy")).await.unwrap().unwrap().name, name("Ämy"));
}

async fn a_peer_is_as_a_contact(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    let stranger = store.peer(&email("bob"), amy).await.unwrap().unwrap();
    assert_eq!((stranger.user, stranger.lists, stranger.name), (bob, Lists::NONE, name("bob")));
    edit(&store, amy, vec![put(bob, 0, FL | BL)]).await.unwrap();
    edit(&store, bob, vec![put(amy, 0, FL)]).await.unwrap();
    let known = store.peer(&email("bob"), amy).await.unwrap().unwrap();
    assert_eq!((known.lists.0, known.name), (FL | BL | RL, name("bob")));
    assert_eq!(store.peer(&email("nobody"), amy).await.unwrap(), None);
}

async fn awkward_texts_survive(place: &Place) {
    let store = place.open().await;
    let [amy, bob] = accounts(&store, ["amy", "bob"]).await;
    for text in ["'; DROP TABLE account; --", "|| \\ \" % _ $1 ?", "𝔘\u{202e}\u{2028}\u{feff}é", " "] {
        edit(&store, bob, vec![Change::Name(name(text))]).await.unwrap();
        edit(&store, bob, vec![put(amy, 0, FL)]).await.unwrap();
        assert_eq!(contact(&store, amy, bob).await.unwrap().name.as_str(), text);
        edit(&store, bob, vec![put(amy, FL, 0)]).await.unwrap();
        assert_eq!(contact(&store, amy, bob).await, None);
    }
}
