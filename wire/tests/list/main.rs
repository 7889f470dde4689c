//! The lists as a whole: files of our own, the published examples, the published schemas, hostile bytes, and
//! documents that are written and read back.
//!
//! Published examples and schemas stand outside the repository, in `../shared/xsd`. Tests that need them say
//! aloud that they are skipped where it is absent.

mod documents;
mod fixtures;
mod hostile;
mod published;
mod round_trip;
mod schemas;
