//! Register versions from lists and lists from register versions, and what is lost between.

use super::*;
use crate::list::{read, write};
use protocol::{
    rule,
    rule::covers,
    time::{Instant, WallTime},
};

fn assumed() -> Assumed {
    Assumed {
        epoch: Timestamp::parse("2018-04-16T00:00:00Z").unwrap(),
        releases: ReleaseSet::only(Release::R1_0),
    }
}

fn header(format: ListFormat) -> Header {
    let published = Timestamp::parse("2018-04-16T01:00:00Z").unwrap();
    Header { format, published, number: 7 }
}

fn offer(id: &str, host: &str, codes: &[&str]) -> Gegevensdienst {
    Gegevensdienst {
        id: id.into(),
        authorization: format!("https://{host}/oauth/authorize"),
        token: format!("https://{host}/oauth/token"),
        abonneren: None,
        rollen: codes
            .iter()
            .map(|code| Systeemrol {
                code: (*code).into(),
                resource: format!("https://{host}/fhir/{}", code.to_lowercase()),
            })
            .collect(),
    }
}

fn plain(naam: &str, diensten: Vec<Gegevensdienst>) -> Zorgaanbieder {
    Zorgaanbieder { naam: naam.into(), offers: Offers::Plain(diensten) }
}

fn zal(format: ListFormat, zorgaanbieders: Vec<Zorgaanbieder>) -> ListDocument {
    ListDocument::Zal(ZalDocument { header: header(format), zorgaanbieders })
}

/// A ZAL that this program knows all about.
fn known_zal() -> ListDocument {
    zal(
        ListFormat::R1_1,
        vec![
            plain(
                "umcveldzicht@medmij",
                vec![
                    offer("4", "za.example.nl", &["LAB-1.0.0-LRB-FHIR"]),
                    offer("6", "za.example.nl", &["MM-1.0.0-PLB-FHIR", "MM-1.0.0-PDB-FHIR"]),
                ],
            ),
            plain(
                "huisartsdevries@medmij",
                vec![offer("4", "za.example.nl", &["LAB-1.0.0-LRB-FHIR"])],
            ),
        ],
    )
}

fn uri_texts<'a>(names: &'a Names, addresses: &Addresses) -> Vec<&'a str> {
    [addresses.authorization, addresses.token]
        .iter()
        .chain(&addresses.resources)
        .map(|uri| names.uri_text(*uri))
        .collect()
}

#[test]
fn a_zal_becomes_rows_and_offers_that_share_their_addresses() {
    covers(&[rule::ZAL_CONTENT]);
    let mut names = Names::default();
    let (version, left_out) = to_version(&known_zal(), &assumed(), &mut names);
    assert!(left_out.is_empty(), "{left_out}");
    assert_eq!(version.check(), Ok(()));
    assert_eq!((version.number, version.published), (7, WallTime::from_nanos(3_600_000_000_000)));
    let zal = version.zal().unwrap();
    assert_eq!(zal.len(), 2);
    let umc = names.find_zorgaanbieder("umcveldzicht@medmij").unwrap();
    let huisarts = names.find_zorgaanbieder("huisartsdevries@medmij").unwrap();
    let (lab, documenten) =
        (catalogue::Gegevensdienst::from_id("4"), catalogue::Gegevensdienst::from_id("6"));
    assert_eq!(zal.offers(umc)[0].addresses, zal.offers(huisarts)[0].addresses);
    assert_eq!(
        uri_texts(&names, zal.find(umc, documenten.unwrap()).unwrap()),
        [
            "https://za.example.nl/oauth/authorize",
            "https://za.example.nl/oauth/token",
            "https://za.example.nl/fhir/mm-1.0.0-plb-fhir",
            "https://za.example.nl/fhir/mm-1.0.0-pdb-fhir",
        ]
    );
    assert!(zal.find(huisarts, lab.unwrap()).is_some());
    assert_eq!(zal.find(huisarts, documenten.unwrap()), None);
}

#[test]
fn a_version_becomes_the_document_that_it_came_from() {
    let mut names = Names::default();
    let whitelist = ListDocument::Whitelist(WhitelistDocument {
        header: header(ListFormat::R1_1),
        nodes: vec!["za.example.nl".into(), "pgo.example.nl".into()],
    });
    let clients = ListDocument::OauthClients(OauthClientsDocument {
        header: header(ListFormat::R1_1),
        clients: vec![OauthClient {
            hostname: "pgo.example.nl".into(),
            organisatienaam: "Mijn Dossier & Co".into(),
        }],
    });
    let diensten = ListDocument::Gegevensdiensten(GegevensdienstenDocument {
        header: header(ListFormat::R1_1),
        diensten: vec![Gegevensdienstnaam {
            id: "54".into(),
            weergavenaam: "Allergie\u{eb}n".into(),
        }],
    });
    for document in [known_zal(), whitelist, clients, diensten] {
        let (version, left_out) = to_version(&document, &assumed(), &mut names);
        assert!(left_out.is_empty(), "{left_out}");
        let back = of_version(&version, ListFormat::R1_1, &assumed().epoch, &names);
        assert_eq!(back, document);
    }
}

