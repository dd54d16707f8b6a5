//! The initial profile: a message of header lines only.

use super::Dialect;

/// The fields that every profile begins with.
const HEAD: [(&str, Option<&str>); 3] =
    [("MIME-Version", Some("1.0")), ("Content-Type", Some("text/x-msmsgsprofile; charset=UTF-8")), ("LoginTime", None)];

/// The further fields of MSNP3 to MSNP7; a server may leave some out.
const FULL: [&str; 17] = [
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

/// Is this a profile for a client of `dialect`?
pub(super) fn check(payload: &[u8], dialect: Dialect) -> Result<(), String> {
    let text = std::str::from_utf8(payload).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_suffix("\r\n\r\n").ok_or("it does not end with an empty line")?;
    let mut seen: Vec<&str> = Vec::new();
    for (index, line) in text.split("\r\n").enumerate() {
        let (field, value) = line.split_once(": ").ok_or_else(|| format!("`{line}` is no field"))?;
        match HEAD.get(index) {
            Some((head, _)) if *head != field => return Err(format!("field {} must be {head}", index + 1)),
            Some((_, Some(head))) if *head != value => return Err(format!("{field} must be {head}")),
            Some(_) => {}
            None if seen.contains(&field) => return Err(format!("{field} comes twice")),
            None if !dialect.has_full_profile() || !FULL.contains(&field) => {
                return Err(format!("{dialect} knows no field {field}"));
            }
            None => {}
        }
        if ["LoginTime", "MemberIdHigh", "MemberIdLow", "EmailEnabled"].contains(&field)
            && value.parse::<i64>().is_err()
        {
            return Err(format!("{field} must be a number"));
        }
        seen.push(field);
    }
    if seen.len() < HEAD.len() { Err("a field is missing".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 1\r\n";

    #[test]
    fn fields_belong_to_dialects() {
        let short = format!("{HEAD}\r\n");
        let full = format!("{HEAD}EmailEnabled: 0\r\nPostalCode: \r\n\r\n");
        assert_eq!(check(short.as_bytes(), Dialect::Msnp2), Ok(()));
        assert_eq!(check(full.as_bytes(), Dialect::Msnp3), Ok(()));
        assert!(check(full.as_bytes(), Dialect::Msnp2).is_err());
        for wrong in
            ["x", "\r\n", "ClientIP: 1\r\n\r\n", "Kid: 0\r\nKid: 0\r\n\r\n", "EmailEnabled: no\r\n\r\n", "Kid\r\n\r\n"]
        {
            assert!(
                check(format!("{HEAD}{wrong}").as_bytes(), Dialect::Msnp7).is_err() == (wrong != "\r\n"),
                "{wrong}"
            );
        }
        assert!(check(b"MIME-Version: 1.0\r\n\r\n", Dialect::Msnp2).is_err());
    }
}
