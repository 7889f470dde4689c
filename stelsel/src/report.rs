//! report.html: the answer of a study as one page that needs no network.
//!
//! Made of a result folder alone, so that it can be made again at any time.

use crate::{problem::Problems, results::Folder};

/// The page.
///
/// # Errors
/// None so far.
pub fn html(folder: &Folder) -> Result<String, Problems> {
    let _ = folder;
    Ok(String::new())
}
