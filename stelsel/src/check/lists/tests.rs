//! Lists that are right are found right; each thing that can be wrong is found where it stands.

use super::*;

const ZAL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Zorgaanbiederslijst xmlns="xmlns://afsprakenstelsel.medmij.nl/zorgaanbiederslijst/release2/">
<Tijdstempel>2018-04-16T12:56:33Z</Tijdstempel>
<Volgnummer>6</Volgnummer>
<Zorgaanbieders>
<Zorgaanbieder>
<Zorgaanbiedernaam>umcharderwijk@medmij</Zorgaanbiedernaam>
<Gegevensdiensten>
<Gegevensdienst>
<GegevensdienstId>4</GegevensdienstId>
<AuthorizationEndpoint>
<AuthorizationEndpointuri>https://umcharderwijk.example/authorize</AuthorizationEndpointuri>
</AuthorizationEndpoint>
<TokenEndpoint>
<TokenEndpointuri>https://node.umcharderwijk.example/token</TokenEndpointuri>
</TokenEndpoint>
<Systeemrollen>
<Systeemrol>
<Systeemrolcode>LAB-1.0.0-LRB-FHIR</Systeemrolcode>
<ResourceEndpoint>
<ResourceEndpointuri>https://node.umcharderwijk.example/fhir</ResourceEndpointuri>
</ResourceEndpoint>
</Systeemrol>
</Systeemrollen>
</Gegevensdienst>
</Gegevensdiensten>
</Zorgaanbieder>
</Zorgaanbieders>
</Zorgaanbiederslijst>
"#;

const WHITELIST: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Whitelist xmlns="xmlns://afsprakenstelsel.medmij.nl/whitelist/release2/">
<Tijdstempel>2018-04-16T12:56:33Z</Tijdstempel>
<Volgnummer>9</Volgnummer>
<MedMijNodes>
<MedMijNode><Hostname>node.umcharderwijk.example</Hostname></MedMijNode>
<MedMijNode><Hostname>pgo.example.nl</Hostname></MedMijNode>
</MedMijNodes>
</Whitelist>
"#;

const OCL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<OAuthclientlist xmlns="xmlns://afsprakenstelsel.medmij.nl/oauthclientlist/release2/">
<Tijdstempel>2018-04-16T12:56:33Z</Tijdstempel>
<Volgnummer>9</Volgnummer>
<OAuthclients>
<OAuthclient>
<Hostname>pgo.example.nl</Hostname>
<OAuthclientOrganisatienaam>De Enige Echte PGO</OAuthclientOrganisatienaam>
</OAuthclient>
</OAuthclients>
</OAuthclientlist>
"#;

const GNL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Gegevensdienstnamenlijst xmlns="xmlns://afsprakenstelsel.medmij.nl/gegevensdienstnamenlijst/release1/">
<Tijdstempel>2018-04-16T12:56:33Z</Tijdstempel>
<Volgnummer>9</Volgnummer>
<Gegevensdiensten>
<Gegevensdienst>
<GegevensdienstId>4</GegevensdienstId>
<Weergavenaam>Laboratoriumresultaten</Weergavenaam>
</Gegevensdienst>
</Gegevensdiensten>
</Gegevensdienstnamenlijst>
"#;

fn judged(lists: &[&str]) -> Judged {
    let names = ["a.xml", "b.xml", "c.xml", "d.xml"];
    let read = lists.iter().zip(names).map(|(list, name)| read(list.as_bytes(), name)).collect();
    judge(read).unwrap()
}

/// What was found: where, how bad, by which rule.
fn found(lists: &[&str]) -> Vec<(String, Option<u32>, Verdict, &'static str)> {
    let of = |finding: Finding| {
        let Place { source, line, .. } = finding.place;
        (source.to_string(), line, finding.verdict, finding.rule)
    };
    judged(lists).findings.into_iter().map(of).collect()
}

#[test]
fn lists_that_are_right_and_fit_each_other_are_found_so() {
    assert_eq!(found(&[ZAL, WHITELIST, OCL, GNL]), []);
    let told = judged(&[ZAL, WHITELIST, OCL, GNL]).lists;
    assert_eq!(
        told[0],
        "a.xml: zal, format 1.1, number 6 of 2018-04-16T12:56:33Z, 1 Zorgaanbieders"
    );
}

