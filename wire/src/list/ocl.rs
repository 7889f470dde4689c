//! The OAuth client list:
//! `OAuthclientlist(Tijdstempel, Volgnummer, OAuthclients(OAuthclient*(Hostname, OAuthclientOrganisatienaam)))`.

use std::io::{self, BufRead};

use super::{
    document::{OauthClient, OauthClientsDocument},
    read::{ListReader, Seen, Stop},
    tag::Tag,
    write::{Emitter, Unique, WriteError},
};

const LIST: &[Tag] = &[Tag::Tijdstempel, Tag::Volgnummer, Tag::OAuthclients];
const CLIENT: &[Tag] = &[Tag::Hostname, Tag::OAuthclientOrganisatienaam];

pub(super) fn read<R: BufRead>(list: &mut ListReader<R>) -> Result<OauthClientsDocument, Stop> {
    let header = list.header(LIST)?;
    let mut seen = Seen::default();
    let clients = list.one(LIST, Tag::OAuthclients, |list| {
        list.many(Tag::OAuthclient, |list| {
            let hostname = list.value_once(CLIENT, Tag::Hostname, &mut seen)?;
            let organisatienaam = list.value(CLIENT, Tag::OAuthclientOrganisatienaam)?;
            Ok(OauthClient { hostname, organisatienaam })
        })
    })?;
    Ok(OauthClientsDocument { header: list.headed(header), clients })
}

pub(super) fn write<W: io::Write>(
    document: &OauthClientsDocument,
    out: &mut Emitter<W>,
) -> Result<(), WriteError> {
    out.header(&document.header)?;
    let mut unique = Unique::default();
    out.element(Tag::OAuthclients, |out| {
        out.each(Tag::OAuthclient, &document.clients, |out, client| {
            out.value_once(Tag::Hostname, &client.hostname, &mut unique)?;
            out.value(Tag::OAuthclientOrganisatienaam, &client.organisatienaam)
        })
    })
}
