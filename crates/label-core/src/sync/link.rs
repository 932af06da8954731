//! Whether a link stays on the server that the token is for (L-041).

/// Scheme, host and port of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) scheme: String,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Server {
    /// The server of an absolute address. `None` where programs could read the address in two
    /// ways: with a user name, backslashes, white space, or other characters than ASCII.
    pub(super) fn of(url: &str) -> Option<Self> {
        let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains('\\');
        let (scheme, rest) = url.split_once("://").filter(|_| is_plain)?;
        let scheme = scheme.to_ascii_lowercase();
        let usual_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return None;
        }
        // The colons of an IPv6 address stand in brackets.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
                (host, port.parse().ok().filter(|_| is_number)?)
            }
            _ => (authority, usual_port),
        };
        (!host.is_empty()).then(|| Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port,
        })
    }

    /// Whether a token may be sent there at all: encrypted, or on this machine.
    pub(super) fn is_safe(&self) -> bool {
        let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&self.host.as_str());
        self.scheme == "https" || is_here
    }
}

/// The path of an address, without server and query.
pub(super) fn path(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let at = rest.find(['/', '?', '#'])?;
    let path = rest.get(at..)?.split(['?', '#']).next()?;
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_041_links_to_elsewhere_are_told_from_links_to_here() {
        let first = Server::of("https://graph.example/v1.0/labels").unwrap();
        for (link, is_here) in [
            ("https://graph.example/v1.0/labels?$skiptoken=x", true),
            ("https://graph.example:443/other", true),
            ("HTTPS://GRAPH.EXAMPLE/x", true),
            ("https://graph.example?x", true),
            ("http://graph.example/x", false),
            ("https://graph.example:444/x", false),
            ("https://graph.example:0443x/", false),
            ("https://graph.example.evil.example/x", false),
            ("https://evil.example/graph.example", false),
            ("https://graph.example@evil.example/", false),
            ("https://evil.example\\@graph.example/", false),
            ("https://graph.example\\.evil.example/", false),
            ("https://evil.example#@graph.example/", false),
            ("https://graph.example\t/", false),
            ("https://graph.examp\u{142}e/", false),
            ("https://graph.example./x", false),
            ("//graph.example/x", false),
            ("/v1.0/labels?$skiptoken=x", false),
            ("https:///x", false),
            ("https://:443/x", false),
            ("file://graph.example/x", false),
            ("", false),
        ] {
            assert_eq!(Server::of(link).as_ref() == Some(&first), is_here, "{link}");
        }
        assert_eq!(Server::of("http://[::1]:80/").map(|one| one.port), Some(80));
        assert!(Server::of("http://[::1]/x").is_some_and(|one| one.is_safe()));
        assert!(!Server::of("http://graph.example/x").is_some_and(|one| one.is_safe()));
        assert_eq!(path("https://h/a/b?c").as_deref(), Some("/a/b"));
        assert_eq!(path("https://h"), None);
    }
}