#[test]
fn what_is_published_from_a_register_can_be_written_and_read_in_every_format() {
    let mut names = Names::default();
    let uri = |names: &mut Names, path: &str| names.uri(&format!("https://za.example.nl/{path}"));
    let addresses = Addresses {
        releases: ReleaseSet::only(Release::R1_0).with(Release::R1_1),
        authorization: uri(&mut names, "authorize"),
        token: uri(&mut names, "token"),
        resources: vec![uri(&mut names, "fhir")],
    };
    let organisation = names.organisation("Dienstverlener");
    let gateway = |node, kind| register::Gateway { node, organisation, kind, listed: true };
    let register = register::Register {
        gateways: vec![
            gateway(names.host("pgo.example.nl"), register::ParticipantKind::Dvp),
            gateway(names.host("za.example.nl"), register::ParticipantKind::Dvza),
        ],
        listings: vec![register::Listing {
            zorgaanbieder: names.zorgaanbieder("huisartsdevries@medmij"),
            listed: true,
            offers: (0..3)
                .map(|n| Offer { dienst: catalogue::Gegevensdienst(n), addresses: 0 })
                .collect(),
        }],
        addresses: vec![addresses],
        ..register::Register::default()
    };
    let assumed = assumed();
    for published in register.publish_all() {
        for format in ListFormat::ALL.into_iter().filter(|format| format.has(published.kind)) {
            let document = of_version(&published, format, &assumed.epoch, &names);
            let mut bytes = Vec::new();
            write(&document, format, &mut bytes).unwrap();
            let read = read(&bytes[..]).unwrap();
            let (version, left_out) = to_version(&read, &assumed, &mut names);
            assert!(left_out.is_empty(), "{left_out}");
            assert_eq!(version.published, WallTime::exact(Instant::START));
            match (&version.content, &published.content) {
                (ListContent::Zal(left), ListContent::Zal(right)) => {
                    let rows = |zal: &Zal| {
                        zal.rows().map(|(id, offers)| (id, offers.to_vec())).collect::<Vec<_>>()
                    };
                    assert_eq!(rows(left), rows(right));
                    let (left, right) = (left.addresses(0).unwrap(), right.addresses(0).unwrap());
                    assert_eq!(endpoints(left), endpoints(right));
                    // Only since release 1.4 does the list say which releases are spoken.
                    let said = format == ListFormat::R1_4;
                    assert_eq!(left.releases == right.releases, said, "{format}");
                }
                (left, right) => assert_eq!(left, right),
            }
        }
    }
}

#[test]
fn what_the_catalogue_does_not_have_is_left_out_and_counted() {
    let mut unknown = offer("4", "za.example.nl", &["LAB-9.0-LRB-FHIR", "LAB-1.0.0-LRB-FHIR"]);
    unknown.abonneren = Some(super::super::document::Abonneren::default());
    let document = zal(
        ListFormat::R1_1,
        vec![
            plain("abc@medmij", vec![unknown, offer("901", "za.example.nl", &["X"])]),
            plain("def@medmij", vec![offer("901", "za.example.nl", &["X"])]),
        ],
    );
    let mut names = Names::default();
    let (version, left_out) = to_version(&document, &assumed(), &mut names);
    assert_eq!(version.zal().unwrap().len(), 1);
    let resources = &version.zal().unwrap().addresses(0).unwrap().resources;
    let texts: Vec<&str> = resources.iter().map(|uri| names.uri_text(*uri)).collect();
    assert_eq!(
        texts,
        [
            "https://za.example.nl/fhir/lab-1.0.0-lrb-fhir",
            "https://za.example.nl/fhir/lab-9.0-lrb-fhir"
        ],
        "the catalogue's role comes first"
    );
    assert_eq!(
        left_out.to_string(),
        "offers of unknown Gegevensdiensten, left out: 901 (2)\n\
         unknown Systeemrolcodes, endpoints kept: LAB-9.0-LRB-FHIR (1)\n\
         offers that one can subscribe to, kept without that: 1\n\
         Zorgaanbieders without any known offer, left out: 1\n"
    );
}

#[test]
fn of_several_interfaceversies_the_newest_endpoints_are_kept() {
    let versie = |id: &str, host| Interfaceversie {
        id: id.into(),
        diensten: vec![offer("4", host, &["LAB-1.0.0-LRB-FHIR"])],
    };
    let row = |versies| {
        let offers = Offers::Versioned { aanbiedertype: Aanbiedertype::Za, versies };
        zal(ListFormat::R1_4, vec![Zorgaanbieder { naam: "abc@medmij".into(), offers }])
    };
    let mut names = Names::default();
    let (version, left_out) = to_version(
        &row(vec![versie("1.10.0", "new.example.nl"), versie("1.4.0", "old.example.nl")]),
        &assumed(),
        &mut names,
    );
    let addresses = version.zal().unwrap().addresses(0).unwrap().clone();
    assert_eq!(names.host_text(addresses.token.host), "new.example.nl");
    assert_eq!(addresses.releases, ReleaseSet::only(Release::R1_0), "as assumed");
    assert_eq!(left_out.older_endpoints, 1);
    assert_eq!(left_out.interfaceversies.len(), 2);

    let (version, left_out) = to_version(
        &row(vec![versie("1.1.2", "za.example.nl"), versie("1.0", "za.example.nl")]),
        &assumed(),
        &mut names,
    );
    let releases = version.zal().unwrap().addresses(0).unwrap().releases;
    assert_eq!(releases, ReleaseSet::only(Release::R1_0).with(Release::R1_1));
    assert!(left_out.is_empty(), "{left_out}");
}

#[test]
fn a_version_that_points_nowhere_becomes_a_document_that_no_schema_takes() {
    let nowhere = Offer { dienst: catalogue::Gegevensdienst(200), addresses: 9 };
    let content = ListContent::Zal(Zal::new(vec![(ZorgaanbiederId(5), vec![nowhere])], []));
    let version = ListVersion {
        kind: register::ListKind::Zal,
        number: 1,
        published: WallTime::default(),
        fits_schema: false,
        content,
    };
    for format in ListFormat::ALL {
        let document = of_version(&version, format, &assumed().epoch, &Names::default());
        let mut bytes = Vec::new();
        assert!(write(&document, format, &mut bytes).is_err());
        assert!(bytes.is_empty(), "nothing is better than half a list");
    }
}
