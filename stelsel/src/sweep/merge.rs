//! The shards of a sweep become its results.
//!
//! Each shard knows the whole plan, so that what is missing can be named, in the form in which array jobs take
//! it. Does not run anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    folder::{self, SweepManifest},
    plan::Shard,
    store::Store,
};
use crate::problem::{Place, Problem, Problems};

/// Shards that are not there, or not whole: from 0, rising.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incomplete(pub Vec<u32>);

/// Merges the shards in `dirs` into results at `target`. Gives whether all is accounted for and no rule is
/// broken, or which shards are missing, in which case nothing is written.
///
/// # Errors
/// A folder is no shard, is of another plan or overlaps with another; or the results cannot be written.
pub fn merge(
    dirs: &[PathBuf],
    target: impl FnOnce(&SweepManifest) -> PathBuf,
) -> Result<Result<(PathBuf, bool), Incomplete>, Problems> {
    let mut stores: Vec<Store> = Vec::new();
    for dir in dirs {
        let store = Store::open(dir)?;
        if let Some(first) = stores.first() {
            same_plan(first, &store)?;
        }
        stores.push(store);
    }
    let Some(first) = stores.first() else {
        return Err(Place::whole("merge").expected("folders of shards", "none").into());
    };
    let manifest = first.head.manifest.clone();
    let units = units(&stores)?;
    let missing = missing(first.head.shard.of, manifest.units(), &units);
    if !missing.is_empty() {
        return Ok(Err(Incomplete(missing)));
    }
    let target = target(&manifest);
    let is_good = folder::write(&manifest, &units, &target)?;
    Ok(Ok((target, is_good)))
}

fn same_plan(first: &Store, other: &Store) -> Result<(), Problem> {
    let place = Place::whole(other.folder().to_string_lossy());
    let (one, two) = (&first.head, &other.head);
    if one.manifest.plan_sha256 != two.manifest.plan_sha256 {
        let found = format!("one of another, which {} is not of", first.folder().display());
        return Err(place.expected("a shard of the same sweep", found));
    }
    if one.shard.of != two.shard.of {
        let expected = format!("one of {} shards, as {}", one.shard.of, first.folder().display());
        return Err(place.expected(expected, format!("one of {}", two.shard.of)));
    }
    Ok(())
}

/// The file of each unit; each unit is of one folder.
fn units(stores: &[Store]) -> Result<BTreeMap<u64, PathBuf>, Problem> {
    let mut units: BTreeMap<u64, PathBuf> = BTreeMap::new();
    for store in stores {
        for (unit, path) in store.done()? {
            if let Some(before) = units.get(&unit) {
                let before = before.parent().unwrap_or(Path::new("")).display();
                return Err(Place::whole(store.folder().to_string_lossy())
                    .problem(format!("overlaps with {before}: both have unit {unit}")));
            }
            units.insert(unit, path);
        }
    }
    Ok(units)
}

fn missing(of: u32, units: u64, done: &BTreeMap<u64, PathBuf>) -> Vec<u32> {
    let missing = (0..units).filter(|unit| !done.contains_key(unit));
    let shard_of = |unit: u64| (0..of).find(|index| Shard { index: *index, of }.has(unit));
    missing.filter_map(shard_of).collect::<BTreeSet<u32>>().into_iter().collect()
}
