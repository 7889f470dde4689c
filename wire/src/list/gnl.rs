//! The Gegevensdienstnamenlijst, since release 1.1:
//! `Gegevensdienstnamenlijst(Tijdstempel, Volgnummer, Gegevensdiensten(Gegevensdienst*(GegevensdienstId, Weergavenaam)))`.

use std::io::{self, BufRead};

use super::{
    document::{GegevensdienstenDocument, Gegevensdienstnaam},
    read::{ListReader, Seen, Stop},
    tag::Tag,
    write::{Emitter, Unique, WriteError},
};

const LIST: &[Tag] = &[Tag::Tijdstempel, Tag::Volgnummer, Tag::Gegevensdiensten];
const DIENST: &[Tag] = &[Tag::GegevensdienstId, Tag::Weergavenaam];

pub(super) fn read<R: BufRead>(list: &mut ListReader<R>) -> Result<GegevensdienstenDocument, Stop> {
    let header = list.header(LIST)?;
    let mut seen = Seen::default();
    let diensten = list.one(LIST, Tag::Gegevensdiensten, |list| {
        list.many(Tag::Gegevensdienst, |list| {
            let id = list.value_once(DIENST, Tag::GegevensdienstId, &mut seen)?;
            let weergavenaam = list.value(DIENST, Tag::Weergavenaam)?;
            Ok(Gegevensdienstnaam { id, weergavenaam })
        })
    })?;
    Ok(GegevensdienstenDocument { header: list.headed(header), diensten })
}

pub(super) fn write<W: io::Write>(
    document: &GegevensdienstenDocument,
    out: &mut Emitter<W>,
) -> Result<(), WriteError> {
    out.header(&document.header)?;
    let mut unique = Unique::default();
    out.element(Tag::Gegevensdiensten, |out| {
        out.each(Tag::Gegevensdienst, &document.diensten, |out, dienst| {
            out.value_once(Tag::GegevensdienstId, &dienst.id, &mut unique)?;
            out.value(Tag::Weergavenaam, &dienst.weergavenaam)
        })
    })
}
