//! What a message says, in one line that a person can read.
//!
//! Only for traces. Secret values are shortened to eight digits: enough to see which are the same.

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, ZorgaanbiederId},
    message::{
        Assertion, Authorize, Browse, CertStatus, Content, Issue, Message, Page, Request, Response,
        Secret, Subject,
    },
    register::Edition,
    trace::{FlowFacts, Note, Secret as Issued},
};

use crate::directory::Directory;

/// Puts messages into words.
#[derive(Clone, Copy, Debug)]
pub struct Describe<'a> {
    directory: &'a Directory,
}

impl<'a> Describe<'a> {
    /// With the names of this network.
    pub fn new(directory: &'a Directory) -> Self {
        Self { directory }
    }

    /// What a flow is about.
    pub fn facts(self, facts: &FlowFacts) -> String {
        let host = |host| self.directory.host(host).map_or("?", |entry| entry.name.as_str());
        format!(
            "{} at {} through {} and {}, release {}",
            self.dienst(facts.dienst),
            self.zorgaanbieder(facts.zorgaanbieder),
            host(facts.pgo),
            host(facts.za),
            facts.release.name()
        )
    }

    /// What a message says.
    pub fn message(self, message: &Message) -> String {
        match message {
            Message::Request(request) => self.request(request),
            Message::Response(response) => self.response(response),
        }
    }

    /// What an actor notes, and the steps of UCI Verzamelen that it belongs to.
    pub fn note(self, note: &Note) -> (&'static [u8], String) {
        match note {
            Note::ConsentLogged => (&[10], "logs the consent".to_owned()),
            Note::RefusalLogged => (&[], "logs the refusal".to_owned()),
            Note::CodeTakenAsConsent => {
                (&[11], "takes the code as consent, and logs it".to_owned())
            }
            Note::Stored(stored) => (
                &[16],
                format!(
                    "stores {} bytes of {} of {}, query {}, with origin and time",
                    stored.bytes,
                    self.dienst(stored.dienst),
                    self.zorgaanbieder(stored.zorgaanbieder),
                    stored.call
                ),
            ),
            Note::Issued(Issued::Code) => (&[10], "makes a code".to_owned()),
            Note::Issued(Issued::Token) => (&[13], "makes an access token".to_owned()),
            Note::DossierConsulted => (&[], "looks at the Dossier".to_owned()),
            Note::PatienceEnded => (&[], "does not wait any longer".to_owned()),
            Note::WentBack => (&[], "goes back".to_owned()),
            Note::Reloaded => (&[], "loads the page again".to_owned()),
            Note::SentTwice => (&[], "sends the form twice".to_owned()),
            other => (&[], format!("{other:?}")),
        }
    }

    fn request(self, request: &Request) -> String {
        match request {
            Request::Browse(browse) => self.browse(browse),
            Request::OfferCode(offer) => {
                format!("token request of {}: code {}", self.name(offer.client), short(offer.code))
            }
            Request::Fetch(fetch) => format!(
                "query {} of {} with token {}",
                fetch.call,
                self.dienst(fetch.dienst),
                short(fetch.token)
            ),
            Request::ResolveArtifact { artifact, issuer, .. } => {
                format!("resolve artifact {} for {}", short(*artifact), self.name(*issuer))
            }
            Request::GetList(kind) => format!("the {}", kind.name()),
            Request::OcspQuery(serial) => format!("is certificate {} good?", serial.0),
            Request::CheckAvailability(subject) => {
                format!("anything for {}?", self.subject(subject))
            }
            Request::FetchDossier { subject, call, document } => {
                format!("query {call}, document {document}, for {}", self.subject(subject))
            }
            Request::Hello(hello) => format!(
                "{} shows the certificate of {}",
                self.name(hello.name),
                self.name(hello.certificate.subject)
            ),
            Request::ChangeRegister(change) => format!("change the register: {change:?}"),
            Request::Publish(kind, edition) => {
                let how = match edition {
                    Edition::OfRegister => "",
                    Edition::Broken => ", by mistake invalid",
                    Edition::Previous => " as it was before",
                };
                format!("publish the {}{how}", kind.name())
            }
            Request::FetchListNow(kind) => format!("fetch the {} now", kind.name()),
            Request::Revoke(serial) => format!("revoke certificate {}", serial.0),
        }
    }

    fn browse(self, browse: &Browse) -> String {
        match browse {
            Browse::Open => "open the PGO".to_owned(),
            Browse::Choose { zorgaanbieder, dienst, .. } => {
                format!("{} at {}", self.dienst(*dienst), self.zorgaanbieder(*zorgaanbieder))
            }
            Browse::Authorize(request) => self.authorize(request),
            Browse::Authenticate(request) => format!(
                "AuthnRequest of {}, RelayState {}",
                self.name(request.issuer),
                short(request.relay_state)
            ),
            Browse::LogIn { secret, .. } => match secret {
                Secret::Right(level) => format!("right credentials, level {level:?}"),
                Secret::Wrong => "wrong credentials".to_owned(),
            },
            Browse::CancelLogin { .. } => "cancel at DigiD".to_owned(),
            Browse::ReturnArtifact { artifact, relay_state } => {
                format!("artifact {}, RelayState {}", short(*artifact), short(*relay_state))
            }
            Browse::AnswerConsent { answer, .. } => format!("consent: {answer:?}").to_lowercase(),
            Browse::Callback { code, state } => {
                format!("code {}, state {}", short(*code), short(*state))
            }
            Browse::CallbackError { error, description, state } => {
                format!("error {error:?}, {description:?}, state {}", short(*state))
            }
            Browse::StopFlow => "stop".to_owned(),
            Browse::ConsultDossier => "consult the Dossier".to_owned(),
        }
    }

