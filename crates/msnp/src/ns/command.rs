//! The verbs that clients send to dispatch and notification servers. Which dialect has which is in
//! `dialect`.

use crate::frame::Verb;

macro_rules! commands {
    ($($variant:ident = $verb:literal,)*) => {
        /// A command that some dialect's clients send.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs, reason = "the names are the wire verbs")]
        pub enum Command { $($variant,)* }

        impl Command {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The command with this verb.
            pub fn from_verb(verb: Verb) -> Option<Self> {
                match &verb { $($verb => Some(Self::$variant),)* _ => None }
            }

            /// Its verb.
            pub const fn verb(self) -> &'static [u8; 3] {
                match self { $(Self::$variant => $verb,)* }
            }
        }
    };
}

commands! {
    Ver = b"VER", Cvr = b"CVR", Cvq = b"CVQ", Inf = b"INF", Usr = b"USR", Xfr = b"XFR", Out = b"OUT",
    Syn = b"SYN", Lst = b"LST", Lsg = b"LSG", Gtc = b"GTC", Blp = b"BLP", Prp = b"PRP",
    Chg = b"CHG", Png = b"PNG", Chl = b"CHL", Qry = b"QRY",
    Add = b"ADD", Rem = b"REM", Rea = b"REA", Adg = b"ADG", Rmg = b"RMG", Reg = b"REG",
    Url = b"URL", Fnd = b"FND", Snd = b"SND", Sdc = b"SDC", Ims = b"IMS", Pag = b"PAG",
    Adc = b"ADC", Sbp = b"SBP", Uux = b"UUX", Gcf = b"GCF", Pgd = b"PGD",
}
