//! Writing tokens and faults. Nothing stands between the elements of a collection, not even a blank:
//! libpurple walks from one to the next.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::escape;

use super::{Fault, Form, stamp};

/// The site of the token that stands for the sign-in itself. Clients keep it, and show it to nobody
/// but this service.
pub const PASSPORT: &str = "http://Passport.NET/tb";

const PSF: &str = "http://schemas.microsoft.com/Passport/SoapServices/SOAPFault";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The namespaces in which the two forms differ.
struct Names {
    soap: &'static str,
    wst: &'static str,
    wsse: &'static str,
    wsp: &'static str,
    wsa: &'static str,
    lifetime: &'static str,
}

const RST: Names = Names {
    soap: "http://schemas.xmlsoap.org/soap/envelope/",
    wst: "http://schemas.xmlsoap.org/ws/2004/04/trust",
    wsse: "http://schemas.xmlsoap.org/ws/2003/06/secext",
    wsp: "http://schemas.xmlsoap.org/ws/2002/12/policy",
    wsa: "http://schemas.xmlsoap.org/ws/2004/03/addressing",
    lifetime: "LifeTime",
};

const RST2: Names = Names {
    soap: "http://www.w3.org/2003/05/soap-envelope",
    wst: "http://schemas.xmlsoap.org/ws/2005/02/trust",
    wsse: "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    wsp: "http://schemas.xmlsoap.org/ws/2004/09/policy",
    wsa: "http://www.w3.org/2005/08/addressing",
    lifetime: "Lifetime",
};

impl Form {
    const fn names(self) -> &'static Names {
        match self {
            Self::Rst => &RST,
            Self::Rst2 => &RST2,
        }
    }
}

/// A token for a site.
pub struct Token<'a> {
    /// The site, as it was asked for.
    pub site: &'a str,
    /// What the token says: a ticket. None: it says nothing to anyone (that of [`PASSPORT`]).
    pub ticket: Option<&'a str>,
    /// The secret that goes with it.
    pub proof: [u8; 24],
    /// Random bytes: what stands where a token that says nothing would be encrypted.
    pub cipher: [u8; 24],
}

/// All that an answer says.
pub struct Answer<'a> {
    /// In which form.
    pub form: Form,
    /// Is it a collection, also of one?
    pub collection: bool,
    /// Whose.
    pub handle: &'a str,
    /// The number of the account.
    pub member: i64,
    /// Another one.
    pub cid: u64,
    /// Now, in Unix seconds.
    pub now: i64,
    /// When the tokens expire, in Unix seconds.
    pub expires: i64,
    /// In the order in which they were asked for.
    pub tokens: &'a [Token<'a>],
}

/// The tokens.
pub fn answer(answer: &Answer<'_>) -> String {
    let mut out = String::with_capacity(2048 + 1024 * answer.tokens.len());
    write_answer(&mut out, answer).expect("writing to a string cannot fail");
    out
}

fn write_answer(out: &mut String, answer: &Answer<'_>) -> fmt::Result {
    let Names { soap, wst, wsse, wsp, wsa, .. } = answer.form.names();
    let (handle, cid, puid) = (escape(answer.handle), answer.cid, answer.member);
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><S:Envelope xmlns:S=\"{soap}\"><S:Header>\
         <psf:pp xmlns:psf=\"{PSF}\">\
         <psf:serverVersion>1</psf:serverVersion><psf:PUID>{puid:016X}</psf:PUID><psf:configVersion>1\
         </psf:configVersion>\
         <psf:uiVersion>1</psf:uiVersion><psf:authstate>0x48803</psf:authstate><psf:reqstatus>0x0</psf:reqstatus>\
         <psf:serverInfo Path=\"Live1\" RollingUpgradeState=\"ExclusiveNew\" LocVersion=\"0\" ServerTime=\"{now}\">1\
         </psf:serverInfo><psf:cookies/><psf:browserCookies/><psf:credProperties>\
         <psf:credProperty Name=\"MainBrandID\">MSFT</psf:credProperty>\
         <psf:credProperty Name=\"IsWinLiveUser\">true</psf:credProperty>\
         <psf:credProperty Name=\"CID\">{cid:016x}</psf:credProperty>\
         <psf:credProperty Name=\"AuthMembername\">{handle}</psf:credProperty></psf:credProperties>\
         <psf:extProperties><psf:extProperty Name=\"CID\">{cid:016x}</psf:extProperty></psf:extProperties>\
         <psf:response/></psf:pp></S:Header><S:Body>",
        now = stamp::text(answer.now),
    )?;
    let names = format!(
        "xmlns:wst=\"{wst}\" xmlns:wsse=\"{wsse}\" xmlns:wsp=\"{wsp}\" xmlns:wsa=\"{wsa}\" xmlns:wsu=\"{WSU}\""
    );
    // The numbers of tickets begin with 1, whether or not there is a token without one before them:
    // msn-pecan and BitlBee look for the first.
    let (mut tickets, mut others) = (0, 0);
    if answer.collection {
        write!(out, "<wst:RequestSecurityTokenResponseCollection {names}>")?;
    }
    for token in answer.tokens {
        let inner = if answer.collection { "" } else { &format!(" {names}") };
        write!(out, "<wst:RequestSecurityTokenResponse{inner}>")?;
        let number = if token.ticket.is_some() { &mut tickets } else { &mut others };
        write_token(out, answer, token, *number)?;
        *number += 1;
        out.push_str("</wst:RequestSecurityTokenResponse>");
    }
    if answer.collection {
        out.push_str("</wst:RequestSecurityTokenResponseCollection>");
    }
    out.push_str("</S:Body></S:Envelope>");
    Ok(())
}

