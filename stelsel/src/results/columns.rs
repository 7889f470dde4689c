//! Every table of every result folder, column by column: from here come the headers and the data dictionary.
//!
//! Times are seconds from the start of the run unless a name says otherwise. Says nothing of what stands in the
//! lines (`lines`).

use serde_json::{Value, json};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, in the header.
    pub name: &'static str,
    /// Type, as Frictionless Table Schema names it.
    kind: &'static str,
    /// What stands in it, with its unit.
    what: &'static str,
}

/// The columns of a table.
pub type Columns = &'static [Column];

macro_rules! columns {
    ($($name:ident $kind:ident $what:literal;)*) => {
        &[$(Column { name: stringify!($name), kind: stringify!($kind), what: $what }),*]
    };
}

/// summary.csv of a run.
pub const SUMMARY: Columns = columns! {
    metric string "name of the metric; summary.json says what each means";
    group string "group of flows or hosts, as key=member; empty for all";
    unit string "unit of estimate and interval; 1 for shares";
    estimate string "the estimate: a number, `> 3600` where it lies among what never ended, or `too few (17)`";
    ci_low number "lower end of the 95 % interval over replications; of a maximum the range; empty for one replication";
    ci_high number "upper end";
    replications integer "replications that have a value";
};

/// replications.csv of a run.
pub const REPLICATIONS: Columns = columns! {
    metric string "name of the metric";
    group string "group of flows or hosts, as key=member; empty for all";
    unit string "unit of the value";
    replication integer "number of the replication, from 0";
    value number "the value in that replication";
};

/// histograms.csv of a run.
pub const HISTOGRAMS: Columns = columns! {
    metric string "name of the distribution";
    group string "group of flows, as key=member; empty for all";
    replication integer "number of the replication, from 0";
    bucket_low number "shortest time that belongs to the bucket (s)";
    bucket_high number "shortest time that does not belong to it any more (s); inf for what never ended";
    count integer "observations in the bucket";
};

/// flows.csv of a run.
pub const FLOWS: Columns = columns! {
    replication integer "number of the replication, from 0";
    flow string "arrival and attempt: 17.1";
    arrival integer "number of the arrival: a wish is one arrival with all its attempts";
    attempt integer "which attempt of the wish, from 1";
    kind string "kind of flow";
    person integer "the person, by number: invented";
    pgo string "the PGO gateway";
    za string "the ZA gateway";
    provider string "the Zorgaanbieder";
    service string "id of the Gegevensdienst";
    release string "release that was spoken";
    started_s number "when it started (s)";
    ended_s number "when it ended (s); empty for one that was running at the end";
    outcome string "how it ended: completed, exception-1 to exception-8, abandoned, timed-out, refused-tls, lost, running";
    cause string "what went wrong first and was not got over, and where; empty for a completed flow";
    step integer "step of UC Verzamelen in which it ended, 1 to 16";
    human_s number "time that the person took (s)";
    machine_s number "time that machines took (s)";
    calls integer "FHIR queries made";
};

/// steps.csv of a run.
pub const STEPS: Columns = columns! {
    replication integer "number of the replication, from 0";
    flow string "the flow, as in flows.csv";
    step integer "step of UC Verzamelen, 1 to 16";
    ended_s number "when the step was completed (s)";
    human_s number "time that the person took (s); the four parts add up to the step";
    network_s number "time on links (s)";
    wait_s number "time waiting for a worker (s)";
    service_s number "time with a worker (s)";
};

/// hosts.csv of a run.
pub const HOSTS: Columns = columns! {
    replication integer "number of the replication, from 0";
    host string "name of the host";
    role string "its role";
    work string "kind of work; * for the host's total";
    workers integer "parallel workers of its station";
    arrivals integer "jobs that came; of a work: how often it was done";
    served integer "jobs that were finished";
    rejected integer "jobs that found the queue full";
    dropped integer "jobs lost in crashes";
    utilisation number "share of worker-seconds with a job, of those in which the host was up";
    mean_wait_s number "mean wait before a worker takes a job (s)";
    p95_wait_s number "95 % waited no longer (s)";
    mean_service_s number "mean time with a worker (s)";
    mean_queue number "time-averaged number of jobs waiting";
    max_queue integer "most jobs waiting";
    down_s number "seconds down in the measured time";
    paused_s number "seconds paused in it";
};

/// timeline.csv of a run.
pub const TIMELINE: Columns = columns! {
    replication integer "number of the replication, from 0";
    t_s number "end of the step of the timeline (s)";
    metric string "what: flows.started, flows.completed, flows.not_completed, flows.in_flight, hosts.utilisation.max, hosts.queue.max";
    group string "role=… for hosts; empty for all";
    value number "a count over the step, or a state at its end";
};

/// tokens.csv of a run.
pub const TOKENS: Columns = columns! {
    replication integer "number of the replication, from 0";
    authorization_server string "the ZA gateway";
    issued integer "codes and tokens issued";
    live_max integer "most of them live at once";
    collisions integer "new values equal to a live one";
    detected integer "collisions that the gateway saw";
    undetected integer "collisions that it did not see";
    cross_person_reads integer "answers with the data of another person";
};

