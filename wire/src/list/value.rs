//! What may stand in each element that holds text: the simple types of the schemas, and the few demands of our
//! own beyond them.
//!
//! Reading and writing ask the same questions here. Does not know where a value stands.

use std::{borrow::Cow, fmt};

use protocol::names::{
    NameFault, check_backchannel_uri, check_dotted_zorgaanbiedernaam, check_frontchannel_uri,
    check_hostname, check_zorgaanbiedernaam,
};

use super::{
    document::{Aanbiedertype, ListFormat},
    tag::Tag,
    timestamp::{Timestamp, collapsed},
};

/// What a value should have been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Facet {
    /// The form of a name or a URI.
    Name(NameFault),
    /// A dateTime of at least 20 characters.
    Moment,
    /// A positive whole number.
    Positive,
    /// So many characters.
    Length {
        /// At least.
        min: usize,
        /// At most, if there is a most.
        max: Option<usize>,
    },
    /// One of the Aanbiedertypen.
    Aanbiedertype,
    /// Numbers with dots between them.
    Version,
    /// Beyond the schema: a dateTime with a zone.
    Zone,
    /// Beyond the schema: a year that can be counted to.
    Year,
    /// Beyond the schema: a number that fits 32 bits.
    Countable,
    /// Beyond the schema: a port that exists.
    Port,
}

impl Facet {
    /// Whether the schema asks it; if not, this program does, for its own reasons.
    pub const fn is_of_schema(self) -> bool {
        !matches!(self, Self::Zone | Self::Year | Self::Countable | Self::Port)
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(fault) => fault.fmt(f),
            Self::Moment => {
                f.write_str("a date and time with a zone, such as 2018-04-16T11:41:59Z")
            }
            Self::Positive => f.write_str("a whole number from 1"),
            Self::Length { min: 1, max: None } => f.write_str("at least one character"),
            Self::Length { min, max: None } => write!(f, "at least {min} characters"),
            Self::Length { min, max: Some(max) } => write!(f, "{min} to {max} characters"),
            Self::Aanbiedertype => f.write_str("ZA or BAZB"),
            Self::Version => f.write_str("numbers with dots between them, such as 1.4.0"),
            Self::Zone => f.write_str(
                "a zone, such as Z or +01:00 (the schema lets it pass without, but then it is no moment)",
            ),
            Self::Year => {
                f.write_str("a year of at most nine digits (the schema lets more pass)")
            }
            Self::Countable => {
                write!(f, "a number up to {} (the schema lets greater ones pass)", u32::MAX)
            }
            Self::Port => f.write_str(
                "a port from 1 to 65535 (the schema lets others pass, but they do not exist)",
            ),
        }
    }
}

const IDENTIFIER: Facet = Facet::Length { min: 1, max: Some(30) };
const FRIENDLY_NAME: Facet = Facet::Length { min: 3, max: Some(50) };

/// Whether this text may stand in this element in that format. Elements that hold elements hold no text, so any
/// text fits those as far as this goes.
pub(super) fn check(tag: Tag, text: &str, format: ListFormat) -> Result<(), Facet> {
    match tag {
        Tag::Tijdstempel => Timestamp::parse(text).map(drop),
        Tag::Volgnummer | Tag::MaximaleDuur => positive(text).map(drop),
        // In release 1.0 a MedMijNode is its hostname, later it has one.
        Tag::MedMijNode | Tag::Hostname => check_hostname(text).map_err(Facet::Name),
        Tag::Zorgaanbiedernaam => match format {
            ListFormat::R1_0 | ListFormat::R1_1 => check_zorgaanbiedernaam(text),
            ListFormat::R1_4 => check_dotted_zorgaanbiedernaam(text),
        }
        .map_err(Facet::Name),
        Tag::GegevensdienstId | Tag::Systeemrolcode => match format {
            ListFormat::R1_0 => length(text, Facet::Length { min: 1, max: None }),
            ListFormat::R1_1 | ListFormat::R1_4 => length(text, IDENTIFIER),
        },
        Tag::OAuthclientOrganisatienaam | Tag::Weergavenaam => length(text, FRIENDLY_NAME),
        Tag::AuthorizationEndpointuri => {
            check_frontchannel_uri(&comparable(text, format)).map_err(Facet::Name)
        }
        Tag::TokenEndpointuri | Tag::ResourceEndpointuri | Tag::SubscriptionEndpointuri => {
            check_backchannel_uri(&comparable(text, format)).map_err(Facet::Name)?;
            check_port(text)
        }
        Tag::Aanbiedertype => Aanbiedertype::from_name(text).map(drop).ok_or(Facet::Aanbiedertype),
        Tag::InterfaceversieId => {
            let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let good = text.split('.').all(number) && text.len() <= 30;
            good.then_some(()).ok_or(Facet::Version)
        }
        _ => Ok(()),
    }
}

/// An `xs:positiveInteger` that fits 32 bits.
pub(super) fn positive(text: &str) -> Result<u32, Facet> {
    let digits = collapsed(text);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Facet::Positive);
    }
    match digits.trim_start_matches('0') {
        "" => Err(Facet::Positive),
        digits => digits.parse().map_err(|_| Facet::Countable),
    }
}

