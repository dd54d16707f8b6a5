//! Someone who uses the client, and what they heard.

use msnp11_sdk::{Client, Event, MsnpStatus, SdkError, Switchboard};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::scene::{PATIENCE, done, outcome};
use crate::server::{Door, PASSWORD};

pub(crate) const AMY: &str = "amy@example.com";
pub(crate) const BOB: &str = "bob@example.com";

/// Commands of `msnpctl` after which the two have each other on the forward list and the allow list.
pub(crate) const FRIENDS: [&str; 4] = [
    "contact add amy@example.com bob@example.com --list FL",
    "contact add amy@example.com bob@example.com --list AL",
    "contact add bob@example.com amy@example.com --list FL",
    "contact add bob@example.com amy@example.com --list AL",
];

/// What a connection of the client told, in order. [`Heard::until`] takes from it.
pub(crate) struct Heard {
    who: &'static str,
    events: UnboundedReceiver<Event>,
}

impl Heard {
    fn by_client(who: &'static str, client: &Client) -> Self {
        let (tell, events) = unbounded_channel();
        client.add_event_handler_closure(move |event| {
            // Nobody listens any more when a test is over.
            let _ = tell.send(event);
            std::future::ready(())
        });
        Self { who, events }
    }

    /// What is told of a conversation.
    pub(crate) fn in_room(who: &'static str, room: &Switchboard) -> Self {
        let (tell, events) = unbounded_channel();
        room.add_event_handler_closure(move |event| {
            let _ = tell.send(event);
            std::future::ready(())
        });
        Self { who, events }
    }

    /// Waits for an event that `pick` takes something from. Those before it are left behind.
    pub(crate) async fn until<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let mut others = Vec::new();
        let search = async {
            while let Some(event) = self.events.recv().await {
                if let Some(found) = pick(&event) {
                    return Some(found);
                }
                others.push(event);
            }
            None
        };
        let found = timeout(PATIENCE, search).await;
        found.ok().flatten().unwrap_or_else(|| panic!("{}: {what} did not come, but {others:?}", self.who))
    }

    /// Waits until someone is seen with a state, whether they are found there or come.
    pub(crate) async fn sees(&mut self, whom: &str, wanted: MsnpStatus) {
        let what = format!("{whom} {wanted:?}");
        self.until(&what, |event| match event {
            Event::InitialPresenceUpdate { email, presence, .. } | Event::PresenceUpdate { email, presence, .. } => {
                (email == whom && presence.status == wanted).then_some(())
            }
            _ => None,
        })
        .await;
    }

    /// Waits until someone is seen to go.
    pub(crate) async fn misses(&mut self, whom: &str) {
        let what = format!("{whom} going offline");
        self.until(&what, |event| match event {
            Event::ContactOffline { email } => (email == whom).then_some(()),
            _ => None,
        })
        .await;
    }

    /// All that is left, once the connection is closed.
    async fn rest(mut self) -> Vec<Event> {
        let mut rest = Vec::new();
        while let Some(event) = timeout(PATIENCE, self.events.recv()).await.expect("the client closes its events") {
            rest.push(event);
        }
        rest
    }
}

/// Someone who is signed in.
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) heard: Heard,
}

impl Person {
    /// Goes to the dispatch server and from there to the notification server.
    pub(crate) async fn try_sign_in(door: &Door, who: &'static str, password: &str) -> Result<Self, SdkError> {
        let (mut host, mut port) = (door.dispatch.ip().to_string(), door.dispatch.port());
        // A notification server that is not the user's home refers once more.
        for _ in 0..3 {
            let client = done("a connection", Client::new(&host, port)).await;
            let heard = Heard::by_client(who, &client);
            let login = client.login(who.to_owned(), password, &door.nexus, "MSNMSGR", "7.0.0777");
            match outcome("the sign-in", login).await? {
                Event::RedirectedTo { server, port: other } => (host, port) = (server, other),
                Event::Authenticated => {
                    assert_ne!(port, door.dispatch.port(), "the dispatch server refers");
                    return Ok(Self { client, heard });
                }
                other => panic!("{who}: the sign-in came to {other:?}"),
            }
        }
        panic!("{who} was referred from server to server");
    }

    /// Signs in; not visible yet.
    pub(crate) async fn sign_in(door: &Door, who: &'static str) -> Self {
        let signed_in = Self::try_sign_in(door, who, PASSWORD).await;
        signed_in.unwrap_or_else(|error| panic!("{who} could not sign in: {error:?}"))
    }

    /// Signs in and is there for all to see.
    pub(crate) async fn online(door: &Door, who: &'static str) -> Self {
        let person = Self::sign_in(door, who).await;
        person.becomes(MsnpStatus::Online).await;
        person
    }

    /// Tells a state.
    pub(crate) async fn becomes(&self, status: MsnpStatus) {
        done("a change of state", self.client.set_presence(status)).await;
    }

    /// Signs out, and tells all that was heard and not waited for.
    pub(crate) async fn leaves(self) -> Vec<Event> {
        done("the sign-out", self.client.disconnect()).await;
        self.heard.rest().await
    }
}

/// Amy and Bob, who see each other online.
pub(crate) async fn pair(door: &Door) -> (Person, Person) {
    let mut amy = Person::online(door, AMY).await;
    let mut bob = Person::online(door, BOB).await;
    bob.heard.sees(AMY, MsnpStatus::Online).await;
    amy.heard.sees(BOB, MsnpStatus::Online).await;
    (amy, bob)
}
