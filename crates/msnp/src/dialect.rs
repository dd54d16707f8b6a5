//! The dialects: one row each, "the row before, plus what changed".
//!
//! This is the only file with dialect numbers. [`Dialect`] has no order, so that nothing can ask
//! "is it at least 7?": other code asks for the trait that it means, and a new dialect is a new
//! row. (docs/PROTOCOL.md, Dialects)

use crate::Code;
use crate::ns::Command;

pub use crate::traits::{
    Burst, Challenge, Farewells, Keys, Mail, Package, Pages, PresenceShape, Profile, Referral, Repeated, SignedIn,
};

/// A dialect that this suite speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dialect {
    /// MSN Messenger 1.0, 1999
    Msnp2,
    /// MSN Messenger 2.0
    Msnp3,
    /// MSN Messenger 2.1 and 2.2
    Msnp4,
    /// MSN Messenger 3.0 to 3.6
    Msnp5,
    /// MSN Messenger 3.6.0038 and 4.0
    Msnp6,
    /// MSN Messenger 4.5 to 4.7
    Msnp7,
    /// MSN Messenger 5.0
    Msnp8,
    /// MSN Messenger 6.0
    Msnp9,
    /// MSN Messenger 6.1 and 6.2
    Msnp10,
    /// MSN Messenger 7.0
    Msnp11,
    /// MSN Messenger 7.5
    Msnp12,
}

impl Dialect {
    /// All, oldest first.
    pub const ALL: [Self; 11] = [
        Self::Msnp2,
        Self::Msnp3,
        Self::Msnp4,
        Self::Msnp5,
        Self::Msnp6,
        Self::Msnp7,
        Self::Msnp8,
        Self::Msnp9,
        Self::Msnp10,
        Self::Msnp11,
        Self::Msnp12,
    ];

    /// Its row.
    pub const fn traits(self) -> &'static Traits {
        match self {
            Self::Msnp2 => &MSNP2,
            Self::Msnp3 => &MSNP3,
            Self::Msnp4 => &MSNP4,
            Self::Msnp5 => &MSNP5,
            Self::Msnp6 => &MSNP6,
            Self::Msnp7 => &MSNP7,
            Self::Msnp8 => &MSNP8,
            Self::Msnp9 => &MSNP9,
            Self::Msnp10 => &MSNP10,
            Self::Msnp11 => &MSNP11,
            Self::Msnp12 => &MSNP12,
        }
    }

    /// Its number, as other daemons and the store know it.
    pub const fn number(self) -> u8 {
        self.traits().number
    }

    /// The dialect with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.number() == number)
    }

    /// The best dialect among those that a client offers in `VER`, in whatever case.
    pub fn choose(offered: &[&str]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .rev()
            .find(|dialect| offered.iter().any(|name| name.eq_ignore_ascii_case(dialect.traits().name)))
    }
}

