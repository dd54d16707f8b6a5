//! What clients ask for beside signing in, and can do without: their configuration, and pages of
//! services that there are not. All of it is small and harmless; nothing leads anywhere else.

/// The configuration of clients (6.0 and newer): nothing that they do not know themselves. `host` is
/// one that pages may be from.
pub(crate) fn config(host: &str) -> String {
    format!(
        "<MsgrConfig><Simple><Config><ExpiresInDays>0</ExpiresInDays></Config><TrustedDomains><domain name=\"{host}\"/>\
         </TrustedDomains></Simple><TabConfig/><LocalizedConfig Market=\"en-us\"/></MsgrConfig>"
    )
}

/// The same as the answer to a SOAP request.
pub(crate) fn config_in_soap(host: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <soap:Body><GetClientConfigResponse xmlns=\"http://www.msn.com/webservices/Messenger/Client\">\
         <GetClientConfigResult><![CDATA[{}]]></GetClientConfigResult></GetClientConfigResponse></soap:Body>\
         </soap:Envelope>",
        config(host)
    )
}

/// Is this the path of a page of advertisements, of tabs, or of the like? It is in lower case.
pub(crate) fn is_page(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    path.starts_with("/rad") || matches!(last, "abch_config.asp" | "tabs.asp" | "today.aspx" | "adsadclient31.dll")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages() {
        for page in ["/abch_config.asp", "/svcs/tabs.asp", "/rad/x", "/radmsn", "/en-us/today.aspx"] {
            assert!(is_page(page), "{page}");
        }
        for other in ["/", "/abservice/abservice.asmx", "/x/rad", "/tabs.asp/x"] {
            assert!(!is_page(other), "{other}");
        }
    }
}
