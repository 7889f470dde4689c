//! The cookies of a browser, as browsers keep them (RFC 6265).

use std::convert::Infallible;

use cookie_store::{Cookie, CookieStore};
use http::{HeaderMap, header};
use url::Url;

/// Cookies.
#[derive(Clone, Debug, Default)]
pub struct Jar(CookieStore);

impl Jar {
    /// Those that go with a request there.
    pub fn at(&self, url: &Url) -> Vec<&Cookie<'static>> {
        self.0.matches(url)
    }

    /// The same, as the header says them; empty if there are none.
    pub fn text_at(&self, url: &Url) -> String {
        let pairs = self.0.get_request_values(url);
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// A page there set one, as the header says it (RFC 6265 §4.1).
    pub fn take(&mut self, url: &Url, text: &str) {
        // One that is none is as if it had not been.
        let _ = self.0.parse(text, url);
    }

    /// An answer from there may set some.
    pub fn take_all(&mut self, url: &Url, headers: &HeaderMap) {
        for text in headers.get_all(header::SET_COOKIE) {
            if let Ok(text) = text.to_str() {
                self.take(url, text);
            }
        }
    }

    /// Those that go with a request which a page of another site makes.
    pub fn across_sites(&self) -> Self {
        let goes = |cookie: &&Cookie<'static>| cookie.same_site().is_none_or(|site| site.is_none());
        Self::of(self.0.iter_unexpired().filter(goes))
    }

    /// With those of another, which are newer.
    pub fn with(&self, newer: &Self) -> Self {
        Self::of(self.0.iter_unexpired().chain(newer.0.iter_unexpired()))
    }

    /// Of each name the last counts.
    fn of<'c>(cookies: impl Iterator<Item = &'c Cookie<'static>>) -> Self {
        let all = cookies.cloned().map(Ok::<_, Infallible>);
        Self(CookieStore::from_cookies(all, false).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn cookies_go_back_where_they_came_from_until_they_are_taken_away() {
        let mut jar = Jar::default();
        for text in ["a=1; Path=/; Secure", "b=2; Path=/deep", "c=3; Domain=elsewhere.nl", "=x; ;;"]
        {
            jar.take(&at("https://za.example.nl/"), text);
        }
        assert_eq!(jar.text_at(&at("https://za.example.nl/")), "a=1");
        assert_eq!(jar.text_at(&at("https://za.example.nl/deep/er")), "a=1; b=2");
        assert_eq!(jar.text_at(&at("https://za.example.nl/deeper")), "a=1");
        assert_eq!(jar.text_at(&at("https://other.example.nl/")), "");
        let gone = "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        jar.take(&at("https://za.example.nl/x"), gone);
        assert_eq!(jar.text_at(&at("https://za.example.nl/")), "");
    }

    #[test]
    fn of_two_jars_the_later_counts() {
        let (mut one, mut other) = (Jar::default(), Jar::default());
        let url = at("https://za.example.nl/");
        for text in ["a=1", "b=1"] {
            one.take(&url, text);
        }
        other.take(&url, "a=2");
        let both = one.with(&other);
        let mut values: Vec<_> = both.0.get_request_values(&url).collect();
        values.sort_unstable();
        assert_eq!(values, [("a", "2"), ("b", "1")]);
    }
}