/// How one dialect differs from the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traits {
    /// The number in its name.
    pub number: u8,
    /// Its name in `VER`.
    pub name: &'static str,
    /// The answer to `VER` ends with `CVR0` when the client offered that.
    pub confirms_cvr0: bool,
    /// What a client may send to a notification server.
    pub commands: Commands,
    /// The security package of `USR` and `INF`.
    pub package: Package,
    /// The form of `USR … OK`.
    pub signed_in: SignedIn,
    /// The form of `XFR … NS`.
    pub referral: Referral,
    /// The form of what follows `SYN`.
    pub burst: Burst,
    /// Answers about lists and settings tell the list version.
    pub list_versions: bool,
    /// How commands name contacts and groups.
    pub keys: Keys,
    /// What refuses to put someone on a list who has no account.
    pub unknown_contact: Code,
    /// What is done about a `BLP` or `GTC` that says what is so already.
    pub repeated_setting: Repeated,
    /// The fields of the profile message after sign-in.
    pub profile: Profile,
    /// The answer to `URL` ends with a site id.
    pub url_site: bool,
    /// How many words an `SND` has behind the address.
    pub invitation_words: usize,
    /// The form of `ILN` and `NLN`, and of what `CHG` can tell.
    pub presence: PresenceShape,
    /// The client shows personal messages and current media (`UBX`); to others none are sent.
    pub personal: bool,
    /// The answer to `PNG` says when the next one is wanted.
    pub next_ping: bool,
    /// The client is told its credit for text messages (`SBS`) after sign-in.
    pub credit: bool,
    /// The form of a message about the state of a mailbox.
    pub mail: Mail,
    /// The reasons that `OUT` can give.
    pub farewells: Farewells,
    /// Data messages (`MSG … D`) exist in rooms.
    pub data_messages: bool,
    /// `IRO` and `JOI` tell capability bits.
    pub roster_capabilities: bool,
    /// How the client is asked to prove what program it is.
    pub challenge: Challenge,
    /// The form in which pages for mobile phones come back, if at all.
    pub pages: Pages,
    /// The client knows alerts (`NOT`); to others none are sent.
    pub alerts: bool,
    /// What refuses a sign-in to an account whose e-mail address is not verified.
    pub unverified: Code,
}

impl Traits {
    /// Do clients of this dialect know of this group?
    pub fn shows(&self, group: &model::Group) -> bool {
        self.keys != Keys::Guids || group.id != model::GroupId::OTHER
    }
}

/// A set of [`Command`]s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Commands(u64);

impl Commands {
    const fn of(commands: &[Command]) -> Self {
        Self(0).with(commands)
    }

    const fn with(mut self, commands: &[Command]) -> Self {
        let mut i = 0;
        while i < commands.len() {
            self.0 |= 1 << commands[i] as u64;
            i += 1;
        }
        self
    }

    const fn without(mut self, commands: &[Command]) -> Self {
        let mut i = 0;
        while i < commands.len() {
            self.0 &= !(1 << commands[i] as u64);
            i += 1;
        }
        self
    }

    /// Is `command` among them?
    pub const fn has(self, command: Command) -> bool {
        self.0 & (1 << command as u64) != 0
    }
}

const MSNP2: Traits = Traits {
    number: 2,
    name: "MSNP2",
    confirms_cvr0: false,
    commands: Commands::of(&[
        Command::Ver,
        Command::Cvr,
        Command::Inf,
        Command::Usr,
        Command::Xfr,
        Command::Out,
        Command::Syn,
        Command::Lst,
        Command::Gtc,
        Command::Blp,
        Command::Chg,
        Command::Png,
        Command::Add,
        Command::Rem,
        Command::Rea,
        Command::Url,
        Command::Fnd,
        Command::Snd,
    ]),
    package: Package::Md5,
    signed_in: SignedIn::Name,
    referral: Referral::Address,
    burst: Burst::Lists,
    list_versions: true,
    keys: Keys::Handles,
    unknown_contact: Code::InvalidUser,
    repeated_setting: Repeated::Refused,
    profile: Profile::LoginTime,
    url_site: false,
    invitation_words: 0,
    presence: PresenceShape::Plain,
    personal: false,
    next_ping: false,
    credit: false,
    mail: Mail::Application,
    farewells: Farewells::Few,
    data_messages: false,
    roster_capabilities: false,
    challenge: Challenge::None,
    pages: Pages::None,
    alerts: false,
    unverified: Code::AuthenticationFailed,
};

/// The row of a client that has not told its dialect. It may ask for a newer client with `CVQ`,
/// or sign in like gaim of 2001, which sends no `VER` to a notification server.
pub const STRANGER: Traits = Traits { commands: MSNP2.commands.with(&[Command::Cvq]), ..MSNP2 };

const MSNP3: Traits = Traits {
    number: 3,
    name: "MSNP3",
    commands: MSNP2.commands.with(&[Command::Ims]),
    referral: Referral::AddressZero,
    profile: Profile::Personal,
    url_site: true,
    invitation_words: 2,
    mail: Mail::Text,
    ..MSNP2
};

