//! The four lists, as their publisher should look at them: schema, metamodel and naming policy, line by line.
//!
//! What the schema demands is judged by `wire`; here is what no schema can say, because it is between values or between
//! lists. Fetches nothing, asks nobody, and does not know what time it is: whether a list is late is not asked.

mod alike;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufRead,
    sync::Arc,
};

use protocol::{catalogue::Gegevensdienst, register::ListKind};
use wire::list::{ListDocument, ListError, Value, read_with_values};

use super::{Finding, Verdict};
use crate::problem::{Place, Problem};

/// What lists cannot show, whatever is on them.
pub const NOT_TO_BE_SEEN: &[&str] = &[
    "PI 6: whether a gateway was found to meet the demands of a service before it was listed",
    "PI 7: whether what the ZAL says is served",
    "PI 13: whether a name is ambiguous, or that of a person",
    "APP 18, APP 21: whether a list is late",
];

/// A list that was read, if it could be.
#[derive(Debug)]
pub struct Read {
    source: Arc<str>,
    /// Which it is, if that much could be made out.
    pub document: Option<ListDocument>,
    values: Vec<Value>,
    findings: Vec<Finding>,
}

/// All lists together.
#[derive(Debug, Default)]
pub struct Judged {
    /// What each is, in a line.
    pub lists: Vec<String>,
    /// What was found, list by list and line by line.
    pub findings: Vec<Finding>,
    /// Findings of a kind that would have been too many, by the first words of them: these are not told one by one.
    pub more: BTreeMap<&'static str, usize>,
}

/// How many findings of one kind are told one by one.
const TOLD: usize = 20;

/// Reads a list from there.
pub fn read(bytes: impl BufRead, source: &str) -> Read {
    let source: Arc<str> = source.into();
    let (read, values) = read_with_values(bytes);
    match read {
        Ok(document) => Read { source, document: Some(document), values, findings: Vec::new() },
        Err(error) => {
            let findings = of_schema(&error, &source);
            Read { source, document: None, values, findings }
        }
    }
}

/// What a schema does not take. Whose list it is decides the rule; where that cannot be made out, receivers must not use it
/// all the same.
fn of_schema(error: &ListError, source: &Arc<str>) -> Vec<Finding> {
    let beyond = error.problems.iter().map(|problem| problem.fault.beyond_schema());
    // What is told after the last of them, that there are more, is of no fault in particular.
    let beyond = beyond.chain(std::iter::once(false));
    let told = crate::lists::told(error, source).0;
    told.into_iter()
        .zip(beyond)
        .map(|(problem, beyond)| Finding {
            verdict: if beyond { Verdict::Look } else { Verdict::Broken },
            rule: RECEIVERS_VALIDATE,
            place: problem.place,
            text: problem.text,
        })
        .collect()
}

const RECEIVERS_VALIDATE: &str = "APP 19, APP 22";

/// Judges lists that belong together: of each kind one at most.
///
/// # Errors
/// Two are of the same kind.
pub fn judge(lists: Vec<Read>) -> Result<Judged, Problem> {
    let mut judge = Judge::default();
    let mut known: BTreeMap<u8, Arc<str>> = BTreeMap::new();
    let mut views = Vec::new();
    for read in lists {
        judge.judged.lists.push(format!("{}: {}", read.source, told(read.document.as_ref())));
        judge.judged.findings.extend(read.findings);
        let Some(document) = read.document else { continue };
        let kind = document.kind();
        if let Some(other) = known.insert(kind as u8, Arc::clone(&read.source)) {
            let expected = format!("one list of kind {}", kind.name());
            return Err(Place::whole(Arc::clone(&read.source))
                .expected(expected, format!("another in {other}")));
        }
        views.push(View { kind, source: read.source, values: read.values });
    }
    let of = |kind: ListKind| views.iter().find(|view| view.kind == kind);
    let (zal, whitelist) = (of(ListKind::Zal), of(ListKind::Whitelist));
    let (clients, diensten) = (of(ListKind::OauthClients), of(ListKind::Gegevensdiensten));
    if let Some(zal) = zal {
        judge.addresses(zal, whitelist);
        judge.services(zal, diensten);
        judge.names(zal);
    }
    if let Some(clients) = clients {
        judge.clients(clients, whitelist);
    }
    if let (Some(whitelist), Some(zal), Some(clients)) = (whitelist, zal, clients) {
        judge.nodes(whitelist, zal, clients);
    }
    Ok(judge.judged)
}

