//! Lists that are wrong, gateways that are found, and what is written of both.

use std::{fs, path::PathBuf};

use protocol::id::HostId;

use super::*;

/// A list in a folder that goes away.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> Located<PathBuf> {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        Located { place: Place::whole(path.display().to_string()), value: path }
    }

    /// The complaints about this ZAL, without the folder's name.
    fn complaints(&self, zal: impl AsRef<[u8]>) -> String {
        let zal = self.file("zal.xml", zal);
        let source = Source { zal, whitelist: None, ocl: None, gnl: None };
        let problems = read(&source).unwrap_err().to_string();
        problems.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn offer(service: &str, role: &str, [front, token, resource]: [&str; 3]) -> String {
    format!(
        "<Gegevensdienst><GegevensdienstId>{service}</GegevensdienstId><AuthorizationEndpoint>\
         <AuthorizationEndpointuri>https://{front}/authorize</AuthorizationEndpointuri></AuthorizationEndpoint>\
         <TokenEndpoint><TokenEndpointuri>https://{token}/token</TokenEndpointuri></TokenEndpoint><Systeemrollen>\
         <Systeemrol><Systeemrolcode>{role}</Systeemrolcode><ResourceEndpoint>\
         <ResourceEndpointuri>https://{resource}/fhir</ResourceEndpointuri></ResourceEndpoint></Systeemrol>\
         </Systeemrollen></Gegevensdienst>"
    )
}

fn lab(hosts: [&str; 3]) -> String {
    offer("4", "LAB-1.0.0-LRB-FHIR", hosts)
}

fn zal(providers: &[(&str, String)]) -> String {
    let rows: String = providers
        .iter()
        .map(|(naam, offers)| {
            format!(
                "<Zorgaanbieder><Zorgaanbiedernaam>{naam}@medmij</Zorgaanbiedernaam>\n\
                 <Gegevensdiensten>{offers}</Gegevensdiensten></Zorgaanbieder>\n"
            )
        })
        .collect();
    format!(
        "<Zorgaanbiederslijst xmlns=\"xmlns://afsprakenstelsel.medmij.nl/zorgaanbiederslijst/release2/\">\n\
         <Tijdstempel>2018-04-16T12:56:33Z</Tijdstempel><Volgnummer>6</Volgnummer>\n\
         <Zorgaanbieders>\n{rows}</Zorgaanbieders></Zorgaanbiederslijst>"
    )
}

#[test]
fn offers_that_share_a_host_are_of_one_gateway_and_others_are_not() {
    let folder = Folder::new();
    let text = zal(&[
        ("abc", lab(["a.nl", "shared.nl", "x.nl"])),
        ("abd", lab(["b.nl", "shared.nl", "y.nl"])),
        ("abe", lab(["b.nl", "shared.nl", "y.nl"])),
        ("abf", lab(["other.nl", "other.nl", "other.nl"])),
    ]);
    let source =
        Source { zal: folder.file("zal.xml", text), whitelist: None, ocl: None, gnl: None };
    let imported = read(&source).unwrap();
    let text = |id: NameId| imported.names.host_text(id).to_owned();
    let found: Vec<_> = imported
        .gateways
        .iter()
        .map(|one| (text(one.front), text(one.back), one.others.len(), one.zorgaanbieders))
        .collect();
    assert_eq!(
        found,
        [
            ("b.nl".to_owned(), "shared.nl".to_owned(), 2, 3),
            ("other.nl".to_owned(), "other.nl".to_owned(), 0, 1)
        ]
    );
    assert_eq!(imported.moved, 1, "what was at a.nl is at b.nl");
    let fronts: Vec<String> = (0..)
        .map_while(|place| imported.zal.addresses(place))
        .map(|one| imported.names.uri_text(one.authorization).to_owned())
        .collect();
    assert_eq!(
        fronts,
        ["https://b.nl/authorize", "https://b.nl/authorize", "https://other.nl/authorize"]
    );
}

#[test]
fn what_is_wrong_with_a_list_is_told_with_its_line() {
    let folder = Folder::new();
    let good = zal(&[("abc", lab(["a.nl", "b.nl", "c.nl"]))]);
    insta::assert_snapshot!(folder.complaints(""), @r#"zal.xml:1: not well-formed XML: a document without any element"#);
    insta::assert_snapshot!(folder.complaints("not XML at all"), @r#"zal.xml:1: not well-formed XML: text outside the root"#);
    insta::assert_snapshot!(folder.complaints("<html></html>"), @r#"zal.xml:1: expected a Zorgaanbiederslijst, Whitelist, OAuthclientlist or Gegevensdienstnamenlijst in its namespace; found <html>"#);
    insta::assert_snapshot!(folder.complaints(&good[..good.len() - 30]), @r#"zal.xml:6: Zorgaanbieders: not well-formed XML: tag not closed: `>` not found before end of input"#);
    insta::assert_snapshot!(folder.complaints(good.replace("abc@medmij", "Abc@medmij")), @r#"zal.xml:4: Zorgaanbieders/Zorgaanbieder[1]/Zorgaanbiedernaam: expected lower-case letters followed by @medmij, such as huisartsdevries@medmij; found "Abc@medmij""#);
    insta::assert_snapshot!(folder.complaints(good.replace("https://a.nl/", "http://a.nl:80/")), @r#"zal.xml:5: Zorgaanbieders/Zorgaanbieder[1]/Gegevensdiensten/Gegevensdienst[1]/AuthorizationEndpoint/AuthorizationEndpointuri: expected https://, a hostname and a path, without port, query or fragment; found "http://a.nl:80/authorize""#);
    let twice =
        zal(&[("abc", lab(["a.nl", "b.nl", "c.nl"])), ("abc", lab(["a.nl", "b.nl", "c.nl"]))]);
    insta::assert_snapshot!(folder.complaints(twice), @r#"zal.xml:6: Zorgaanbieders/Zorgaanbieder[2]/Zorgaanbiedernaam: expected each one once; found "abc@medmij" again, first on line 4"#);
    let laughs = format!(
        "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"{}\">]>{good}",
        "&lol;".repeat(10)
    );
    insta::assert_snapshot!(folder.complaints(laughs), @r#"zal.xml:1: a document type declaration is refused, and so are entities declared in it"#);
    let unknown = good.replace("<GegevensdienstId>4<", "<GegevensdienstId>999<");
    insta::assert_snapshot!(folder.complaints(unknown), @r#"zal.xml: expected a list with an offer of a known Gegevensdienst; found none"#);
}

#[test]
fn a_list_of_another_kind_a_folder_and_no_file_are_told_apart() {
    let folder = Folder::new();
    let good = folder.file("zal.xml", zal(&[("abc", lab(["a.nl", "b.nl", "c.nl"]))]));
    let of = |zal: Located<PathBuf>, whitelist| {
        let source = Source { zal, whitelist, ocl: None, gnl: None };
        read(&source).unwrap_err().to_string()
    };
    let told = of(good.clone(), Some(good.clone()));
    assert!(told.ends_with("expected a list of kind whitelist; found zal"), "{told}");
    let dir = Located { value: folder.0.path().to_owned(), place: Place::whole("--zal") };
    let told = of(dir, None);
    assert!(
        told.starts_with("--zal: expected a list, which is a file; found the folder"),
        "{told}"
    );
    let none = Located { value: "no-such.xml".into(), place: Place::whole("no-such.xml") };
    let told = of(none, None);
    assert!(told.starts_with("no-such.xml: cannot read"), "{told}");
}

#[test]
fn a_list_that_is_too_large_is_refused_by_its_size() {
    let folder = Folder::new();
    let big = folder.file("zal.xml", zal(&[("abc", lab(["a.nl", "b.nl", "c.nl"]))]));
    // Sparse: it takes no room on the disk.
    fs::OpenOptions::new().write(true).open(&big.value).unwrap().set_len(1 << 30).unwrap();
    let source = Source { zal: big, whitelist: None, ocl: None, gnl: None };
    let told = read(&source).unwrap_err().to_string();
    assert!(told.ends_with("expected a list of at most 512 MB; found a larger file"), "{told}");
}

#[test]
fn a_folder_is_written_whole_or_not_at_all() {
    let folder = Folder::new();
    let text = zal(&[("abc", lab(["a.nl", "b.nl", "c.nl"]))]);
    let source =
        Source { zal: folder.file("zal.xml", &text), whitelist: None, ocl: None, gnl: None };
    let imported = read(&source).unwrap();
    let told = topology::tell(&imported);
    let dir = folder.0.path().join("made");
    let path = topology::write(&dir, "made", &source, &imported, &told).unwrap();
    assert_eq!(fs::read_to_string(dir.join("Zorgaanbiederslijst.xml")).unwrap(), text);
    crate::files::read_topology(&path, &[]).unwrap();
    let again = topology::write(&dir, "made", &source, &imported, &told).unwrap_err();
    assert!(again.to_string().contains("expected a folder that is not there yet"), "{again}");
    let within_file = folder.0.path().join("zal.xml").join("made");
    assert!(topology::write(&within_file, "made", &source, &imported, &told).is_err());
    // A list that is gone meanwhile leaves nothing behind.
    fs::remove_file(&source.zal.value).unwrap();
    let other = folder.0.path().join("other");
    assert!(topology::write(&other, "other", &source, &imported, &told).is_err());
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_topology_must_name_the_gateways_of_its_lists() {
    let folder = Folder::new();
    folder.file(
        "zal.xml",
        zal(&[("abc", lab(["a.nl", "b.nl", "c.nl"])), ("abd", lab(["d.nl", "e.nl", "f.nl"]))]),
    );
    let complaints = |groups: &str| {
        let text = format!(
            "name = \"t\"\nrelease = \"1.0\"\n[source]\nzal = \"zal.xml\"\n[[pgo]]\nhostname = \"p.nl\"\n{groups}"
        );
        let path = folder.file("t.toml", text).value;
        let (topology, ..) = crate::files::read_topology(&path, &[]).unwrap();
        let problems = crate::compose::register_of(&topology).unwrap_err().to_string();
        problems.replace(&format!("{}/", folder.0.path().display()), "")
    };
    insta::assert_snapshot!(complaints("[[za]]\nfront = \"a.nl\"\n"), @r#"t.toml: no [[za]] has front = "d.nl", a gateway of the ZAL"#);
    insta::assert_snapshot!(complaints("[[za]]\nfront = \"a.nl\"\nback = \"e.nl\"\n[[za]]\nfront = \"d.nl\"\n"), @r#"
t.toml:7: za.0: expected the names of one gateway, as offers of the ZAL have them together; found `a.nl` or another, which the ZAL does not have there
t.toml: no [[za]] has front = "a.nl", a gateway of the ZAL
"#);
    insta::assert_snapshot!(complaints("[[za]]\nfront = \"a.nl\"\n[[za]]\nback = \"b.nl\"\n[[za]]\nfront = \"d.nl\"\n"), @r#"t.toml:9: za.1: expected a gateway once; found a second one with names of the gateway of b.nl"#);
}

#[test]
fn what_is_exported_is_read_back_as_the_same_network() {
    let topologies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies");
    for (file, release) in
        [("beta-2018.toml", Release::R1_0), ("national-2023.toml", Release::R1_1)]
    {
        let (topology, ..) = crate::files::read_topology(&topologies.join(file), &[]).unwrap();
        let (names, register) = crate::compose::register_of(&topology).unwrap();
        let folder = Folder::new();
        let dir = folder.0.path().join("lists");
        let written = export::export(&names, &register, release, &dir).unwrap();
        assert_eq!(written.len(), if release == Release::R1_0 { 3 } else { 4 });
        assert!(
            export::export(&names, &register, release, &dir).is_err(),
            "nothing is overwritten"
        );
        let file = |name: &str| {
            let value = dir.join(name);
            Located { place: Place::whole(name), value }
        };
        let source = Source {
            zal: file("MedMij_Zorgaanbiederslijst.xml"),
            whitelist: Some(file("MedMij_Whitelist.xml")),
            ocl: Some(file("MedMij_OAuthclientlist.xml")),
            gnl: None,
        };
        let imported = read(&source).unwrap();
        assert_eq!(imported.release, release);
        assert_eq!(imported.zal.len(), register.listings.len());
        let zas: usize = topology.zas.iter().map(|group| group.hosts.len()).sum();
        let pgos: usize = topology.pgos.iter().map(|group| group.hosts.len()).sum();
        assert_eq!(imported.gateways.len(), zas);
        assert!(matches!(&imported.clients, Clients::Listed(clients) if clients.len() == pgos));
        assert_eq!(topology::tell(&imported).remarks, [""; 0]);
    }
}

/// Imports a ZAL and reads the topology that was written.
fn imported_topology(folder: &Folder, zal: &str) -> crate::plan::Topology {
    let source = Source { zal: folder.file("zal.xml", zal), whitelist: None, ocl: None, gnl: None };
    let imported = read(&source).unwrap();
    let told = topology::tell(&imported);
    let dir = folder.0.path().join("made");
    let path = topology::write(&dir, "made", &source, &imported, &told).unwrap();
    crate::files::read_topology(&path, &[]).unwrap().0
}

#[test]
fn a_front_of_one_letter_that_the_schema_allows_makes_a_topology_that_can_be_read() {
    let folder = Folder::new();
    let topology = imported_topology(&folder, &zal(&[("abc", lab(["x.c", "b.nl", "c.nl"]))]));
    assert_eq!(topology.zas[0].front, None);
    crate::compose::register_of(&topology).unwrap();
}

#[test]
fn a_list_that_names_a_host_of_our_own_is_refused() {
    let folder = Folder::new();
    let taken = zal(&[("abc", lab(["ocsp.stelsel.example", "b.nl", "c.nl"]))]);
    insta::assert_snapshot!(folder.complaints(taken), @r#"zal.xml: expected no hostname of a host that no list names (DigiD, stelselnode, OCSP, xIS); found ocsp.stelsel.example"#);
}

#[test]
fn a_gateway_with_several_names_is_removed_with_all_of_them() {
    let folder = Folder::new();
    let text =
        zal(&[("abc", lab(["a.nl", "b.nl", "c.nl"])), ("abd", lab(["d.nl", "d.nl", "d.nl"]))]);
    imported_topology(&folder, &text);
    let scenario = folder.file(
        "scenario.toml",
        "name = \"s\"\ntopology = \"made/topology.toml\"\nhorizon = \"2h\"\nreplications = 1\nseed = 1\n\
         [arrivals]\nrate = \"0.02/s\"\n[[change]]\nat = \"10min\"\nkind = \"remove-gateway\"\n\
         host = \"za-1\"\npublish = \"at-once\"\n",
    );
    let study = crate::files::read(&scenario.value, &[]).unwrap();
    let run = crate::run::run(study, &crate::run::Options::default(), &crate::run::Unwatched);
    let Ok(crate::run::Ran::Whole(answer)) = run else { panic!("a whole run") };
    let changes: BTreeSet<u32> =
        answer.replications[0].registry.iter().map(|row| row.change).collect();
    assert_eq!(changes.len(), 2, "b.nl and c.nl are nodes");
    let late = protocol::time::Duration::from_secs(80 * 60);
    let served_late = answer.replications[0].flows.iter().filter(|row| {
        row.started.since(protocol::time::Instant::START) > late
            && row.za == Some(HostId(1))
            && row.outcome == watch::statistics::Outcome::Completed
    });
    assert_eq!(served_late.count(), 0, "an hour later nobody deals with it any more");
}
