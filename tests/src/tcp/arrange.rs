//! Brings names, lists and properties in place by signing in, for servers that are not ours.

use crate::Cast;
use crate::macros::{Dialect, Roster};
use crate::pattern::literal;
use crate::play::{Next, Player};
use crate::script::{Account, person};
use crate::stage::{Patience, Stage, StageError};

/// The wire property for an attribute of an `account` statement.
pub(super) fn property(attribute: &str) -> Option<&'static str> {
    match attribute {
        "phone.home" => Some("PHH"),
        "phone.work" => Some("PHW"),
        "phone.mobile" => Some("PHM"),
        _ => None,
    }
}

/// Signs every account in, one after the other, and makes its lists as the script wants them.
pub(super) async fn lists(stage: &mut impl Stage, cast: &Cast) -> Result<(), StageError> {
    for account in &cast.accounts {
        let modern = visit(stage, cast, account, Dialect::Msnp7).await;
        let Err(error) = modern else { continue };
        let groups = cast.groups.iter().any(|group| group.owner == account.handle);
        if groups || account.attributes.keys().any(|key| property(key).is_some()) {
            return Err(error);
        }
        // Perhaps the server knows only the first dialect; if not, its first answer tells more.
        visit(stage, cast, account, Dialect::Msnp2).await.map_err(|_| error)?;
    }
    Ok(())
}

async fn visit(stage: &mut impl Stage, cast: &Cast, account: &Account, dialect: Dialect) -> Result<(), StageError> {
    let link = format!("{}.ns", account.person);
    let mut player = Player::new("(preparation)", cast, stage);
    // What the server calls the accounts is what this is about to set, so any name will do.
    player.names.clear();
    let mut visit = Visit { player, link, account, dialect };
    let result = visit.arrange().await;
    visit.player.leave().await;
    result
}

struct Visit<'a, S> {
    player: Player<'a, S>,
    link: String,
    account: &'a Account,
    dialect: Dialect,
}

