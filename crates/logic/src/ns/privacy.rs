//! May one person see and call another? (docs/PROTOCOL.md, Visibility)

use model::{List, Lists, MessagePrivacy};

/// Does someone whose `BLP` is `privacy` let a person see and call them who is on `lists` of
/// theirs?
pub fn lets(privacy: MessagePrivacy, lists: Lists) -> bool {
    lists.has(List::Allow) || (!lists.has(List::Block) && privacy == MessagePrivacy::AllButBlocked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule() {
        let (anyone, few) = (MessagePrivacy::AllButBlocked, MessagePrivacy::OnlyAllowed);
        let (allowed, blocked) = (Lists::NONE.with(List::Allow), Lists::NONE.with(List::Block));
        assert!(lets(anyone, Lists::NONE) && lets(anyone, allowed) && !lets(anyone, blocked));
        assert!(!lets(few, Lists::NONE) && lets(few, allowed) && !lets(few, blocked));
        assert!(!lets(few, Lists::NONE.with(List::Forward)), "to watch someone is not to allow them");
    }
}
