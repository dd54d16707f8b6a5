//! What the traits of a dialect can be. Which dialect has which is in `dialect`.

/// A security package: the way a client proves who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Package {
    /// `MD5`: a digest of a challenge and the password.
    Md5,
    /// `TWN`: a ticket that the client got for its password by HTTP.
    Twn,
}

/// The form of `USR … OK`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignedIn {
    /// `USR t OK handle name`
    Name,
    /// `USR t OK handle name verified`
    NameAndVerified,
    /// `USR t OK handle name verified restricted`
    NameVerifiedRestricted,
    /// `USR t OK handle verified restricted`: the name comes as `PRP MFN`.
    VerifiedRestricted,
}

/// The form of `XFR … NS`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Referral {
    /// `XFR t NS host:port`
    Address,
    /// `XFR t NS host:port 0`
    AddressZero,
    /// `XFR t NS host:port 0 current-host:port`
    AddressZeroCurrent,
}

/// The form of what follows `SYN`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Burst {
    /// `GTC BLP`, then `LST` list by list.
    Lists,
    /// The same with `PRP`, and four `BPR` behind each entry of FL.
    ListsAndProperties,
    /// The same with `LSG`, and group numbers on entries of FL.
    ListsPropertiesAndGroups,
    /// Counts in `SYN`, one `LST` per person with the bits of their lists, properties only where
    /// they are set, and no transaction nor version on any line.
    Compact,
    /// The same with two time stamps for a version, and `N= F= C=` and identifiers of groups.
    Stamped,
    /// The same with a network number on each `LST`.
    StampedWithNetwork,
}

impl Burst {
    /// Does it hold `PRP` and `BPR`?
    pub const fn has_properties(self) -> bool {
        !matches!(self, Self::Lists)
    }

    /// Does it hold `LSG`, and do entries of FL name their groups?
    pub const fn has_groups(self) -> bool {
        !matches!(self, Self::Lists | Self::ListsAndProperties)
    }

    /// Is there one line per person, rather than per entry of a list?
    pub const fn is_compact(self) -> bool {
        matches!(self, Self::Compact | Self::Stamped | Self::StampedWithNetwork)
    }

    /// Is the version of lists and settings told as two time stamps?
    pub const fn is_stamped(self) -> bool {
        matches!(self, Self::Stamped | Self::StampedWithNetwork)
    }
}

/// How commands name contacts and groups, and what follows for groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    /// Contacts by their handles. There are no groups.
    Handles,
    /// Contacts by their handles, groups by numbers. Everyone on FL is in a group, group 0 if in no
    /// other; who is taken out of the last one leaves FL.
    GroupNumbers,
    /// Contacts on FL and groups by identifiers, as in an address book. A contact may be in no
    /// group; group 0 is not shown; no two groups have the same name.
    Guids,
}

/// What is done about a setting that is so already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeated {
    /// It is refused with 218.
    Refused,
    /// It is confirmed: msn-pecan signs off when it is refused, and msnp11-sdk waits for ever.
    Confirmed,
}

/// The form of a message about the state of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mail {
    /// `application/x-msmsgsemailnotification`
    Application,
    /// `text/x-msmsgsinitialemailnotification`
    Text,
    /// `text/x-msmsgsinitialmdatanotification`, with the counts in XML.
    Data,
}

/// The reasons that `OUT` can give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Farewells {
    /// `OTH` and `SSD`.
    Few,
    /// Also `MIG` and `TOU`.
    More,
    /// Also `RCT`, with the minutes after which to come back.
    Return,
}

/// The fields of the profile message after sign-in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// `LoginTime` alone.
    LoginTime,
    /// All that Hotmail knew in 2000.
    Personal,
    /// The same and the client's own address.
    PersonalWithAddress,
    /// The same, and that lists are kept as an address book.
    Migrated,
}

/// The form of `ILN` and `NLN`, and of what `CHG` can tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PresenceShape {
    /// State, handle, friendly name.
    Plain,
    /// The same and the capability bits of the client.
    Capabilities,
    /// The same and the display picture, if there is one.
    Picture,
}

impl PresenceShape {
    /// How many shapes there are: an event is encoded at most so many times, however many see it.
    pub const COUNT: usize = 3;

    /// Its place among them.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How the client is asked to prove what program it is (`CHL`, `QRY`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Challenge {
    /// It is not.
    None,
    /// MD5 of the challenge and the product key.
    Plain,
    /// The same digest, mixed with what a generator makes of it, the challenge and the product id.
    Mixed,
}

/// The form in which pages for mobile phones come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pages {
    /// They do not.
    None,
    /// As `IPG`.
    Ipg,
    /// As `IPG`; and the client pages with `PGD`, no longer with `PAG`.
    IpgByDevice,
}
