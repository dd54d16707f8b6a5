//! A ticket by Passport 1.4: the nexus names the login server, and that one gives the ticket.

use std::time::Duration;

use crate::http::{Client, Response, encoded};
use crate::stage::StageError;
use crate::wire::escaped;

/// Fetches a ticket `t=…&p=…` from the web daemon at `web`, which plays both roles. Each step is
/// checked as strictly as the strictest client that is known.
pub(crate) async fn ticket(
    web: &str,
    patience: Duration,
    (handle, password): (&str, &str),
    challenge: &str,
) -> Result<String, StageError> {
    let mut client = Client::new(web.to_owned(), patience);
    let nexus = client.exchange("GET /rdr/pprdr.asp HTTP/1.1\r\nHost: nexus.passport.com\r\n", None).await?;
    let path = login_path(&nexus).map_err(|why| refused("nexus", &nexus, why))?;
    let head = format!(
        "GET {path} HTTP/1.1\r\n\
         Authorization: Passport1.4 OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,\
         sign-in={},pwd={},{challenge}\r\n\
         User-Agent: MSMSGS\r\n\
         Host: login.passport.com\r\n\
         Connection: Keep-Alive\r\n\
         Cache-Control: no-cache\r\n",
        encoded(handle),
        encoded(password)
    );
    let login = client.exchange(&head, None).await?;
    granted(&login).map_err(|why| refused("login", &login, why))
}

fn refused(what: &str, response: &Response, why: &str) -> StageError {
    let (line, rest) = (escaped(&response.line), escaped(&response.rest));
    StageError::Broken(format!("no ticket from the {what}: {why} in\n{line}\n{rest}"))
}

/// The path in `DALogin=host/path,` of the nexus.
fn login_path(response: &Response) -> Result<String, &'static str> {
    if !response.is_ok() {
        return Err("a status other than `HTTP/1.1 200 OK`");
    }
    let urls = response.header("PassportURLs").ok_or("no header `PassportURLs: `")?;
    let (_, after) = urls.split_once(",DALogin=").ok_or("no `DALogin=` behind `DARealm=`")?;
    let (login, after) = after.split_once(',').ok_or("no comma after `DALogin=`")?;
    if !urls.starts_with("DARealm=") || !after.starts_with("DAReg=") {
        return Err("another order than DARealm, DALogin, DAReg");
    }
    if login.contains("://") {
        return Err("a scheme in `DALogin=`");
    }
    login.split_once('/').map(|(_, path)| format!("/{path}")).ok_or("no path in `DALogin=`")
}

/// The ticket in `from-PP='…'` of the login server.
fn granted(response: &Response) -> Result<String, &'static str> {
    if !response.is_ok() {
        return Err("a status other than `HTTP/1.1 200 OK`");
    }
    if response.header("Content-Type") != Some("text/html") {
        return Err("a type other than `Content-Type: text/html`");
    }
    let info = response.header("Authentication-Info").ok_or("no header `Authentication-Info: `")?;
    let ticket = info.strip_prefix("Passport1.4 da-status=success,").and_then(|info| info.split_once("from-PP='"));
    let (_, ticket) = ticket.ok_or("no `from-PP='` behind `Passport1.4 da-status=success,`")?;
    // Some clients take all that follows, so that it must be the last.
    let ticket = ticket.strip_suffix('\'').ok_or("no quote at the end")?;
    let is_whole = ticket.starts_with("t=") && ticket.contains("&p=") && !ticket.contains(['\'', ' ']);
    if is_whole && ticket.len() < 900 { Ok(ticket.to_owned()) } else { Err("no ticket of the form t=…&p=…") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: &str, header: &str) -> Response {
        let text = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{header}\r\nContent-Length: 0\r\n\r\n");
        Response::take(&mut text.as_bytes().into()).expect("readable").expect("whole")
    }

    #[test]
    fn where_the_login_server_is() {
        let path = |header: &str| login_path(&response("200 OK", header));
        let right = "PassportURLs: DARealm=Passport.Net,DALogin=login.example.net/login2.srf,DAReg=https://x/";
        assert_eq!(path(right), Ok("/login2.srf".to_owned()));
        for (from, to) in [
            ("PassportURLs", "Passporturls"),
            ("DALogin=", "DALogin=https://"),
            (",DAReg=https://x/", ""),
            ("DAReg", "DAHelp"),
            ("DARealm=Passport.Net,", ""),
            ("/login2.srf", ""),
        ] {
            assert!(path(&right.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn what_the_login_server_gives() {
        let ticket = |status: &str, header: &str| granted(&response(status, header));
        let right = "Authentication-Info: Passport1.4 da-status=success,tname=MSPAuth,from-PP='t=5kQ$$&p=x'";
        assert_eq!(ticket("200 OK", right), Ok("t=5kQ$$&p=x".to_owned()));
        assert!(ticket("401 Unauthorized", right).is_err());
        for (from, to) in [
            ("p=x'", "p=x',ru=http://x"),
            ("&p=x", ""),
            ("da-status=success", "da-status=failed"),
            ("Authentication-Info", "authentication-info"),
            ("5kQ", "5k Q"),
        ] {
            assert!(ticket("200 OK", &right.replace(from, to)).is_err(), "{to}");
        }
    }
}