impl<S: Stage> Visit<'_, S> {
    async fn arrange(&mut self) -> Result<(), StageError> {
        self.player.sign_in(&self.link, self.dialect).await?;
        let roster = self.player.sync(&self.link).await?;
        self.clear(&roster).await?;
        self.settings(&roster).await?;
        if self.dialect.traits().has_groups {
            self.groups(&roster).await?;
        }
        self.contacts().await?;
        let name = format!("{} {}", self.account.handle, self.account.name);
        self.command("REA", &name).await?;
        self.player.say_line(&self.link, "OUT").await?;
        Ok(())
    }

    /// Takes everybody off the lists.
    async fn clear(&mut self, roster: &Roster) -> Result<(), StageError> {
        for (list, handle) in roster.members.iter().filter(|(list, _)| *list != "RL") {
            self.command("REM", &format!("{list} {handle}")).await?;
        }
        Ok(())
    }

    async fn settings(&mut self, roster: &Roster) -> Result<(), StageError> {
        if roster.prompt != "A" {
            self.command("GTC", "A").await?;
        }
        if roster.privacy != "AL" {
            self.command("BLP", "AL").await?;
        }
        for (name, value) in roster.properties.iter().filter(|(name, _)| name.starts_with('P')) {
            let wanted = self.account.attributes.iter().find(|(key, _)| property(key) == Some(name));
            let wanted = wanted.map_or("", |(_, value)| value);
            if wanted != value {
                self.command("PRP", format!("{name} {wanted}").trim_end()).await?;
            }
        }
        Ok(())
    }

    /// Makes the groups, all but group 0 anew.
    async fn groups(&mut self, roster: &Roster) -> Result<(), StageError> {
        for (id, _) in roster.groups.iter().filter(|(id, _)| id != "0") {
            self.command("RMG", id).await?;
        }
        let cast = self.player.cast;
        let mut wanted: Vec<_> = cast.groups.iter().filter(|group| group.owner == self.account.handle).collect();
        wanted.sort_by_key(|group| group.id);
        for group in wanted {
            if group.id == 0 {
                self.command("REG", &format!("0 {} 0", group.name)).await?;
                continue;
            }
            let answer = self.command("ADG", &format!("{} 0", group.name)).await?;
            if answer.get(4) != Some(&group.id.to_string()) {
                return Err(StageError::Unsupported(format!("group {} of {}", group.id, group.owner)));
            }
        }
        Ok(())
    }

    async fn contacts(&mut self) -> Result<(), StageError> {
        let cast = self.player.cast;
        for contact in cast.contacts.iter().filter(|contact| contact.owner == self.account.handle) {
            let who = format!("{} {}", contact.handle, cast.name_of(contact));
            for list in &contact.lists {
                if list == "FL" && !contact.groups.is_empty() {
                    for group in &contact.groups {
                        self.command("ADD", &format!("FL {who} {group}")).await?;
                    }
                } else {
                    self.command("ADD", &format!("{list} {who}")).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends a command and returns the words of its answer. What else comes is skipped: this is no
    /// test, and the server may well tell of other things meanwhile.
    async fn command(&mut self, verb: &str, arguments: &str) -> Result<Vec<String>, StageError> {
        let trid = self.player.trid(&self.link)?.to_string();
        self.player.say_line(&self.link, &literal(&format!("{verb} {trid} {arguments}"))).await?;
        loop {
            let next = self.player.next(&self.link, Patience::Expecting).await?;
            let answer = match &next {
                Next::Frame(frame) => frame.words(),
                _ => Vec::new(),
            };
            let refused = answer.first().is_none_or(|first| first.bytes().all(|byte| byte.is_ascii_digit()));
            if refused {
                let asked = format!("{verb} {trid} {arguments}");
                let whom = person(&self.link);
                return Err(StageError::Unprepared(format!("{whom}: {} to {asked}", next.shown())));
            }
            if answer[0] == verb && answer.get(1) == Some(&trid) {
                return Ok(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Script;
    use crate::fake::{Cue, Fake, cue};

    /// Signs `a@x.y` in with MSNP7 and answers its SYN.
    fn signed_in() -> Vec<Cue> {
        let ver = "VER 1 MSNP7 MSNP6 MSNP5 MSNP4 CVR0\r\n";
        let challenge = "USR 3 MD5 S 1234567890.123456789\r\n";
        let profile = "MSG Hotmail Hotmail 86\r\nMIME-Version: 1.0\r\n\
                       Content-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 9\r\n\r\n";
        let burst = "SYN 5 3\r\nGTC 5 3 A\r\nBLP 5 3 BL\r\nPRP 5 3 PHH 1\r\nPRP 5 3 PHW\r\nPRP 5 3 PHM\r\nPRP 5 3 MOB N\r\n\
                     PRP 5 3 MBE N\r\nLSG 5 3 1 2 0 ~ 0\r\nLSG 5 3 2 2 4 Old 0\r\nLST 5 FL 3 0 0\r\n\
                     LST 5 AL 3 1 1 b@x.y Bob\r\nLST 5 BL 3 0 0\r\nLST 5 RL 3 1 1 b@x.y Bob\r\n";
        vec![
            cue(0, ver, "VER 1 MSNP7 CVR0\r\n"),
            cue(0, "INF 2\r\n", "INF 2 MD5\r\n"),
            cue(0, "USR 3 MD5 I a@x.y\r\n", "XFR 3 NS h:1 0 h:2\r\n\u{4}"),
            cue(1, ver, "VER 1 MSNP7 CVR0\r\n"),
            cue(1, "INF 2\r\n", "INF 2 MD5\r\n"),
            cue(1, "USR 3 MD5 I a@x.y\r\n", challenge),
            cue(1, "USR 4 MD5 S f59af8f2fa91d38aff7c870c17f99903\r\n", "USR 4 OK a@x.y Old%20Name 1\r\n")
                .and(1, profile),
            cue(1, "SYN 5 0\r\n", burst),
        ]
    }

    fn arrange(text: &str, more: Vec<Cue>) -> Result<(), StageError> {
        let script = Script::parse("x.msnp", text).expect("a script");
        let mut fake = Fake::new(signed_in().into_iter().chain(more));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        // Only the first account signs in here; the others are there to be contacts.
        let Some(account) = script.cast.accounts.first() else { return Ok(()) };
        runtime.block_on(visit(&mut fake, &script.cast, account, Dialect::Msnp7))?;
        assert_eq!(fake.left(), 0, "not everything was asked for");
        Ok(())
    }

    #[test]
    fn lists_become_what_the_script_wants() {
        let text = "account a@x.y name=A%20B phone.work=5\naccount b@x.y\n\
                    group a@x.y 1 Work\ncontact a@x.y b@x.y FL BL group=0,1";
        let more = vec![
            cue(1, "REM 6 AL b@x.y\r\n", "REM 6 AL 4 b@x.y\r\n"),
            cue(1, "BLP 7 AL\r\n", "BLP 7 4 AL\r\n"),
            cue(1, "PRP 8 PHH\r\n", "PRP 8 5 PHH\r\n"),
            cue(1, "PRP 9 PHW 5\r\n", "PRP 9 6 PHW 5\r\n"),
            cue(1, "RMG 10 4\r\n", "RMG 10 7 4\r\n"),
            cue(1, "ADG 11 Work 0\r\n", "ADG 11 8 Work 1 0\r\n"),
            cue(1, "ADD 12 FL b@x.y B 0\r\n", "ADD 12 FL 9 b@x.y B 0\r\nBPR 9 b@x.y PHH\r\n"),
            cue(1, "ADD 13 FL b@x.y B 1\r\n", "ADD 13 FL 10 b@x.y B 1\r\n"),
            cue(1, "ADD 14 BL b@x.y B\r\n", "ADD 14 BL 11 b@x.y B\r\n"),
            cue(1, "REA 15 a@x.y A%20B\r\n", "REA 15 12 a@x.y A%20B\r\n"),
            cue(1, "OUT\r\n", "\u{4}"),
        ];
        arrange(text, more).expect("arranged");
    }

    #[test]
    fn a_refusal_is_told() {
        let error = arrange("account a@x.y", vec![cue(1, "REM 6 AL b@x.y\r\n", "216 6\r\n")]).expect_err("refused");
        assert_eq!(error.to_string(), "cannot prepare the cast: a: 216 6 to REM 6 AL b@x.y");
    }
}
