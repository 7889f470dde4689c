//! Names and the texts that ids stand for: hostnames, URIs, Zorgaanbiedersnamen, names of organisations.
//!
//! Here stand the forms that the list schemas demand and the Zorgaanbiedersnamenbeleid. Does not resolve a
//! name to an address (the connector of a driver) and does not know XML (`wire`).

use std::{collections::BTreeMap, fmt};

use crate::{
    id::{NameId, ZorgaanbiederId},
    uri::{Uri, UriFlags},
};

/// The name of an organisation, as people read it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OrganisationId(pub u32);

/// Every text of a run, once each. Shared and never changed while a run goes on.
#[derive(Clone, Debug, Default)]
pub struct Names {
    hosts: Texts,
    uris: Texts,
    uri_values: Vec<Uri>,
    zorgaanbieders: Texts,
    organisations: Texts,
}

#[derive(Clone, Debug, Default)]
struct Texts {
    texts: Vec<Box<str>>,
    places: BTreeMap<Box<str>, u32>,
}

impl Texts {
    fn intern(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = self.texts.len() as u32;
        self.texts.push(text.into());
        self.places.insert(text.into(), place);
        place
    }

    fn text(&self, place: usize) -> &str {
        self.texts.get(place).map_or("?", |text| text)
    }
}

impl Names {
    /// The id of a hostname, new or known.
    pub fn host(&mut self, name: &str) -> NameId {
        NameId(self.hosts.intern(name))
    }

    /// The id of a hostname that is known already.
    pub fn find_host(&self, name: &str) -> Option<NameId> {
        self.hosts.places.get(name).map(|place| NameId(*place))
    }

    /// The text of a hostname.
    pub fn host_text(&self, name: NameId) -> &str {
        self.hosts.text(name.index())
    }

    /// How many hostnames there are.
    pub fn host_count(&self) -> usize {
        self.hosts.texts.len()
    }

    /// The URI of this text, hostile or not. Its host is what stands where a host should; an empty one if
    /// nothing does.
    pub fn uri(&mut self, text: &str) -> Uri {
        let place = self.uris.intern(text);
        if let Some(uri) = self.uri_values.get(place as usize) {
            return *uri;
        }
        let parts = UriParts::of(text);
        let host = self.host(parts.host);
        let uri = Uri::new(place, host, parts.flags());
        self.uri_values.push(uri);
        uri
    }

    /// The text of a URI.
    pub fn uri_text(&self, uri: Uri) -> &str {
        self.uris.text(uri.place())
    }

    /// How many URIs there are.
    pub fn uri_count(&self) -> usize {
        self.uri_values.len()
    }

    /// The id of a Zorgaanbieder, new or known.
    pub fn zorgaanbieder(&mut self, naam: &str) -> ZorgaanbiederId {
        ZorgaanbiederId(self.zorgaanbieders.intern(naam))
    }

    /// The id of a Zorgaanbieder that is known already.
    pub fn find_zorgaanbieder(&self, naam: &str) -> Option<ZorgaanbiederId> {
        self.zorgaanbieders.places.get(naam).map(|place| ZorgaanbiederId(*place))
    }

    /// The Zorgaanbiedernaam, with `@medmij`.
    pub fn zorgaanbieder_text(&self, zorgaanbieder: ZorgaanbiederId) -> &str {
        self.zorgaanbieders.text(zorgaanbieder.index())
    }

    /// How many Zorgaanbieders there are.
    pub fn zorgaanbieder_count(&self) -> usize {
        self.zorgaanbieders.texts.len()
    }

    /// The id of an organisation, new or known.
    pub fn organisation(&mut self, name: &str) -> OrganisationId {
        OrganisationId(self.organisations.intern(name))
    }

    /// The name of an organisation, as people read it.
    pub fn organisation_text(&self, organisation: OrganisationId) -> &str {
        self.organisations.text(organisation.0 as usize)
    }
}

/// What stands in a URI, as far as the rules care.
struct UriParts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    path: &'a str,
}

impl<'a> UriParts<'a> {
    fn of(text: &'a str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        Self { scheme, host, port, path }
    }

    /// Whether its path is `(/[^?#/]+)*`: no query, no fragment, nothing empty between two slashes.
    fn path_is_full(&self) -> bool {
        self.path.is_empty()
            || self.path.strip_prefix('/').is_some_and(|path| {
                path.split('/').all(|segment| !segment.is_empty() && !segment.contains(['?', '#']))
            })
    }

    fn flags(&self) -> UriFlags {
        UriFlags {
            https: self.scheme == "https",
            full: !self.scheme.is_empty() && check_hostname(self.host).is_ok(),
            query_or_fragment: self.path.contains(['?', '#']),
            port: self.port.is_some(),
        }
    }
}

