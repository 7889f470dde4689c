//! Every message of the network, arbitrary within what its fields can hold.
//!
//! Texts of strangers are among them: quotes, tags, percent signs, line ends, other alphabets, two kilobytes.

use std::sync::Arc;

use proptest::{prelude::*, sample::select};
use protocol::{
    bsn::Bsn,
    catalogue::{CATALOGUE, Gegevensdienst, Scope},
    id::{Cookie, NameId, Opaque, PersonId, Serial, ZorgaanbiederId},
    message::{
        Assurance, AuthnRequest, Authorize, Availability, Browse, ConsentAnswer, Content,
        Description, Exception, Fetch, FhirAnswer, Fingerprint, GrantType, InvalidCause, Issue,
        OAuthError, OfferCode, Page, Request, Response, ResponseType, Secret, Subject, TokenGrant,
        TokenType,
    },
    register::{ListContent, ListKind, ListVersion},
    time::WallTime,
    uri::Uri,
};

use super::desk::{ZORGAANBIEDERS, assertion, host, opaque, uri, verdict};

pub(crate) const HOSTILE: [&str; 8] = [
    "\"'><script>alert(1)</script>",
    "100%25 & meer=\u{e9}\u{e9}n+twee",
    "../../etc/passwd?a=b#c",
    "&lt;&amp;lt;&#39;",
    "regel\r\neinde\ttab",
    "\u{202e}\u{5d0}\u{1f600}",
    "]]><!-- </main></form><main data-page=\"aanbod\">",
    "stelsel=0000000000000000; Secure",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<u128>().prop_map(|bits| Opaque::uuid_v4(bits).to_string()),
        2 => select(&HOSTILE[..]).prop_map(str::to_owned),
        1 => ".{1,80}",
        1 => Just("<\"%é&'".repeat(290)),
    ]
}

fn value() -> impl Strategy<Value = Opaque> {
    text().prop_map(|text| opaque(&text))
}

/// What RFC 6750 §2.1 lets a token be, and more: everything that a header can hold.
fn token() -> impl Strategy<Value = Opaque> {
    prop_oneof![
        any::<u128>().prop_map(Opaque::uuid_v4),
        "[!-~]{1,60}".prop_map(|text| opaque(&text)),
    ]
}

pub(crate) fn name() -> impl Strategy<Value = NameId> {
    select(&["pgo.example.nl", "za.example.nl", "digid.example.nl", "xn--bcher-kva.example"][..])
        .prop_map(host)
}

fn address() -> impl Strategy<Value = Uri> {
    prop_oneof![
        Just("https://pgo.example.nl/callback".to_owned()),
        select(&HOSTILE[..]).prop_map(str::to_owned),
        ".{1,60}",
    ]
    .prop_map(|text| uri(&text))
}

pub(crate) fn cookie() -> impl Strategy<Value = Cookie> {
    any::<(u32, u32)>().prop_map(|(place, tag)| Cookie { place, tag })
}

fn zorgaanbieder() -> impl Strategy<Value = ZorgaanbiederId> {
    (0..ZORGAANBIEDERS.len() as u32).prop_map(ZorgaanbiederId)
}

fn dienst() -> impl Strategy<Value = Gegevensdienst> {
    (0..CATALOGUE.len() as u8).prop_map(Gegevensdienst)
}

fn scope() -> impl Strategy<Value = Scope> {
    (zorgaanbieder(), prop::collection::vec(dienst(), 0..4)).prop_map(
        |(zorgaanbieder, services)| {
            let nothing = Scope::single(zorgaanbieder, Gegevensdienst(u8::MAX));
            services.into_iter().fold(nothing, Scope::with)
        },
    )
}

fn bsn() -> impl Strategy<Value = Bsn> {
    (0..Bsn::PRINTABLE).prop_map(|person| Bsn(PersonId(person)))
}

fn level() -> impl Strategy<Value = Assurance> {
    use Assurance::{Basis, Hoog, Midden, Substantieel};
    select(&[Basis, Midden, Substantieel, Hoog][..])
}

fn error() -> impl Strategy<Value = OAuthError> {
    use OAuthError as E;
    select(
        &[
            E::InvalidRequest,
            E::UnauthorizedClient,
            E::AccessDenied,
            E::UnsupportedResponseType,
            E::InvalidScope,
            E::ServerError,
            E::TemporarilyUnavailable,
            E::InvalidClient,
            E::InvalidGrant,
            E::UnsupportedGrantType,
        ][..],
    )
}

