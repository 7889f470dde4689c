//! The FHIR queries of the catalogue as paths and queries of URIs, and which of them a URI is.
//!
//! The order of parameters says nothing in FHIR, nor does it here. Does not say whose data are asked.

use std::fmt::Write as _;

use protocol::{
    bsn::Bsn,
    catalogue::{CATALOGUE, Gegevensdienst},
    id::NameId,
    message::Fetch,
};

use super::BSN;
use crate::{
    behind::bsn_from,
    codec::{Codec, path_of},
    fault::Fault,
    form::{Form, decoded},
    list::Timestamp,
    places::Endpoint,
};

/// A parameter that says whose data are asked, which the rules forbid; only a deviant sends it.
const PATIENT: &str = "patient.identifier";
/// In a query of the catalogue, the day that the query is made.
const TODAY: &str = "{today}";
/// In a query of the catalogue, which document.
const ID: &str = "{id}";

/// Path and query below the address of that service. Of a service that has fewer queries than that, which a deviant may
/// ask for, its last; of a service that nobody has, something that nobody serves.
pub(super) fn write(codec: &Codec<'_>, to: NameId, fetch: &Fetch) -> String {
    let Fetch { zorgaanbieder, dienst, call, document, bsn, .. } = *fetch;
    let address = codec.places.address(to, Endpoint::Resource, zorgaanbieder, dienst, call);
    let calls = dienst.calls();
    let asked = calls.get(usize::from(call)).or(calls.last());
    let template = asked.map_or("onbekend", |call| call.query);
    let now = Timestamp::of_run(codec.today, codec.epoch).to_string();
    let today = now.split('T').next().unwrap_or_default();
    let asked = template.replace(TODAY, today).replace(ID, &document.to_string());
    let mut target = format!("{}/{}", path_of(&address), escaped(&asked));
    if let Some(bsn) = bsn {
        let joint = if asked.contains('?') { '&' } else { '?' };
        let _ = write!(target, "{joint}{PATIENT}={}", escaped(&format!("{BSN}|{bsn}")));
    }
    target
}

/// A query of the catalogue as it may stand in a URI: the bar that FHIR puts between system and code may not.
fn escaped(query: &str) -> String {
    query.replace('|', "%7C")
}

/// What a URI asks.
#[derive(Debug)]
pub(super) struct Asked {
    path: String,
    fields: Vec<(String, String)>,
    /// Whose data, if it says so.
    pub(super) bsn: Option<Bsn>,
}

/// A query of a service that asks this.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Match {
    pub(super) dienst: Gegevensdienst,
    pub(super) call: u8,
    pub(super) document: u16,
}

impl Asked {
    /// Reads the path below the endpoint, and the query.
    pub(super) fn read(path: &str, query: &str) -> Result<Self, Fault> {
        let mut asked =
            Self { path: decoded(path.trim_start_matches('/'))?, fields: Vec::new(), bsn: None };
        for (name, value) in Form::read(query)?.fields() {
            if name == PATIENT {
                let digits = value.rsplit('|').next().unwrap_or_default();
                asked.bsn = Some(bsn_from(digits)?);
            } else {
                asked.fields.push((name.into(), value.into()));
            }
        }
        asked.fields.sort();
        Ok(asked)
    }

    /// Every query of the catalogue that asks this.
    pub(super) fn matches(&self) -> impl Iterator<Item = Match> {
        CATALOGUE.iter().enumerate().flat_map(move |(place, service)| {
            service.calls.iter().enumerate().filter_map(move |(call, asks)| {
                let dienst = Gegevensdienst(place as u8);
                let document = self.is(asks.query)?;
                Some(Match { dienst, call: call as u8, document })
            })
        })
    }

    /// Whether this query asks it, and of which document; 0 if it is none of documents.
    fn is(&self, template: &str) -> Option<u16> {
        let (path, query) = template.split_once('?').unwrap_or((template, ""));
        let document = match path.strip_suffix(ID) {
            None => (self.path == path).then_some(0),
            Some(folder) => self.path.strip_prefix(folder)?.parse().ok(),
        }?;
        let mut fields: Vec<(&str, &str)> =
            query.split('&').filter_map(|field| field.split_once('=')).collect();
        fields.sort_unstable();
        let same = fields.len() == self.fields.len()
            && fields
                .iter()
                .zip(&self.fields)
                .all(|((name, value), (asked, found))| name == asked && is_value(value, found));
        same.then_some(document)
    }
}

/// A day may be any: the other end's calendar may be another than ours.
fn is_value(template: &str, found: &str) -> bool {
    match template.strip_suffix(TODAY) {
        None => template == found,
        Some(prefix) => found.strip_prefix(prefix).is_some_and(|day| {
            day.len() <= 35
                && day.bytes().all(|byte| byte.is_ascii_digit() || b"-:.TZ+".contains(&byte))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_of_the_catalogue_is_found_again() {
        for (place, service) in CATALOGUE.iter().enumerate() {
            for (number, call) in service.calls.iter().enumerate() {
                let asked = escaped(&call.query.replace(TODAY, "2026-11-23").replace(ID, "7"));
                let (path, query) = asked.split_once('?').unwrap_or((&asked, ""));
                let expected = Match {
                    dienst: Gegevensdienst(place as u8),
                    call: number as u8,
                    document: if call.per_document { 7 } else { 0 },
                };
                let found: Vec<Match> = Asked::read(path, query).unwrap().matches().collect();
                assert!(found.contains(&expected), "{asked}: {found:?}");
                // Within one service a query says which it is.
                let own = found.iter().filter(|found| found.dienst == expected.dienst).count();
                assert_eq!(own, 1, "{asked}");
            }
        }
    }

    #[test]
    fn the_order_of_parameters_says_nothing() {
        let query = "_include=Coverage:payor:Organization&_include=Coverage:payor:Patient";
        assert_ne!(Asked::read("/Coverage", query).unwrap().matches().count(), 0);
        assert_eq!(Asked::read("/Coverage", "_include=other").unwrap().matches().count(), 0);
    }

    #[test]
    fn a_query_for_a_person_is_understood_as_that() {
        let query = "patient.identifier=http://fhir.nl/fhir/NamingSystem/bsn%7C999900006";
        let asked = Asked::read("/Condition", query);
        match Bsn::from_digits(999_900_006) {
            Some(bsn) => assert_eq!(asked.unwrap().bsn, Some(bsn)),
            None => assert!(asked.is_err()),
        }
        let real = query.replace("999900006", "123456782");
        assert!(!Asked::read("/Condition", &real).unwrap_err().to_string().contains("123456782"));
    }
}
