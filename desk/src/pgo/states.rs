//! `state` and codes at the redirect URI (RFC 6819 §4.4.1.8, APP 12): in another's browser, altered, guessed, once more.

use protocol::rule;
use url::Url;

use super::{peers::brings_code, steps::Walk};
use crate::{
    probe::{Case, Going, Probe, Stop},
    way::sent,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "state-altered",
        rules: &[rule::STATE_BOUND],
        go: |case| Box::pin(altered(case)) as Going<'_>,
    },
    Probe {
        name: "state-in-another-browser",
        rules: &[rule::STATE_BOUND],
        go: |case| Box::pin(another_browser(case)) as Going<'_>,
    },
    Probe {
        name: "states-side-by-side",
        rules: &[rule::STATE_BOUND],
        go: |case| Box::pin(side_by_side(case)) as Going<'_>,
    },
    Probe {
        name: "code-brought-again",
        rules: &[rule::CODE_OFFERED_ONCE],
        go: |case| Box::pin(brought_again(case)) as Going<'_>,
    },
];

/// The same address with another value of a parameter, or without it.
fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter_map(|(known, old)| match known == name {
            true => Some((known.into_owned(), value?.to_owned())),
            false => Some((known.into_owned(), old.into_owned())),
        })
        .collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url
}

/// Whoever offers no code at all shows nothing of states by that.
async fn offers_codes(case: &Case<'_>) -> Result<(), Stop> {
    match brings_code(case).await? {
        true => Ok(()),
        false => Err(Stop::because("it does not offer a code that comes as it should")),
    }
}

async fn altered(case: &Case<'_>) -> Result<(), Stop> {
    offers_codes(case).await?;
    for (what, state) in
        [("a state that it never gave", Some("vreemde-kenmerken")), ("no state", None)]
    {
        let mut walk = Walk::new(case)?;
        let back = walk.way_back().await?;
        walk.ends_at(with(&back, "state", state)).await?;
        walk.settles().await;
        let offered = walk.offered().len();
        let expected = format!("a code that comes with {what} is not offered");
        case.judge(rule::STATE_BOUND, offered == 0, &expected, format!("offered {offered} times"));
    }
    Ok(())
}

async fn another_browser(case: &Case<'_>) -> Result<(), Stop> {
    offers_codes(case).await?;
    let mut walk = Walk::new(case)?;
    let back = walk.way_back().await?;
    let mut other = Walk::of_another(case)?;
    // It has been at the PGO, as whoever is attacked has.
    let start = other.start()?;
    other.ends_at(start).await?;
    other.ends_at(back).await?;
    other.settles().await;
    let offered = other.offered().len();
    let expected = "a code that comes by another browser than was sent for it is not offered";
    case.judge(rule::STATE_BOUND, offered == 0, expected, format!("offered {offered} times"));
    Ok(())
}

async fn side_by_side(case: &Case<'_>) -> Result<(), Stop> {
    let mut states = Vec::new();
    for _ in 0..3 {
        let mut walk = Walk::new(case)?;
        walk.begin().await?;
        let state = walk.request().and_then(|url| sent(url, "state"));
        states.push(state.ok_or_else(|| Stop::because("it gives no state"))?);
    }
    let near = states.windows(2).any(|pair| is_near(&pair[0], &pair[1]));
    let expected = "states that follow each other cannot be told from each other";
    case.judge(rule::STATE_BOUND, !near, expected, states.join(", "));
    Ok(())
}

/// Whether one can be guessed from the other: they are short, or alike in all but a few places.
fn is_near(one: &str, other: &str) -> bool {
    const FEW: usize = 4;
    const SHORT: usize = 8;
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let differing = one.iter().zip(&other).filter(|(a, b)| a != b).count();
    one.len() < SHORT || (one.len() == other.len() && differing <= FEW)
}

async fn brought_again(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let back = walk.way_back().await?;
    walk.ends_at(back.clone()).await?;
    if !walk.offers().await {
        return Err(Stop::because("it does not offer a code"));
    }
    for _ in 0..2 {
        walk.ends_at(back.clone()).await?;
    }
    walk.settles().await;
    let offered = walk.offered().len();
    let expected = "a code that the browser brings again (reloaded) is not offered again";
    case.judge(rule::CODE_OFFERED_ONCE, offered == 1, expected, format!("offered {offered} times"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn counted_states_are_near_and_drawn_ones_are_not() {
        assert!(is_near("state-000000000001", "state-000000000002"));
        assert!(is_near("17", "88"));
        assert!(!is_near(
            "c0a1f5f2-1d8e-4c15-9b5e-8f0b1a2c3d4e",
            "7be29e40-60d5-4d4e-8f13-0c9d8e7f6a5b"
        ));
    }
}