fn wall() -> impl Strategy<Value = WallTime> {
    any::<i64>().prop_map(WallTime::from_nanos)
}

pub(crate) fn content() -> impl Strategy<Value = Content> {
    (any::<u64>(), any::<u32>(), wall(), prop_oneof![0..200u32, 0..40_000u32], any::<u16>())
        .prop_map(|(print, version, created, bytes, documents)| Content {
            fingerprint: Fingerprint(print),
            version,
            created,
            bytes,
            documents,
        })
}

fn secret() -> impl Strategy<Value = Secret> {
    prop_oneof![level().prop_map(Secret::Right), Just(Secret::Wrong)]
}

pub(crate) fn browse() -> impl Strategy<Value = Browse> {
    use ConsentAnswer::{Given, Refused, Unclear};
    use Description as D;
    let descriptions =
        &[D::None, D::NoSuchResources, D::AuthorizationDenied, D::AuthorizationFailed];
    let types = &[ResponseType::Code, ResponseType::Token, ResponseType::Other];
    prop_oneof![
        Just(Browse::Open),
        Just(Browse::StopFlow),
        Just(Browse::ConsultDossier),
        (zorgaanbieder(), dienst(), value()).prop_map(|(zorgaanbieder, dienst, csrf)| {
            Browse::Choose { zorgaanbieder, dienst, csrf }
        }),
        (name(), address(), scope(), prop::option::of(value()), select(&types[..])).prop_map(
            |(client, redirect, scope, state, response_type)| Browse::Authorize(Authorize {
                client,
                redirect,
                scope,
                state,
                response_type,
            })
        ),
        (name(), any::<u128>(), value(), level(), any::<bool>()).prop_map(
            |(issuer, id, relay_state, level, signed)| Browse::Authenticate(AuthnRequest {
                issuer,
                id: Opaque(id),
                relay_state,
                level,
                signed,
            })
        ),
        (any::<u32>(), secret(), value()).prop_map(|(account, secret, csrf)| Browse::LogIn {
            account: PersonId(account),
            secret,
            csrf
        }),
        value().prop_map(|csrf| Browse::CancelLogin { csrf }),
        (value(), value())
            .prop_map(|(artifact, relay_state)| Browse::ReturnArtifact { artifact, relay_state }),
        (select(&[Given, Refused, Unclear][..]), value())
            .prop_map(|(answer, csrf)| Browse::AnswerConsent { answer, csrf }),
        (value(), value()).prop_map(|(code, state)| Browse::Callback { code, state }),
        (error(), select(&descriptions[..]), value()).prop_map(|(error, description, state)| {
            Browse::CallbackError { error, description, state }
        }),
    ]
}

fn subject() -> impl Strategy<Value = Subject> {
    (bsn(), zorgaanbieder(), dienst()).prop_map(|(bsn, zorgaanbieder, dienst)| Subject {
        bsn,
        zorgaanbieder,
        dienst,
    })
}

pub(crate) fn fetch() -> impl Strategy<Value = Fetch> {
    let which = (zorgaanbieder(), dienst(), any::<prop::sample::Index>(), any::<u16>());
    (token(), which, prop::option::of(bsn())).prop_map(
        |(token, (zorgaanbieder, dienst, call, document), bsn)| {
            let calls = dienst.calls();
            let call = call.index(calls.len());
            let document = if calls[call].per_document { document } else { 0 };
            Fetch { token, zorgaanbieder, dienst, call: call as u8, document, bsn }
        },
    )
}

fn offer() -> impl Strategy<Value = OfferCode> {
    use GrantType::{AuthorizationCode, Other, RefreshToken};
    let grants = &[AuthorizationCode, RefreshToken, Other];
    (select(&grants[..]), value(), name(), address()).prop_map(
        |(grant_type, code, client, redirect)| OfferCode { grant_type, code, client, redirect },
    )
}

/// Every request that travels.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        6 => browse().prop_map(Request::Browse),
        1 => offer().prop_map(Request::OfferCode),
        3 => fetch().prop_map(Request::Fetch),
        1 => (any::<u128>(), name(), any::<bool>()).prop_map(|(artifact, issuer, signed)| {
            Request::ResolveArtifact { artifact: Opaque(artifact), issuer, signed }
        }),
        1 => select(&ListKind::ALL[..]).prop_map(Request::GetList),
        1 => any::<u32>().prop_map(|serial| Request::OcspQuery(Serial(serial))),
        1 => subject().prop_map(Request::CheckAvailability),
        1 => (subject(), any::<u8>(), any::<u16>()).prop_map(|(subject, call, document)| {
            Request::FetchDossier { subject, call, document }
        }),
    ]
}

