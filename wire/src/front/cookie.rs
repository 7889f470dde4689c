//! The one cookie that a host sets in a browser.
//!
//! `SameSite=Lax` fits the flow: it goes along with the GETs by which DigiD and the ZA GW send a browser back, and
//! stays behind when another site posts. The one cross-site POST of the network, the AuthnRequest, then finds no
//! session at DigiD and begins one, as it should.

use http::{HeaderMap, HeaderName};
use protocol::id::Cookie;

const NAME: &str = "stelsel=";

/// Name and value.
pub(crate) fn write(Cookie { place, tag }: Cookie) -> String {
    format!("{NAME}{place:08x}{tag:08x}")
}

/// The same, as a host sets it: for this host only, for as long as the browser runs.
pub(crate) fn write_set(cookie: Cookie) -> String {
    format!("{}; Path=/; Secure; HttpOnly; SameSite=Lax", write(cookie))
}

/// The cookie in the headers of that name. One that no host of ours wrote is none.
pub(crate) fn read(headers: &HeaderMap, name: &HeaderName) -> Option<Cookie> {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(';')).find_map(|pair| of_hex(pair.trim().strip_prefix(NAME)?))
}

fn of_hex(text: &str) -> Option<Cookie> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 16 || !text.bytes().all(lower) {
        return None;
    }
    let part = |digits| u32::from_str_radix(digits, 16).ok();
    Some(Cookie { place: part(&text[..8])?, tag: part(&text[8..])? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, header};

    fn cookie_in(text: &'static str) -> Option<Cookie> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(text));
        read(&headers, &header::COOKIE)
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let expected = Some(Cookie { place: 1, tag: 0xfedc_ba98 });
        assert_eq!(cookie_in("a=b; stelsel=00000001fedcba98; c"), expected);
    }

    #[test]
    fn what_no_host_of_ours_wrote_is_no_cookie() {
        for text in
            ["stelsel=", "stelsel=1", "stelsel=00000001FEDCBA98", "stelsel=+0000001fedcba98"]
        {
            assert_eq!(cookie_in(text), None, "{text}");
        }
    }
}
