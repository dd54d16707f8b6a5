//! What columns hold, as the model has it.

use model::{Email, Guid, Name};

use crate::StoreError;

pub(crate) fn email_from(text: &str) -> Result<Email, StoreError> {
    Email::parse(text).map_err(|_| StoreError::Damaged("handle"))
}

/// Any length: what was within the limits once is to remain readable.
pub(crate) fn name_from(text: &str) -> Result<Name, StoreError> {
    Name::parse(text, usize::MAX).map_err(|_| StoreError::Damaged("name"))
}

/// From 32 hexadecimal digits. As text, it goes into an aggregate on both databases alike.
pub(crate) fn guid_from(text: &str) -> Result<Guid, StoreError> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; 16];
    let (pairs, rest) = text.as_bytes().as_chunks();
    let mut valid = pairs.len() == bytes.len() && rest.is_empty();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) => *byte = (high << 4 | low) as u8,
            _ => valid = false,
        }
    }
    if valid { Ok(Guid(bytes)) } else { Err(StoreError::Damaged("identifier")) }
}

pub(crate) fn guid_text(guid: Guid) -> String {
    format!("{:032x}", u128::from_be_bytes(guid.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_kept_as_text() {
        let guid =
            Guid([0x0a, 0x1d, 0x0c, 0x3e, 0x0f, 0x1b, 0x4c, 0x55, 0x9f, 0x10, 0x3f, 0x5f, 0x7a, 0x0f, 0x1a, 0x01]);
        assert_eq!(guid_text(guid), "0a1d0c3e0f1b4c559f103f5f7a0f1a01");
        assert_eq!(guid_from(&guid_text(guid)).unwrap(), guid);
        for bad in ["", "abc", "+7a1d0c3e0f1b4c559f103f5f7a0f1a0", &"g".repeat(32)] {
            assert!(guid_from(bad).is_err(), "{bad}");
        }
    }
}
