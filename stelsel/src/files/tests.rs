//! Files that are good, files that are not, and what is said about them.

use super::*;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn every_shipped_file_is_read_without_a_complaint() {
    let mut read = 0;
    for (folder, is_scenario) in [("topologies", false), ("scenarios", true)] {
        let files = std::fs::read_dir(root().join(folder)).unwrap();
        for file in files.map(|file| file.unwrap().path()) {
            let found = match is_scenario {
                true => super::read(&file, &[]).map(drop),
                false => read_topology(&file, &[]).map(drop),
            };
            assert_eq!(found.map_err(|problems| problems.to_string()), Ok(()), "{file:?}");
            read += 1;
        }
    }
    assert!(read >= 6);
}
