//! What hosts of the twin are made to answer wrongly, to see what the gateway does with that.
//!
//! Every trick is on for as long as a probe wants and off again after it. Answers that still say that they are signed are
//! rightly signed by whoever should: it is their content that is wrong.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use http::StatusCode;
use protocol::{
    bsn::Bsn,
    id::{HostId, NameId, Opaque, Serial},
    message::{
        Assertion, Assurance, CertStatus, Envelope, Issue, Message, OAuthError, OcspAnswer,
        Request, Response, SamlStatus,
    },
    register::{ListContent, ListKind, ListVersion, Zal},
    time::{Duration, WallTime},
};
use twin::meddle::Meddler;

/// What the responder says of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// That it is good.
    Good,
    /// That it is revoked.
    Revoked,
    /// Nothing: status 503.
    Silent,
    /// Not even that: no answer comes.
    Withheld,
    /// That it was good, in an answer whose time is over.
    Old,
    /// That it is good, in an answer whose signature is wrong.
    Forged,
}

/// What is wrong with what DigiD vouches for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spoilt {
    /// It is not signed.
    Unsigned,
    /// It is for another service provider.
    OtherAudience,
    /// It answers another request.
    OtherRequest,
    /// Its time is over.
    Over,
    /// Its time is yet to come.
    ToCome,
    /// The person proved who they are at the lowest level.
    Low,
    /// Before the signed assertion stands one of somebody else that is not.
    WrappedInside(Bsn),
    /// The signed message stands in one that is not, which speaks of somebody else.
    WrappedAround(Bsn),
    /// It never comes.
    Withheld,
}

/// What is wrong with a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadList {
    /// It fits no schema, and has that name on it.
    FitsNoSchema(NameId),
    /// It is good and new, and has that name no longer.
    Without(NameId),
    /// It fits no schema, and lacks that name.
    InvalidWithout(NameId),
    /// It is good and new, and lacks the last of its Zorgaanbieders.
    WithoutLast,
    /// It fits no schema, and lacks the last of its Zorgaanbieders.
    InvalidWithoutLast,
}

/// What comes of a PGO's requests in place of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// A code is refused (exception 6).
    CodeRefused,
    /// An OperationOutcome stands for data (exceptions 7 and 8).
    Outcome(Issue),
    /// No answer comes to a code.
    Silence,
}

/// The tricks that are on.
#[derive(Default)]
pub struct Mischief {
    tricks: Mutex<Tricks>,
}

#[derive(Default)]
struct Tricks {
    standings: BTreeMap<Serial, Standing>,
    spoilt: Option<Spoilt>,
    lists: BTreeMap<u8, BadList>,
    trouble: Option<Trouble>,
}

impl Mischief {
    /// From now on the responder says this of a certificate; none for what is true.
    pub fn say_of(&self, serial: Serial, standing: Option<Standing>) {
        let mut tricks = self.tricks();
        match standing {
            Some(standing) => drop(tricks.standings.insert(serial, standing)),
            None => drop(tricks.standings.remove(&serial)),
        }
    }

    /// From now on this is wrong with what DigiD vouches for; none for nothing.
    pub fn spoil_logins(&self, spoilt: Option<Spoilt>) {
        self.tricks().spoilt = spoilt;
    }

    /// From now on this is wrong with a list; none for nothing.
    pub fn spoil_list(&self, kind: ListKind, bad: Option<BadList>) {
        let mut tricks = self.tricks();
        match bad {
            Some(bad) => drop(tricks.lists.insert(kind as u8, bad)),
            None => drop(tricks.lists.remove(&(kind as u8))),
        }
    }

    /// From now on this comes of a PGO's requests; none for what should.
    pub fn make_trouble(&self, trouble: Option<Trouble>) {
        self.tricks().trouble = trouble;
    }

