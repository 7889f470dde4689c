//! Codes at the token endpoint (steps 12 and 13, exception 6).

use http::StatusCode;
use protocol::rule::{self, Rule};
use tokio::sync::Barrier;

use super::steps::{MADE_UP, Walk, token_of};
use crate::{
    line::{Answer, Failure},
    probe::{Case, Going, Probe, Stop},
    way::said,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "code-made-up",
        rules: &[rule::CODE_KNOWN, rule::EXCEPTION_CODE, rule::UC_NOT_SUPPLIED],
        go: |case| Box::pin(made_up(case)) as Going<'_>,
    },
    Probe {
        name: "code-twice",
        rules: &[rule::CODE_ONCE, rule::EXCEPTION_CODE],
        go: |case| Box::pin(twice(case)) as Going<'_>,
    },
    Probe {
        name: "code-at-once",
        rules: &[rule::CODE_ONCE],
        go: |case| Box::pin(at_once(case)) as Going<'_>,
    },
    Probe {
        name: "code-of-another",
        rules: &[rule::CODE_OWN_CLIENT, rule::EXCEPTION_CODE],
        go: |case| Box::pin(of_another(case)) as Going<'_>,
    },
    Probe {
        name: "code-other-redirect",
        rules: &[rule::EXCEPTION_CODE],
        go: |case| Box::pin(other_redirect(case)) as Going<'_>,
    },
    Probe {
        name: "code-other-grant",
        rules: &[rule::GRANT_TYPE],
        go: |case| Box::pin(other_grant(case)) as Going<'_>,
    },
    Probe {
        name: "codes-side-by-side",
        rules: &[rule::UNIQUE_WHILE_LIVE, rule::CODE_NOT_GUESSED],
        go: |case| Box::pin(side_by_side(case)) as Going<'_>,
    },
];

/// The error of an answer, if it is one (RFC 6749 §5.2).
fn error_of(answer: &Answer) -> Option<String> {
    Some(answer.json().get("error")?.as_str()?.to_owned())
}

/// An offer that must be refused: that it is, by `rule`, and in which form, by that of exception 6.
fn is_refused(case: &Case<'_>, rule: Rule, what: &str, answer: &Answer) {
    let has_token = token_of(answer).is_some();
    case.judge(rule, !has_token, &format!("{what}: no token"), said(answer));
    if has_token {
        return;
    }
    let is_grant = error_of(answer).as_deref() == Some("invalid_grant");
    let kept = answer.status == StatusCode::BAD_REQUEST && is_grant;
    let expected = format!("{what}: status 400 and error invalid_grant (RFC 6749 §5.2)");
    case.judge(rule::EXCEPTION_CODE, kept, &expected, said(answer));
}

/// The same of an offer by which somebody calls themselves by another's name: who looks at that first, and not at the code,
/// says that the client is not authenticated.
fn is_refused_either_way(case: &Case<'_>, rule: Rule, what: &str, answer: &Answer) {
    let is_client = error_of(answer).as_deref() == Some("invalid_client");
    if is_client && matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
        return case.judge(rule, true, &format!("{what}: no token"), said(answer));
    }
    is_refused(case, rule, what, answer);
}

async fn made_up(case: &Case<'_>) -> Result<(), Stop> {
    // Here and below one that is good goes before, lest a gateway that answers nothing seem to keep the rule.
    let mut walk = Walk::new(case)?;
    walk.reach_token().await?;
    walk.reach_code().await?;
    let answer = walk.offer_code(MADE_UP, &[]).await?;
    is_refused(case, rule::CODE_KNOWN, "a code that was never issued", &answer);
    if token_of(&answer).is_none() {
        let is_told = error_of(&answer).is_some();
        let expected = "a code that is refused: the PGO is told so";
        case.judge(rule::UC_NOT_SUPPLIED, is_told, expected, said(&answer));
    }
    Ok(())
}

async fn twice(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let code = walk.reach_code().await?;
    let first = walk.offer_code(&code, &[]).await?;
    if token_of(&first).is_none() {
        return Err(Stop(format!("no token: {}", said(&first))));
    }
    let second = walk.offer_code(&code, &[]).await?;
    is_refused(case, rule::CODE_ONCE, "a code that was offered before", &second);
    Ok(())
}

/// How many offers are made at one moment, and how often that is tried.
const AT_ONCE: usize = 4;
const ROUNDS: usize = 3;

