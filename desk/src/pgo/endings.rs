//! Flows that end otherwise: the person is told, in words that keep the exceptions apart.

use protocol::{
    message::Issue,
    release::{DenialDetail, Terms},
    rule::{self, Rule},
};

use super::steps::Walk;
use crate::{
    browser::Page,
    mischief::Trouble,
    probe::{Case, Going, Probe, Stop},
    way::{self, Came},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "told-of-exceptions",
        rules: &[rule::UC_IDENTITY, rule::UC_NO_DATA, rule::UC_REFUSED],
        go: |case| Box::pin(told(case)) as Going<'_>,
    },
    Probe {
        name: "told-that-nothing-came",
        rules: &[rule::UC_NOT_SUPPLIED],
        go: |case| Box::pin(nothing_came(case)) as Going<'_>,
    },
];

/// Whether a page says something, and something else than that all went well.
fn told_by(page: &Page, success: &Page) -> bool {
    const SHORT: usize = 20;
    page.text.len() >= SHORT && !alike(page, success)
}

/// Whether two pages say the same but for numbers.
fn alike(one: &Page, other: &Page) -> bool {
    let words = |page: &Page| -> Vec<String> {
        let kept = |c: &char| c.is_alphabetic() || c.is_whitespace();
        let text: String = page.text.to_lowercase().chars().filter(kept).collect();
        text.split_whitespace().map(str::to_owned).collect()
    };
    words(one) == words(other)
}

/// The page that somebody ends at for whom there is nothing.
async fn nothing_there(case: &Case<'_>) -> Result<Box<Page>, Stop> {
    let desk = case.desk;
    for account in &desk.persons {
        let mut walk = Walk::new(case)?;
        let page = walk.reach_digid().await?;
        let request = way::login(desk, &page, account)?;
        if let Came::Nowhere(page) = walk.send(request).await? {
            return Ok(page);
        }
    }
    Err(Stop::because("for all of the test persons there is something"))
}

/// The page at the end when all goes well.
async fn a_success(case: &Case<'_>) -> Result<Box<Page>, Stop> {
    let mut walk = Walk::new(case)?;
    let page = walk.collect().await?;
    walk.settles().await;
    if walk.fetched().is_empty() {
        return Err(Stop::because("nothing is asked for"));
    }
    match walk.refused() {
        Some(refused) => Err(Stop(format!("a query was refused: {refused}"))),
        None => Ok(page),
    }
}

async fn told(case: &Case<'_>) -> Result<(), Stop> {
    let success = a_success(case).await?;
    let mut walk = Walk::new(case)?;
    let page = walk.reach_digid().await?;
    let cancelled = page_of(walk.send(way::cancel(&page)?).await?)?;
    let mut walk = Walk::new(case)?;
    let question = walk.reach_question().await?;
    let (form, button) = &question.no;
    let refused = page_of(walk.send(form.request(Some(button), &[])).await?)?;
    let nothing = nothing_there(case).await?;
    let all: [(Rule, &str, &Page); 3] = [
        (rule::UC_IDENTITY, "who cancelled at DigiD", &cancelled),
        (rule::UC_REFUSED, "who refused consent", &refused),
        (rule::UC_NO_DATA, "for whom there is nothing", &nothing),
    ];
    for (rule, whom, page) in all {
        let expected = format!("the person {whom} is told so, and not that all went well");
        case.judge(
            rule,
            told_by(page, &success),
            &expected,
            format!("{}: {}", page.named(), shortened(page)),
        );
    }
    let terms = Terms::of(case.desk.world.network().release);
    if terms.denial_detail == DenialDetail::Told {
        let apart = !alike(&cancelled, &refused)
            && !alike(&refused, &nothing)
            && !alike(&nothing, &cancelled);
        if told_by(&refused, &success)
            && told_by(&nothing, &success)
            && told_by(&cancelled, &success)
        {
            let expected = "exceptions 2, 3 and 4 are told in different words";
            case.judge(rule::UC_REFUSED, apart, expected, shortened(&refused));
        }
    }
    Ok(())
}

fn shortened(page: &Page) -> String {
    page.text.chars().take(160).collect()
}

fn page_of(came: Came) -> Result<Box<Page>, Stop> {
    match came {
        Came::Nowhere(page) | Came::ToQuestion(page, _) | Came::ToDigid(page) => Ok(page),
        Came::Back(url) => Err(Stop(format!("it was sent to {url}"))),
    }
}

async fn nothing_came(case: &Case<'_>) -> Result<(), Stop> {
    let success = a_success(case).await?;
    for (what, trouble) in [
        ("its code is refused (exception 6)", Trouble::CodeRefused),
        ("its token is refused (exception 7)", Trouble::Outcome(Issue::Suppressed)),
        ("systems behind the gateway fail (exception 8)", Trouble::Outcome(Issue::Incomplete)),
    ] {
        let mut walk = Walk::new(case)?;
        let back = walk.way_back().await?;
        case.desk.mischief.make_trouble(Some(trouble));
        let page = walk.ends_at(back).await;
        walk.settles().await;
        case.desk.mischief.make_trouble(None);
        let page = page?;
        let expected = format!("the person is told when {what}, and not that all went well");
        case.judge(
            rule::UC_NOT_SUPPLIED,
            told_by(&page, &success),
            &expected,
            format!("{}: {}", page.named(), shortened(&page)),
        );
    }
    Ok(())
}