#[test]
fn what_no_schema_takes_is_found_in_its_line() {
    let bad = ZAL.replace("umcharderwijk@medmij", "UMC@medmij");
    let file = || "a.xml".to_owned();
    assert_eq!(found(&[&bad]), [(file(), Some(7), Verdict::Broken, RECEIVERS_VALIDATE)]);
    let cut = &ZAL[..ZAL.find("<Systeemrollen>").unwrap()];
    let end = (file(), Some(17), Verdict::Broken, RECEIVERS_VALIDATE);
    assert_eq!(found(&[cut]).last(), Some(&end));
    assert!(matches!(found(&[""])[..], [(_, _, Verdict::Broken, RECEIVERS_VALIDATE)]));
}

#[test]
fn whoever_serves_or_asks_gateways_and_is_not_on_the_whitelist_is_found() {
    let without = |host: &str| WHITELIST.replace(host, "else.example.nl");
    let file = || "a.xml".to_owned();
    let whitelist = without("node.umcharderwijk.example");
    assert_eq!(found(&[ZAL, &whitelist]), [(file(), Some(15), Verdict::Broken, "PI 15")]);
    let whitelist = without("pgo.example.nl");
    assert_eq!(found(&[OCL, &whitelist]), [(file(), Some(7), Verdict::Broken, "PI 15")]);
}

#[test]
fn a_node_that_nobody_else_names_is_looked_at() {
    let whitelist = WHITELIST.replace(
        "</MedMijNodes>",
        "<MedMijNode><Hostname>z.example.nl</Hostname></MedMijNode>\n</MedMijNodes>",
    );
    let line = ("b.xml".to_owned(), Some(8), Verdict::Look, "PI 15");
    assert_eq!(found(&[ZAL, &whitelist, OCL]), [line]);
    // What is not there cannot name it.
    assert_eq!(found(&[ZAL, &whitelist]), []);
}

#[test]
fn a_service_that_the_list_of_names_does_not_have_is_found() {
    let gnl = GNL.replace(">4<", ">5<");
    let file = || "a.xml".to_owned();
    assert_eq!(found(&[ZAL, &gnl]), [(file(), Some(10), Verdict::Broken, "PI 4")]);
    let zal = ZAL.replace("<GegevensdienstId>4<", "<GegevensdienstId>4711<");
    assert_eq!(found(&[&zal]), [(file(), Some(10), Verdict::Look, "PI 4")]);
    let zal = ZAL.replace("LAB-1.0.0-LRB-FHIR", "MM-1.0.0-PLB-FHIR");
    assert_eq!(found(&[&zal]), [(file(), Some(19), Verdict::Look, "PI 11")]);
}

#[test]
fn data_from_elsewhere_than_tokens_are_looked_at() {
    let zal = ZAL.replace("node.umcharderwijk.example/fhir", "data.umcharderwijk.example/fhir");
    assert_eq!(found(&[&zal]), [("a.xml".to_owned(), Some(21), Verdict::Look, "PI 11")]);
}

#[test]
fn a_name_that_is_much_like_another_is_looked_at() {
    let begin = ZAL.find("<Zorgaanbieder>").unwrap();
    let end = ZAL.find("</Zorgaanbieders>").unwrap();
    let other = ZAL[begin..end].replace("umcharderwijk@", "umcharderwik@");
    let zal = format!("{}{other}{}", &ZAL[..end], &ZAL[end..]);
    assert_eq!(found(&[&zal]), [("a.xml".to_owned(), Some(29), Verdict::Look, "PI 13")]);
}

#[test]
fn too_many_findings_of_one_kind_are_counted() {
    let begin = ZAL.find("<Zorgaanbieder>").unwrap();
    let end = ZAL.find("</Zorgaanbieders>").unwrap();
    let others: String = ('a'..='z')
        .map(|letter| ZAL[begin..end].replace("umcharderwijk@", &format!("umcharderwij{letter}@")))
        .filter(|other| !other.contains("umcharderwijk@"))
        .collect();
    let zal = format!("{}{others}{}", &ZAL[..end], &ZAL[end..]);
    let judged = judged(&[&zal]);
    assert_eq!(judged.findings.len(), TOLD);
    assert_eq!(judged.more.into_iter().collect::<Vec<_>>(), [("names that are much alike", 5)]);
}

#[test]
fn two_lists_of_a_kind_are_refused() {
    let twice = vec![read(ZAL.as_bytes(), "a.xml"), read(ZAL.as_bytes(), "b.xml")];
    let refused = judge(twice).unwrap_err().to_string();
    assert_eq!(refused, "b.xml: expected one list of kind zal; found another in a.xml");
}