fn length(text: &str, facet: Facet) -> Result<(), Facet> {
    let Facet::Length { min, max } = facet else { return Ok(()) };
    // Characters, not bytes (XML Schema 1.0 part 2, §4.3.1).
    let length = text.chars().count();
    let good = length >= min && max.is_none_or(|max| length <= max);
    good.then_some(()).ok_or(facet)
}

/// Lists of release 1.0 and 1.1 let nothing be empty between two slashes of a path. Published endpoints of later
/// years end in a slash or have two in a row; without their schema at hand those are let pass.
fn comparable(uri: &str, format: ListFormat) -> Cow<'_, str> {
    let rest = uri.strip_prefix("https://").filter(|_| format == ListFormat::R1_4);
    match rest {
        Some(rest) if rest.ends_with('/') || rest.contains("//") => {
            let mut parts = rest.split('/');
            let mut uri = format!("https://{}", parts.next().unwrap_or_default());
            for part in parts.filter(|part| !part.is_empty()) {
                uri.push('/');
                uri.push_str(part);
            }
            Cow::Owned(uri)
        }
        _ => Cow::Borrowed(uri),
    }
}

/// Of a URI of the right form.
fn check_port(uri: &str) -> Result<(), Facet> {
    let authority = uri.trim_start_matches("https://").split('/').next().unwrap_or_default();
    match authority.split_once(':').map(|(_, port)| port.parse::<u16>()) {
        None => Ok(()),
        Some(Ok(port)) if port > 0 => Ok(()),
        Some(_) => Err(Facet::Port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ListFormat::{R1_0, R1_1, R1_4};
    use protocol::{rule, rule::covers};

    #[test]
    fn zorgaanbiedernamen_have_dots_only_since_release_1_4() {
        covers(&[rule::NAAM_FORM]);
        let naam = |text, format| check(Tag::Zorgaanbiedernaam, text, format).is_ok();
        for format in ListFormat::ALL {
            assert!(naam("huisartsdevries@medmij", format));
            assert!(!naam("ab@medmij", format));
            assert!(!naam("Huisarts@medmij", format));
        }
        assert!(naam("huisarts.devries@medmij", R1_4));
        assert!(!naam("huisarts.devries@medmij", R1_1));
    }

    #[test]
    fn identifiers_have_a_length_limit_since_release_1_1() {
        let (fits, long) = ("x".repeat(30), "\u{eb}".repeat(31));
        for tag in [Tag::GegevensdienstId, Tag::Systeemrolcode] {
            for format in ListFormat::ALL {
                assert_eq!(check(tag, &fits, format), Ok(()));
                assert!(check(tag, "", format).is_err());
            }
            assert_eq!(check(tag, &long, R1_0), Ok(()));
            assert_eq!(check(tag, &long, R1_1), Err(IDENTIFIER));
        }
    }

    #[test]
    fn names_that_people_read_are_3_to_50_characters_long_not_bytes() {
        let good = "\u{eb}".repeat(50);
        assert_eq!(check(Tag::Weergavenaam, &good, R1_1), Ok(()));
        assert_eq!(check(Tag::OAuthclientOrganisatienaam, &good, R1_0), Ok(()));
        for bad in ["ab", &"x".repeat(51)] {
            assert_eq!(check(Tag::Weergavenaam, bad, R1_1), Err(FRIENDLY_NAME));
        }
    }

    #[test]
    fn a_volgnummer_is_a_positive_number_of_any_length_that_we_count_to_32_bits() {
        for (text, number) in [("1", 1), (" +007\n", 7), ("4294967295", u32::MAX)] {
            assert_eq!(positive(text), Ok(number), "{text}");
        }
        for bad in ["", "0", "-1", "+", "1.0", "1 2", "0x1", "\u{661}", "\u{a0}1"] {
            assert_eq!(positive(bad), Err(Facet::Positive), "{bad}");
        }
        for big in ["4294967296", "99999999999999999999999999999"] {
            assert_eq!(positive(big), Err(Facet::Countable), "{big}");
        }
    }

    #[test]
    fn a_port_must_exist_although_the_schema_lets_any_five_digits_pass() {
        let token = |uri| check(Tag::TokenEndpointuri, uri, R1_0);
        assert_eq!(token("https://a.nl:65535/token"), Ok(()));
        assert_eq!(token("https://a.nl/x:99999"), Ok(()));
        for bad in ["https://a.nl:65536/token", "https://a.nl:0", "https://a.nl:00000/x"] {
            assert_eq!(token(bad), Err(Facet::Port), "{bad}");
            assert!(!Facet::Port.is_of_schema());
        }
        assert_eq!(token("https://a.nl:123456/x"), Err(Facet::Name(NameFault::BackchannelUri)));
    }

    #[test]
    fn later_endpoints_may_have_slashes_with_nothing_between() {
        for uri in ["https://a.nl/fhir/", "https://a.nl/2.0.0//token", "https://a.nl/"] {
            assert!(check(Tag::ResourceEndpointuri, uri, R1_1).is_err(), "{uri}");
            assert_eq!(check(Tag::ResourceEndpointuri, uri, R1_4), Ok(()), "{uri}");
        }
        for bad in ["https:////a.nl/", "http://a.nl/", "https://a.nl/?x", "https:///x"] {
            assert!(check(Tag::ResourceEndpointuri, bad, R1_4).is_err(), "{bad}");
        }
    }
}
