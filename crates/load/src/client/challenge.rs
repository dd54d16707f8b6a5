//! Answers to `CHL`, so that servers which insist on genuine clients can be measured too.

use md5::{Digest as _, Md5};

/// A product id and its key, as published: one for each of the two digests.
const PLAIN: (&str, &str) = ("PROD0038W!61ZTF9", "VT6PX?UQTM4WM%YR");
const MIXED: (&str, &str) = ("PROD0090YUAUV{2B", "YMM8C_H7KCQ2S_KL");
/// The modulus of the mixed digest.
const MODULUS: u64 = 0x7fff_ffff;

/// The product id and the digest that answer `challenge`.
pub(super) fn answer(challenge: &str, mixed: bool) -> (&'static str, String) {
    let (product, key) = if mixed { MIXED } else { PLAIN };
    let plain = words(&Md5::digest(format!("{challenge}{key}")));
    let digest = if mixed { mix(plain, &format!("{challenge}{product}")) } else { plain };
    (product, digest.iter().map(|word| format!("{:08x}", word.swap_bytes())).collect())
}

fn words(bytes: &[u8]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// (docs/PROTOCOL.md, Challenges)
fn mix(plain: [u32; 4], text: &str) -> [u32; 4] {
    let key = plain.map(|word| u64::from(word & 0x7fff_ffff));
    let mut text = text.as_bytes().to_vec();
    text.resize(text.len().next_multiple_of(8), b'0');
    let words: Vec<u64> = text.as_chunks::<4>().0.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes))).collect();
    let (mut high, mut low) = (0, 0_u64);
    for pair in words.as_chunks::<2>().0 {
        let first = (pair[0] * 0x0e79_a9c1 % MODULUS + high) % MODULUS;
        let first = (key[0] * first + key[1]) % MODULUS;
        high = (key[2] * ((pair[1] + first) % MODULUS) + key[3]) % MODULUS;
        low += high + first;
    }
    let high = (high + key[1]) % MODULUS;
    let low = (low + key[3]) % MODULUS;
    let [high, low] = [high, low].map(|half| u32::try_from(half).expect("it is below the modulus"));
    [plain[0] ^ high, plain[1] ^ low, plain[2] ^ high, plain[3] ^ low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors() {
        let (product, digest) = answer("15570131571988941333", false);
        assert_eq!((product, digest.as_str()), ("PROD0038W!61ZTF9", "ca90e6a7c94a14aae7b3ae0f6018433e"));
        let (product, digest) = answer("22210219642164014968", true);
        assert_eq!((product, digest.as_str()), ("PROD0090YUAUV{2B", "85ecb0db8f32113df79ce0892b9a102c"));
    }
}
