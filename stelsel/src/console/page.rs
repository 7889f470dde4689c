//! The page of a console: the frame; what is in it comes as JSON and is put there by `page.js`.

use maud::{DOCTYPE, PreEscaped, html};

use crate::report::STYLE;

/// What fills the page.
pub(super) const SCRIPT: &str = include_str!("page.js");

const OWN_STYLE: &str = include_str!("page.css");

/// The page.
pub(super) fn page(network: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (network) " – twin – stelsel" }
                style { (PreEscaped(STYLE)) (PreEscaped(OWN_STYLE)) }
                script src="/page.js" defer {}
            }
            body {
                header {
                    h1 { "Twin of " (network) }
                    p #glance .asked role="status" { "Waiting for the twin…" }
                }
                main {
                    section aria-labelledby="flows-title" {
                        h2 #flows-title { "Flows" }
                        p #no-flows .small { "None yet. Begin one at a PGO's start page, named in endpoints.json." }
                        div .wide {
                            table {
                                thead { tr {
                                    th scope="col" { "Flow" } th scope="col" { "What" } th scope="col" { "Through" }
                                    th scope="col" { "Steps of UCI Verzamelen" } th scope="col" .n { "Began" }
                                    th scope="col" .n { "Took" } th scope="col" { "End" }
                                } }
                                tbody #flows {}
                            }
                        }
                        div #flow aria-live="polite" {}
                    }
                    section aria-labelledby="hosts-title" {
                        h2 #hosts-title { "Hosts" }
                        div .wide {
                            table {
                                thead { tr {
                                    th scope="col" { "Host" } th scope="col" { "State" } th scope="col" .n { "Waiting" }
                                    th scope="col" .n { "Busy" } th scope="col" .n { "Done" } th scope="col" .n { "Turned away" }
                                    th scope="col" { "Switches" }
                                } }
                                tbody #hosts {}
                            }
                        }
                        h3 { "Faults that go on" }
                        ul #faults {}
                        form #fault {
                            p.small { "In the words of scenarios: " code { "slow(x40)" } ", " code { "skew(90s)" } ", "
                                code { "delay(200ms)" } " for a link such as " code { "za-1>digid" } "." }
                            label { "Host or link " input name="where" required; }
                            " " label { "Kind " input name="kind" required value="slow(x40)"; }
                            " " label { "For (none: until ended) " input name="for" size="6"; }
                            " " button { "Begin" }
                        }
                        p #said .warning role="alert" hidden {}
                    }
                    section aria-labelledby="rules-title" {
                        h2 #rules-title { "Rules" }
                        div .wide {
                            table {
                                thead { tr {
                                    th scope="col" { "Rule" } th scope="col" { "Cited" } th scope="col" { "Finding" }
                                    th scope="col" .n { "Tests" } th scope="col" .n { "Breaches" } th scope="col" { "First" }
                                } }
                                tbody #rules {}
                            }
                        }
                        p { label { input #all-rules type="checkbox"; " Show rules that nothing put to the test, too" } }
                    }
                    section aria-labelledby="apart-title" {
                        h2 #apart-title { "Outside flows" }
                        p.small { "Lists, OCSP, and requests that nobody could understand; the latest first." }
                        div #apart {}
                    }
                }
                footer .small {
                    "The same as JSON: " a href="/openapi.json" { "/openapi.json" }
                    ". For Prometheus: " a href="/metrics" { "/metrics" } "."
                }
            }
        }
    };
    page.into_string()
}