    fn authorize(self, request: &Authorize) -> String {
        let state = request.state.map_or_else(|| "none".to_owned(), short);
        format!(
            "authorization request of {}: {}, state {state}, back to {}",
            self.name(request.client),
            self.scope(request.scope),
            self.directory.names.uri_text(request.redirect)
        )
    }

    fn response(self, response: &Response) -> String {
        match response {
            Response::Page { page, .. } => self.page(page),
            Response::Redirect { to, request, .. } => {
                format!("go to {}: {}", self.name(*to), self.browse(request))
            }
            Response::Token(grant) => format!(
                "token {} for {}, {} s",
                short(grant.token),
                self.scope(grant.scope),
                grant.expires_in
            ),
            Response::TokenError(error) => format!("token refused: {error:?}"),
            Response::Fhir(answer) => content(&answer.content),
            Response::OperationOutcome(Issue::Suppressed) => "security/suppressed".to_owned(),
            Response::OperationOutcome(Issue::Incomplete) => "processing/incomplete".to_owned(),
            Response::ArtifactResponse(assertion) => described(assertion),
            Response::List(list) => format!("{} number {}", list.kind.name(), list.number),
            Response::Ocsp(answer) => match answer.status {
                CertStatus::Good => format!("certificate {} is good", answer.serial.0),
                CertStatus::Revoked => format!("certificate {} is revoked", answer.serial.0),
                CertStatus::Unknown => format!("certificate {} is not known", answer.serial.0),
            },
            Response::Availability(availability) => format!("{availability:?}").to_lowercase(),
            Response::Dossier(data) => content(data),
            Response::Admit => "admitted".to_owned(),
            Response::Deny => "denied".to_owned(),
            Response::Done => "done".to_owned(),
            Response::NotDone => "not done".to_owned(),
            Response::Unavailable => "no capacity".to_owned(),
            Response::BadRequest => "bad request".to_owned(),
        }
    }

    fn page(self, page: &Page) -> String {
        match page {
            Page::Offer { .. } => "what the PGO offers".to_owned(),
            Page::NotOffered => "not offered".to_owned(),
            Page::Login { again: false, .. } => "log in".to_owned(),
            Page::Login { again: true, .. } => "log in again".to_owned(),
            Page::DigidRefuses => "DigiD refuses the service provider".to_owned(),
            Page::ConsentQuestion { zorgaanbieder, dienst, client, .. } => format!(
                "may {} give {} to {}?",
                self.zorgaanbieder(*zorgaanbieder),
                self.dienst(*dienst),
                self.name(*client)
            ),
            Page::RequestInvalid(cause) => format!("the PGO's request is invalid: {cause:?}"),
            Page::NoSession => "no session".to_owned(),
            Page::Collected { answers } => format!("{answers} answers collected"),
            Page::Told(exception) => format!("told: {exception:?}"),
            Page::Unreachable => "a party does not answer".to_owned(),
            Page::Stopped => "stopped".to_owned(),
            Page::Dossier { items } => format!("the Dossier: {items} items"),
        }
    }

    fn name(self, name: NameId) -> &'a str {
        self.directory.names.host_text(name)
    }

    fn zorgaanbieder(self, zorgaanbieder: ZorgaanbiederId) -> &'a str {
        self.directory.names.zorgaanbieder_text(zorgaanbieder)
    }

    fn dienst(self, dienst: Gegevensdienst) -> &'static str {
        dienst.service().map_or("?", |service| service.name)
    }

    fn scope(self, scope: Scope) -> String {
        let diensten: Vec<&str> = scope.services().map(|dienst| self.dienst(dienst)).collect();
        format!("{} at {}", diensten.join(", "), self.zorgaanbieder(scope.zorgaanbieder))
    }

    fn subject(self, subject: &Subject) -> String {
        format!(
            "{} of BSN {} at {}",
            self.dienst(subject.dienst),
            subject.bsn,
            self.zorgaanbieder(subject.zorgaanbieder)
        )
    }
}

fn described(assertion: &Assertion) -> String {
    format!("{:?}, level {:?}, BSN {}", assertion.status, assertion.level, assertion.bsn)
}

fn content(content: &Content) -> String {
    format!("{} bytes, version {}", content.bytes, content.version)
}

/// The first digits of a secret value.
fn short(value: Opaque) -> String {
    format!("{:08x}", value.0 >> 96)
}
