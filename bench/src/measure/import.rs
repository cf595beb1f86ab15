//! How fast are products imported, into an empty shop, again, and where there are many already?

use anyhow::Result;

use super::{number_of, say};
use crate::Bench;
use crate::report::{Report, Row, mebibytes, number, time};

/// Products of the smaller file.
const FEW: u64 = 20_000;
/// Products that are imported each second, at least.
const WANTED: f64 = 1_300.0;
/// As fast, given that no two runs are equal.
const AS_FAST: f64 = 0.9;

pub async fn import(bench: &Bench, report: &mut Report) -> Result<()> {
    let many = bench.settings.products.max(FEW);
    let mut rates = Vec::new();
    for count in [FEW, many] {
        let place = bench.program.place(&bench.scratch, &format!("import-{count}"), false)?;
        let (took, most) = bench.import(&place, count).await?;
        let rate = count as f64 / took.as_secs_f64();
        rates.push(rate);
        let row = Row::new(
            format!("import of {} products into an empty shop", number_of(count)),
            format!("{}, {} products/s, at most {}", time(took), number(rate), mebibytes(most)),
        );
        report.add(row.target("1,300 products/s", rate >= WANTED));
        let file = bench.scratch.path().join(format!("goods-{count}.csv"));
        say(&format!("importing {count} products again"));
        let (took, most) = place.run(&["import", "products", &file.display().to_string()]).await?;
        let rate = count as f64 / took.as_secs_f64();
        report.add(Row::new(
            format!("the same file of {} products again", number_of(count)),
            format!("{}, {} products/s, at most {}", time(took), number(rate), mebibytes(most)),
        ));
    }
    let ratio = rates[1] / rates[0];
    let what = format!("{} products against {}", number_of(many), number_of(FEW));
    let row = Row::new(format!("import of {what}"), format!("{ratio:.2}x"));
    report.add(row.target("as fast", ratio >= AS_FAST));
    Ok(())
}