async fn at_once(case: &Case<'_>) -> Result<(), Stop> {
    for _ in 0..ROUNDS {
        let mut walk = Walk::new(case)?;
        let code = walk.reach_code().await?;
        let moment = Barrier::new(AT_ONCE);
        let offer =
            || case.desk.lines.ask_at(&walk.pgo.identity, walk.offer_request(&code, &[]), &moment);
        let (a, b, c, d) = tokio::join!(offer(), offer(), offer(), offer());
        let answers: [Result<Answer, Failure>; AT_ONCE] = [a, b, c, d];
        let tokens = answers.iter().flatten().filter(|answer| token_of(answer).is_some()).count();
        let answered = answers.iter().flatten().count();
        if tokens == 0 || answered < 2 {
            let text = format!(
                "of {AT_ONCE} offers at one moment {answered} were answered, {tokens} by a token"
            );
            return Err(Stop(text));
        }
        let expected =
            format!("a code that is offered {AT_ONCE} times at one moment: one token at most");
        case.judge(rule::CODE_ONCE, tokens <= 1, &expected, format!("{tokens} tokens"));
    }
    Ok(())
}

async fn of_another(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    let other = desk.pgos.get(1).ok_or_else(|| Stop::because("the network has one PGO"))?;
    let mut walk = Walk::new(case)?;
    walk.reach_token().await?;
    let code = walk.reach_code().await?;
    let own_name = [("client_id", Some(other.name.as_str()))];
    let answer = walk.offer_code_as(&other.identity, &code, &own_name).await?;
    is_refused(case, rule::CODE_OWN_CLIENT, "a code of another client, in one's own name", &answer);
    let code = walk.reach_code().await?;
    let answer = walk.offer_code_as(&other.identity, &code, &[]).await?;
    let what = "a code of another client, in its name";
    is_refused_either_way(case, rule::CODE_OWN_CLIENT, what, &answer);
    Ok(())
}

async fn other_redirect(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    walk.reach_token().await?;
    let code = walk.reach_code().await?;
    let other = format!("https://{}/elders", walk.pgo.name);
    let answer = walk.offer_code(&code, &[("redirect_uri", Some(&other))]).await?;
    let what = "a code with another redirect_uri (RFC 6749 §4.1.3)";
    is_refused(case, rule::EXCEPTION_CODE, what, &answer);
    Ok(())
}

async fn other_grant(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    walk.reach_token().await?;
    for grant in ["password", "client_credentials", "refresh_token"] {
        let code = walk.reach_code().await?;
        let answer = walk.offer_code(&code, &[("grant_type", Some(grant))]).await?;
        let has_token = token_of(&answer).is_some();
        let expected = format!("grant_type {grant}: no token");
        case.judge(rule::GRANT_TYPE, !has_token, &expected, said(&answer));
    }
    Ok(())
}

/// As many random bits as a UUID of version 4 has, which codes and tokens are (APP 11).
const RANDOM_BITS: f64 = 122.0;

/// Without what only divides it.
fn digits(value: &str) -> String {
    value.replace('-', "")
}

/// How many bits are in so many characters at most, if each is any of those that such values are written with.
fn bits(value: &str) -> f64 {
    let all = |kind: fn(&char) -> bool| value.chars().all(|c| kind(&c));
    let any = |kind: fn(&char) -> bool| value.chars().any(|c| kind(&c));
    let cases = [any(char::is_ascii_lowercase), any(char::is_ascii_uppercase)];
    let cases = cases.into_iter().filter(|is_there| *is_there).count();
    let alphabet = match (all(char::is_ascii_digit), all(char::is_ascii_hexdigit), cases) {
        (true, ..) => 10.0,
        (_, true, 1) => 16.0,
        // As RFC 4648 §5 writes bytes, or with the letters of one case only.
        (_, _, 2) => 64.0,
        _ => 38.0_f64,
    };
    value.chars().count() as f64 * alphabet.log2()
}

/// Whether two values lead from one to the other: written in hexadecimal they differ in so few bits as random ones do once
/// in ten thousand million, and written otherwise, in so short a part.
fn is_near(one: &str, other: &str) -> bool {
    let (one, other) = (digits(one), digits(other));
    let number = |text: &str| u128::from_str_radix(text, 16).ok();
    match (number(&one), number(&other)) {
        (Some(a), Some(b)) => {
            /// Of a normal distribution, so many standard deviations below its mean lies one in ten thousand million.
            const FAR: f64 = 6.4;
            // Each bit of two random values differs as a coin falls.
            let bits = 4.0 * one.len() as f64;
            let few = bits / 2.0 - FAR * bits.sqrt() / 2.0;
            one.len() == other.len() && f64::from((a ^ b).count_ones()) < few
        }
        _ => bits(&one) >= RANDOM_BITS && bits(&apart(&one, &other)) < RANDOM_BITS - ALIKE,
    }
}

/// So many bits two random values begin and end with alike less than once in ten thousand million, however many they
/// have, as both may be shared out over the two ends.
const ALIKE: f64 = 40.0;

