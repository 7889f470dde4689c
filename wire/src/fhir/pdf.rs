//! The document that stands for every document: a PDF of one page that says it is invented.
//!
//! Does not draw and does not compress: the smallest thing that a reader of PDF opens.

use std::fmt::Write as _;

const PAGE: &str = "BT /F1 18 Tf 72 760 Td (Nagebootst document: geen echte gegevens.) Tj ET";

/// One, with this number of bytes of comment in it.
pub(super) fn with_comment(bytes: usize) -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{PAGE}\nendstream", PAGE.len()),
    ];
    let mut text = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(text.len());
        let _ = write!(text, "{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    comment(&mut text, bytes);
    let table = text.len();
    let _ = write!(text, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for place in places {
        let _ = writeln!(text, "{place:010} 00000 n ");
    }
    let size = objects.len() + 1;
    let _ = write!(text, "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    text.into_bytes()
}

/// Lines of comment, this many bytes in all.
fn comment(text: &mut String, bytes: usize) {
    const LINE: usize = 80;
    let mut left = bytes;
    while left > 1 {
        let line = if left > LINE + 1 { LINE } else { left };
        text.push('%');
        text.extend(std::iter::repeat_n('x', line - 2));
        text.push('\n');
        left -= line;
    }
    text.extend(std::iter::repeat_n('\n', left));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_as_long_as_was_asked() {
        for bytes in [0, 1, 2, 3, 80, 81, 82, 83, 1_000, 12_345] {
            let mut text = String::new();
            comment(&mut text, bytes);
            assert_eq!(text.len(), bytes);
        }
    }

    #[test]
    fn the_table_of_objects_stands_where_the_document_says() {
        for bytes in [0, 100, 5_000] {
            let text = String::from_utf8(with_comment(bytes)).unwrap();
            let place = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap();
            assert!(text[place.parse::<usize>().unwrap()..].starts_with("xref\n"));
        }
    }
}
