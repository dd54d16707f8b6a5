//! URL-encoding: the identity there and back, and nothing but text accepted.

use msnp::url;
use proptest::prelude::*;

use crate::values::cases;

/// What `word` means, said another way: cut at each `%`, two digits behind it.
fn meaning(word: &str) -> Option<String> {
    let mut parts = word.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let digits = part.as_bytes().get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn there_and_back(text in any::<String>()) {
        let word = url::encode(&text);
        prop_assert!(word.bytes().all(|byte| byte.is_ascii_graphic()), "{word:?} is not one word");
        prop_assert_eq!(word.len(), model::encoded_len(&text));
        prop_assert_eq!(url::decode(&word).map(String::from), Some(text.clone()));
        prop_assert_eq!(meaning(&word), Some(text));
    }

    #[test]
    fn whatever_comes_is_text_or_refused(word in "([!-~]|%[0-9a-fA-F]{0,2}|%[c-f][0-9a-f]%[89ab][0-9a-f]|é|\\+){0,12}") {
        prop_assert_eq!(url::decode(&word).map(String::from), meaning(&word));
    }
}
