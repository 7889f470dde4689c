//! The wrapper: between the actor inside and the world, in both directions.
//!
//! What a deviation does stands in the module of its role; here is only how it gets between.

use std::{fmt, mem, sync::Arc};

use protocol::{
    contract::{Action, Actor, Ask, Input, Outbox, TimerId, Work},
    id::{Cookie, ExchangeId, Opaque},
    message::{Browse, Envelope, Message, Peer, Request, Response},
    register::ListVersion,
    time::Now,
    trace::Note,
};

use super::{Deviation, digid, gateway, pgo, stelselnode, za};
use crate::{durable::Durable, party::Party};

/// A party that breaks a rule.
#[derive(Debug)]
pub struct Deviant {
    inner: Party,
    scheme: Option<Box<dyn Scheme>>,
}

/// What gets between an actor and the world.
pub(super) trait Scheme: fmt::Debug + Send {
    /// A message comes. It may be rewritten, or withheld.
    fn hear(&mut self, _envelope: &mut Envelope, _now: Now, _out: &mut Outbox) -> Hearing {
        Hearing::Pass
    }

    /// The actor inside wants this. What is to happen instead is put into the outbox.
    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        around.want(action);
    }

    /// A timer came that the deviation uses for itself. What comes back is given to the actor inside.
    fn on_timer(&mut self, _timer: TimerId, _now: Now, _out: &mut Outbox) -> Option<Envelope> {
        None
    }
}

/// Whether the actor inside hears of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hearing {
    Pass,
    Withheld,
}

/// What is around an action that is to be rewritten.
pub(super) struct Around<'a> {
    pub inner: &'a mut Party,
    /// The message that led to it, if one did.
    pub cause: Option<&'a Envelope>,
    pub now: Now,
    pub out: &'a mut Outbox,
}

impl Around<'_> {
    /// Wants this after all.
    pub fn want(&mut self, action: Action) {
        self.out.actions_mut().push(action);
    }

    /// Has the actor inside hear something that nobody sent.
    pub fn whisper(&mut self, envelope: &Envelope) {
        self.inner.handle(Input::Deliver(envelope), self.now, self.out);
    }
}

/// Rewrites what an actor hears.
#[derive(Debug)]
pub(super) struct Hears(pub fn(&mut Envelope, Now));

impl Scheme for Hears {
    fn hear(&mut self, envelope: &mut Envelope, now: Now, _: &mut Outbox) -> Hearing {
        (self.0)(envelope, now);
        Hearing::Pass
    }
}

/// Rewrites what an actor wants.
#[derive(Debug)]
pub(super) struct Says(pub fn(&mut Action));

impl Scheme for Says {
    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        (self.0)(&mut action);
        around.want(action);
    }
}

/// Alters something in what an actor wants, wherever it is found.
pub(super) struct Alters<T> {
    pub find: for<'a> fn(&'a mut Action) -> Option<&'a mut T>,
    pub alter: fn(&mut T),
}

impl<T> fmt::Debug for Alters<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alters")
    }
}

impl<T> Scheme for Alters<T> {
    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        if let Some(found) = (self.find)(&mut action) {
            (self.alter)(found);
        }
        around.want(action);
    }
}

/// Does not note what it should.
#[derive(Debug)]
pub(super) struct Forgets(pub fn(Note) -> bool);

impl Scheme for Forgets {
    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        match action {
            Action::Note(note) if (self.0)(note) => {}
            action => around.want(action),
        }
    }
}

/// Does everything that an actor asks of this kind once more, and keeps the answers to itself.
#[derive(Debug)]
pub(super) struct AsksAgain {
    pub again: fn(&Request, &mut Outbox) -> Vec<Request>,
    pub own: Vec<ExchangeId>,
}

impl AsksAgain {
    pub const fn new(again: fn(&Request, &mut Outbox) -> Vec<Request>) -> Self {
        Self { again, own: Vec::new() }
    }
}

impl Scheme for AsksAgain {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, _: &mut Outbox) -> Hearing {
        if !matches!(envelope.message, Message::Response(_)) {
            return Hearing::Pass;
        }
        match self.own.iter().position(|own| *own == envelope.exchange) {
            Some(place) => {
                self.own.swap_remove(place);
                Hearing::Withheld
            }
            None => Hearing::Pass,
        }
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        let again = match &action {
            Action::Ask(_, ask) => {
                let requests = (self.again)(&ask.request, around.out);
                requests.into_iter().map(|request| Ask { request, ..*ask }).collect()
            }
            _ => Vec::new(),
        };
        around.want(action);
        for ask in again {
            remember(&mut self.own, around.out.ask(ask, Work::Query));
        }
    }
}