const MSNP4: Traits = Traits { number: 4, name: "MSNP4", invitation_words: 3, ..MSNP3 };

const MSNP5: Traits = Traits {
    number: 5,
    name: "MSNP5",
    commands: MSNP4.commands.with(&[Command::Prp, Command::Sdc, Command::Pag]),
    burst: Burst::ListsAndProperties,
    alerts: true,
    unverified: Code::NotVerified,
    ..MSNP4
};

const MSNP6: Traits = Traits {
    number: 6,
    name: "MSNP6",
    commands: MSNP5.commands.with(&[Command::Chl, Command::Qry]),
    signed_in: SignedIn::NameAndVerified,
    challenge: Challenge::Plain,
    pages: Pages::Ipg,
    ..MSNP5
};

const MSNP7: Traits = Traits {
    number: 7,
    name: "MSNP7",
    confirms_cvr0: true,
    commands: MSNP6.commands.with(&[Command::Lsg, Command::Adg, Command::Rmg, Command::Reg]),
    referral: Referral::AddressZeroCurrent,
    burst: Burst::ListsPropertiesAndGroups,
    keys: Keys::GroupNumbers,
    ..MSNP6
};

const MSNP8: Traits = Traits {
    number: 8,
    name: "MSNP8",
    commands: MSNP7.commands.without(&[Command::Inf, Command::Fnd]),
    package: Package::Twn,
    signed_in: SignedIn::NameVerifiedRestricted,
    burst: Burst::Compact,
    profile: Profile::PersonalWithAddress,
    presence: PresenceShape::Capabilities,
    ..MSNP7
};

const MSNP9: Traits = Traits {
    number: 9,
    name: "MSNP9",
    commands: MSNP8.commands.without(&[Command::Lst, Command::Lsg]).with(&[Command::Pgd]),
    presence: PresenceShape::Picture,
    next_ping: true,
    pages: Pages::IpgByDevice,
    data_messages: true,
    ..MSNP8
};

const MSNP10: Traits = Traits {
    number: 10,
    name: "MSNP10",
    commands: MSNP9.commands.without(&[Command::Add, Command::Rea]).with(&[Command::Adc, Command::Sbp]),
    signed_in: SignedIn::VerifiedRestricted,
    burst: Burst::Stamped,
    list_versions: false,
    keys: Keys::Guids,
    unknown_contact: Code::InvalidUserName,
    repeated_setting: Repeated::Confirmed,
    profile: Profile::Migrated,
    farewells: Farewells::More,
    ..MSNP9
};

const MSNP11: Traits = Traits {
    number: 11,
    name: "MSNP11",
    commands: MSNP10.commands.with(&[Command::Uux, Command::Gcf]),
    personal: true,
    credit: true,
    mail: Mail::Data,
    challenge: Challenge::Mixed,
    farewells: Farewells::Return,
    ..MSNP10
};

const MSNP12: Traits =
    Traits { number: 12, name: "MSNP12", burst: Burst::StampedWithNetwork, roster_capabilities: true, ..MSNP11 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_common_dialect_is_chosen() {
        let choose = |offer: &str| Dialect::choose(&offer.split(' ').collect::<Vec<_>>());
        assert_eq!(choose("MSNP7 MSNP6 MSNP5 MSNP4 CVR0"), Some(Dialect::Msnp7));
        assert_eq!(choose("MSNP2"), Some(Dialect::Msnp2));
        assert_eq!(choose("msnp3 Msnp2 CVR0"), Some(Dialect::Msnp3));
        assert_eq!(choose("MSNP99 CVR0"), None);
        assert_eq!(choose("MSNP22 MSNP5"), Some(Dialect::Msnp5));
    }

    #[test]
    fn rows_name_themselves() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.traits().name, format!("MSNP{}", dialect.number()));
            assert_eq!(Dialect::from_number(dialect.number()), Some(dialect));
        }
        assert_eq!(Dialect::from_number(1), None);
    }
}