/// What is left of a value where what it begins and ends with as another does is taken away.
fn apart(one: &str, other: &str) -> String {
    let same = |(a, b): &(char, char)| a == b;
    let front = one.chars().zip(other.chars()).take_while(same).count();
    let rest: Vec<char> = one.chars().skip(front).collect();
    let others: Vec<char> = other.chars().skip(front).collect();
    let pairs = rest.iter().rev().copied().zip(others.iter().rev().copied());
    let back = pairs.take_while(same).count();
    rest[..rest.len() - back].iter().collect()
}

async fn side_by_side(case: &Case<'_>) -> Result<(), Stop> {
    let mut codes = Vec::new();
    let mut walks = Vec::new();
    for _ in 0..3 {
        let mut walk = Walk::new(case)?;
        codes.push(walk.reach_code().await?);
        walks.push(walk);
    }
    differ(case, "codes", &codes);
    let mut tokens = Vec::new();
    for (walk, code) in walks.iter().zip(&codes) {
        // Where two codes are equal the second is refused, which is judged as what it is.
        tokens.extend(token_of(&walk.offer_code(code, &[]).await?));
    }
    if tokens.len() < 2 {
        return Err(Stop(format!("{} tokens for {} codes", tokens.len(), codes.len())));
    }
    differ(case, "tokens", &tokens);
    Ok(())
}

/// Values that live side by side are not equal, and do not lead from one to another.
fn differ(case: &Case<'_>, what: &str, values: &[String]) {
    let pairs = || {
        values
            .iter()
            .enumerate()
            .flat_map(|(place, one)| values[..place].iter().map(move |other| (one, other)))
    };
    let equal = pairs().any(|(one, other)| one == other);
    let found = values.join(", ");
    let expected = format!("{what} of one person and service that are valid at one time differ");
    case.judge(rule::UNIQUE_WHILE_LIVE, !equal, &expected, found.clone());
    let near = pairs().any(|(one, other)| one != other && is_near(one, other));
    let expected = format!("{what} that follow each other have nothing in common");
    case.judge(rule::CODE_NOT_GUESSED, !near, &expected, found.clone());
    let short = values.iter().any(|value| bits(&digits(value)) < RANDOM_BITS);
    let expected = format!("{what} so long that {RANDOM_BITS} random bits are in them");
    case.judge(rule::CODE_NOT_GUESSED, !short, &expected, found);
}

#[cfg(test)]
mod tests {
    use super::{RANDOM_BITS, bits, digits, is_near};

    #[test]
    fn counted_values_are_near_and_drawn_ones_of_any_length_are_not() {
        assert!(is_near(
            "3e7b2c51-9d04-4c8a-b6f3-000000000001",
            "3e7b2c51-9d04-4c8a-b6f3-000000000002"
        ));
        assert!(is_near("3e7b2c519d044c8a", "3e7b2c519d044c8b"));
        assert!(!is_near(
            "c0a1f5f2-1d8e-4c15-9b5e-8f0b1a2c3d4e",
            "7be29e40-60d5-4d4e-8f13-0c9d8e7f6a5b"
        ));
        // They differ in 20 of 64 bits, as one pair in a thousand does.
        assert!(!is_near("00000000000fffff", "0000000000000000"));
        assert!(!is_near("geen", "getal") && !is_near("1", "0"));
    }

    #[test]
    fn counted_values_are_near_in_whatever_they_are_written() {
        assert!(is_near("code_0000000000000000000000000019", "code_0000000000000000000000000020"));
        assert!(is_near("Xk2vQz81LmNp0RtYw7AbCf", "Xk2vQz81LmNp0RtYw7AbCg"));
        assert!(!is_near("Xk2vQz81LmNp0RtYw7AbCf", "p9SdG3hJ5kLzXcVb2NmQwe"));
        // What signed values begin with is the same in all of them.
        assert!(!is_near(
            "eyJhbGciOiJSUzI1NiJ9.Xk2vQz81LmNp0RtYw7AbCf",
            "eyJhbGciOiJSUzI1NiJ9.p9SdG3hJ5kLzXcVb2NmQwe"
        ));
    }

    #[test]
    fn a_value_is_as_long_as_its_characters_have_bits() {
        for long in [
            "c0a1f5f2-1d8e-4c15-9b5e-8f0b1a2c3d4e",
            "Xk2vQz81LmNp0RtYw7AbCf",
            "0123456789012345678901234567890123456",
        ] {
            assert!(bits(&digits(long)) >= RANDOM_BITS, "{long}");
        }
        for short in ["4711", "3e7b2c519d044c8a", "Xk2vQz81LmNp0RtY", ""] {
            assert!(bits(&digits(short)) < RANDOM_BITS, "{short}");
        }
    }
}
