//! A daemon is emptied: its users go elsewhere, its rooms are finished, and it ends.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::daemon::{Daemon, PASSWORD, prepare};
use crate::programs;

/// How long a daemon may take to end once nothing is left.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two notification servers and two switchboards, with accounts.
struct Cluster {
    directory: tempfile::TempDir,
    ns: [(SocketAddr, Daemon); 2],
    sb: [(SocketAddr, Daemon); 2],
}

fn person(number: usize) -> String {
    format!("person{number}@example.com")
}

impl Cluster {
    fn start(people: usize) -> Self {
        programs::build();
        let directory = tempfile::tempdir().unwrap();
        let people: Vec<String> = (0..people).map(person).collect();
        prepare(directory.path(), &people);
        let at: Vec<SocketAddr> = programs::ports(5).into_iter().map(|port| ([127, 0, 0, 1], port).into()).collect();
        let file = |name: &str, section: &str, address: SocketAddr| {
            let config = format!(
                "bus.url = \"hub:tcp://{}\"\nns.drain_time = \"2s\"\nlimits.commands_at_once = 0\n{section}.listen = \"{address}\"\n",
                at[0]
            );
            fs::write(directory.path().join(name), config).unwrap();
        };
        let daemon = |name: &str, section: &str, address: SocketAddr| {
            file(name, section, address);
            (address, Daemon::start_program(directory.path(), &format!("msnp-{section}"), name))
        };
        let ns = [daemon("ns1.toml", "ns", at[1]), daemon("ns2.toml", "ns", at[2])];
        let sb = [daemon("sb1.toml", "sb", at[3]), daemon("sb2.toml", "sb", at[4])];
        Self { directory, ns, sb }
    }

    /// Signs someone in at the server that is their home; which of the two that is.
    fn sign_in(&self, handle: &str) -> (usize, Client) {
        let client = |at: usize| Client::sign_in(self.ns[at].0, handle, PASSWORD);
        client(0).map(|client| (0, client)).or_else(|_| client(1).map(|client| (1, client))).unwrap()
    }

    fn nodes(&self) -> Vec<serde_json::Value> {
        let mut command = Command::new(programs::program("msnpctl"));
        command.args(["--config", "ns1.toml", "--json", "node", "list"]).current_dir(self.directory.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn drain(&self, address: SocketAddr) {
        let nodes = self.nodes();
        let node = nodes.iter().find(|node| node["address"] == address.to_string()).unwrap();
        let mut command = Command::new(programs::program("msnpctl"));
        command.args(["--config", "ns1.toml", "node", "drain", node["id"].as_str().unwrap()]);
        let output = command.current_dir(self.directory.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn users_of_a_notification_server_are_sent_to_the_other() {
    let mut cluster = Cluster::start(12);
    assert_eq!(cluster.nodes().len(), 4);
    let mut clients: Vec<(usize, String, Client)> = (0..12)
        .map(|number| {
            let (home, client) = cluster.sign_in(&person(number));
            (home, person(number), client)
        })
        .collect();
    let [old, new] = [cluster.ns[0].0, cluster.ns[1].0];
    assert!(clients.iter().any(|(home, ..)| *home == 0) && clients.iter().any(|(home, ..)| *home == 1));
    cluster.drain(old);
    for (home, handle, client) in &mut clients {
        if *home == 1 {
            continue;
        }
        assert_eq!(client.line().unwrap(), format!("XFR 0 NS {new} 0 {old}"), "{handle}");
        // It goes there, and finds its edits taken.
        *client = Client::sign_in(new, handle, PASSWORD).unwrap();
        client.send("GTC {} N").unwrap();
        assert!(client.line().unwrap().starts_with("GTC "), "{handle}");
    }
    assert!(cluster.ns[0].1.ends_within(PATIENCE), "the server has nobody left");
    assert!(cluster.nodes().iter().all(|node| node["address"] != old.to_string()));
    for (_, handle, client) in &mut clients {
        client.send("PNG").unwrap();
        assert_eq!(client.line().unwrap(), "QNG", "{handle}");
    }
}

#[test]
fn rooms_of_a_switchboard_are_finished() {
    let mut cluster = Cluster::start(1);
    let (_, mut client) = cluster.sign_in(&person(0));
    client.send("CHG {} NLN").unwrap();
    client.line().unwrap();
    let room = |client: &mut Client| {
        client.send("XFR {} SB").unwrap();
        let line = client.line().unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        (words[3].parse::<SocketAddr>().unwrap(), words[5].to_owned())
    };
    let (at, cookie) = room(&mut client);
    let mut inside = Client::enter(at, &person(0), &cookie).unwrap();
    cluster.drain(at);
    let which = usize::from(cluster.sb[1].0 == at);
    // It takes no new rooms, and finishes those that it has.
    let other = cluster.sb[1 - which].0;
    let began = Instant::now();
    while room(&mut client).0 != other || room(&mut client).0 != other {
        assert!(began.elapsed() < PATIENCE, "rooms are still opened there");
        std::thread::sleep(Duration::from_millis(600));
    }
    std::thread::sleep(Duration::from_secs(4));
    assert!(cluster.sb[which].1.is_running(), "a room is open");
    let trid = inside.send("MSG {} A 5\r\nhello").unwrap();
    assert_eq!(inside.line().unwrap(), format!("NAK {trid}"), "nobody else is there, but it is served");
    inside.send("OUT").unwrap();
    assert!(cluster.sb[which].1.ends_within(PATIENCE));
}
