//! The error codes, as one table: number, name, sentence. (docs/PROTOCOL.md, Error codes)

/// Makes the enum and its three look-ups from one table, so that they cannot disagree.
macro_rules! codes {
    ($($variant:ident = $number:literal $name:literal $sentence:literal)*) => {
        /// An error code that a server of this suite can answer.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum Code {
            $(#[doc = $sentence] $variant = $number,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name that the 1999 draft, or later the clients, gave it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// When it is sent.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence),* }
            }
        }
    };
}

impl Code {
    /// The three digits on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

codes! {
    InvalidParameter = 201 "ERR_INVALID_PARAMETER" "A parameter has a value that it cannot have."
    InvalidUser = 205 "ERR_INVALID_USER" "There is no such account (MSNP2-9)."
    DomainMissing = 206 "ERR_FQDN_MISSING" "The handle has no domain."
    AlreadySignedIn = 207 "ERR_ALREADY_LOGIN" "A second sign-in on a connection that is signed in."
    InvalidUserName = 208 "ERR_INVALID_USERNAME" "The handle is not of the form of one; from MSNP10 on also: there is no such account."
    InvalidFriendlyName = 209 "ERR_INVALID_FRIENDLY_NAME" "The friendly name cannot be used."
    ListFull = 210 "ERR_LIST_FULL" "The list is full."
    AlreadyThere = 215 "ERR_ALREADY_THERE" "Already on the list, in the conversation, or ringing."
    NotOnList = 216 "ERR_NOT_ON_LIST" "Not on the list; for a call, the callee blocks the caller."
    NotOnline = 217 "ERR_NOT_ONLINE" "The callee is not online or takes no messages."
    AlreadyInMode = 218 "ERR_ALREADY_IN_THE_MODE" "The setting has that value already."
    OppositeList = 219 "ERR_ALREADY_IN_OPPOSITE_LIST" "On the allow list and to be blocked, or the reverse."
    NotAcceptingPages = 220 "ERR_NOT_ACCEPTING_PAGES" "The contact takes no pages on a mobile phone."
    TooManyGroups = 223 "ERR_TOO_MANY_GROUPS" "The account has as many groups as it can have."
    InvalidGroup = 224 "ERR_INVALID_GROUP" "There is no such group."
    NotInGroup = 225 "ERR_NOT_IN_GROUP" "The contact is not in that group."
    GroupNameTaken = 228 "ERR_GROUP_NAME_EXISTS" "There is a group with that name already (MSNP10+)."
    GroupNameTooLong = 229 "ERR_GROUP_NAME_TOO_LONG" "The group's name is too long."
    GroupZero = 230 "ERR_CANNOT_REMOVE_GROUP_ZERO" "Group 0 cannot be removed."
    SwitchboardFailed = 280 "ERR_SWITCHBOARD_FAILED" "The switchboard cannot complete the call."
    ReferralFailed = 281 "ERR_NOTIFY_XFR_FAILED" "There is no switchboard to refer the client to."
    BadData = 282 "ERR_BAD_DATA_MESSAGE" "A data message whose content is not data (MSNP9+)."
    FieldsMissing = 300 "ERR_REQUIRED_FIELDS_MISSING" "The command lacks a parameter."
    TooManyHits = 301 "ERR_TOO_MANY_HITS" "The search in the directory found too many people."
    NotSignedIn = 302 "ERR_NOT_LOGGED_IN" "The command needs a sign-in before it."
    AddressBookUnavailable = 403 "ERR_ADDRESS_BOOK" "A contact on FL that is not named by its identifier (MSNP10+)."
    DatabaseError = 501 "ERR_DB_SERVER" "The store did not answer; nothing was changed."
    Disabled = 502 "ERR_COMMAND_DISABLED" "The operator does not offer this command."
    BadInvitation = 503 "ERR_BAD_INVITATION" "The invitation by mail is malformed."
    ChallengeFailed = 540 "ERR_CHALLENGE_RESPONSE_FAILED" "The answer to the challenge is wrong."
    ServerBusy = 600 "ERR_SERVER_BUSY" "The server has too much to do to sign anyone in."
    ServerUnavailable = 601 "ERR_SERVER_UNAVAILABLE" "No notification server can take the user, or accounts cannot be read now."
    DatabaseUnavailable = 603 "ERR_DB_CONNECT" "The lists cannot be read now."
    PagingUnavailable = 606 "ERR_PAGING_UNAVAILABLE" "The page cannot be delivered."
    NoMailbox = 710 "ERR_BAD_CVR_PARAMETERS" "A bad locale in CVR; for URL, the account has no mailbox."
    SessionOverload = 712 "ERR_SESSION_OVERLOAD" "The conversation has as many participants as it can have."
    TooActive = 713 "ERR_USER_TOO_ACTIVE" "Too many calls in a short time."
    NotExpected = 715 "ERR_NOT_EXPECTED" "The command, or this value of it, is not expected here."
    BadVersionQuery = 731 "ERR_MALFORMED_CVR" "The CVR or CVQ is malformed."
    TooRapid = 800 "ERR_CHANGING_TOO_RAPIDLY" "Too many of these in a short time."
    TooBusy = 910 "ERR_SERVER_TOO_BUSY" "A sign-in cannot be finished now."
    AuthenticationFailed = 911 "ERR_AUTHENTICATION_FAILED" "Wrong account, password or cookie."
    NotWhenOffline = 913 "ERR_NOT_ALLOWED_WHEN_OFFLINE" "Not while hidden, nor before the first CHG."
    NotVerified = 924 "ERR_ACCOUNT_NOT_VERIFIED" "The account's e-mail address is not verified."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_three_digits_and_its_own_number() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{pair:?} are out of order");
        }
        assert!(Code::ALL.iter().all(|code| (200..1000).contains(&code.number()) && code.sentence().ends_with('.')));
    }
}
