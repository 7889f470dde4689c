//! Whatever the events say, the checkers neither panic nor grow beyond what is in progress.

use std::sync::Arc;

use proptest::prelude::*;
use protocol::{
    bsn::Bsn,
    catalogue::{Gegevensdienst, Scope},
    contract::{Failure, Work},
    id::{
        ConnectionId, Cookie, ExchangeId, FlowId, HostId, NameId, Opaque, PersonId, Serial,
        ZorgaanbiederId,
    },
    message::{
        Assertion, Assurance, AuthnRequest, Authorize, Availability, Browse, CertStatus,
        Certificate, ConsentAnswer, Content, Description, Envelope, Exception, Fetch, FhirAnswer,
        Fingerprint, GrantType, Hello, InvalidCause, Issue, Message, OAuthError, OcspAnswer,
        OfferCode, Page, Peer, Request, Response, ResponseType, SamlStatus, Secret, Side, Subject,
        TokenGrant, TokenType, table::ROWS,
    },
    register::{Change, Edition, ListKind, ListVersion},
    release::Release,
    time::{Duration, Instant, WallTime},
    trace::{FlowFacts, FlowKind, FlowRef, HostChange, Note, Stamp, Stored},
    uri::{Uri, UriFlags},
};

use super::conforming;
use crate::rules::{
    Checkers, Settings,
    script::{Script, Told},
};

