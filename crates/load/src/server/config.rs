//! The configuration of a suite under load: its own defaults, with those limits out of reach that
//! hold back one client, since each client here does the work of many.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// Where everything is.
pub(super) struct Places<'a> {
    pub(super) store: &'a str,
    pub(super) directory: &'a Path,
    pub(super) bus: &'a str,
    pub(super) ds: SocketAddr,
    pub(super) ns: SocketAddr,
    pub(super) sb: SocketAddr,
    pub(super) web: SocketAddr,
}

/// Limits that are raised, not switched off: their cost is to be measured too.
const LIMITS: &str = "\
ns.rooms_per_minute = 60000000
ns.changes_per_minute = 60000000
sb.calls_per_minute = 60000000
limits.commands_at_once = 1000000
limits.commands_per_second = 1000000
limits.messages_at_once = 1000000
limits.messages_per_second = 1000000
log.level = \"warn\"
";

/// The text of a file with `extra` keys, which go before these.
pub(super) fn text(places: &Places<'_>, extra: &[(String, String)]) -> String {
    let mut text = String::new();
    let file = |name: &str| format!("{:?}", places.directory.join(name).display().to_string());
    let mut keys = vec![
        ("store.url", format!("{:?}", places.store)),
        ("store.key_file", file("data/master.key")),
        ("bus.url", format!("{:?}", places.bus)),
        ("bus.secret_file", file("data/bus.secret")),
        ("ds.listen", format!("\"{}\"", places.ds)),
        ("ns.listen", format!("\"{}\"", places.ns)),
        ("sb.listen", format!("\"{}\"", places.sb)),
        ("web.listen", format!("\"{}\"", places.web)),
    ];
    let limits = LIMITS.lines().filter_map(|line| line.split_once(" = "));
    keys.extend(limits.map(|(key, value)| (key, value.to_owned())));
    let kept = keys.iter().filter(|(key, _)| !extra.iter().any(|(set, _)| set == key));
    let all = kept.map(|(key, value)| (*key, value)).chain(extra.iter().map(|(key, value)| (key.as_str(), value)));
    for (key, value) in all {
        writeln!(text, "{key} = {value}").expect("writing to a string cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_set_goes_before_ours() {
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let places =
            Places { store: "sqlite:x", directory: Path::new("/d"), bus: "local:", ds: at, ns: at, sb: at, web: at };
        let text = text(&places, &[("log.level".to_owned(), "\"info\"".to_owned())]);
        assert_eq!(text.matches("log.level").count(), 1);
        assert!(text.contains("log.level = \"info\"\n") && text.contains("store.key_file = \"/d/data/master.key\"\n"));
    }
}