/// A list in a line.
fn told(document: Option<&ListDocument>) -> String {
    let Some(document) = document else { return "no list that its schema takes".into() };
    let header = document.header();
    let on_it = match document {
        ListDocument::Zal(zal) => format!("{} Zorgaanbieders", zal.zorgaanbieders.len()),
        ListDocument::Whitelist(whitelist) => format!("{} nodes", whitelist.nodes.len()),
        ListDocument::OauthClients(clients) => format!("{} clients", clients.clients.len()),
        ListDocument::Gegevensdiensten(diensten) => {
            format!("{} Gegevensdiensten", diensten.diensten.len())
        }
    };
    let (kind, format) = (document.kind().name(), header.format);
    format!("{kind}, format {format}, number {} of {}, {on_it}", header.number, header.published)
}

/// One list, value by value.
struct View {
    kind: ListKind,
    source: Arc<str>,
    values: Vec<Value>,
}

impl View {
    fn at(&self, value: &Value) -> Place {
        let line = u32::try_from(value.line).ok();
        Place { source: Arc::clone(&self.source), line, key: value.element.to_owned() }
    }

    fn of<'a>(&'a self, element: &'a str) -> impl Iterator<Item = &'a Value> {
        self.values.iter().filter(move |value| value.element == element)
    }

    /// Hostnames on a list of those.
    fn hostnames(&self) -> impl Iterator<Item = &Value> {
        // In release 1.0 a MedMijNode is its hostname, later it has one.
        let hostname = |value: &&Value| matches!(value.element, "Hostname" | "MedMijNode");
        self.values.iter().filter(hostname)
    }
}

#[derive(Default)]
struct Judge {
    judged: Judged,
    told: BTreeMap<&'static str, usize>,
}

