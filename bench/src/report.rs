//! The table in the end.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::load::Outcome;

/// What was found, printed as Markdown.
#[derive(Debug)]
pub struct Report {
    about: Vec<String>,
    rows: Vec<Row>,
    partial: bool,
}

/// A line of the table.
#[derive(Clone, Debug, Default)]
pub struct Row {
    what: String,
    result: String,
    p50: String,
    p99: String,
    cpu: String,
    target: String,
    verdict: String,
}

impl Report {
    pub fn new(about: Vec<String>) -> Self {
        Self { about, rows: Vec::new(), partial: false }
    }

    pub fn add(&mut self, row: Row) {
        eprintln!("  = {}: {} {}", row.what, row.result, row.verdict);
        self.rows.push(row);
    }

    /// A measurement ended early; what it found so far stays.
    pub fn fail(&mut self, name: &str, error: &anyhow::Error) {
        eprintln!("error: {name}: {error:#}");
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        self.rows.push(Row::new(name, format!("**failed**: {reason}")));
        self.partial = true;
    }

    /// Whether a measurement ended early.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// A last line about the run.
    pub fn finish(&mut self, line: String) {
        self.about.push(line);
    }
}

impl Row {
    pub fn new(what: impl Into<String>, result: impl Into<String>) -> Self {
        Self { what: what.into(), result: result.into(), ..Self::default() }
    }

    /// Requests per second with their latencies, and what else was answered.
    pub fn of(what: impl Into<String>, outcome: &Outcome) -> Self {
        let mut result = format!("{}/s", number(outcome.rate));
        for (status, count) in &outcome.others {
            result += &format!(", {count} with status {status}");
        }
        Self {
            p50: time(outcome.p50),
            p99: time(outcome.p99),
            cpu: format!("{} + {}", time(outcome.server_cpu()), time(outcome.client_cpu)),
            ..Self::new(what, result)
        }
    }

    /// How long answers took.
    #[must_use]
    pub fn times(self, p50: Duration, p99: Duration) -> Self {
        Self { p50: time(p50), p99: time(p99), ..self }
    }

    /// Processor time of the server, where there is no client.
    #[must_use]
    pub fn cpu(self, server: Duration) -> Self {
        Self { cpu: time(server), ..self }
    }

    /// Something to say beside the result.
    #[must_use]
    pub fn note(self, note: &str) -> Self {
        Self { result: format!("{}, {note}", self.result), ..self }
    }

    /// What was aimed at, and whether it was reached.
    #[must_use]
    pub fn target(self, target: &str, met: bool) -> Self {
        let verdict = if met { "met" } else { "**missed**" };
        Self { target: target.to_owned(), verdict: verdict.to_owned(), ..self }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for line in &self.about {
            writeln!(f, "- {line}")?;
        }
        writeln!(f)?;
        writeln!(f, "| measured | result | p50 | p99 | CPU: server + client | target | |")?;
        writeln!(f, "|---|---|---|---|---|---|---|")?;
        for it in &self.rows {
            let cells = [&it.what, &it.result, &it.p50, &it.p99, &it.cpu, &it.target, &it.verdict];
            writeln!(f, "| {} |", cells.map(String::as_str).join(" | "))?;
        }
        Ok(())
    }
}

/// Three digits that count, with separators.
pub fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in the unit that suits it.
pub fn time(value: Duration) -> String {
    match value.as_micros() {
        it @ 0..1_000 => format!("{it} µs"),
        it @ 1_000..100_000 => format!("{:.1} ms", it as f64 / 1e3),
        it @ 100_000..1_000_000 => format!("{:.0} ms", it as f64 / 1e3),
        it => format!("{:.1} s", it as f64 / 1e6),
    }
}

/// KiB as MiB.
pub fn mebibytes(kibibytes: u64) -> String {
    format!("{:.1} MiB", kibibytes as f64 / 1024.0)
}

/// Memory in use, and how much of it is pages of files.
pub fn memory((all, files): (u64, u64)) -> String {
    format!("{}, {} of them pages of files", mebibytes(all), mebibytes(files))
}

/// The one in the middle.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_to_be_read() {
        assert_eq!([1.25, 99.9, 152.4, 31_234.6].map(number), ["1.2", "99.9", "152", "31,235"]);
        let times = [900, 1_500, 150_000, 2_500_000].map(|it| time(Duration::from_micros(it)));
        assert_eq!(times, ["900 µs", "1.5 ms", "150 ms", "2.5 s"]);
        assert_eq!(mebibytes(1536), "1.5 MiB");
    }

    #[test]
    fn a_missed_target_is_named() {
        let mut report = Report::new(vec!["somewhere".to_owned()]);
        report.add(Row::new("speed", "1.0/s").target("at least 2/s", false));
        let table = report.to_string();
        assert!(table.ends_with("| speed | 1.0/s |  |  |  | at least 2/s | **missed** |\n"));
    }
}
