//! `CHL` and `QRY`: does the client know the key that belongs to the program it claims to be?
//! (docs/PROTOCOL.md, Challenges)

use md5::{Digest, Md5};

use crate::login::md5::hex;

/// The published product ids and their keys.
const PRODUCTS: &[(&str, &str)] = &[
    ("msmsgs@msnmsgr.com", "Q1P7W2E4J9R8U3S5"),
    ("PROD0038W!61ZTF9", "VT6PX?UQTM4WM%YR"),
    ("PROD0058#7IL2{QD", "QHDCY@7R1TB6W?5B"),
    ("PROD0061VRRZH@4F", "JXQ6J@TUOGYV@N0M"),
    ("PROD00504RLUG%WL", "I2EBK%PYNLZL5_J4"),
    ("PROD0076ENE8*@AW", "CEQJ8}OE0!WTSWII"),
];

/// Shapes random bits as a challenge: 20 decimal digits.
pub fn challenge(random: u128) -> String {
    format!("{:020}", random % 100_000_000_000_000_000_000)
}

/// Is `digest` the right answer of this product to this challenge, by the rule of MSNP6–10?
pub fn verify(challenge: &str, product: &str, digest: &str) -> bool {
    let key = PRODUCTS.iter().find(|(id, _)| *id == product).map(|(_, key)| key);
    key.is_some_and(|key| hex(Md5::new().chain_update(challenge).chain_update(key).finalize().into()) == digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors() {
        for (challenge, product, digest) in [
            ("15570131571988941333", "msmsgs@msnmsgr.com", "8f2f5a91b72102cd28355e9fc9000d6e"),
            ("11111111111111111111", "msmsgs@msnmsgr.com", "3b6666b60157322b6fc6e41a115968f5"),
            ("15570131571988941333", "PROD0038W!61ZTF9", "ca90e6a7c94a14aae7b3ae0f6018433e"),
            ("15570131571988941333", "PROD0061VRRZH@4F", "769dfe2c4292159189b71837ce37b74e"),
        ] {
            assert!(verify(challenge, product, digest), "{product}");
            assert!(!verify(challenge, "nobody", digest));
        }
    }

    #[test]
    fn always_twenty_digits() {
        assert_eq!(challenge(7), "00000000000000000007");
        assert_eq!(challenge(u128::MAX).len(), 20);
    }
}
