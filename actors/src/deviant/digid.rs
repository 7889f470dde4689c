//! Deviations of DigiD, and of a person's browser: what an attacker would make of it.

use protocol::{
    contract::{Action, Ask, Outbox},
    id::Opaque,
    message::{Assurance, Browse, Envelope, Message, Request, Response, SamlStatus, Secret},
    time::Now,
};

use super::{
    Deviation,
    wrapper::{Around, Hearing, Hears, Says, Scheme, remember},
};

pub(super) fn scheme(deviation: Deviation) -> Option<Box<dyn Scheme>> {
    Some(match deviation {
        Deviation::ArtifactHonouredTwice => Box::new(AnswersAgain::default()),
        Deviation::WrongPasswordHonoured => Box::new(Hears(|envelope, _| {
            if let Message::Request(Request::Browse(Browse::LogIn { secret, .. })) =
                &mut envelope.message
            {
                *secret = Secret::Right(Assurance::Hoog);
            }
        })),
        _ => return None,
    })
}

pub(super) fn scheme_of_person(deviation: Deviation) -> Option<Box<dyn Scheme>> {
    fn forged(value: Opaque) -> Opaque {
        Opaque(!value.0)
    }
    Some(match deviation {
        Deviation::StateForged => Box::new(Says(|action| {
            if let Action::Ask(_, Ask { request: Request::Browse(browse), .. }) = action
                && let Browse::Callback { state, .. } | Browse::CallbackError { state, .. } = browse
            {
                *state = forged(*state);
            }
        })),
        Deviation::RelayStateForged => Box::new(Says(|action| {
            if let Action::Ask(_, Ask { request: Request::Browse(browse), .. }) = action
                && let Browse::ReturnArtifact { relay_state, .. } = browse
            {
                *relay_state = forged(*relay_state);
            }
        })),
        Deviation::FormForged => Box::new(Says(|action| {
            if let Action::Ask(_, Ask { request: Request::Browse(browse), .. }) = action
                && let Browse::AnswerConsent { csrf, .. } = browse
            {
                *csrf = forged(*csrf);
            }
        })),
        _ => return None,
    })
}

/// Answers for an artifact every time as it did the first time.
#[derive(Debug, Default)]
struct AnswersAgain {
    answers: Vec<(Opaque, Response)>,
}

impl Scheme for AnswersAgain {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, out: &mut Outbox) -> Hearing {
        if let Message::Request(Request::ResolveArtifact { artifact, .. }) = envelope.message
            && let Some((_, answer)) = self.answers.iter().find(|(known, _)| *known == artifact)
        {
            let work = protocol::contract::Work::SignAssertion;
            out.reply(envelope.exchange, answer.clone(), work);
            return Hearing::Withheld;
        }
        Hearing::Pass
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        if let Action::Reply(_, Response::ArtifactResponse(assertion), None) = &action
            && assertion.status == SamlStatus::Success
            && let Some(Envelope {
                message: Message::Request(Request::ResolveArtifact { artifact, .. }),
                ..
            }) = around.cause
        {
            remember(&mut self.answers, (*artifact, Response::ArtifactResponse(*assertion)));
        }
        around.want(action);
    }
}
