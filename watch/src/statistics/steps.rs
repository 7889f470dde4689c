//! The sixteen steps of UCI Verzamelen, and the event that completes each.
//!
//! Decided by evidence alone: what was asked, what arrived, what was answered. A step that is seen again
//! after a later one (a reload, going back) completes nothing; the time goes to the step in progress. Steps
//! 14, 15 and 16 repeat for every query of a service, and their times add up over the queries.

use protocol::message::{
    Availability, Browse, ConsentAnswer, Message, Page, Request, Response, SamlStatus, Secret,
};

/// How many steps there are.
pub const STEPS: usize = 16;

/// The first of the steps that repeat for every query.
pub const FIRST_REPEATED: u8 = 14;

/// The last step. It ends with its flow.
pub const LAST: u8 = 16;

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What happens in it.
    pub what: &'static str,
    /// What completes it.
    pub completed_by: &'static str,
}

const fn step(what: &'static str, completed_by: &'static str) -> Step {
    Step { what, completed_by }
}

/// Every step, from 1.
pub const TABLE: [Step; STEPS] = [
    step("the PGO offers", "the offer arrives at the person"),
    step("the person chooses", "the authorization request arrives at the ZA GW"),
    step("the ZA GW opens a session", "it answers with a redirect to DigiD"),
    step("the browser goes to DigiD", "the AuthnRequest arrives at DigiD"),
    step("DigiD asks for credentials", "the right credentials arrive at DigiD"),
    step("DigiD sends the browser back", "the artifact arrives at the ZA GW"),
    step("the ZA GW fetches the BSN", "DigiD's success arrives at the ZA GW"),
    step("the ZA GW asks what there is", "the answer that there is something arrives at the ZA GW"),
    step("the ZA GW asks for consent", "the person's yes arrives at the ZA GW"),
    step("the ZA GW makes a code", "the code arrives at the PGO GW"),
    step("the PGO GW logs the consent", "the PGO GW asks for a token"),
    step("the PGO GW offers the code", "the token request arrives at the ZA GW"),
    step("the ZA GW makes a token", "the token arrives at the PGO GW"),
    step("the PGO GW asks for data", "the resource request arrives at the ZA GW"),
    step("the ZA GW fetches and answers", "the FHIR answer arrives at the PGO GW"),
    step("the PGO GW stores and shows", "the flow ends, the person having seen what was collected"),
];

/// The step that the arrival of a message completes.
pub fn completed_by_arrival(message: &Message) -> Option<u8> {
    match message {
        Message::Request(Request::Browse(browse)) => match browse {
            Browse::Authorize(_) => Some(2),
            Browse::Authenticate(_) => Some(4),
            Browse::LogIn { secret: Secret::Right(_), .. } => Some(5),
            Browse::ReturnArtifact { .. } => Some(6),
            Browse::AnswerConsent { answer: ConsentAnswer::Given, .. } => Some(9),
            Browse::Callback { .. } => Some(10),
            _ => None,
        },
        Message::Request(Request::OfferCode(_)) => Some(12),
        Message::Request(Request::Fetch(_)) => Some(14),
        Message::Response(response) => match response {
            Response::Page { page: Page::Offer { .. }, .. } => Some(1),
            Response::ArtifactResponse(assertion) if assertion.status == SamlStatus::Success => {
                Some(7)
            }
            Response::Availability(Availability::Available) => Some(8),
            Response::Token(_) => Some(13),
            Response::Fhir(_) => Some(15),
            _ => None,
        },
        _ => None,
    }
}

/// The step that an answer completes when it leaves.
pub fn completed_by_answer(response: &Response) -> Option<u8> {
    matches!(response, Response::Redirect { request: Browse::Authenticate(_), .. }).then_some(3)
}

/// The step that a request completes when it leaves.
pub fn completed_by_asking(request: &Request) -> Option<u8> {
    matches!(request, Request::OfferCode(_)).then_some(11)
}
