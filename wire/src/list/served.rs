//! A list as it is served: its path, its bytes, and what becomes of bytes that fit no schema.
//!
//! Does not judge: a list that fits no schema is a version that says so, so that its receiver can refuse it by the
//! rule (APP 19, APP 22).

use protocol::{
    names::Names,
    register::{ListContent, ListKind, ListVersion, Zal},
};

use super::{
    document::ListFormat,
    read::read_unvalidated,
    timestamp::Timestamp,
    version::{Assumed, of_version, to_version},
    write::{WriteError, write},
};

/// The name of the file that each list is, as the published examples have it.
pub const fn file(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Zal => "MedMij_Zorgaanbiederslijst.xml",
        ListKind::Whitelist => "MedMij_Whitelist.xml",
        ListKind::OauthClients => "MedMij_OAuthclientlist.xml",
        ListKind::Gegevensdiensten => "MedMij_Gegevensdienstnamenlijst.xml",
    }
}

/// The list of which a path is the place.
pub fn kind_at(path: &str) -> Option<ListKind> {
    ListKind::ALL.into_iter().find(|kind| path.strip_prefix('/') == Some(file(*kind)))
}

/// What spoils a list that is meant to fit no schema: an element that no schema knows, before the end.
const SPOILED: &str = "<Kapot/>";

/// The bytes of a version. One that does not fit its schema becomes bytes that do not.
///
/// # Errors
/// Something on it does not fit the format.
pub fn to_bytes(
    version: &ListVersion,
    format: ListFormat,
    epoch: &Timestamp,
    names: &Names,
) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Vec::new();
    write(&of_version(version, format, epoch, names), format, &mut bytes)?;
    if !version.fits_schema
        && let Some(end) = bytes.windows(2).rposition(|pair| pair == b"</")
    {
        bytes.splice(end..end, SPOILED.bytes());
    }
    Ok(bytes)
}

/// The version that bytes are. What fits no schema has on it what a reader that validates nothing would make of it; or
/// if it is no list at all, the number and the time, as far as they can be made out.
pub fn from_bytes(
    kind: ListKind,
    bytes: &[u8],
    assumed: &Assumed,
    names: &mut Names,
) -> ListVersion {
    if let Some((document, fits_schema)) =
        read_unvalidated(bytes).filter(|(document, _)| document.kind() == kind)
    {
        return ListVersion { fits_schema, ..to_version(&document, assumed, names).0 };
    }
    let text = |element| element_text(bytes, element);
    let number = text("Volgnummer").and_then(|text| text.parse().ok()).unwrap_or(0);
    let published = text("Tijdstempel").and_then(|text| Timestamp::parse(text).ok());
    ListVersion {
        kind,
        number,
        published: published.map_or(Default::default(), |at| at.in_run(&assumed.epoch)),
        fits_schema: false,
        content: nothing(kind),
    }
}

fn nothing(kind: ListKind) -> ListContent {
    match kind {
        ListKind::Zal => ListContent::Zal(Zal::default()),
        ListKind::Whitelist => ListContent::Whitelist(Vec::new()),
        ListKind::OauthClients => ListContent::OauthClients(Vec::new()),
        ListKind::Gegevensdiensten => ListContent::Gegevensdiensten(Vec::new()),
    }
}

/// What stands in the first element of that name. In the first part of what came: it is a header.
fn element_text<'a>(bytes: &'a [u8], element: &str) -> Option<&'a str> {
    const FAR: usize = 4_096;
    let head = &bytes[..bytes.len().min(FAR)];
    let head = match str::from_utf8(head) {
        Ok(head) => head,
        Err(error) => str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    let (_, rest) = head.split_once(&format!("<{element}>"))?;
    Some(rest.split_once("</")?.0.trim())
}

#[cfg(test)]
mod tests {
    use protocol::{
        id::NameId,
        release::{Release, ReleaseSet},
        time::WallTime,
    };

    use super::*;

    fn whitelist(names: &mut Names, fits_schema: bool) -> ListVersion {
        let nodes: Vec<NameId> = vec![names.host("a.example.nl"), names.host("b.example.nl")];
        ListVersion {
            kind: ListKind::Whitelist,
            number: 12,
            published: WallTime::from_nanos(5_000_000_007),
            fits_schema,
            content: ListContent::Whitelist(nodes),
        }
    }

    fn there_and_back(version: &ListVersion, names: &mut Names) -> (Vec<u8>, ListVersion) {
        let epoch = Timestamp::from_unix(1_700_000_000, 0);
        let bytes = to_bytes(version, ListFormat::R1_1, &epoch, names).unwrap();
        let releases = ReleaseSet::only(Release::R1_1);
        let assumed = Assumed { epoch, releases };
        let back = from_bytes(version.kind, &bytes, &assumed, names);
        (bytes, back)
    }

    #[test]
    fn a_list_is_served_and_read_as_what_it_is() {
        let mut names = Names::default();
        let list = whitelist(&mut names, true);
        assert_eq!(there_and_back(&list, &mut names).1, list);
    }

    #[test]
    fn a_list_that_fits_no_schema_is_read_as_such_with_what_can_be_made_out() {
        let mut names = Names::default();
        let list = whitelist(&mut names, false);
        let (bytes, back) = there_and_back(&list, &mut names);
        assert!(String::from_utf8(bytes).unwrap().contains(SPOILED));
        assert_eq!(back, list);
    }

    #[test]
    fn a_list_that_breaks_off_is_read_as_its_number_and_nothing_else() {
        let mut names = Names::default();
        let list = whitelist(&mut names, true);
        let (mut bytes, _) = there_and_back(&list, &mut names);
        bytes.truncate(bytes.len() - 10);
        let epoch = Timestamp::from_unix(1_700_000_000, 0);
        let assumed = Assumed { epoch, releases: ReleaseSet::only(Release::R1_1) };
        let back = from_bytes(list.kind, &bytes, &assumed, &mut names);
        let kept = (back.kind, back.number, back.published, back.fits_schema);
        assert_eq!(kept, (list.kind, list.number, list.published, false));
        assert!(back.content == ListContent::Whitelist(Vec::new()));
    }

    #[test]
    fn bytes_of_any_kind_are_a_list_that_fits_no_schema() {
        let mut names = Names::default();
        let assumed = Assumed {
            epoch: Timestamp::from_unix(0, 0),
            releases: ReleaseSet::only(Release::R1_0),
        };
        for bytes in [&b""[..], b"<Volgnummer>", b"\xff<Volgnummer>9</", b"<Volgnummer>x</"] {
            let list = from_bytes(ListKind::Zal, bytes, &assumed, &mut names);
            assert!(!list.fits_schema && list.number == 0, "{bytes:?}");
        }
    }

    #[test]
    fn each_list_has_a_place_of_its_own() {
        for kind in ListKind::ALL {
            assert_eq!(kind_at(&format!("/{}", file(kind))), Some(kind));
        }
        assert_eq!(kind_at("/other.xml"), None);
    }
}