/// Why a text is not what it should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameFault {
    /// Not a hostname of at least two labels of a–z, 0–9 and hyphens.
    Hostname,
    /// Not lower-case letters a–z followed by `@medmij`.
    ZorgaanbiedernaamForm,
    /// Not lower-case letters a–z, with single dots between them, followed by `@medmij`.
    DottedZorgaanbiedernaamForm,
    /// Not 10 to 57 characters, `@medmij` included.
    ZorgaanbiedernaamLength,
    /// Not 3 to 50 characters.
    OrganisationLength,
    /// Not `https://`, a hostname and a path, without port, query and fragment.
    FrontchannelUri,
    /// Not `https://`, a hostname, perhaps a port of one to five digits, and a path, without query and fragment.
    BackchannelUri,
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hostname => {
                "a hostname of at least two labels of a-z, 0-9 and -, such as gateway.example.nl"
            }
            Self::ZorgaanbiedernaamForm => {
                "lower-case letters followed by @medmij, such as huisartsdevries@medmij"
            }
            Self::DottedZorgaanbiedernaamForm => {
                "lower-case letters, perhaps with dots between them, followed by @medmij, such as huisarts.devries@medmij"
            }
            Self::ZorgaanbiedernaamLength => "10 to 57 characters, @medmij included",
            Self::OrganisationLength => "3 to 50 characters",
            Self::FrontchannelUri => {
                "https://, a hostname and a path, without port, query or fragment"
            }
            Self::BackchannelUri => {
                "https://, a hostname, perhaps a port of at most five digits, and a path, without query or fragment"
            }
        })
    }
}

/// The form of a hostname in the lists: `(([a-z0-9])([a-z0-9-])*(\.))+([a-z0-9])([a-z0-9-])*([a-z0-9])`.
pub fn check_hostname(name: &str) -> Result<(), NameFault> {
    let (front, last) = name.rsplit_once('.').ok_or(NameFault::Hostname)?;
    let good =
        front.split('.').all(is_label) && is_label(last) && last.len() >= 2 && !last.ends_with('-');
    good.then_some(()).ok_or(NameFault::Hostname)
}

/// The Zorgaanbiedersnamenbeleid, as far as a text can show it (PI 13, [`crate::rule::NAAM_FORM`]): lower-case
/// letters, three or more, and `@medmij`; 10 to 57 characters in all.
pub fn check_zorgaanbiedernaam(naam: &str) -> Result<(), NameFault> {
    let form = NameFault::ZorgaanbiedernaamForm;
    check_letters(naam.strip_suffix("@medmij").ok_or(form)?, form)?;
    check_zorgaanbiedernaam_length(naam)
}

/// A Zorgaanbiedernaam as later ZALs have it, since about 2021: dots may stand between the letters, as in
/// `huisarts.devries@medmij`. No schema of those ZALs is public; this is what published names show.
pub fn check_dotted_zorgaanbiedernaam(naam: &str) -> Result<(), NameFault> {
    let form = NameFault::DottedZorgaanbiedernaamForm;
    let parts = naam.strip_suffix("@medmij").ok_or(form)?;
    parts.split('.').try_for_each(|letters| check_letters(letters, form))?;
    check_zorgaanbiedernaam_length(naam)
}

fn check_letters(letters: &str, fault: NameFault) -> Result<(), NameFault> {
    let good = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_lowercase());
    good.then_some(()).ok_or(fault)
}

fn check_zorgaanbiedernaam_length(naam: &str) -> Result<(), NameFault> {
    (10..=57).contains(&naam.len()).then_some(()).ok_or(NameFault::ZorgaanbiedernaamLength)
}

/// The length of an organisation's name on the OAuth client list, and of a Weergavenaam.
pub fn check_organisation(name: &str) -> Result<(), NameFault> {
    (3..=50).contains(&name.chars().count()).then_some(()).ok_or(NameFault::OrganisationLength)
}

/// The form of a front-channel URI in the ZAL.
pub fn check_frontchannel_uri(text: &str) -> Result<(), NameFault> {
    let parts = UriParts::of(text);
    // In the schema's pattern for these the last character of the host is optional, so that a host may be
    // one letter or end in a hyphen there: `https://a.b`.
    let good = parts.scheme == "https"
        && parts.host.contains('.')
        && parts.host.split('.').all(is_label)
        && parts.port.is_none()
        && parts.path_is_full();
    good.then_some(()).ok_or(NameFault::FrontchannelUri)
}

