//! Reading a request for tokens.

use model::Password;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::Form;
use crate::credentials::{Credentials, MAX_PASSWORD};

/// Deepest nesting of elements. Real requests have 7.
const DEPTH: usize = 32;
/// Most tags, texts, references and comments. Real requests have a few hundred.
const EVENTS: usize = 8192;
/// Most tokens of one request. Real requests ask for up to 10.
const TOKENS: usize = 32;
/// Longest name of a site, and longest handle, in bytes.
const WORD: usize = 256;

const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";

/// A request for tokens.
#[derive(Debug)]
pub struct Request {
    /// Its form, which is that of the answer, too.
    pub form: Form,
    /// Who asks. None: the request has no handle or no password in it, as one that would renew
    /// tokens has not. To [`Fault::Failed`](super::Fault::Failed), clients come again with a password.
    pub credentials: Option<Credentials>,
    /// The sites that tokens are wanted for, in order; at least one.
    pub sites: Vec<String>,
    /// Is the answer to be a collection? A lone request without the wrapper gets a lone answer.
    pub collection: bool,
}

/// A request that cannot be read: it gets [`Fault::Invalid`](super::Fault::Invalid).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The form of the request, as far as it is known.
    pub form: Form,
}

/// Reads the body of a request, in bounded time. Its form is told by the namespace of the envelope;
/// where that is neither, by the path that it came to.
///
/// # Errors
/// It is no well-formed XML, or has a document type, processing instructions or entities of its
/// own; it is too deep, too long or asks for too much; or it asks for nothing.
pub fn read(body: &[u8], path: Form) -> Result<Request, Refusal> {
    let mut found = Found::nothing(path);
    let document = std::str::from_utf8(body).ok().and_then(|text| found.document(text.trim_start_matches('\u{feff}')));
    let Found { form, handle, password, sites, wrapped, .. } = found;
    if document.is_none() || sites.is_empty() || sites.iter().any(String::is_empty) {
        return Err(Refusal { form });
    }
    let credentials = handle.zip(password.map(Password::new));
    let credentials = credentials.map(|(handle, password)| Credentials { handle, password });
    Ok(Request { form, credentials, collection: wrapped || sites.len() > 1, sites })
}

/// An element that matters, where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    UsernameToken,
    Handle,
    Password,
    Many,
    One,
    AppliesTo,
    Site,
    Other,
}

/// What was found so far.
struct Found {
    form: Form,
    /// The elements that are open.
    path: Vec<Element>,
    handle: Option<String>,
    password: Option<String>,
    /// One for each token, empty until it is named.
    sites: Vec<String>,
    wrapped: bool,
}

impl Found {
    fn nothing(form: Form) -> Self {
        Self { form, path: Vec::new(), handle: None, password: None, sites: Vec::new(), wrapped: false }
    }

    /// Reads a whole document. None: it is refused.
    fn document(&mut self, text: &str) -> Option<()> {
        let mut reader = Reader::from_str(text);
        let mut has_root = false;
        for event in 0..EVENTS {
            let is_outside = self.path.is_empty();
            match reader.read_event().ok()? {
                Event::Start(tag) => {
                    self.begin(&tag, &mut has_root)?;
                }
                Event::Empty(tag) => {
                    self.begin(&tag, &mut has_root)?;
                    self.path.pop();
                }
                // The reader has compared its name with that of the start.
                Event::End(_) => drop(self.path.pop()?),
                Event::Text(text) if is_outside => text.trim_ascii().is_empty().then_some(())?,
                Event::Text(text) => self.say(&text.xml10_content())?,
                Event::CData(text) if !is_outside => self.say(&text.xml10_content())?,
                Event::GeneralRef(name) if !is_outside => self.say(resolve(&name)?.encode_utf8(&mut [0; 4]))?,
                Event::Decl(_) if event == 0 => {}
                Event::Comment(_) => {}
                Event::Eof => return (has_root && is_outside).then_some(()),
                Event::DocType(_) | Event::PI(_) | Event::Decl(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return None;
                }
            }
        }
        None
    }

    fn begin(&mut self, tag: &BytesStart<'_>, has_root: &mut bool) -> Option<()> {
        if self.path.is_empty() {
            if *has_root {
                return None;
            }
            *has_root = true;
            self.form = form(tag).unwrap_or(self.form);
        }
        if self.path.len() == DEPTH {
            return None;
        }
        let element = self.element(tag.local_name().as_ref());
        match element {
            Element::Handle if self.handle.replace(String::new()).is_some() => return None,
            Element::Password if self.password.replace(String::new()).is_some() => return None,
            Element::Many => self.wrapped = true,
            Element::One if self.path.contains(&Element::One) || self.sites.len() == TOKENS => return None,
            Element::One => self.sites.push(String::new()),
            // Two names for one site.
            Element::Site if !self.sites.last()?.is_empty() => return None,
            _ => {}
        }
        self.path.push(element);
        Some(())
    }

    /// What an element that begins here is, by its name without the prefix.
    fn element(&self, name: &str) -> Element {
        let is_in_token = self.path.last() == Some(&Element::UsernameToken);
        match name {
            "UsernameToken" => Element::UsernameToken,
            "Username" if is_in_token => Element::Handle,
            "Password" if is_in_token => Element::Password,
            "RequestMultipleSecurityTokens" => Element::Many,
            "RequestSecurityToken" => Element::One,
            "AppliesTo" if self.path.contains(&Element::One) => Element::AppliesTo,
            "Address" | "ServiceName" if self.path.contains(&Element::AppliesTo) => Element::Site,
            _ => Element::Other,
        }
    }

    fn say(&mut self, text: &str) -> Option<()> {
        match self.path.last()? {
            Element::Handle => append(self.handle.as_mut()?, text, WORD),
            Element::Password => append(self.password.as_mut()?, text, MAX_PASSWORD),
            // Blanks around a name do not belong to it.
            Element::Site => append(self.sites.last_mut()?, text.trim(), WORD),
            _ => Some(()),
        }
    }
}

/// The form that the namespace of the envelope tells. It is the outermost element, so its prefix is
/// declared in it or nowhere.
fn form(envelope: &BytesStart<'_>) -> Option<Form> {
    let name = envelope.name();
    let declaration = name.prefix().map_or("xmlns".to_owned(), |prefix| format!("xmlns:{}", prefix.as_ref()));
    let mut attributes = envelope.attributes();
    let declared = attributes.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == declaration)?;
    match &*declared.value {
        SOAP_1_1 => Some(Form::Rst),
        SOAP_1_2 => Some(Form::Rst2),
        _ => None,
    }
}

/// The character of a reference. Entities with names of their own do not exist without a document type.
fn resolve(name: &BytesRef<'_>) -> Option<char> {
    match &**name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => name.resolve_char_ref().ok().flatten(),
    }
}

fn append(to: &mut String, text: &str, most: usize) -> Option<()> {
    to.push_str(text);
    (to.len() <= most).then_some(())
}

#[cfg(test)]
mod tests;