pub(crate) fn page() -> impl Strategy<Value = Page> {
    use Exception as E;
    use InvalidCause as C;
    let exceptions = &[
        E::Identity,
        E::NoData,
        E::Refused,
        E::NoDataOrRefused,
        E::Authorization,
        E::Code,
        E::Token,
        E::Delivery,
    ];
    let causes =
        &[C::UnknownClient, C::RedirectUri, C::ResponseType, C::NoState, C::Scope, C::Release];
    prop_oneof![
        value().prop_map(|csrf| Page::Offer { csrf }),
        Just(Page::NotOffered),
        (value(), any::<bool>()).prop_map(|(csrf, again)| Page::Login { csrf, again }),
        Just(Page::DigidRefuses),
        (value(), zorgaanbieder(), dienst(), name()).prop_map(
            |(csrf, zorgaanbieder, dienst, client)| Page::ConsentQuestion {
                csrf,
                zorgaanbieder,
                dienst,
                client
            }
        ),
        select(&causes[..]).prop_map(Page::RequestInvalid),
        Just(Page::NoSession),
        any::<u16>().prop_map(|answers| Page::Collected { answers }),
        select(&exceptions[..]).prop_map(Page::Told),
        Just(Page::Unreachable),
        Just(Page::Stopped),
        any::<u32>().prop_map(|items| Page::Dossier { items }),
    ]
}

fn grant() -> impl Strategy<Value = TokenGrant> {
    let types = &[TokenType::Bearer, TokenType::Other];
    (value(), scope(), any::<u32>(), select(&types[..]), prop::option::of(value())).prop_map(
        |(token, scope, expires_in, token_type, refresh_token)| TokenGrant {
            token,
            scope,
            expires_in,
            token_type,
            refresh_token,
        },
    )
}

/// A list of a kind.
pub(crate) fn list(kind: ListKind, number: u32) -> Arc<ListVersion> {
    Arc::new(ListVersion {
        kind,
        number,
        published: WallTime::from_nanos(3),
        fits_schema: true,
        content: ListContent::Whitelist(vec![host("za.example.nl")]),
    })
}

/// A request that travels and what its answerer may say to it.
pub(crate) fn exchange() -> impl Strategy<Value = (Request, Response)> {
    request().prop_flat_map(|request| {
        let own: BoxedStrategy<Response> = match request {
            Request::Browse(_) => prop_oneof![
                (page(), prop::option::of(cookie()))
                    .prop_map(|(page, set_cookie)| Response::Page { page, set_cookie }),
                (name(), browse(), prop::option::of(cookie())).prop_map(
                    |(to, request, set_cookie)| Response::Redirect { to, request, set_cookie }
                ),
            ]
            .boxed(),
            Request::OfferCode(_) => prop_oneof![
                grant().prop_map(Response::Token),
                error().prop_map(Response::TokenError),
            ]
            .boxed(),
            Request::Fetch(_) => prop_oneof![
                4 => (content(), prop::option::of(bsn()))
                    .prop_map(|(content, bsn)| Response::Fhir(FhirAnswer { content, bsn })),
                1 => select(&[Issue::Suppressed, Issue::Incomplete][..])
                    .prop_map(Response::OperationOutcome),
            ]
            .boxed(),
            Request::ResolveArtifact { .. } => (0..Bsn::PRINTABLE)
                .prop_map(|person| Response::ArtifactResponse(assertion(person)))
                .boxed(),
            Request::GetList(kind) => {
                any::<u32>().prop_map(move |number| Response::List(list(kind, number))).boxed()
            }
            Request::CheckAvailability(_) => {
                use Availability::{Available, Nothing, UnderAge};
                select(&[Available, Nothing, UnderAge][..]).prop_map(Response::Availability).boxed()
            }
            Request::FetchDossier { .. } => content().prop_map(Response::Dossier).boxed(),
            _ => any::<u32>().prop_map(|serial| Response::Ocsp(verdict(serial))).boxed(),
        };
        let response = prop_oneof![
            8 => own,
            1 => Just(Response::Unavailable),
            1 => Just(Response::BadRequest),
        ];
        (Just(request), response)
    })
}