/// The form of a back-channel URI in the ZAL. Whether its port exists is not asked here: the schema allows
/// any five digits.
pub fn check_backchannel_uri(text: &str) -> Result<(), NameFault> {
    let parts = UriParts::of(text);
    let port = |port: &str| {
        (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    let good = parts.scheme == "https"
        && check_hostname(parts.host).is_ok()
        && parts.port.is_none_or(port)
        && parts.path_is_full();
    good.then_some(()).ok_or(NameFault::BackchannelUri)
}

/// A label of a hostname: a–z, 0–9 and hyphens, of which the first character is no hyphen.
fn is_label(label: &str) -> bool {
    label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && label.bytes().next().is_some_and(|byte| byte != b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rule, rule::covers};
    use proptest::prelude::*;

    #[test]
    fn zorgaanbiedernamen_are_lower_case_letters_and_the_suffix() {
        covers(&[rule::NAAM_FORM]);
        for good in ["umcharderwijk@medmij", "abc@medmij", &format!("{}@medmij", "a".repeat(50))] {
            assert_eq!(check_zorgaanbiedernaam(good), Ok(()), "{good}");
        }
        for bad in ["ab@medmij", &format!("{}@medmij", "a".repeat(51))] {
            assert_eq!(check_zorgaanbiedernaam(bad), Err(NameFault::ZorgaanbiedernaamLength));
        }
        for bad in [
            "Umc@medmij",
            "huisarts.amsterdam@medmij",
            "abc",
            "@medmij",
            "abc@medmij ",
            "a1c@medmij",
        ] {
            assert_eq!(
                check_zorgaanbiedernaam(bad),
                Err(NameFault::ZorgaanbiedernaamForm),
                "{bad}"
            );
        }
    }

    #[test]
    fn hostnames_and_uris_are_judged_as_the_schemas_do() {
        for good in ["78834.umcharderwijk.nl", "a.bc", "a-b-.c2"] {
            assert_eq!(check_hostname(good), Ok(()), "{good}");
        }
        for bad in ["localhost", "-a.nl", "a.b", "a..nl", "a.nl-", "A.nl", "a.nl.", ".nl", ""] {
            assert_eq!(check_hostname(bad), Err(NameFault::Hostname), "{bad}");
        }
        assert_eq!(check_frontchannel_uri("https://rcf-rso.nl/rcf/fhir-stu3"), Ok(()));
        assert_eq!(
            check_backchannel_uri("https://78834.umcharderwijk.nl:8099/oauth/token"),
            Ok(())
        );
        for bad in [
            "http://a.nl/x",
            "https://a.nl:443/x",
            "https://a.nl/x?y",
            "https://a.nl/x#y",
            "https://a.nl/",
            "https://a.nl//x",
            "https://a/x",
            "a.nl/x",
            "https://A.nl",
        ] {
            assert_eq!(check_frontchannel_uri(bad), Err(NameFault::FrontchannelUri), "{bad}");
        }
        assert!(check_backchannel_uri("https://a.nl:123456/x").is_err());
        assert!(check_backchannel_uri("https://a.nl:/x").is_err());
    }

    #[test]
    fn the_last_label_of_a_back_channel_uri_is_stricter_than_that_of_a_front_channel_uri() {
        for host in ["https://a.b/x", "https://a.nl-/x"] {
            assert_eq!(check_frontchannel_uri(host), Ok(()), "{host}");
            assert_eq!(check_backchannel_uri(host), Err(NameFault::BackchannelUri), "{host}");
        }
    }

    #[test]
    fn a_later_zorgaanbiedernaam_may_have_dots_between_letters() {
        for good in ["huisartsdevries@medmij", "test.huisarts.amsterdam@medmij", "a.b@medmij"] {
            assert_eq!(check_dotted_zorgaanbiedernaam(good), Ok(()), "{good}");
        }
        for bad in
            [".huisarts@medmij", "huisarts.@medmij", "a..b@medmij", "huis.arts", "a.1@medmij"]
        {
            assert_eq!(
                check_dotted_zorgaanbiedernaam(bad),
                Err(NameFault::DottedZorgaanbiedernaamForm),
                "{bad}"
            );
        }
        for bad in ["ab@medmij".to_string(), format!("a.{}@medmij", "b".repeat(49))] {
            assert_eq!(
                check_dotted_zorgaanbiedernaam(&bad),
                Err(NameFault::ZorgaanbiedernaamLength),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_hostile_uri_is_a_value_that_says_what_is_wrong_with_it() {
        covers(&[rule::REDIRECT_FULL_HTTPS]);
        let mut names = Names::default();
        assert!(names.uri("https://pgo.example.nl/callback").may_be_redirected_to());
        for bad in [
            "http://pgo.example.nl/callback",
            "/callback",
            "https:///callback",
            "javascript:alert(1)",
            "https://pgo.example.nl/callback?next=https://evil.nl",
            "https://pgo.example.nl/callback#code",
            "https://pgo.example.nl:8443/callback",
            "https://user@pgo.example.nl/callback",
            "",
        ] {
            assert!(!names.uri(bad).may_be_redirected_to(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_went_in(texts in proptest::collection::vec(".{0,40}", 0..20)) {
            let mut names = Names::default();
            let uris: Vec<Uri> = texts.iter().map(|text| names.uri(text)).collect();
            for (uri, text) in uris.iter().zip(&texts) {
                prop_assert_eq!(names.uri_text(*uri), text);
                prop_assert_eq!(names.uri(text), *uri);
            }
        }
    }
}
