//! `CHL` and `QRY`: does the client know the key that belongs to the program it claims to be?
//! (docs/PROTOCOL.md, Challenges)

use md5::{Digest, Md5};
use msnp::dialect::Challenge;

use crate::login::md5::hex;

/// The published product ids and their keys. Clients use those of other versions too, so any is
/// good in any dialect of its digest.
const PRODUCTS: &[(&str, &str)] = &[
    ("msmsgs@msnmsgr.com", "Q1P7W2E4J9R8U3S5"),
    ("PROD0038W!61ZTF9", "VT6PX?UQTM4WM%YR"),
    ("PROD0058#7IL2{QD", "QHDCY@7R1TB6W?5B"),
    ("PROD0061VRRZH@4F", "JXQ6J@TUOGYV@N0M"),
    ("PROD00504RLUG%WL", "I2EBK%PYNLZL5_J4"),
    ("PROD0076ENE8*@AW", "CEQJ8}OE0!WTSWII"),
    ("PROD0090YUAUV{2B", "YMM8C_H7KCQ2S_KL"),
    ("PROD0101{0RM?UBW", "CFHUR$52U_{VIX5T"),
];

/// Shapes random bits as a challenge: 20 decimal digits.
pub fn challenge(random: u128) -> String {
    format!("{:020}", random % 100_000_000_000_000_000_000)
}

/// Is `digest` the right answer of this product to this challenge?
pub fn verify(kind: Challenge, challenge: &str, product: &str, digest: &str) -> bool {
    let Some((_, key)) = PRODUCTS.iter().find(|(id, _)| *id == product) else { return false };
    let plain: [u8; 16] = Md5::new().chain_update(challenge).chain_update(key).finalize().into();
    match kind {
        Challenge::None => false,
        Challenge::Plain => hex(plain) == digest,
        Challenge::Mixed => hex(mixed(plain, challenge, product)) == digest,
    }
}

/// Mixes the digest with what a linear generator, keyed with it, makes of challenge and product id
/// (MSNP11+). The generator's key has 31 bits per word; the words that are mixed have all 32.
fn mixed(digest: [u8; 16], challenge: &str, product: &str) -> [u8; 16] {
    const MODULUS: u64 = 0x7FFF_FFFF;
    const FACTOR: u64 = 0x0E79_A9C1;
    let word = |at: usize| u32::from_le_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
    let words = [word(0), word(4), word(8), word(12)];
    let key = words.map(|word| u64::from(word & 0x7FFF_FFFF));
    let mut text = format!("{challenge}{product}").into_bytes();
    text.resize(text.len().next_multiple_of(8), b'0');
    let (mut high, mut low) = (0_u64, 0_u64);
    for pair in text.chunks_exact(8) {
        let first = u64::from(u32::from_le_bytes([pair[0], pair[1], pair[2], pair[3]]));
        let second = u64::from(u32::from_le_bytes([pair[4], pair[5], pair[6], pair[7]]));
        let step = (key[0] * (first * FACTOR % MODULUS + high) + key[1]) % MODULUS;
        high = (key[2] * ((second + step) % MODULUS) + key[3]) % MODULUS;
        low += high + step;
    }
    let (high, low) = ((high + key[1]) % MODULUS, (low + key[3]) % MODULUS);
    let mut out = [0; 16];
    for (at, word) in words.into_iter().enumerate() {
        let mix = if at % 2 == 0 { high } else { low };
        out[at * 4..at * 4 + 4].copy_from_slice(&(word ^ mix as u32).to_le_bytes());
    }
    out
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
            assert!(verify(Challenge::Plain, challenge, product, digest), "{product}");
            assert!(!verify(Challenge::Plain, challenge, "nobody", digest));
            assert!(!verify(Challenge::Mixed, challenge, product, digest));
        }
        for (challenge, product, digest) in [
            ("22210219642164014968", "PROD0090YUAUV{2B", "85ecb0db8f32113df79ce0892b9a102c"),
            ("15570131571988941333", "PROD0090YUAUV{2B", "d8d8cb2c2043a603d8286a3343143ee1"),
            ("22210219642164014968", "PROD0101{0RM?UBW", "64812169fe9717715f03c678fa4ab938"),
        ] {
            assert!(verify(Challenge::Mixed, challenge, product, digest), "{product}");
            assert!(!verify(Challenge::Plain, challenge, product, digest));
        }
        // What one gets by mixing words of 31 bits, as a widely copied server did.
        assert!(!verify(
            Challenge::Mixed,
            "22210219642164014968",
            "PROD0090YUAUV{2B",
            "85ecb05b8f32113df79ce0092b9a102c"
        ));
    }

    #[test]
    fn always_twenty_digits() {
        assert_eq!(challenge(7), "00000000000000000007");
        assert_eq!(challenge(u128::MAX).len(), 20);
    }
}
