//! The result folder of a sweep: what its cells gave, in tables that people, notebooks and the report read.
//!
//! Made of the files of its units, cell by cell, so that memory is bounded by one cell and the baseline. The
//! baseline is the first cell: `differences.csv` has every other cell beside it, paired by replication.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use watch::{
    rules::Verdict,
    study::{
        compare::compare,
        estimate::CONFIDENCE,
        figures::{Figures, Group},
        summary::summarise,
    },
};

use super::{
    plan::{Axis, Plan, steps},
    store::{Unit, UnitRule, read_unit},
};
use crate::{
    comparison::{DifferenceLine, is_of_somebody},
    problem::{Place, Problem, Problems},
    report,
    results::{
        Draft, FORMAT, FolderKind, Input, MARK,
        columns::{self, Columns},
        dictionary, kind_of,
        lines::{Number, RuleLine, SummaryLine, ValueLine},
        relative, table, write_json,
    },
};

/// manifest.json of a sweep.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SweepManifest {
    /// `sweep`.
    pub kind: FolderKind,
    /// The program: `stelsel`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The format of the folder.
    pub format: u32,
    /// Name of the scenario.
    pub name: String,
    /// The scenario file as it was named.
    pub scenario_file: String,
    /// Key of all draws.
    pub seed: u64,
    /// Replications of each cell.
    pub replications: u32,
    /// What was set for every cell: path and value.
    pub set: Vec<(String, String)>,
    /// What was varied.
    pub axes: Vec<Axis>,
    /// Metrics that were asked to be shown; none for those that the program chooses.
    pub show: Vec<String>,
    /// SHA-256 of all that the results depend on: version, every cell as resolved, every input.
    pub plan_sha256: String,
    /// Every file that was read.
    pub inputs: Vec<Input>,
    /// The scenario of the first cell, every default filled in.
    pub scenario: Value,
    /// The topology of the first cell, likewise.
    pub topology: Value,
}

impl SweepManifest {
    /// Of a plan; `show`: metrics that the report shall show.
    pub fn of(plan: &Plan, show: &[String]) -> Self {
        let base = plan.base();
        let part = |key: &str| base.resolved.get(key).cloned().unwrap_or(Value::Null);
        let mut inputs: Vec<Input> = Vec::new();
        for input in plan.cells.iter().flat_map(|cell| &cell.study.inputs).map(Input::from) {
            if !inputs.contains(&input) {
                inputs.push(input);
            }
        }
        Self {
            kind: FolderKind::Sweep,
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            format: FORMAT,
            name: base.scenario.name.clone(),
            scenario_file: relative(&plan.scenario_file),
            seed: base.scenario.seed,
            replications: base.scenario.replications,
            set: plan.set.clone(),
            axes: plan.axes.clone(),
            show: show.to_vec(),
            plan_sha256: plan.digest(),
            inputs,
            scenario: part("scenario"),
            topology: part("topology"),
        }
    }

    /// How many cells there are.
    pub fn cells(&self) -> u32 {
        self.axes.iter().map(|axis| axis.rows.len() as u32).product()
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        u64::from(self.cells()) * u64::from(self.replications)
    }

    /// The step along each axis of a cell.
    pub fn steps(&self, cell: u32) -> Vec<usize> {
        steps(&self.axes, cell as usize)
    }

    /// Every path that is varied, in the order of the axes.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().flat_map(|axis| axis.paths.iter().map(String::as_str))
    }

    /// The value of each path in a cell, in the same order.
    pub fn settings(&self, cell: u32) -> impl Iterator<Item = &str> {
        let steps = self.steps(cell);
        self.axes
            .iter()
            .zip(steps)
            .flat_map(|(axis, step)| axis.rows[step].iter().map(String::as_str))
    }
}

/// A line of a table that belongs to a cell.
#[derive(Clone, PartialEq, Debug)]
pub struct CellRow<L> {
    /// Which.
    pub cell: u32,
    /// The rest of the line.
    pub line: L,
}