impl Judge {
    /// Something was found. `kind` are words that all findings of its kind share.
    fn find(
        &mut self,
        kind: &'static str,
        (verdict, rule): (Verdict, &'static str),
        place: Place,
        text: String,
    ) {
        let told = self.told.entry(kind).or_default();
        *told += 1;
        if *told > TOLD {
            *self.judged.more.entry(kind).or_default() += 1;
        } else {
            self.judged.findings.push(Finding { verdict, rule, place, text });
        }
    }

    /// Metamodel: what a service is served by is one Gateway, and a Gateway is on the Whitelist.
    fn addresses(&mut self, zal: &View, whitelist: Option<&View>) {
        let listed: Option<BTreeSet<&str>> =
            whitelist.map(|list| list.hostnames().map(|node| node.text.as_str()).collect());
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let mut token: Option<&str> = None;
        for value in &zal.values {
            let is_token = value.element == "TokenEndpointuri";
            if !is_token && value.element != "ResourceEndpointuri" {
                continue;
            }
            let host = hostname(&value.text);
            if let Some(listed) = &listed
                && !listed.contains(host)
                && told.insert(host)
            {
                let text = format!("{host} serves gateways and is not on the Whitelist");
                let broken = (Verdict::Broken, "PI 15");
                self.find("addresses not on the Whitelist", broken, zal.at(value), text);
            }
            match token {
                _ if is_token => token = Some(host),
                Some(token) if token != host => {
                    let text = format!(
                        "its tokens come from {token} and its data from {host}: the metamodel has both at one Gateway, which may have two names"
                    );
                    let look = (Verdict::Look, "PI 11");
                    self.find("services at two hostnames", look, zal.at(value), text);
                }
                _ => {}
            }
        }
    }

    /// What is offered is a Gegevensdienst, by the systeemrollen that it has.
    fn services(&mut self, zal: &View, diensten: Option<&View>) {
        let named: Option<BTreeSet<&str>> =
            diensten.map(|list| list.of("GegevensdienstId").map(|id| id.text.as_str()).collect());
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let mut current = None;
        for value in &zal.values {
            match value.element {
                "GegevensdienstId" => {
                    let id = value.text.as_str();
                    current = Gegevensdienst::from_id(id).and_then(Gegevensdienst::service);
                    let is_named = named.as_ref().map(|named| named.contains(id));
                    if is_named == Some(false) && told.insert(id) {
                        let text =
                            format!("{id} is on the ZAL and not on the Gegevensdienstnamenlijst");
                        let broken = (Verdict::Broken, "PI 4");
                        self.find("services without a name", broken, zal.at(value), text);
                    } else if current.is_none() && is_named.is_none() && told.insert(id) {
                        let text = format!(
                            "{id} is no Gegevensdienst that this program knows; give the Gegevensdienstnamenlijst too, and it is looked up there"
                        );
                        self.find("unknown services", (Verdict::Look, "PI 4"), zal.at(value), text);
                    }
                }
                "Systeemrolcode" => {
                    let Some(service) = current else { continue };
                    let code = value.text.as_str();
                    if !service.roles.contains(&code) && told.insert(code) {
                        let text = format!(
                            "{code} is no Systeemrol that the catalogue has for {} ({})",
                            service.id, service.name
                        );
                        let look = (Verdict::Look, "PI 11");
                        self.find("unknown Systeemrollen", look, zal.at(value), text);
                    }
                }
                _ => {}
            }
        }
    }

    /// The Zorgaanbiedersnamenbeleid: no name is much like another.
    fn names(&mut self, zal: &View) {
        let names: Vec<&Value> = zal.of("Zorgaanbiedernaam").collect();
        let texts: Vec<&str> = names
            .iter()
            .map(|name| name.text.strip_suffix("@medmij").unwrap_or(&name.text))
            .collect();
        for (one, other) in alike::pairs(&texts) {
            let text = format!(
                "{} is much like {} in line {}: one letter apart",
                names[other].text, names[one].text, names[one].line
            );
            let look = (Verdict::Look, "PI 13");
            self.find("names that are much alike", look, zal.at(names[other]), text);
        }
    }

    /// A client is a Gateway of a DVP: it is on the Whitelist.
    fn clients(&mut self, clients: &View, whitelist: Option<&View>) {
        let Some(whitelist) = whitelist else { return };
        let listed: BTreeSet<&str> = whitelist.hostnames().map(|node| node.text.as_str()).collect();
        for client in clients.of("Hostname").filter(|client| !listed.contains(client.text.as_str()))
        {
            let text = format!("client {} is not on the Whitelist", client.text);
            let broken = (Verdict::Broken, "PI 15");
            self.find("clients not on the Whitelist", broken, clients.at(client), text);
        }
    }

    /// Whoever is on the Whitelist is there for something.
    fn nodes(&mut self, whitelist: &View, zal: &View, clients: &View) {
        let mut known: BTreeSet<&str> =
            clients.of("Hostname").map(|client| client.text.as_str()).collect();
        let uris = ["AuthorizationEndpointuri", "TokenEndpointuri", "ResourceEndpointuri"];
        let uris = zal.values.iter().filter(|value| uris.contains(&value.element));
        known.extend(uris.map(|uri| hostname(&uri.text)));
        for node in whitelist.hostnames().filter(|node| !known.contains(node.text.as_str())) {
            let text = format!(
                "{} is no client and serves nothing on the ZAL: it may be the stelselnode, not have begun yet, or have left",
                node.text
            );
            let look = (Verdict::Look, "PI 15");
            self.find("nodes that are on no other list", look, whitelist.at(node), text);
        }
    }
}

/// The hostname of a URI that a schema took.
fn hostname(uri: &str) -> &str {
    let rest = uri.strip_prefix("https://").unwrap_or(uri);
    rest.split(['/', ':']).next().unwrap_or(rest)
}
