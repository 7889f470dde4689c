//! The Zorgaanbiederslijst.
//!
//! Releases 1.0 and 1.1: `Zorgaanbiederslijst(Tijdstempel, Volgnummer, Zorgaanbieders(Zorgaanbieder*(
//! Zorgaanbiedernaam, Gegevensdiensten(Gegevensdienst+(GegevensdienstId, AuthorizationEndpoint, TokenEndpoint,
//! Systeemrollen(Systeemrol+(Systeemrolcode, ResourceEndpoint)))))))`, each endpoint with its URI within.
//!
//! Since release 1.4, in another namespace, a Zorgaanbieder has `Zorgaanbiedernaam, Aanbiedertype,
//! Interfaceversies(Interfaceversie+(InterfaceversieId, Gegevensdiensten))`, and between TokenEndpoint and
//! Systeemrollen may stand `Abonneren(MaximaleDuur, SubscriptionEndpointuri)`. That is how the published example
//! looks. That Abonneren may be left out, and that an InterfaceversieId stands once per Zorgaanbieder and a
//! GegevensdienstId once per Interfaceversie, is inferred from what they mean.

use std::io::{self, BufRead};

use super::{
    document::{
        Aanbiedertype, Abonneren, Gegevensdienst, Interfaceversie, ListFormat, Offers, Systeemrol,
        ZalDocument, Zorgaanbieder,
    },
    read::{ListReader, Seen, Stop},
    tag::Tag,
    value::positive,
    write::{Emitter, Unique, WriteError},
};

const LIST: &[Tag] = &[Tag::Tijdstempel, Tag::Volgnummer, Tag::Zorgaanbieders];
const ZORGAANBIEDER: &[Tag] = &[Tag::Zorgaanbiedernaam, Tag::Gegevensdiensten];
const ZORGAANBIEDER_R1_4: &[Tag] =
    &[Tag::Zorgaanbiedernaam, Tag::Aanbiedertype, Tag::Interfaceversies];
const INTERFACEVERSIE: &[Tag] = &[Tag::InterfaceversieId, Tag::Gegevensdiensten];
const GEGEVENSDIENST: &[Tag] =
    &[Tag::GegevensdienstId, Tag::AuthorizationEndpoint, Tag::TokenEndpoint, Tag::Systeemrollen];
const GEGEVENSDIENST_R1_4: &[Tag] = &[
    Tag::GegevensdienstId,
    Tag::AuthorizationEndpoint,
    Tag::TokenEndpoint,
    Tag::Abonneren,
    Tag::Systeemrollen,
];
const ABONNEREN: &[Tag] = &[Tag::MaximaleDuur, Tag::SubscriptionEndpointuri];
const SYSTEEMROL: &[Tag] = &[Tag::Systeemrolcode, Tag::ResourceEndpoint];

pub(super) fn read<R: BufRead>(list: &mut ListReader<R>) -> Result<ZalDocument, Stop> {
    let header = list.header(LIST)?;
    let mut namen = Seen::default();
    let zorgaanbieders = list.one(LIST, Tag::Zorgaanbieders, |list| {
        list.many(Tag::Zorgaanbieder, |list| zorgaanbieder(list, &mut namen))
    })?;
    Ok(ZalDocument { header: list.headed(header), zorgaanbieders })
}

fn zorgaanbieder<R: BufRead>(
    list: &mut ListReader<R>,
    namen: &mut Seen,
) -> Result<Zorgaanbieder, Stop> {
    if list.format() != ListFormat::R1_4 {
        let naam = list.value_once(ZORGAANBIEDER, Tag::Zorgaanbiedernaam, namen)?;
        let offers = Offers::Plain(gegevensdiensten(list, ZORGAANBIEDER)?);
        return Ok(Zorgaanbieder { naam, offers });
    }
    let naam = list.value_once(ZORGAANBIEDER_R1_4, Tag::Zorgaanbiedernaam, namen)?;
    let aanbiedertype = list.value(ZORGAANBIEDER_R1_4, Tag::Aanbiedertype)?;
    // One that is none is among the problems already.
    let aanbiedertype = Aanbiedertype::from_name(&aanbiedertype).unwrap_or_default();
    let mut ids = Seen::default();
    let versies = list.one(ZORGAANBIEDER_R1_4, Tag::Interfaceversies, |list| {
        list.at_least_one(Tag::Interfaceversie, |list| {
            let id = list.value_once(INTERFACEVERSIE, Tag::InterfaceversieId, &mut ids)?;
            let diensten = gegevensdiensten(list, INTERFACEVERSIE)?;
            Ok(Interfaceversie { id, diensten })
        })
    })?;
    Ok(Zorgaanbieder { naam, offers: Offers::Versioned { aanbiedertype, versies } })
}

fn gegevensdiensten<R: BufRead>(
    list: &mut ListReader<R>,
    sequence: &'static [Tag],
) -> Result<Vec<Gegevensdienst>, Stop> {
    let mut ids = Seen::default();
    list.one(sequence, Tag::Gegevensdiensten, |list| {
        list.at_least_one(Tag::Gegevensdienst, |list| gegevensdienst(list, &mut ids))
    })
}

