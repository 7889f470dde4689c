//! The real example lists that MedMij published: each release becomes a topology on which a scenario runs, and what is
//! exported is accepted by the published schemas.

use std::{
    fs,
    path::{Path, PathBuf},
};

use stelsel::{
    check::{Verdict, lists as check},
    lists::{self, Clients, export, topology},
    plan::Source,
    problem::{Located, Place},
    run::Options,
};

use crate::world;

/// The published lists and schemas; none where they are not beside the project.
fn published() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/xsd");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("not tested: the published lists are not beside the project");
    None
}

fn source(dir: &Path) -> Source {
    let find = |what: &str| {
        let mut files: Vec<PathBuf> = fs::read_dir(dir)
            .expect("a folder of lists")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                name.contains(what) && name.ends_with(".xml")
            })
            .collect();
        files.sort();
        let value = files.into_iter().next()?;
        Some(Located { place: Place::whole(value.display().to_string()), value })
    };
    Source {
        zal: find("Zorgaanbiederslijst").expect("a ZAL"),
        whitelist: find("Whitelist"),
        ocl: find("OAuthclientlist"),
        gnl: find("Gegevensdienstnamenlijst"),
    }
}

#[test]
fn nothing_is_broken_on_the_published_lists_and_an_unlisted_gateway_is_found() {
    let Some(published) = published() else { return };
    for dir in ["release-1.0", "release-1.1", "later-1.4-to-2.x"] {
        let Source { zal, whitelist, ocl, gnl } = source(&published.join(dir));
        let whitelist = whitelist.expect("a Whitelist");
        let read = |path: &Path| fs::read(path).expect("a list that can be read");
        let judged = |whitelist: &[u8]| {
            let others = [Some(&zal), ocl.as_ref(), gnl.as_ref()].into_iter().flatten();
            let others = others.map(|list| check::read(&*read(&list.value), "a list"));
            let lists = others.chain([check::read(whitelist, "a Whitelist")]).collect();
            let findings = check::judge(lists).expect("one list of each kind").findings;
            findings.into_iter().filter(|found| found.verdict == Verdict::Broken).count()
        };
        let bytes = read(&whitelist.value);
        assert_eq!(judged(&bytes), 0, "{dir}");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(text.contains("xisbridge.net"), "{dir}");
        assert!(judged(text.replace("xisbridge.net", "elders.example").as_bytes()) > 0, "{dir}");
    }
}

#[test]
fn a_scenario_runs_on_the_published_lists_of_each_release() {
    let Some(published) = published() else { return };
    for (dir, release) in
        [("release-1.0", "1.0"), ("release-1.1", "1.1"), ("later-1.4-to-2.x", "1.1")]
    {
        let source = source(&published.join(dir));
        let imported = lists::read(&source).unwrap_or_else(|problems| panic!("{dir}: {problems}"));
        assert_eq!(imported.release.name(), release, "{dir}");
        assert_eq!((imported.zal.len(), imported.gateways.len()), (2, 2), "{dir}");
        assert_eq!(matches!(imported.clients, Clients::Listed(_)), source.ocl.is_some(), "{dir}");
        let folder = tempfile::tempdir().expect("a folder");
        let made = folder.path().join("made");
        let told = topology::tell(&imported);
        topology::write(&made, "made", &source, &imported, &told).expect("a topology");
        let scenario = folder.path().join("scenario.toml");
        let text = "name = \"test\"\ntopology = \"made/topology.toml\"\nhorizon = \"10min\"\nreplications = 1\n\
                    seed = 1\n[arrivals]\nrate = \"0.1/s\"\n";
        fs::write(&scenario, text).expect("a scenario");
        let study = world::read(&scenario, &[]);
        // Scenario, topology, shipped costs apart: every list is an input with a digest of its own.
        let lists = study.inputs.iter().filter(|input| input.name.ends_with(".xml")).count();
        let given = [&source.whitelist, &source.ocl, &source.gnl].into_iter().flatten().count();
        assert_eq!(lists, 1 + given, "{dir}");
        let answer = world::answer(study, &Options::default());
        let replication = &answer.replications[0];
        assert!(replication.conservation.holds(), "{dir}");
        let [completed, ..] = replication.conservation.outcomes;
        assert!(
            2 * completed > replication.conservation.flows,
            "{dir}: {:?}",
            replication.conservation
        );
    }
}

#[test]
fn exported_lists_are_accepted_by_the_published_schemas() {
    let Some(published) = published() else { return };
    for (file, dir) in [("beta-2018.toml", "release-1.0"), ("national-2023.toml", "release-1.1")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies").join(file);
        let (topology, ..) = stelsel::files::read_topology(&path, &[]).expect("a shipped topology");
        let (names, register) = stelsel::compose::register_of(&topology).expect("a network");
        let folder = tempfile::tempdir().expect("a folder");
        let written = export::export(&names, &register, topology.release, folder.path());
        for list in written.unwrap_or_else(|problem| panic!("{problem}")) {
            let schema = list.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            let schema = published.join(dir).join(format!("{schema}.xsd"));
            let schema = fs::read_to_string(&schema).expect("a published schema");
            let schema = uppsala::parse(&schema).expect("XML");
            let validator = uppsala::XsdValidator::from_schema(&schema).expect("a schema");
            let text = fs::read_to_string(&list).expect("a list");
            let document = uppsala::parse(&text).expect("XML");
            let faults = validator.validate(&document);
            assert!(faults.is_empty(), "{}: {faults:?}", list.display());
        }
    }
}
