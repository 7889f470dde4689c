//! The words by which a page says to a program what it is, written and read back by the same tables.

use protocol::message::{Exception, InvalidCause};

pub(super) const OFFER: &str = "aanbod";
pub(super) const NOT_OFFERED: &str = "niet-aangeboden";
pub(super) const LOGIN: &str = "inloggen";
pub(super) const DIGID_REFUSES: &str = "digid-weigert";
pub(super) const CONSENT: &str = "toestemmingsvraag";
pub(super) const INVALID: &str = "ongeldig-verzoek";
pub(super) const NO_SESSION: &str = "geen-sessie";
pub(super) const COLLECTED: &str = "verzameld";
pub(super) const TOLD: &str = "niet-gelukt";
pub(super) const UNREACHABLE: &str = "onbereikbaar";
pub(super) const STOPPED: &str = "gestopt";
pub(super) const DOSSIER: &str = "dossier";
pub(super) const FORWARD: &str = "doorsturen";
pub(super) const UNAVAILABLE: &str = "te-druk";
pub(super) const BAD_REQUEST: &str = "niet-bediend";

pub(super) const CAUSES: [(InvalidCause, &str); 6] = [
    (InvalidCause::UnknownClient, "client_id"),
    (InvalidCause::RedirectUri, "redirect_uri"),
    (InvalidCause::ResponseType, "response_type"),
    (InvalidCause::NoState, "state"),
    (InvalidCause::Scope, "scope"),
    (InvalidCause::Release, "release"),
];

pub(super) const EXCEPTIONS: [(Exception, &str); 8] = [
    (Exception::Identity, "2"),
    (Exception::NoData, "3"),
    (Exception::Refused, "4"),
    (Exception::NoDataOrRefused, "3-of-4"),
    (Exception::Authorization, "5"),
    (Exception::Code, "6"),
    (Exception::Token, "7"),
    (Exception::Delivery, "8"),
];