/// Numbers that a test is made of.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Mostly small, now and then as large as can be.
    fn place(&mut self) -> u32 {
        if self.below(50) == 0 { self.next() as u32 } else { self.below(12) as u32 }
    }

    fn host(&mut self) -> HostId {
        let place = self.place();
        if self.below(4) == 0 { HostId::visitor(place & 0xffff) } else { HostId(place) }
    }

    fn opaque(&mut self) -> Opaque {
        Opaque::uuid_v4(self.below(6).into())
    }

    fn uri(&mut self) -> Uri {
        let flags = UriFlags { https: self.flip(), full: self.flip(), ..UriFlags::default() };
        Uri::new(self.below(9) as u32, NameId(self.place()), flags)
    }

    fn exchange(&mut self) -> ExchangeId {
        ExchangeId { place: self.place(), turn: self.below(2) as u32 }
    }

    fn wall(&mut self) -> WallTime {
        self.of(&[WallTime::FAR_FUTURE, WallTime::from_nanos(i64::MIN), WallTime::from_nanos(7)])
    }

    fn at(&mut self) -> Instant {
        match self.below(30) {
            0 => Instant::NEVER,
            _ => Instant::from_nanos(self.below(4_000_000_000_000)),
        }
    }

    fn dienst(&mut self) -> Gegevensdienst {
        Gegevensdienst(self.of(&[0, 3, 5, 18, 63, 64, 255]))
    }

    fn scope(&mut self) -> Scope {
        let scope = Scope::single(ZorgaanbiederId(self.place()), self.dienst());
        if self.flip() { scope } else { scope.with(self.dienst()) }
    }

    fn subject(&mut self) -> Subject {
        Subject {
            bsn: Bsn(PersonId(self.place())),
            zorgaanbieder: ZorgaanbiederId(self.place()),
            dienst: self.dienst(),
        }
    }

    fn content(&mut self) -> Content {
        Content {
            fingerprint: Fingerprint(self.below(3)),
            version: self.place(),
            created: self.wall(),
            bytes: self.place(),
            documents: self.place() as u16,
        }
    }

    fn ocsp(&mut self) -> OcspAnswer {
        OcspAnswer {
            serial: Serial(self.place()),
            status: self.of(&[CertStatus::Good, CertStatus::Revoked, CertStatus::Unknown]),
            this_update: self.wall(),
            next_update: self.wall(),
            signed: self.flip(),
        }
    }

    fn certificate(&mut self) -> Certificate {
        Certificate {
            serial: Serial(self.place()),
            subject: NameId(self.place()),
            not_after: self.wall(),
            trusted_chain: self.flip(),
        }
    }

    fn side(&mut self) -> Side {
        self.of(&[Side::Asker, Side::Answerer])
    }

    fn flow(&mut self) -> Option<FlowRef> {
        let id = FlowId { arrival: self.below(9) as u32, attempt: 1 };
        let place = self.place();
        self.flip().then_some(FlowRef { place, id })
    }

    fn error(&mut self) -> (OAuthError, Description) {
        let error = self.of(&[
            OAuthError::AccessDenied,
            OAuthError::UnauthorizedClient,
            OAuthError::ServerError,
            OAuthError::InvalidGrant,
        ]);
        let description = self.of(&[
            Description::None,
            Description::NoSuchResources,
            Description::AuthorizationDenied,
            Description::AuthorizationFailed,
        ]);
        (error, description)
    }

    fn browse(&mut self) -> Browse {
        let (error, description) = self.error();
        match self.below(12) {
            0 => Browse::Open,
            1 => Browse::Choose {
                zorgaanbieder: ZorgaanbiederId(self.place()),
                dienst: self.dienst(),
                csrf: self.opaque(),
            },
            2 => Browse::Authorize(Authorize {
                client: NameId(self.place()),
                redirect: self.uri(),
                scope: self.scope(),
                state: self.flip().then_some(Opaque(3)),
                response_type: self.of(&[ResponseType::Code, ResponseType::Token]),
            }),
            3 => Browse::Authenticate(AuthnRequest {
                issuer: NameId(self.place()),
                id: self.opaque(),
                relay_state: self.opaque(),
                level: Assurance::Basis,
                signed: self.flip(),
            }),
            4 => Browse::LogIn {
                account: PersonId(self.place()),
                secret: self.of(&[Secret::Right(Assurance::Hoog), Secret::Wrong]),
                csrf: self.opaque(),
            },
            5 => Browse::CancelLogin { csrf: self.opaque() },
            6 => Browse::ReturnArtifact { artifact: self.opaque(), relay_state: self.opaque() },
            7 => Browse::AnswerConsent {
                answer: self.of(&[
                    ConsentAnswer::Given,
                    ConsentAnswer::Refused,
                    ConsentAnswer::Unclear,
                ]),
                csrf: self.opaque(),
            },
            8 => Browse::Callback { code: self.opaque(), state: self.opaque() },
            9 => Browse::CallbackError { error, description, state: self.opaque() },
            10 => Browse::StopFlow,
            _ => Browse::ConsultDossier,
        }
    }

    fn change(&mut self) -> Change {
        let place = self.place();
        self.of(&[
            Change::AddGateway(NameId(place)),
            Change::RemoveGateway(NameId(place)),
            Change::RemoveProvider(ZorgaanbiederId(place)),
            Change::MoveEndpoint(place),
            Change::AddService(place),
        ])
    }

    fn request(&mut self) -> Request {
        match self.below(16) {
            0 => Request::OfferCode(OfferCode {
                grant_type: self.of(&[GrantType::AuthorizationCode, GrantType::Other]),
                code: self.opaque(),
                client: NameId(self.place()),
                redirect: self.uri(),
            }),
            1 | 2 => Request::Fetch(Fetch {
                token: self.opaque(),
                zorgaanbieder: ZorgaanbiederId(self.place()),
                dienst: self.dienst(),
                call: self.next() as u8,
                document: self.place() as u16,
                bsn: self.flip().then_some(Bsn(PersonId(1))),
            }),
            3 => Request::ResolveArtifact {
                artifact: self.opaque(),
                issuer: NameId(self.place()),
                signed: self.flip(),
            },
            4 => Request::GetList(self.of(&ListKind::ALL)),
            5 => Request::OcspQuery(Serial(self.place())),
            6 => Request::CheckAvailability(self.subject()),
            7 => Request::FetchDossier { subject: self.subject(), call: 0, document: 0 },
            8 => Request::Hello(Hello {
                side: self.side(),
                certificate: self.certificate(),
                name: NameId(self.place()),
                staple: Some(self.ocsp()),
            }),
            9 => Request::ChangeRegister(self.change()),
            10 => Request::Publish(ListKind::Zal, Edition::OfRegister),
            _ => Request::Browse(self.browse()),
        }
    }

    fn page(&mut self) -> Page {
        match self.below(8) {
            0 => Page::Offer { csrf: self.opaque() },
            1 => Page::Login { csrf: self.opaque(), again: self.flip() },
            2 => Page::ConsentQuestion {
                csrf: self.opaque(),
                zorgaanbieder: ZorgaanbiederId(self.place()),
                dienst: self.dienst(),
                client: NameId(self.place()),
            },
            3 => Page::RequestInvalid(self.of(&[
                InvalidCause::UnknownClient,
                InvalidCause::RedirectUri,
                InvalidCause::Scope,
                InvalidCause::NoState,
                InvalidCause::Release,
                InvalidCause::ResponseType,
            ])),
            4 => Page::Collected { answers: 3 },
            5 => Page::Told(self.of(&[Exception::Code, Exception::NoData, Exception::Identity])),
            6 => Page::NotOffered,
            _ => Page::NoSession,
        }
    }

    fn response(&mut self, script: &Script) -> Response {
        match self.below(16) {
            0..=2 => Response::Page { page: self.page(), set_cookie: None },
            3..=5 => Response::Redirect {
                to: NameId(self.place()),
                request: self.browse(),
                set_cookie: Some(Cookie { place: 0, tag: 0 }),
            },
            6 => Response::Token(TokenGrant {
                token: self.opaque(),
                scope: self.scope(),
                expires_in: self.of(&[0, 900, u32::MAX]),
                token_type: self.of(&[TokenType::Bearer, TokenType::Other]),
                refresh_token: self.flip().then_some(Opaque(1)),
            }),
            7 => Response::TokenError(self.error().0),
            8 => Response::Fhir(FhirAnswer {
                content: self.content(),
                bsn: self.flip().then_some(Bsn(PersonId(1))),
            }),
            9 => Response::OperationOutcome(self.of(&[Issue::Suppressed, Issue::Incomplete])),
            10 => Response::ArtifactResponse(Assertion {
                status: self.of(&[SamlStatus::Success, SamlStatus::AuthnFailed]),
                signed: self.flip(),
                level: Assurance::Basis,
                bsn: Bsn(PersonId(self.place())),
                audience: NameId(self.place()),
                in_response_to: self.opaque(),
                not_before: self.wall(),
                not_on_or_after: self.wall(),
            }),
            11 => {
                let kind = self.of(&ListKind::ALL);
                let list = ListVersion {
                    kind: self.of(&ListKind::ALL),
                    fits_schema: self.flip(),
                    ..script.register.publish(kind, self.place(), self.wall())
                };
                Response::List(Arc::new(list))
            }
            12 => Response::Ocsp(self.ocsp()),
            13 => Response::Availability(self.of(&[
                Availability::Available,
                Availability::Nothing,
                Availability::UnderAge,
            ])),
            14 => Response::Dossier(self.content()),
            _ => match self.below(4) {
                0 => Response::Done,
                1 => Response::NotDone,
                2 => Response::Unavailable,
                _ => Response::BadRequest,
            },
        }
    }

    fn envelope(&mut self, message: Message) -> Envelope {
        let name = NameId(self.place());
        Envelope {
            from: self.of(&[Peer::Operator, Peer::Node(name), Peer::Browser(None)]),
            to: NameId(self.place()),
            exchange: self.exchange(),
            connection: ConnectionId(self.place()),
            release: self.of(&Release::ALL),
            message,
        }
    }

    fn told(&mut self, script: &Script) -> Told {
        let (host, exchange) = (self.host(), self.exchange());
        match self.below(24) {
            0 => Told::FlowBegan {
                host,
                facts: FlowFacts {
                    kind: FlowKind::Verzamelen,
                    parent: None,
                    person: self.flip().then_some(PersonId(2)),
                    pgo: self.host(),
                    za: self.host(),
                    zorgaanbieder: ZorgaanbiederId(self.place()),
                    dienst: self.dienst(),
                    release: Release::R1_0,
                },
            },
            1 => Told::FlowEnded { host },
            2 => Told::Handshake {
                connection: ConnectionId(self.place()),
                host,
                side: self.side(),
                peer: self.host(),
                certificate: self.certificate(),
                name: NameId(self.place()),
                staple: self.flip().then_some(self.ocsp()),
                wall: self.wall(),
            },
            3 => Told::Verdict {
                connection: ConnectionId(self.place()),
                host,
                side: self.side(),
                admitted: self.flip(),
                wall: self.wall(),
            },
            4 => Told::Noted {
                host,
                note: self.of(&[
                    Note::ConsentLogged,
                    Note::CodeTakenAsConsent,
                    Note::RegisterChanged,
                    Note::Stored(Stored {
                        zorgaanbieder: ZorgaanbiederId(0),
                        dienst: Gegevensdienst(3),
                        call: 0,
                        bytes: 0,
                        received: WallTime::default(),
                        version: 0,
                    }),
                ]),
            },
            5 => Told::Host {
                host,
                change: self.of(&[
                    HostChange::Down,
                    HostChange::Up,
                    HostChange::Crashed,
                    HostChange::Skewed(i64::MIN),
                    HostChange::Drifts(f64::NAN),
                    HostChange::CertificateEnds(WallTime::default()),
                ]),
            },
            6 => Told::NameMoved { name: NameId(self.place()), to: Some(host) },
            7 => Told::Failed {
                host,
                peer: self.flip().then_some(host),
                exchange,
                kind: ROWS[self.below(ROWS.len() as u64) as usize].kind,
                failure: self.of(&[Failure::Refused, Failure::TlsAlert, Failure::TimedOut]),
            },
            8 => Told::Worked { host, work: Work::Toy, cost: Duration::MAX },
            9 if self.below(20) == 0 => Told::RunEnded,
            9..=12 => {
                let message = Message::Request(self.request());
                let parent = self.flip().then_some(self.exchange());
                let to = self.flip().then_some(self.host());
                Told::Asked { from: host, to, parent, envelope: self.envelope(message) }
            }
            13..=16 => {
                let message = Message::Request(self.request());
                let (sent, wall) = (self.at(), self.wall());
                Told::Arrived { host, sent, envelope: self.envelope(message), wall }
            }
            17..=20 => {
                let message = Message::Response(self.response(script));
                let (asked, wall) = (self.at(), self.wall());
                let envelope = self.envelope(message);
                Told::Answered { from: host, envelope, asked, refusal: None, wall }
            }
            _ => {
                let message = Message::Response(self.response(script));
                let (sent, wall) = (self.at(), self.wall());
                Told::Arrived { host, sent, envelope: self.envelope(message), wall }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_sequence_of_events_makes_the_checkers_panic(seed: u64) {
        let (mut numbers, script) = (Numbers(seed), Script::new());
        let mut checkers = Checkers::new(&script.directory, Settings::default());
        for _ in 0..600 {
            let stamp = Stamp { at: numbers.at(), flow: numbers.flow() };
            checkers.event(stamp, &numbers.told(&script).event());
        }
        for verdict in checkers.finish() {
            prop_assert!(verdict.breaches <= verdict.evaluated, "{}", verdict.rule);
            prop_assert_eq!(verdict.first.is_some(), verdict.breaches > 0);
        }
    }

    #[test]
    fn no_disorder_of_a_real_run_makes_the_checkers_panic(seed: u64) {
        let (mut numbers, mut script) = (Numbers(seed), conforming());
        for _ in 0..200 {
            let last = script.events.len() as u64;
            let (one, two) = (numbers.below(last) as usize, numbers.below(last) as usize);
            match numbers.below(4) {
                0 => script.events.swap(one, two),
                1 => { script.events.remove(one); }
                2 => { let again = script.events[one].clone(); script.events.insert(two, again); }
                _ => script.events[one].0.flow = numbers.flow(),
            }
        }
        let mut checkers = Checkers::new(&script.directory, Settings::default());
        for (stamp, told) in &script.events {
            checkers.event(*stamp, &told.event());
        }
        checkers.finish();
    }
}