/// A sweep's folder that was read.
#[derive(Clone, Debug)]
pub struct SweepFolder {
    /// manifest.json.
    pub manifest: SweepManifest,
    /// Lines of summary.csv over all groups.
    pub summary: Vec<CellRow<SummaryLine>>,
    /// Lines of differences.csv.
    pub differences: Vec<CellRow<DifferenceLine>>,
    /// Lines of rules.csv of rules that were broken; a service level may be missed now and then.
    pub breaches: Vec<CellRow<RuleLine>>,
    /// Where the line of a cell and metric stands in `summary`.
    places: BTreeMap<(u32, String), usize>,
}

/// The metrics that are shown if none were asked for, where they differ between cells.
const WORTH_SHOWING: [&str; 14] = [
    "wishes.served_ratio",
    "latency.machine.p95",
    "norm.token.share",
    "norm.resource.share",
    "flows.completed_ratio",
    "tokens.collisions",
    "tokens.undetected",
    "tokens.cross_person_reads",
    "registry.exposed_exchanges",
    "registry.full_propagation.max",
    "registry.blocked_flows",
    "registry.misdirected_flows",
    "norm.lists.share",
    "lists.rate.max",
];
/// How many of them at most.
const MOST_SHOWN: usize = 6;

impl SweepFolder {
    /// Reads the folder `dir`.
    ///
    /// # Errors
    /// It is none of a sweep, or a file is missing or damaged.
    pub fn open(dir: &Path) -> Result<Self, Problems> {
        let place = Place::whole(dir.to_string_lossy());
        match kind_of(dir)? {
            FolderKind::Sweep => {}
            other => return Err(place.expected("results of a sweep", other.what()).into()),
        }
        let path = dir.join(MARK);
        let text = std::fs::read(&path).map_err(|error| {
            Place::whole(path.to_string_lossy()).problem(format!("cannot be read: {error}"))
        })?;
        let manifest = serde_json::from_slice(&text).map_err(|error| {
            Place::whole(path.to_string_lossy()).problem(format!("cannot be read: {error}"))
        })?;
        let mut summary: Vec<CellRow<SummaryLine>> = rows(dir, "summary.csv")?;
        summary.retain(|row| row.line.group.is_empty());
        let mut breaches: Vec<CellRow<RuleLine>> = rows(dir, "rules.csv")?;
        breaches.retain(|row| row.line.verdict().is_some_and(|verdict| verdict.broken()));
        let key = |row: &CellRow<SummaryLine>| (row.cell, row.line.metric.clone());
        let places = summary.iter().enumerate().map(|(place, row)| (key(row), place)).collect();
        Ok(Self { manifest, summary, differences: rows(dir, "differences.csv")?, breaches, places })
    }

    /// The line of a metric in a cell, over all groups.
    pub fn figure(&self, cell: u32, metric: &str) -> Option<&SummaryLine> {
        let place = self.places.get(&(cell, metric.to_owned()))?;
        Some(&self.summary[*place].line)
    }

    /// The metrics to show: those that were asked for, or else those of the usual ones that differ between cells.
    pub fn shown(&self) -> Vec<String> {
        if !self.manifest.show.is_empty() {
            return self.manifest.show.clone();
        }
        let differs = |metric: &&str| -> bool {
            let of = |cell| self.figure(cell, metric).map(|line| line.estimate.as_str());
            let first = of(0);
            first.is_some() && (1..self.manifest.cells()).any(|cell| of(cell) != first)
        };
        let mut shown: Vec<String> = WORTH_SHOWING
            .iter()
            .copied()
            .filter(differs)
            .take(MOST_SHOWN)
            .map(str::to_owned)
            .collect();
        if shown.is_empty() {
            shown.push(WORTH_SHOWING[0].to_owned());
        }
        shown
    }
}

