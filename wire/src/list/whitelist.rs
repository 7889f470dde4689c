//! The Whitelist: `Whitelist(Tijdstempel, Volgnummer, MedMijNodes(MedMijNode*))`.
//!
//! In release 1.0 a MedMijNode is its hostname and there is at least one; since release 1.1 it has a Hostname.
//! Both are in the same namespace, so the first node of a list shows which of them it is.

use std::io::{self, BufRead};

use super::{
    document::{ListFormat, WhitelistDocument},
    read::{ListReader, Seen, Stop},
    tag::Tag,
    write::{Emitter, Unique, WriteError},
};

const LIST: &[Tag] = &[Tag::Tijdstempel, Tag::Volgnummer, Tag::MedMijNodes];

pub(super) fn read<R: BufRead>(
    list: &mut ListReader<R>,
    asked: Option<ListFormat>,
) -> Result<WhitelistDocument, Stop> {
    let header = list.header(LIST)?;
    let mut seen = Seen::default();
    let mut undecided = asked.is_none();
    let nodes = list.one(LIST, Tag::MedMijNodes, |list| {
        let node = |list: &mut ListReader<R>| node(list, &mut undecided, &mut seen);
        // Without a node nothing shows the format: it is 1.0 only if that was asked.
        if list.format() == ListFormat::R1_0 {
            list.at_least_one(Tag::MedMijNode, node)
        } else {
            list.many(Tag::MedMijNode, node)
        }
    })?;
    Ok(WhitelistDocument { header: list.headed(header), nodes })
}

fn node<R: BufRead>(
    list: &mut ListReader<R>,
    undecided: &mut bool,
    seen: &mut Seen,
) -> Result<String, Stop> {
    let place = list.place();
    let leading = list.leading_text()?;
    if *undecided && !list.at_element() {
        list.set_format(ListFormat::R1_0);
    }
    *undecided = false;
    if list.format() == ListFormat::R1_0 {
        let hostname = list.text_from(leading, Tag::MedMijNode, place)?;
        list.once(&hostname, seen);
        Ok(hostname)
    } else {
        list.expect_blank(&leading, place, Some(Tag::Hostname));
        list.value_once(&[Tag::Hostname], Tag::Hostname, seen)
    }
}

pub(super) fn write<W: io::Write>(
    document: &WhitelistDocument,
    out: &mut Emitter<W>,
) -> Result<(), WriteError> {
    out.header(&document.header)?;
    out.element(Tag::MedMijNodes, |out| {
        if out.format() == ListFormat::R1_0 {
            out.demand_one(Tag::MedMijNode, &document.nodes)?;
            return out.each_value_once(Tag::MedMijNode, &document.nodes);
        }
        let mut unique = Unique::default();
        out.each(Tag::MedMijNode, &document.nodes, |out, node| {
            out.value_once(Tag::Hostname, node, &mut unique)
        })
    })
}
