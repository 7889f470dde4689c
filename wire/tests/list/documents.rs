//! Documents of every kind, at random, that fit the schema of their format.

use proptest::{collection::vec, prelude::*, string::string_regex};
use wire::list::*;

fn text(pattern: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(pattern).expect("a pattern of our own")
}

fn hostname() -> impl Strategy<Value = String> {
    text("([a-z0-9][a-z0-9-]{0,8}\\.){1,3}[a-z0-9][a-z0-9-]{0,8}[a-z0-9]")
}

/// Characters that need escaping or are white space; or some that are more than one byte, so few that they fit
/// also for a judge that counts bytes.
fn characters(shortest: usize, longest: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => text(&format!("[ -~\t\n\r]{{{shortest},{longest}}}")),
        1 => text(&format!("[\u{eb}\u{20ac}\u{1f600}]{{{shortest},7}}")),
    ]
}

fn friendly_name() -> impl Strategy<Value = String> {
    characters(3, 50)
}

fn identifier(format: ListFormat) -> impl Strategy<Value = String> {
    characters(1, if format == ListFormat::R1_0 { 60 } else { 30 })
}

fn front_channel() -> impl Strategy<Value = String> {
    text(
        "https://([a-z0-9][a-z0-9-]{0,8}\\.){1,3}[a-z0-9][a-z0-9-]{0,8}(/[^?#/\u{0}-\u{1f}\u{fffe}\u{ffff}]{1,9}){0,3}",
    )
}

fn back_channel() -> impl Strategy<Value = String> {
    (hostname(), proptest::option::of(1u16..), text("(/[!-\"$-.0-;=@-~\u{eb}]{1,9}){0,3}"))
        .prop_map(|(host, port, path)| match port {
            Some(port) => format!("https://{host}:{port}{path}"),
            None => format!("https://{host}{path}"),
        })
}

fn header(format: ListFormat) -> impl Strategy<Value = Header> {
    let moment = (-60_000_000_000i64..250_000_000_000, prop_oneof![Just(0), 0u32..1_000_000_000]);
    (moment, 1u32..).prop_map(move |((seconds, nanos), number)| Header {
        format,
        published: Timestamp::from_unix(seconds, nanos),
        number,
    })
}

/// Each key once, as the schema has it; also for a judge that compares them without the spaces around them.
fn once<T>(mut all: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
    let bare = |one: &T| key(one).trim().to_string();
    all.sort_by_key(bare);
    all.dedup_by_key(|one| bare(one));
    all
}

fn gegevensdienst(format: ListFormat) -> impl Strategy<Value = Gegevensdienst> {
    let rol = (identifier(format), back_channel())
        .prop_map(|(code, resource)| Systeemrol { code, resource });
    let abonneren = (1u32.., back_channel())
        .prop_map(|(maximale_duur, subscription)| Abonneren { maximale_duur, subscription });
    let abonneren = if format == ListFormat::R1_4 {
        proptest::option::of(abonneren).boxed()
    } else {
        Just(None).boxed()
    };
    (identifier(format), front_channel(), back_channel(), abonneren, vec(rol, 1..4)).prop_map(
        |(id, authorization, token, abonneren, rollen)| {
            let rollen = once(rollen, |rol| &rol.code);
            Gegevensdienst { id, authorization, token, abonneren, rollen }
        },
    )
}

fn gegevensdiensten(format: ListFormat) -> impl Strategy<Value = Vec<Gegevensdienst>> {
    vec(gegevensdienst(format), 1..4).prop_map(|all| once(all, |dienst| &dienst.id))
}

fn zorgaanbieder(format: ListFormat) -> BoxedStrategy<Zorgaanbieder> {
    let row = |(naam, offers)| Zorgaanbieder { naam, offers };
    if format != ListFormat::R1_4 {
        let offers = gegevensdiensten(format).prop_map(Offers::Plain);
        return (text("[a-z]{3,50}@medmij"), offers).prop_map(row).boxed();
    }
    let versie = (text("[0-9]{1,2}(\\.[0-9]{1,2}){0,2}"), gegevensdiensten(format))
        .prop_map(|(id, diensten)| Interfaceversie { id, diensten });
    let kind = prop_oneof![Just(Aanbiedertype::Za), Just(Aanbiedertype::Bazb)];
    let offers = (kind, vec(versie, 1..3)).prop_map(|(aanbiedertype, versies)| {
        let versies = once(versies, |versie| &versie.id);
        Offers::Versioned { aanbiedertype, versies }
    });
    (text("[a-z]{2,9}(\\.[a-z]{1,9}){1,3}@medmij"), offers).prop_map(row).boxed()
}

pub fn zal(format: ListFormat) -> impl Strategy<Value = ListDocument> {
    (header(format), vec(zorgaanbieder(format), 0..5)).prop_map(|(header, all)| {
        let zorgaanbieders = once(all, |one| &one.naam);
        ListDocument::Zal(ZalDocument { header, zorgaanbieders })
    })
}

pub fn whitelist(format: ListFormat) -> impl Strategy<Value = ListDocument> {
    let fewest = usize::from(format == ListFormat::R1_0);
    (header(format), vec(hostname(), fewest..9)).prop_map(|(header, all)| {
        let nodes = once(all, |node| node);
        ListDocument::Whitelist(WhitelistDocument { header, nodes })
    })
}

pub fn oauth_clients(format: ListFormat) -> impl Strategy<Value = ListDocument> {
    let client = (hostname(), friendly_name())
        .prop_map(|(hostname, organisatienaam)| OauthClient { hostname, organisatienaam });
    (header(format), vec(client, 0..9)).prop_map(|(header, all)| {
        let clients = once(all, |client| &client.hostname);
        ListDocument::OauthClients(OauthClientsDocument { header, clients })
    })
}

pub fn gegevensdiensten_namen() -> impl Strategy<Value = ListDocument> {
    let naam = (identifier(ListFormat::R1_1), friendly_name())
        .prop_map(|(id, weergavenaam)| Gegevensdienstnaam { id, weergavenaam });
    (header(ListFormat::R1_1), vec(naam, 0..9)).prop_map(|(header, all)| {
        let diensten = once(all, |naam| &naam.id);
        ListDocument::Gegevensdiensten(GegevensdienstenDocument { header, diensten })
    })
}

pub fn any_document() -> impl Strategy<Value = ListDocument> {
    prop_oneof![
        zal(ListFormat::R1_0),
        zal(ListFormat::R1_1),
        zal(ListFormat::R1_4),
        whitelist(ListFormat::R1_0),
        whitelist(ListFormat::R1_1),
        oauth_clients(ListFormat::R1_0),
        oauth_clients(ListFormat::R1_1),
        gegevensdiensten_namen(),
    ]
}