fn write_token(out: &mut String, answer: &Answer<'_>, token: &Token<'_>, number: u32) -> fmt::Result {
    let lifetime = answer.form.names().lifetime;
    let (kind, id) = match token.ticket {
        Some(_) => ("urn:passport:compact", format!("Compact{}", number + 1)),
        None => ("urn:passport:legacy", format!("BinaryDAToken{number}")),
    };
    write!(
        out,
        "<wst:TokenType>{kind}</wst:TokenType><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>{site}</wsa:Address>\
         </wsa:EndpointReference></wsp:AppliesTo><wst:{lifetime}><wsu:Created>{created}</wsu:Created>\
         <wsu:Expires>{expires}</wsu:Expires></wst:{lifetime}><wst:RequestedSecurityToken>",
        site = escape(token.site),
        created = stamp::text(answer.now),
        expires = stamp::text(answer.expires),
    )?;
    match token.ticket {
        Some(ticket) => {
            write!(out, "<wsse:BinarySecurityToken Id=\"{id}\">t={ticket}&amp;p=</wsse:BinarySecurityToken>")?;
        }
        None => write!(
            out,
            "<EncryptedData xmlns=\"{XENC}\" Id=\"{id}\" Type=\"{XENC}Element\">\
             <EncryptionMethod Algorithm=\"{XENC}tripledes-cbc\"/><ds:KeyInfo xmlns:ds=\"{DS}\">\
             <ds:KeyName>http://Passport.NET/STS</ds:KeyName></ds:KeyInfo><CipherData><CipherValue>{}</CipherValue>\
             </CipherData></EncryptedData>",
            STANDARD.encode(token.cipher)
        )?,
    }
    out.push_str("</wst:RequestedSecurityToken>");
    match answer.form {
        Form::Rst => {
            let kind = if token.ticket.is_some() { kind } else { "urn:passport" };
            write!(
                out,
                "<wst:RequestedTokenReference><wsse:KeyIdentifier ValueType=\"{kind}\"/><wsse:Reference URI=\"#{id}\"/>\
                 </wst:RequestedTokenReference>"
            )?;
        }
        Form::Rst2 => {
            for which in ["Attached", "Unattached"] {
                write!(
                    out,
                    "<wst:Requested{which}Reference><wsse:SecurityTokenReference><wsse:Reference URI=\"#{id}\"/>\
                     </wsse:SecurityTokenReference></wst:Requested{which}Reference>"
                )?;
            }
        }
    }
    write!(
        out,
        "<wst:RequestedProofToken><wst:BinarySecret>{}</wst:BinarySecret></wst:RequestedProofToken>",
        STANDARD.encode(token.proof)
    )
}

/// Why there are no tokens. In the first form, the fault stands directly in the envelope: clients
/// look for it there.
pub fn fault(form: Form, fault: Fault) -> String {
    let Names { soap, wst, wsse, .. } = form.names();
    let (prefix, code, text) = match fault {
        Fault::Failed => {
            (if form == Form::Rst { "wsse" } else { "wst" }, "FailedAuthentication", "Authentication Failure")
        }
        Fault::Invalid => ("wst", "InvalidRequest", "Invalid Request"),
        Fault::Busy => ("wst", "RequestFailed", "The service is busy"),
    };
    let names = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><S:Envelope xmlns:S=\"{soap}\" xmlns:wst=\"{wst}\" \
         xmlns:wsse=\"{wsse}\" xmlns:psf=\"{PSF}\">"
    );
    match form {
        Form::Rst => {
            let status = if fault == Fault::Failed { "0x80048823" } else { "0x80048820" };
            format!(
                "{names}<S:Header><psf:pp><psf:serverVersion>1</psf:serverVersion>\
                 <psf:authstate>0x80048800</psf:authstate><psf:reqstatus>{status}</psf:reqstatus></psf:pp></S:Header>\
                 <S:Fault><faultcode>{prefix}:{code}</faultcode><faultstring>{text}</faultstring></S:Fault>\
                 </S:Envelope>"
            )
        }
        Form::Rst2 => {
            let (who, value, inner) = match fault {
                Fault::Failed => ("Sender", "0x80048821", "0x80041012"),
                Fault::Invalid => ("Sender", "0x80048820", "0x80045c01"),
                Fault::Busy => ("Receiver", "0x80048820", "0x80048820"),
            };
            format!(
                "{names}<S:Header><psf:pp><psf:serverVersion>1</psf:serverVersion>\
                 <psf:authstate>0x80048800</psf:authstate><psf:reqstatus>{value}</psf:reqstatus></psf:pp></S:Header>\
                 <S:Body><S:Fault><S:Code><S:Value>S:{who}</S:Value><S:Subcode><S:Value>{prefix}:{code}</S:Value>\
                 </S:Subcode></S:Code><S:Reason><S:Text xml:lang=\"en-US\">{text}</S:Text></S:Reason><S:Detail>\
                 <psf:error>\
                 <psf:value>{value}</psf:value><psf:internalerror><psf:code>{inner}</psf:code><psf:text>{text}\
                 </psf:text>\
                 </psf:internalerror></psf:error></S:Detail></S:Fault></S:Body></S:Envelope>"
            )
        }
    }
}

#[cfg(test)]
mod tests;