/// registry.csv of a run.
pub const REGISTRY: Columns = columns! {
    replication integer "number of the replication, from 0";
    change integer "number of the change, from 0";
    kind string "kind of change";
    list string "list that it shows in";
    node string "node that has to know";
    changed_s number "when the register changed (s)";
    published_s number "when the first version of the list with it was published (s); empty: not by the end";
    known_s number "when the node used such a version (s); empty: not by the end";
    blocked_flows integer "flows blocked because the node did not know yet";
    exposed_handshakes integer "connections with a gateway that had left, admitted by the node";
    exposed_exchanges integer "requests exchanged with it";
    exposed_bytes integer "bytes exchanged with it";
    misdirected_flows integer "flows sent to an address that is out of date";
};

/// rules.csv.
pub const RULES: Columns = columns! {
    rule string "stable name of the rule";
    citation string "where it stands in the Afsprakenstelsel";
    kind string "safety, deadline, service level, structural, procedure";
    release string "release that is cited";
    evaluated integer "how often it was put to the test";
    breaches integer "how often it was not kept; of a service level some are allowed";
    first_replication integer "first replication in which it was not kept";
    first_flow string "the flow of that, if it was in any";
};

/// comparison.csv, and differences.csv of a sweep after its cell.
pub const DIFFERENCES: Columns = columns! {
    metric string "name of the metric";
    group string "group of flows or hosts, as key=member; empty for all";
    unit string "unit of all figures; 1 for shares";
    before string "estimate of the first side, or of cell 0";
    after string "estimate of the second side, or of the cell";
    difference number "the second minus the first";
    ci_low number "lower end of the 95 % interval of the paired difference; of a maximum the range";
    ci_high number "upper end";
    replications integer "pairs of replications";
    distinguishable string "yes: the interval leaves out nought; no: it does not; empty: there is no interval";
};

/// probes.csv of a search for capacity.
pub const PROBES: Columns = columns! {
    factor number "what arrivals were multiplied by";
    per_hour number "collections begun per hour of the measured time";
    completed_per_hour number "collections completed, of those";
    norm string "the norm as it was asked for";
    metric string "its metric";
    estimate number "the estimate; empty where there is none";
    ci_low number "lower end of its 95 % interval";
    ci_high number "upper end";
    kept string "yes or no";
    busiest string "the busiest host";
    utilisation number "its utilisation: a share";
    bound_per_hour number "collections per hour at which all its workers would always be at work";
};

/// The column that tables of a sweep begin with.
pub const CELL: Column = Column {
    name: "cell",
    kind: "integer",
    what: "number of the cell; cells.csv has its settings",
};

/// The column of a setting that a sweep varies.
pub fn setting(path: &str) -> Value {
    json!({ "name": path, "type": "string", "description": "value of that key in the cell" })
}

/// The names of columns: the header of a table.
pub fn header(columns: Columns) -> impl Iterator<Item = &'static str> {
    columns.iter().map(|column| column.name)
}

impl Column {
    /// As a field of a Frictionless Table Schema.
    pub fn field(&self) -> Value {
        json!({ "name": self.name, "type": self.kind, "description": self.what })
    }
}

/// The fields of columns.
pub fn fields(columns: Columns) -> Vec<Value> {
    columns.iter().map(Column::field).collect()
}

/// datapackage.json: the data dictionary of a folder, as Frictionless Data Package 1 has it. `tables`: name of each
/// file, and its fields.
pub fn data_package(
    name: &str,
    title: &str,
    tables: impl IntoIterator<Item = (&'static str, Vec<Value>)>,
) -> Value {
    let resource = |(file, fields): (&'static str, Vec<Value>)| {
        json!({
            "name": file.trim_end_matches(".csv"),
            "path": file,
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "schema": { "fields": fields, "missingValues": [""] },
        })
    };
    json!({
        "profile": "tabular-data-package",
        "name": name,
        "title": title,
        "description": "Synthetic results of stelsel: no person, BSN or health datum in them is real. manifest.json has what was asked, \
                        with every default filled in.",
        "licenses": [{ "name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/" }],
        "resources": tables.into_iter().map(resource).collect::<Vec<Value>>(),
    })
}

/// CITATION.cff: how to cite the results of a folder.
pub fn citation(title: &str, digest: &str) -> String {
    format!(
        "cff-version: 1.2.0\n\
         message: If you use these results, please cite them as below.\n\
         type: dataset\n\
         title: {}\n\
         authors:\n  - name: The stelsel developers\n\
         version: \"{}\"\n\
         license: CC0-1.0\n\
         identifiers:\n  - type: other\n    value: \"sha256:{digest}\"\n    \
         description: SHA-256 of what was asked, as in manifest.json\n",
        // A JSON text is a YAML text.
        Value::from(title),
        env!("CARGO_PKG_VERSION"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_says_what_stands_in_it() {
        for columns in [
            SUMMARY,
            REPLICATIONS,
            HISTOGRAMS,
            FLOWS,
            STEPS,
            HOSTS,
            TIMELINE,
            TOKENS,
            REGISTRY,
            RULES,
            DIFFERENCES,
            PROBES,
        ] {
            for column in columns {
                assert!(["string", "integer", "number"].contains(&column.kind), "{column:?}");
                assert!(column.what.len() > 5, "{column:?}");
                let is_time = column.name.ends_with("_s");
                assert!(!is_time || column.what.contains('s'), "{column:?} has a unit");
            }
        }
    }

    #[test]
    fn a_title_cannot_break_a_citation() {
        let text = citation("a: \"quoted\"\nname", "00");
        assert!(text.contains("title: \"a: \\\"quoted\\\"\\nname\"\n"), "{text}");
        assert_eq!(text.lines().count(), 12);
    }
}