fn rows<L: DeserializeOwned>(dir: &Path, name: &str) -> Result<Vec<CellRow<L>>, Problem> {
    let path = dir.join(name);
    let failed = |line: Option<u64>, error: String| {
        let line = line.and_then(|line| u32::try_from(line).ok());
        let place = Place { line, ..Place::whole(path.to_string_lossy()) };
        place.problem(format!("cannot be read: {error}"))
    };
    let file = File::open(&path).map_err(|error| failed(None, error.to_string()))?;
    let mut table = csv::Reader::from_reader(BufReader::with_capacity(1 << 16, file));
    let of_csv =
        |error: csv::Error| failed(error.position().map(csv::Position::line), error.to_string());
    let headers: csv::StringRecord = table.headers().map_err(of_csv)?.iter().skip(1).collect();
    let mut rows = Vec::new();
    for record in table.records() {
        let record = record.map_err(of_csv)?;
        let line = record.position().map(csv::Position::line);
        let cell = record.get(0).and_then(|cell| cell.parse().ok());
        let cell = cell.ok_or_else(|| failed(line, "expected the number of a cell".to_owned()))?;
        let rest: csv::StringRecord = record.iter().skip(1).collect();
        let rest = rest.deserialize(Some(&headers));
        rows.push(CellRow { cell, line: rest.map_err(|error| failed(line, error.to_string()))? });
    }
    Ok(rows)
}

/// Makes results of the files of all units, at `target`. Gives whether every flow, exchange and job of every
/// unit is accounted for and no rule is broken but service levels.
///
/// # Errors
/// A unit is missing or damaged, or the folder cannot be written.
pub fn write(
    manifest: &SweepManifest,
    units: &BTreeMap<u64, PathBuf>,
    target: &Path,
) -> Result<bool, Problems> {
    let draft = Draft::begin(target)?;
    let mut tables = Tables::begin(&draft, manifest)?;
    let mut baseline: Vec<Figures> = Vec::new();
    let mut is_good = true;
    let replications = u64::from(manifest.replications);
    for cell in 0..manifest.cells() {
        let first = u64::from(cell) * replications;
        let of_cell =
            (first..first + replications).map(|unit| match units.get(&unit) {
                Some(path) => read_unit(path),
                None => Err(Place::whole(target.to_string_lossy())
                    .problem(format!("unit {unit} is missing"))),
            });
        let of_cell: Vec<Unit> = of_cell.collect::<Result<_, Problem>>()?;
        let figures: Vec<Figures> =
            of_cell.iter().map(|unit| unit.figures(manifest.seed)).collect();
        let rules = rules(&of_cell);
        is_good &= of_cell.iter().all(|unit| unit.is_conserved);
        is_good &= !rules.iter().filter_map(RuleLine::verdict).any(|verdict| is_broken(&verdict));
        tables.cell(cell, &figures, &baseline, &rules, manifest)?;
        if baseline.is_empty() {
            baseline = figures;
        }
    }
    tables.finish()?;
    dictionary(&draft, &manifest.name, "a sweep", &manifest.plan_sha256, fields(manifest))?;
    draft.file(MARK, |file| write_json(file, manifest))?;
    let page = report::sweep(&SweepFolder::open(draft.path())?);
    draft.file("report.html", |file| file.write_all(page.as_bytes()))?;
    draft.publish()?;
    Ok(is_good)
}

/// The fields of each table.
fn fields(manifest: &SweepManifest) -> Vec<(&'static str, Vec<Value>)> {
    let with_cell = |columns: Columns| {
        [columns::CELL.field()].into_iter().chain(columns::fields(columns)).collect::<Vec<Value>>()
    };
    let settings = manifest.paths().map(columns::setting);
    vec![
        ("cells.csv", [columns::CELL.field()].into_iter().chain(settings).collect()),
        ("summary.csv", with_cell(columns::SUMMARY)),
        ("replications.csv", with_cell(columns::REPLICATIONS)),
        ("differences.csv", with_cell(columns::DIFFERENCES)),
        ("rules.csv", with_cell(columns::RULES)),
    ]
}

fn is_broken(verdict: &Verdict) -> bool {
    verdict.broken() && verdict.rule.row().kind != protocol::rule::RuleKind::ServiceLevel
}