fn gegevensdienst<R: BufRead>(
    list: &mut ListReader<R>,
    ids: &mut Seen,
) -> Result<Gegevensdienst, Stop> {
    let is_later = list.format() == ListFormat::R1_4;
    let sequence = if is_later { GEGEVENSDIENST_R1_4 } else { GEGEVENSDIENST };
    let id = list.value_once(sequence, Tag::GegevensdienstId, ids)?;
    let authorization = list.one(sequence, Tag::AuthorizationEndpoint, |list| {
        list.value(&[Tag::AuthorizationEndpointuri], Tag::AuthorizationEndpointuri)
    })?;
    let token = list.one(sequence, Tag::TokenEndpoint, |list| {
        list.value(&[Tag::TokenEndpointuri], Tag::TokenEndpointuri)
    })?;
    let abonneren =
        if is_later { list.optional(sequence, Tag::Abonneren, abonneren)? } else { None };
    let mut codes = Seen::default();
    let rollen = list.one(sequence, Tag::Systeemrollen, |list| {
        list.at_least_one(Tag::Systeemrol, |list| {
            let code = list.value_once(SYSTEEMROL, Tag::Systeemrolcode, &mut codes)?;
            let resource = list.one(SYSTEEMROL, Tag::ResourceEndpoint, |list| {
                list.value(&[Tag::ResourceEndpointuri], Tag::ResourceEndpointuri)
            })?;
            Ok(Systeemrol { code, resource })
        })
    })?;
    Ok(Gegevensdienst { id, authorization, token, abonneren, rollen })
}

fn abonneren<R: BufRead>(list: &mut ListReader<R>) -> Result<Abonneren, Stop> {
    let duur = list.value(ABONNEREN, Tag::MaximaleDuur)?;
    let subscription = list.value(ABONNEREN, Tag::SubscriptionEndpointuri)?;
    // One that is no number is among the problems already.
    Ok(Abonneren { maximale_duur: positive(&duur).unwrap_or(1), subscription })
}

pub(super) fn write<W: io::Write>(
    document: &ZalDocument,
    out: &mut Emitter<W>,
) -> Result<(), WriteError> {
    out.header(&document.header)?;
    let mut namen = Unique::default();
    out.element(Tag::Zorgaanbieders, |out| {
        out.each(Tag::Zorgaanbieder, &document.zorgaanbieders, |out, zorgaanbieder| {
            out.value_once(Tag::Zorgaanbiedernaam, &zorgaanbieder.naam, &mut namen)?;
            match (&zorgaanbieder.offers, out.format()) {
                (Offers::Plain(diensten), ListFormat::R1_0 | ListFormat::R1_1) => {
                    write_diensten(diensten, out)
                }
                (Offers::Versioned { aanbiedertype, versies }, ListFormat::R1_4) => {
                    out.value(Tag::Aanbiedertype, aanbiedertype.name())?;
                    write_versies(versies, out)
                }
                (Offers::Plain(_), ListFormat::R1_4) => Err(out.lacks(Tag::Interfaceversies)),
                (Offers::Versioned { .. }, ListFormat::R1_0 | ListFormat::R1_1) => {
                    Err(out.has_no(Tag::Interfaceversies))
                }
            }
        })
    })
}

fn write_versies<W: io::Write>(
    versies: &[Interfaceversie],
    out: &mut Emitter<W>,
) -> Result<(), WriteError> {
    let mut ids = Unique::default();
    out.element(Tag::Interfaceversies, |out| {
        out.demand_one(Tag::Interfaceversie, versies)?;
        out.each(Tag::Interfaceversie, versies, |out, versie| {
            out.value_once(Tag::InterfaceversieId, &versie.id, &mut ids)?;
            write_diensten(&versie.diensten, out)
        })
    })
}

fn write_diensten<W: io::Write>(
    diensten: &[Gegevensdienst],
    out: &mut Emitter<W>,
) -> Result<(), WriteError> {
    let mut ids = Unique::default();
    out.element(Tag::Gegevensdiensten, |out| {
        out.demand_one(Tag::Gegevensdienst, diensten)?;
        out.each(Tag::Gegevensdienst, diensten, |out, dienst| {
            out.value_once(Tag::GegevensdienstId, &dienst.id, &mut ids)?;
            write_dienst(dienst, out)
        })
    })
}

fn write_dienst<W: io::Write>(
    dienst: &Gegevensdienst,
    out: &mut Emitter<W>,
) -> Result<(), WriteError> {
    out.element(Tag::AuthorizationEndpoint, |out| {
        out.value(Tag::AuthorizationEndpointuri, &dienst.authorization)
    })?;
    out.element(Tag::TokenEndpoint, |out| out.value(Tag::TokenEndpointuri, &dienst.token))?;
    match &dienst.abonneren {
        None => {}
        Some(_) if out.format() != ListFormat::R1_4 => return Err(out.has_no(Tag::Abonneren)),
        Some(abonneren) => out.element(Tag::Abonneren, |out| {
            out.value(Tag::MaximaleDuur, &abonneren.maximale_duur.to_string())?;
            out.value(Tag::SubscriptionEndpointuri, &abonneren.subscription)
        })?,
    }
    let mut codes = Unique::default();
    out.element(Tag::Systeemrollen, |out| {
        out.demand_one(Tag::Systeemrol, &dienst.rollen)?;
        out.each(Tag::Systeemrol, &dienst.rollen, |out, rol| {
            out.value_once(Tag::Systeemrolcode, &rol.code, &mut codes)?;
            out.element(Tag::ResourceEndpoint, |out| {
                out.value(Tag::ResourceEndpointuri, &rol.resource)
            })
        })
    })
}
