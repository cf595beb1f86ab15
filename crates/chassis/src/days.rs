//! Ranges of days, as reports are asked for. A day begins at midnight UTC.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::problem::{Problem, Result};

/// The most days of a report.
pub const MAX_DAYS: u64 = 366;
/// The days of a report whose beginning is not said.
const USUAL: u64 = 30;

/// The query of a report.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
pub struct RangeQuery {
    /// The first day, in UTC. Defaults to 29 days before the last one.
    #[garde(skip)]
    #[param(value_type = Option<String>, format = Date, example = "2026-01-01")]
    from: Option<NaiveDate>,
    /// The last day, in UTC. Defaults to today. A report has at most 366 days.
    #[garde(skip)]
    #[param(value_type = Option<String>, format = Date, example = "2026-01-31")]
    to: Option<NaiveDate>,
}

/// The days from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl RangeQuery {
    /// Refuses what no report is made of.
    pub fn range(self, now: DateTime<Utc>) -> Result<Range> {
        let to = self.to.unwrap_or_else(|| now.date_naive());
        let from = self.from.or_else(|| to.checked_sub_days(Days::new(USUAL - 1)));
        let from = from.unwrap_or(to);
        for (name, day) in [("from", from), ("to", to)] {
            if !(2000..=9998).contains(&day.year()) {
                return Err(Problem::field(name, "must be a day of the years 2000 to 9998"));
            }
        }
        if to < from {
            return Err(Problem::field("to", "must not be before `from`"));
        }
        if (to - from).num_days() as u64 >= MAX_DAYS {
            let detail = format!("is too early: a report has at most {MAX_DAYS} days");
            return Err(Problem::field("from", detail));
        }
        Ok(Range { from, to })
    }
}

impl Range {
    /// When it begins.
    pub fn start(self) -> DateTime<Utc> {
        self.from.and_time(NaiveTime::MIN).and_utc()
    }

    /// When it is over: the moment after it.
    pub fn end(self) -> DateTime<Utc> {
        let after = self.to.checked_add_days(Days::new(1)).unwrap_or(self.to);
        after.and_time(NaiveTime::MIN).and_utc()
    }

    /// Each day, written as `2026-01-31`.
    pub fn days(self) -> impl Iterator<Item = String> {
        self.from.iter_days().take_while(move |it| *it <= self.to).map(|it| it.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noon;

    fn asked(from: &str, to: &str) -> Result<Range> {
        let day = |text: &str| text.parse().ok();

        RangeQuery { from: day(from), to: day(to) }.range(noon())
    }

    #[test]
    fn a_range_has_both_its_ends() {
        let range = asked("2025-12-31", "2026-01-02").unwrap();
        let days: Vec<String> = range.days().collect();
        assert_eq!(days, ["2025-12-31", "2026-01-01", "2026-01-02"]);
        assert_eq!(range.start().to_rfc3339(), "2025-12-31T00:00:00+00:00");
        assert_eq!(range.end().to_rfc3339(), "2026-01-03T00:00:00+00:00");
        assert_eq!(asked("", "").unwrap().days().count(), 30);
        assert_eq!(asked("", "").unwrap().to, noon().date_naive());
        assert_eq!(asked("2024-01-01", "2024-12-31").unwrap().days().count(), 366);
    }

    #[test]
    fn a_range_has_bounds() {
        for (from, to, field) in [
            ("2026-01-02", "2026-01-01", "to"),
            ("2025-01-01", "2026-01-02", "from"),
            ("1999-12-31", "2000-01-01", "from"),
            ("9998-12-31", "9999-01-01", "to"),
        ] {
            assert_eq!(asked(from, to).unwrap_err().errors[0].field, field, "{from} {to}");
        }
    }
}
