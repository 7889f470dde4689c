//! What was asked, in words, from the study as the manifest has it; and digits as pages have them.
//!
//! Only says what stands in the study: a key that is missing is left out, never guessed.

use serde_json::Value;

use crate::results::Folder;

/// Who took part, in one line: `3 PGOs, 3 ZA gateways and 300 Zorgaanbieders`.
pub fn network(folder: &Folder) -> String {
    let count = |role: &str| {
        let mut hosts: Vec<&str> =
            folder.hosts.iter().filter(|line| line.role == role).map(|line| &*line.host).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts.len() as u64
    };
    let topology = &folder.manifest.topology;
    let people = topology.pointer("/population/people").and_then(Value::as_u64).unwrap_or(0);
    let parts: Vec<String> = [
        (count("pgo"), "PGO", "PGOs"),
        (count("za"), "ZA gateway", "ZA gateways"),
        (folder.manifest.zorgaanbieders, "Zorgaanbieder", "Zorgaanbieders"),
        (people, "person", "people"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| format!("{} {}", whole(count), if count == 1 { one } else { many }))
    .collect();
    listed(&parts)
}

/// When people came: `at a rate of 2/s`.
pub fn load(scenario: &Value) -> String {
    let arrivals = &scenario["arrivals"];
    if let Some(rate) = text_of(arrivals, "rate") {
        return format!("People came at a rate of {rate}.");
    }
    if let Some(profile) = text_of(arrivals, "profile") {
        let mut words = format!("People came by the profile “{profile}”");
        for (key, before, after) in [
            ("from", "from ", " on"),
            ("peak", "with ", " in its busiest hour"),
            ("total", "with ", " arrivals expected in all"),
        ] {
            if let Some(value) = text_of(arrivals, key) {
                words.push_str(&format!(", {before}{value}{after}"));
            }
        }
        return words + ".";
    }
    let burst = &arrivals["burst"];
    let parts = ["people", "at", "within"].map(|key| text_of(burst, key));
    if let [Some(people), Some(at), Some(within)] = parts {
        let people = people.parse().map_or(people, whole);
        return format!("{people} people came within {within} from {at} on.");
    }
    String::new()
}

/// What befell the network: faults, changes and deviants, a sentence each.
pub fn events(scenario: &Value) -> Vec<String> {
    let entries = |key: &str| scenario[key].as_array().cloned().unwrap_or_default();
    let at = |entry: &Value| {
        let lasts = text_of(entry, "for").map(|lasts| format!(" for {lasts}")).unwrap_or_default();
        format!("at {}{lasts}", text_of(entry, "at").unwrap_or_else(|| "the start".to_owned()))
    };
    let subject = |entry: &Value| {
        let named = ["host", "link", "provider"].into_iter().find_map(|key| text_of(entry, key));
        named.unwrap_or_default()
    };
    let kind = |entry: &Value| text_of(entry, "kind").unwrap_or_default();
    let faults = entries("fault");
    let changes = entries("change");
    let deviants = entries("deviant");
    let faults = faults
        .iter()
        .map(|entry| format!("Fault: {} {} {}.", subject(entry), kind(entry), at(entry)));
    let changes = changes.iter().map(|entry| {
        format!("Change of the register: {} {} {}.", kind(entry), subject(entry), at(entry))
    });
    let deviants = deviants.iter().map(|entry| {
        let breaks = text_of(entry, "breaks").unwrap_or_default();
        format!("Deviant: {} breaks {breaks}.", subject(entry))
    });
    faults.chain(changes).chain(deviants).collect()
}

/// A text or a number of a table.
pub fn text_of(table: &Value, key: &str) -> Option<String> {
    match table.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A duration as files write it, in seconds: `1h`, `20min`.
pub fn seconds(text: &str) -> Option<f64> {
    let units = [
        ("ms", 1e-3),
        ("min", 60.0),
        ("s", 1.0),
        ("h", 3_600.0),
        ("d", 86_400.0),
        ("w", 604_800.0),
    ];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.trim().parse::<f64>().ok()? * factor)
}

/// The same with thin spaces for the commas between thousands: `27 310`.
pub fn thin(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let digit = |place: usize| letters.get(place).is_some_and(char::is_ascii_digit);
    let separates = |place: usize| {
        place > 0
            && digit(place - 1)
            && (1..=3).all(|after| digit(place + after))
            && !digit(place + 4)
    };
    let one = |(place, letter): (usize, &char)| match letter {
        ',' if separates(place) => '\u{202f}',
        other => *other,
    };
    letters.iter().enumerate().map(one).collect()
}

/// `27 310`.
pub fn whole(number: u64) -> String {
    thin(&crate::results::shown::grouped(&number.to_string()))
}

/// `one, two and three`.
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_load_is_told_as_files_say_it() {
        let told = |arrivals| load(&json!({ "arrivals": arrivals }));
        assert_eq!(told(json!({"rate": "2/s"})), "People came at a rate of 2/s.");
        assert_eq!(
            told(json!({"profile": "week", "from": "7h", "peak": "0.5/s"})),
            "People came by the profile “week”, from 7h on, with 0.5/s in its busiest hour."
        );
        assert_eq!(
            told(json!({"burst": {"at": "1h", "people": 20_000, "within": "10min"}})),
            "20\u{202f}000 people came within 10min from 1h on."
        );
        assert_eq!(told(json!({})), "");
    }

    #[test]
    fn faults_changes_and_deviants_are_told_one_by_one() {
        let scenario = json!({
            "fault": [{"at": "1h", "for": "20min", "host": "digid", "kind": "down"}],
            "change": [{"at": "2h", "kind": "remove-gateway", "host": "za-2"}],
            "deviant": [{"host": "pgo-3", "breaks": "CODE_ONCE"}],
        });
        assert_eq!(
            events(&scenario),
            [
                "Fault: digid down at 1h for 20min.",
                "Change of the register: remove-gateway za-2 at 2h.",
                "Deviant: pgo-3 breaks CODE_ONCE.",
            ]
        );
    }

    #[test]
    fn only_commas_between_thousands_become_spaces() {
        assert_eq!(
            thin("1,234,567 of 2, or (APP 12, server) 1,23"),
            "1\u{202f}234\u{202f}567 of 2, or (APP 12, server) 1,23"
        );
        assert_eq!(seconds("20min"), Some(1_200.0));
        assert_eq!(seconds("250ms"), Some(0.25));
        assert_eq!(seconds("soon"), None);
    }
}
