//! The initial profile: a message of header lines only.

use std::net::IpAddr;

use super::Dialect;

/// The fields that every profile begins with.
const HEAD: [(&str, Option<&str>); 3] =
    [("MIME-Version", Some("1.0")), ("Content-Type", Some("text/x-msmsgsprofile; charset=UTF-8")), ("LoginTime", None)];

/// The further fields from MSNP3 on; a server may leave some out.
pub(super) const FULL: &[&str] = &[
    "EmailEnabled",
    "MemberIdHigh",
    "MemberIdLow",
    "lang_preference",
    "preferredEmail",
    "country",
    "PostalCode",
    "Gender",
    "Kid",
    "Age",
    "BDayPre",
    "Birthday",
    "Wallet",
    "Flags",
    "sid",
    "kv",
    "MSPAuth",
];
/// Those from MSNP8 on; both must be there.
pub(super) const ADDRESS: &[&str] = &["ClientIP", "ClientPort"];
/// That from MSNP10 on, always 1; it must be there.
pub(super) const MIGRATION: &[&str] = &["ABCHMigrated"];

/// Is this a profile for a client of `dialect` that has signed in with `ticket`, if with any?
pub(super) fn check(payload: &[u8], dialect: Dialect, ticket: Option<&str>) -> Result<(), String> {
    let text = std::str::from_utf8(payload).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_suffix("\r\n\r\n").ok_or("it does not end with an empty line")?;
    let allowed = dialect.traits().profile;
    let mut seen: Vec<&str> = Vec::new();
    for (index, line) in text.split("\r\n").enumerate() {
        let (field, value) = line.split_once(": ").ok_or_else(|| format!("`{line}` is no field"))?;
        match HEAD.get(index) {
            Some((head, _)) if *head != field => return Err(format!("field {} must be {head}", index + 1)),
            Some((_, Some(head))) if *head != value => return Err(format!("{field} must be {head}")),
            Some(_) => {}
            None if seen.contains(&field) => return Err(format!("{field} comes twice")),
            None if !allowed.iter().any(|fields| fields.contains(&field)) => {
                return Err(format!("{dialect} knows no field {field}"));
            }
            None => {}
        }
        if !suits(field, value, ticket) {
            return Err(format!("{field} must not be `{value}`"));
        }
        seen.push(field);
    }
    if seen.len() < HEAD.len() {
        return Err("a field is missing".to_owned());
    }
    let needed = [ADDRESS, MIGRATION].into_iter().filter(|fields| allowed.contains(fields)).flatten();
    let mut needed = needed.copied().chain(ticket.map(|_| "MSPAuth"));
    needed.find(|field| !seen.contains(field)).map_or(Ok(()), |field| Err(format!("{field} is missing")))
}

/// Can `field` have this value?
fn suits(field: &str, value: &str, ticket: Option<&str>) -> bool {
    match field {
        "LoginTime" | "MemberIdHigh" | "MemberIdLow" | "EmailEnabled" => value.parse::<i64>().is_ok(),
        "ClientIP" => value.parse::<IpAddr>().is_ok(),
        "ClientPort" => value.parse::<u16>().is_ok(),
        "ABCHMigrated" => value == "1",
        "MSPAuth" => ticket.is_none_or(|ticket| value == secret(ticket)),
        _ => true,
    }
}

/// The `t=` part of a ticket, which the profile repeats.
fn secret(ticket: &str) -> &str {
    let inside = ticket.strip_prefix("t=").unwrap_or(ticket);
    inside.split_once('&').map_or(inside, |(secret, _)| secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 1\r\n";

    #[test]
    fn fields_belong_to_dialects() {
        let short = format!("{HEAD}\r\n");
        let full = format!("{HEAD}EmailEnabled: 0\r\nPostalCode: \r\n\r\n");
        assert_eq!(check(short.as_bytes(), Dialect::Msnp2, None), Ok(()));
        assert_eq!(check(full.as_bytes(), Dialect::Msnp3, None), Ok(()));
        assert!(check(full.as_bytes(), Dialect::Msnp2, None).is_err());
        for wrong in
            ["x", "\r\n", "ClientIP: 1\r\n\r\n", "Kid: 0\r\nKid: 0\r\n\r\n", "EmailEnabled: no\r\n\r\n", "Kid\r\n\r\n"]
        {
            assert!(
                check(format!("{HEAD}{wrong}").as_bytes(), Dialect::Msnp7, None).is_err() == (wrong != "\r\n"),
                "{wrong}"
            );
        }
        assert!(check(b"MIME-Version: 1.0\r\n\r\n", Dialect::Msnp2, None).is_err());
    }

    #[test]
    fn later_clients_are_told_where_they_come_from() {
        let check = |fields: &str, dialect: Dialect| {
            check(format!("{HEAD}{fields}\r\n").as_bytes(), dialect, Some("t=5kQ$$&p="))
        };
        let address = "MSPAuth: 5kQ$$\r\nClientIP: 198.51.100.7\r\nClientPort: 18183\r\n";
        assert_eq!(check(address, Dialect::Msnp8), Ok(()));
        assert_eq!(check(&format!("{address}ABCHMigrated: 1\r\n"), Dialect::Msnp12), Ok(()));
        for (fields, problem) in [
            (address.to_owned(), "ABCHMigrated is missing"),
            (format!("{address}ABCHMigrated: 0\r\n"), "ABCHMigrated must not be `0`"),
            (address.replace("5kQ$$", "t=5kQ$$"), "MSPAuth must not be `t=5kQ$$`"),
            (address.replace("198", "a198"), "ClientIP must not be `a198.51.100.7`"),
            (address.replace("18183", "99999"), "ClientPort must not be `99999`"),
        ] {
            assert_eq!(check(&fields, Dialect::Msnp10), Err(problem.to_owned()));
        }
        let migrated = check(&format!("{address}ABCHMigrated: 1\r\n"), Dialect::Msnp9);
        assert_eq!(migrated, Err("MSNP9 knows no field ABCHMigrated".to_owned()));
    }
}