/// Takes a value that a browser brings for the one that it was given, whatever it is.
#[derive(Debug)]
pub(super) struct Restores {
    /// The value in a response that was given to a browser.
    pub given: fn(&Response) -> Option<Opaque>,
    /// Where the value is when it comes back.
    pub brought: for<'a> fn(&'a mut Browse) -> Option<&'a mut Opaque>,
    pub known: Vec<(Cookie, Opaque)>,
    /// Whom the responses that are still to come are for.
    pub waiting: Vec<(ExchangeId, Cookie)>,
}

impl Scheme for Restores {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, _: &mut Outbox) -> Hearing {
        if let (Message::Request(Request::Browse(browse)), Peer::Browser(Some(cookie))) =
            (&mut envelope.message, envelope.from)
        {
            remember(&mut self.waiting, (envelope.exchange, cookie));
            if let Some(brought) = (self.brought)(browse)
                && let Some((_, given)) = self.known.iter().rev().find(|(of, _)| *of == cookie)
            {
                *brought = *given;
            }
        }
        Hearing::Pass
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        if let Action::Reply(exchange, response, _) = &action
            && let Some(value) = (self.given)(response)
        {
            let set = match response {
                Response::Page { set_cookie, .. } | Response::Redirect { set_cookie, .. } => {
                    *set_cookie
                }
                _ => None,
            };
            let had = self.waiting.iter().find(|(waits, _)| waits == exchange);
            if let Some(cookie) = set.or(had.map(|(_, cookie)| *cookie)) {
                remember(&mut self.known, (cookie, value));
            }
        }
        around.want(action);
    }
}

/// The most that a deviation remembers of one kind.
const REMEMBERED: usize = 4_096;

/// Remembers something, and forgets the oldest of its kind if that is too much.
pub(super) fn remember<T>(kept: &mut Vec<T>, new: T) {
    if kept.len() >= REMEMBERED {
        kept.drain(..REMEMBERED / 2);
    }
    kept.push(new);
}

impl Deviant {
    /// The ZAL from which whoever is wrapped offers now.
    pub fn zal(&self) -> Option<&Arc<ListVersion>> {
        self.inner.zal()
    }

    /// This party, with that deviation around it. A deviation that does not fit its role leaves it as it is.
    pub fn new(inner: Party, deviation: Deviation) -> Self {
        let scheme = match &inner {
            Party::Pgo(_) => gateway::scheme(deviation).or_else(|| pgo::scheme(deviation)),
            Party::Za(_) => gateway::scheme(deviation).or_else(|| za::scheme(deviation)),
            Party::Stelselnode(_) => {
                gateway::scheme(deviation).or_else(|| stelselnode::scheme(deviation))
            }
            Party::Digid(_) => digid::scheme(deviation),
            Party::Person(_) => digid::scheme_of_person(deviation),
            Party::Ocsp(_) | Party::Xis(_) | Party::Deviant(_) => None,
        };
        Self { inner, scheme }
    }
}

impl Actor for Deviant {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        self.inner.durable()
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        let Some(scheme) = &mut self.scheme else { return self.inner.handle(input, now, out) };
        let heard: Option<Envelope> = match &input {
            Input::Deliver(envelope) => {
                let mut envelope = (*envelope).clone();
                if scheme.hear(&mut envelope, now, out) == Hearing::Withheld {
                    return;
                }
                Some(envelope)
            }
            Input::Timer(timer) => scheme.on_timer(*timer, now, out),
            Input::Start | Input::Failed(..) => None,
        };
        let said_before = mem::take(out.actions_mut());
        match &heard {
            Some(envelope) => self.inner.handle(Input::Deliver(envelope), now, out),
            None => self.inner.handle(input, now, out),
        }
        let wanted = mem::replace(out.actions_mut(), said_before);
        let inner = &mut self.inner;
        let mut around = Around { inner, cause: heard.as_ref(), now, out };
        for action in wanted {
            scheme.say(action, &mut around);
        }
    }
}