/// What the units of a cell show of each rule, together.
fn rules(units: &[Unit]) -> Vec<RuleLine> {
    let mut by_rule: BTreeMap<&str, RuleLine> = BTreeMap::new();
    for unit in units {
        for UnitRule { rule, evaluated, breaches, first_flow } in &unit.rules {
            let Some(known) = protocol::rule::Rule::from_name(rule) else { continue };
            let row = known.row();
            let (release, citation) = row.citation();
            let line = by_rule.entry(rule).or_insert_with(|| RuleLine {
                rule: rule.clone(),
                citation: citation.to_owned(),
                kind: row.kind.name().to_owned(),
                release: release.to_owned(),
                evaluated: 0,
                breaches: 0,
                first_replication: None,
                first_flow: None,
            });
            if *breaches > 0 && line.breaches == 0 {
                line.first_replication = Some(unit.replication);
                line.first_flow.clone_from(first_flow);
            }
            line.evaluated += evaluated;
            line.breaches += breaches;
        }
    }
    by_rule.into_values().collect()
}

/// The tables, written cell by cell.
struct Tables {
    summary: Growing,
    replications: Growing,
    differences: Growing,
    rules: Growing,
}

/// A table that is still being written.
struct Growing {
    place: PathBuf,
    table: csv::Writer<File>,
}

impl Growing {
    fn begin(draft: &Draft, name: &str, columns: Columns) -> Result<Self, Problem> {
        let place = draft.path().join(name);
        let failed = |error: io::Error| unwritable(&place, &error);
        let file = File::create(&place).map_err(failed)?;
        let mut table =
            csv::WriterBuilder::new().has_headers(false).buffer_capacity(1 << 16).from_writer(file);
        let header = [columns::CELL.name].into_iter().chain(columns::header(columns));
        table.write_record(header).map_err(|error| failed(error.into()))?;
        Ok(Self { place, table })
    }

    fn line(&mut self, cell: u32, line: impl Serialize) -> Result<(), Problem> {
        self.table.serialize((cell, line)).map_err(|error| unwritable(&self.place, &error.into()))
    }

    fn finish(self) -> Result<(), Problem> {
        let Self { place, table } = self;
        let write = || -> io::Result<()> {
            let file = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
            file.sync_all()
        };
        write().map_err(|error| unwritable(&place, &error))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Place::whole(path.to_string_lossy()).problem(format!("cannot be written: {error}"))
}

impl Tables {
    fn begin(draft: &Draft, manifest: &SweepManifest) -> Result<Self, Problem> {
        let header: Vec<&str> = [columns::CELL.name].into_iter().chain(manifest.paths()).collect();
        let cells = (0..manifest.cells()).map(|cell| {
            let number = cell.to_string();
            let settings = manifest.settings(cell).map(str::to_owned);
            [number].into_iter().chain(settings).collect::<Vec<String>>()
        });
        draft.file("cells.csv", |file| table(file, &header, cells))?;
        Ok(Self {
            summary: Growing::begin(draft, "summary.csv", columns::SUMMARY)?,
            replications: Growing::begin(draft, "replications.csv", columns::REPLICATIONS)?,
            differences: Growing::begin(draft, "differences.csv", columns::DIFFERENCES)?,
            rules: Growing::begin(draft, "rules.csv", columns::RULES)?,
        })
    }

    fn cell(
        &mut self,
        cell: u32,
        figures: &[Figures],
        baseline: &[Figures],
        rules: &[RuleLine],
        manifest: &SweepManifest,
    ) -> Result<(), Problems> {
        for row in &summarise(figures).rows {
            self.summary.line(cell, SummaryLine::from(row))?;
        }
        let everything = Group::all();
        for figures in figures {
            for (metric, _, value) in figures.values().filter(|(_, group, _)| **group == everything)
            {
                self.replications.line(
                    cell,
                    ValueLine {
                        metric: metric.name().to_owned(),
                        group: String::new(),
                        unit: metric.metric().unit.to_owned(),
                        replication: figures.replication,
                        value: Number(value),
                    },
                )?;
            }
        }
        for rule in rules {
            self.rules.line(cell, rule)?;
        }
        if !baseline.is_empty() {
            let differences = compare(baseline, figures, CONFIDENCE)
                .map_err(|fault| Place::whole(manifest.name.as_str()).problem(fault.to_string()))?;
            let wanted =
                differences.iter().filter(|row| row.group == everything || is_of_somebody(row));
            for row in wanted {
                self.differences.line(cell, DifferenceLine::from(row))?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Problem> {
        let Self { summary, replications, differences, rules } = self;
        [summary, replications, differences, rules].into_iter().try_for_each(Growing::finish)
    }
}