    fn tricks(&self) -> MutexGuard<'_, Tricks> {
        self.tricks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meddler for Mischief {
    fn alter(&self, _: HostId, _: &Envelope, response: &mut Response) {
        let tricks = self.tricks();
        match response {
            Response::Ocsp(answer) => {
                if let Some(standing) = tricks.standings.get(&answer.serial) {
                    stand(answer, *standing);
                }
            }
            Response::ArtifactResponse(assertion) if assertion.status == SamlStatus::Success => {
                if let Some(spoilt) = tricks.spoilt {
                    spoil(assertion, spoilt);
                }
            }
            Response::Token(_) if tricks.trouble == Some(Trouble::CodeRefused) => {
                *response = Response::TokenError(OAuthError::InvalidGrant);
            }
            Response::Fhir(_) => {
                if let Some(Trouble::Outcome(issue)) = tricks.trouble {
                    *response = Response::OperationOutcome(issue);
                }
            }
            Response::List(list) => {
                let bad = tricks.lists.get(&(list.kind as u8));
                *list = Arc::new(version(list, bad.copied(), tenths()));
            }
            _ => {}
        }
    }

    fn withholds(&self, _: HostId, asked: &Envelope) -> bool {
        let tricks = self.tricks();
        match &asked.message {
            Message::Request(Request::OcspQuery(serial)) => {
                tricks.standings.get(serial) == Some(&Standing::Withheld)
            }
            Message::Request(Request::ResolveArtifact { .. }) => {
                tricks.spoilt == Some(Spoilt::Withheld)
            }
            Message::Request(Request::OfferCode(_)) => tricks.trouble == Some(Trouble::Silence),
            _ => false,
        }
    }

    fn spoil(&self, _: HostId, asked: &Envelope, answer: &mut http::Response<Vec<u8>>) {
        let tricks = self.tricks();
        match &asked.message {
            Message::Request(Request::OcspQuery(serial)) => match tricks.standings.get(serial) {
                Some(Standing::Silent) => {
                    *answer = http::Response::new(Vec::new());
                    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                }
                Some(Standing::Forged) => forge_signature(answer.body_mut()),
                _ => {}
            },
            Message::Request(Request::ResolveArtifact { .. }) => {
                let wrapped = match tricks.spoilt {
                    Some(Spoilt::WrappedInside(of)) => wrapped_inside(answer.body(), of),
                    Some(Spoilt::WrappedAround(of)) => wrapped_around(answer.body(), of),
                    _ => None,
                };
                if let Some(wrapped) = wrapped {
                    let length = wrapped.len();
                    *answer.body_mut() = wrapped;
                    if let Some(said) = answer.headers_mut().get_mut(http::header::CONTENT_LENGTH) {
                        *said = length.into();
                    }
                }
            }
            _ => {}
        }
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

/// So much earlier.
fn before(at: WallTime, by: Duration) -> WallTime {
    WallTime::from_nanos(at.as_nanos() - i64::try_from(by.as_nanos()).unwrap_or(i64::MAX / 2))
}

fn stand(answer: &mut OcspAnswer, standing: Standing) {
    answer.status = CertStatus::Good;
    match standing {
        Standing::Good | Standing::Silent | Standing::Withheld | Standing::Forged => {}
        Standing::Revoked => answer.status = CertStatus::Revoked,
        Standing::Old => {
            answer.this_update = before(answer.this_update, HOUR + HOUR);
            answer.next_update = before(answer.this_update + HOUR, Duration::ZERO);
        }
    }
}

fn spoil(assertion: &mut Assertion, spoilt: Spoilt) {
    match spoilt {
        Spoilt::Unsigned => assertion.signed = false,
        // The first name of the network is a PGO's, which is no service provider.
        Spoilt::OtherAudience => assertion.audience = NameId(0),
        Spoilt::OtherRequest => assertion.in_response_to = Opaque(!assertion.in_response_to.0),
        Spoilt::Over => {
            assertion.not_before = before(assertion.not_before, HOUR);
            assertion.not_on_or_after = before(assertion.not_on_or_after, HOUR);
        }
        Spoilt::ToCome => {
            assertion.not_before = assertion.not_before + HOUR;
            assertion.not_on_or_after = assertion.not_on_or_after + HOUR;
        }
        Spoilt::Low => assertion.level = Assurance::Basis,
        Spoilt::WrappedInside(_) | Spoilt::WrappedAround(_) | Spoilt::Withheld => {}
    }
}

/// A ZAL without the last of its Zorgaanbieders.
fn without_last(zal: &Zal) -> Zal {
    let rows: Vec<_> = zal.rows().map(|(whose, offers)| (whose, offers.to_vec())).collect();
    let kept = rows.len().saturating_sub(1);
    let addresses: Vec<_> = (0..).map_while(|place| zal.addresses(place).cloned()).collect();
    Zal::new(rows.into_iter().take(kept).collect(), addresses)
}

/// Tenths of a second since some moment in 2023.
fn tenths() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(now.as_millis().saturating_sub(1_700_000_000_000) / 100).unwrap_or(u32::MAX)
}

/// What is served in place of a list. Its number says when: a gateway that saw a list of an earlier check, or a bad one,
/// is to find this one newer.
fn version(list: &ListVersion, bad: Option<BadList>, number: u32) -> ListVersion {
    let mut content = list.content.clone();
    match (&mut content, bad) {
        (ListContent::Whitelist(nodes), Some(BadList::FitsNoSchema(more))) => {
            nodes.push(more);
            nodes.sort_unstable();
        }
        (
            ListContent::Whitelist(nodes),
            Some(BadList::Without(gone) | BadList::InvalidWithout(gone)),
        ) => nodes.retain(|node| *node != gone),
        (ListContent::Zal(zal), Some(BadList::WithoutLast | BadList::InvalidWithoutLast)) => {
            *zal = without_last(zal);
        }
        _ => {}
    }
    let fits_schema = match bad {
        None | Some(BadList::Without(_) | BadList::WithoutLast) => list.fits_schema,
        Some(_) => false,
    };
    ListVersion { number, fits_schema, content, ..list.clone() }
}

/// Changes the signature of an OCSP answer, which stands before its certificates: 64 bytes and more that begin like an
/// ECDSA signature.
fn forge_signature(answer: &mut [u8]) {
    // A BIT STRING without unused bits that holds a SEQUENCE of two INTEGERs of 32 bytes or so.
    let is_signature = |window: &[u8]| {
        window[0] == 0x03
            && window[2] == 0
            && window[3] == 0x30
            && (0x40..=0x48).contains(&window[4])
    };
    if let Some(place) = answer.windows(5).position(is_signature)
        && let Some(byte) = answer.get_mut(place + 20)
    {
        *byte ^= 0x55;
    }
}

/// What stands between the first `<tag ` and its end, markup included.
fn element<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    let begin = text.find(&format!("<{tag} "))?;
    let close = format!("</{tag}>");
    let end = text[begin..].rfind(&close)? + begin + close.len();
    Some(&text[begin..end])
}

/// The same element under another ID, without its first signature, and of somebody else.
fn of_somebody_else(element: &str, who: Bsn) -> Option<String> {
    let id = element.split_once("ID=\"")?.1.split_once('"')?.0;
    let begin = element.find("<ds:Signature")?;
    let end = element.find("</ds:Signature>")? + "</ds:Signature>".len();
    let unsigned = format!("{}{}", &element[..begin], &element[end..]);
    let bsn = unsigned.split_once("s00000000:")?.1.get(..9)?.to_owned();
    Some(unsigned.replace(id, "_iemand-anders").replace(&bsn, &who.to_string()))
}

fn wrapped_inside(message: &[u8], who: Bsn) -> Option<Vec<u8>> {
    let text = str::from_utf8(message).ok()?;
    let assertion = element(text, "saml:Assertion")?;
    let forged = of_somebody_else(assertion, who)?;
    Some(text.replacen(assertion, &format!("{forged}{assertion}"), 1).into_bytes())
}

fn wrapped_around(message: &[u8], who: Bsn) -> Option<Vec<u8>> {
    let text = str::from_utf8(message).ok()?;
    let signed = element(text, "samlp:ArtifactResponse")?;
    let forged = of_somebody_else(signed, who)?;
    let (issuer, rest) = forged.split_once("</saml:Issuer>")?;
    let kept = format!("{issuer}</saml:Issuer><samlp:Extensions>{signed}</samlp:Extensions>{rest}");
    Some(text.replacen(signed, &kept, 1).into_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::id::PersonId;

    use super::*;

    const OTHER: Bsn = Bsn(PersonId(0));
    const SIGNED: &str = "<e><samlp:ArtifactResponse ID=\"_1\"><saml:Issuer>i</saml:Issuer><ds:Signature>o</ds:Signature>\
        <samlp:Response ID=\"_1-r\"><saml:Assertion ID=\"_1-a\"><ds:Signature>s</ds:Signature>s00000000:999912345\
        </saml:Assertion></samlp:Response></samlp:ArtifactResponse></e>";

    #[test]
    fn a_wrapped_message_keeps_what_was_signed_and_says_something_else_first() {
        for wrap in [wrapped_inside, wrapped_around] {
            let wrapped = String::from_utf8(wrap(SIGNED.as_bytes(), OTHER).unwrap()).unwrap();
            let (other, true_one) = (wrapped.find(&OTHER.to_string()), wrapped.find("999912345"));
            assert!(other.is_some() && true_one.is_some(), "{wrapped}");
            assert!(wrapped.contains(element(SIGNED, "saml:Assertion").unwrap()), "{wrapped}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_spoilt(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = wrapped_inside(&bytes, OTHER);
            let _ = wrapped_around(&bytes, OTHER);
            forge_signature(&mut bytes);
        }
    }
}
