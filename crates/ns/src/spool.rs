//! Invitations by mail, as files in a directory from which the operator's mail system sends them.

use std::io;
use std::path::Path;

use model::{Email, Name};
use tokio::fs;

/// Writes one invitation. The file appears whole: it is written under another name first.
pub(crate) async fn invite(spool: &Path, sender: &Email, from: &Name, to: &Email, text: &str) -> io::Result<()> {
    let name = format!("{:032x}", rand::random::<u128>());
    let (part, whole) = (spool.join(format!("{name}.part")), spool.join(format!("{name}.eml")));
    let words = if text.trim().is_empty() {
        format!("{from} ({sender}) would like to chat with you.")
    } else {
        text.to_owned()
    };
    let mail = format!(
        "To: {to}\r\nReply-To: {sender}\r\nSubject: An invitation to chat\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{words}\r\n"
    );
    fs::create_dir_all(spool).await?;
    fs::write(&part, mail).await?;
    fs::rename(part, whole).await
}
