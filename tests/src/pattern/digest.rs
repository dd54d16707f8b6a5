//! Digests over challenges: MD5 with a password or product key, and the longer one of MSNP11 and later.

use std::fmt;

use md5::{Digest, Md5};

/// How a client proves which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// MSNP6 to MSNP10: MD5 of challenge and product key.
    Short,
    /// MSNP11 and later.
    Long,
}

/// A program whose id and key were published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product {
    /// As it stands in `QRY`.
    pub(super) id: &'static str,
    key: &'static str,
}

const PRODUCTS: [Product; 8] = [
    Product { id: "msmsgs@msnmsgr.com", key: "Q1P7W2E4J9R8U3S5" },
    Product { id: "PROD0038W!61ZTF9", key: "VT6PX?UQTM4WM%YR" },
    Product { id: "PROD0058#7IL2{QD", key: "QHDCY@7R1TB6W?5B" },
    Product { id: "PROD0061VRRZH@4F", key: "JXQ6J@TUOGYV@N0M" },
    Product { id: "PROD00504RLUG%WL", key: "I2EBK%PYNLZL5_J4" },
    Product { id: "PROD0076ENE8*@AW", key: "CEQJ8}OE0!WTSWII" },
    Product { id: "PROD0090YUAUV{2B", key: "YMM8C_H7KCQ2S_KL" },
    Product { id: "PROD0101{0RM?UBW", key: "CFHUR$52U_{VIX5T" },
];

impl Product {
    /// The one whose id begins with `text`, which is at least six characters long.
    pub(super) fn of(text: &str) -> Option<Self> {
        PRODUCTS.into_iter().find(|product| text.len() >= 6 && product.id.starts_with(text))
    }
}

impl Proof {
    /// By its word in a script.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "chl6" => Some(Self::Short),
            "chl11" => Some(Self::Long),
            _ => None,
        }
    }

    /// The 32 hexadecimal digits that answer `challenge`.
    pub(super) fn digest(self, challenge: &[u8], product: Product) -> String {
        let short = md5(challenge, product.key.as_bytes());
        match self {
            Self::Short => hex(&short),
            Self::Long => hex(&long(short, &[challenge, product.id.as_bytes()].concat())),
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Short { "chl6" } else { "chl11" })
    }
}

/// MD5 of one text behind the other.
pub(super) fn md5(one: &[u8], two: &[u8]) -> [u8; 16] {
    Md5::new().chain_update(one).chain_update(two).finalize().into()
}

/// Bytes as hexadecimal digits in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as little-endian words of 32 bits.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// `digest` XOR a checksum over `text`, whose coefficients are the digest's words.
fn long(digest: [u8; 16], text: &[u8]) -> Vec<u8> {
    const MODULUS: u64 = 0x7FFF_FFFF;
    let keys: Vec<u64> = words(&digest).into_iter().map(|word| u64::from(word) & MODULUS).collect();
    let mut padded = text.to_vec();
    padded.resize(text.len().next_multiple_of(8), b'0');
    let (mut high, mut low) = (0, 0);
    for pair in words(&padded).chunks_exact(2) {
        let first = u64::from(pair[0]) * 0x0E79_A9C1 % MODULUS;
        let first = (keys[0] * (first + high) + keys[1]) % MODULUS;
        high = (u64::from(pair[1]) + first) % MODULUS;
        high = (keys[2] * high + keys[3]) % MODULUS;
        low += high + first;
    }
    high = (high + keys[1]) % MODULUS;
    low = (low + keys[3]) % MODULUS;
    // The coefficients lack the highest bit of their words; what is changed here has it.
    let check = [high.to_le_bytes(), low.to_le_bytes(), high.to_le_bytes(), low.to_le_bytes()];
    let check = check.iter().flat_map(|word| &word[..4]);
    digest.iter().zip(check).map(|(byte, check)| byte ^ check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors() {
        for (proof, challenge, product, digest) in [
            (Proof::Short, "15570131571988941333", "msmsgs", "8f2f5a91b72102cd28355e9fc9000d6e"),
            (Proof::Short, "15570131571988941333", "PROD0038", "ca90e6a7c94a14aae7b3ae0f6018433e"),
            (Proof::Short, "15570131571988941333", "PROD0061", "769dfe2c4292159189b71837ce37b74e"),
            (Proof::Long, "22210219642164014968", "PROD0090", "85ecb0db8f32113df79ce0892b9a102c"),
            (Proof::Long, "15570131571988941333", "PROD0090", "d8d8cb2c2043a603d8286a3343143ee1"),
            (Proof::Long, "22210219642164014968", "PROD0101", "64812169fe9717715f03c678fa4ab938"),
        ] {
            let product = Product::of(product).expect("a product");
            assert_eq!(proof.digest(challenge.as_bytes(), product), digest, "{}", product.id);
        }
        assert_eq!(Product::of("PROD"), None);
    }
}
