//! What is written is read back.

use proptest::prelude::*;
use wire::list::{ListDocument, read, read_as, write};

use crate::documents::any_document;

fn written(document: &ListDocument) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(document, document.header().format, &mut bytes)
        .unwrap_or_else(|error| panic!("{error}\n{document:?}"));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_back_letter_by_letter(document in any_document()) {
        let bytes = written(&document);
        prop_assert_eq!(read_as(document.header().format, &bytes[..]), Ok(document));
    }

    #[test]
    fn what_is_read_without_being_told_the_format_is_written_to_the_same_bytes(document in any_document()) {
        let bytes = written(&document);
        let read = read(&bytes[..]).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(read.header().format >= document.header().format);
        prop_assert_eq!(written(&read), bytes);
    }
}
