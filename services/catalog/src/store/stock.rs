//! Stock and its ledger. Every statement that changes a count raises the version, and `note`
//! writes that version down: a change without its ledger row cannot be committed unseen, since
//! the audit compares the two.

use chassis::db::{Insert, Record, Result, Select, Session, Tx, Word, containing, sql};
use chrono::{DateTime, Utc};
use contracts::catalog::StockLine;
use uuid::Uuid;

use super::PART;
use crate::model::{Policy, Status, Stock, Variant};

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Record)]
pub(crate) struct Entry {
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) delta_on_hand: i64,
    pub(crate) delta_allocated: i64,
    pub(crate) delta_reserved: i64,
    pub(crate) reference: String,
    pub(crate) reason: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

/// Why a count changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Word)]
pub(crate) enum Kind {
    Created,
    Removed,
    Set,
    Adjust,
    Reserve,
    Commit,
    Ship,
    Release,
    Expire,
    Restock,
    /// Sold before `allocated` was counted, and not shipped yet.
    Migrated,
}

/// A change of the counts, and what it refers to.
#[derive(Clone, Copy, Debug, Insert)]
pub(crate) struct Change<'a> {
    pub(crate) kind: Kind,
    #[record(rename = "delta_on_hand")]
    pub(crate) on_hand: i64,
    #[record(rename = "delta_allocated")]
    pub(crate) allocated: i64,
    #[record(rename = "delta_reserved")]
    pub(crate) reserved: i64,
    pub(crate) reference: &'a str,
}

/// A row of the ledger that is added: the change that led to a version.
#[derive(Clone, Copy, Debug, Insert)]
pub(crate) struct Noted<'a> {
    pub(crate) sku: &'a str,
    pub(crate) version: i64,
    #[record(flatten)]
    pub(crate) change: Change<'a>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) at: DateTime<Utc>,
}

/// Units of a SKU that an order asks for.
#[derive(Clone, Copy, Debug, Insert)]
struct Wanted<'a> {
    sku: &'a str,
    quantity: i64,
    variant_id: Option<Uuid>,
}

/// By how much the counts of a SKU change.
#[derive(Clone, Copy, Debug, Insert)]
pub(crate) struct Step<'a> {
    pub(crate) sku: &'a str,
    pub(crate) on_hand: i64,
    pub(crate) allocated: i64,
    pub(crate) reserved: i64,
}

pub(crate) async fn find(db: impl Session<'_>, sku: &str) -> Result<Option<Stock>> {
    db.query(sql!("SELECT {Stock.*} FROM stock WHERE sku = {sku}")).optional().await
}

/// The stock of a SKU, and nobody changes it before this transaction ends.
pub(crate) async fn find_locked(tx: &mut Tx, sku: &str) -> Result<Option<Stock>> {
    Ok(lock(tx, &[sku]).await?.pop())
}

/// The stock of these SKUs, those that there are, by SKU; nobody changes it before this transaction
/// ends.
pub(crate) async fn lock(tx: &mut Tx, skus: &[&str]) -> Result<Vec<Stock>> {
    let lock = sql!(
        sqlite: "SELECT {Stock.*} FROM stock WHERE sku IN ({skus..}) ORDER BY sku",
        postgres: "SELECT {Stock.*} FROM stock WHERE sku IN ({skus..}) ORDER BY sku FOR UPDATE",
    );
    tx.query(lock).all().await
}

/// The stock of these SKUs, those that there are.
pub(crate) async fn of_skus(db: impl Session<'_>, skus: &[&str]) -> Result<Vec<Stock>> {
    db.query(sql!("SELECT {Stock.*} FROM stock WHERE sku IN ({skus..})")).all().await
}

/// Which stock is asked for; what is absent is no condition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only what can be sold out and has at most so many units available.
    pub(crate) low: Option<i64>,
    pub(crate) product: Option<Uuid>,
    /// Part of a SKU or of the product's title, whatever its case.
    pub(crate) text: Option<String>,
}

/// A stock with what it is of.
#[derive(Clone, Debug, Record)]
pub(crate) struct Listed {
    #[record(flatten)]
    pub(crate) stock: Stock,
    pub(crate) product_slug: String,
    pub(crate) product_title: String,
    pub(crate) product_status: Status,
    pub(crate) variant_title: String,
}

/// Stock by SKU, from after `after` on.
pub(crate) async fn list(
    db: impl Session<'_>,
    filter: &Filter,
    after: &str,
    limit: i64,
) -> Result<Vec<Listed>> {
    let of = "stock s JOIN products p ON p.id = s.product_id JOIN variants v ON v.sku = s.sku";
    let mut list = filter.of(of);
    list.compare("s.sku", ">", Some(after.to_owned())).order("s.sku").limit(limit);
    let what = "p.slug AS product_slug, p.title AS product_title, p.status AS product_status,
                v.title AS variant_title";
    list.columns(db, &format!("s.*, {what}")).all().await
}

/// How many there are.
pub(crate) async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    filter.of("stock s JOIN products p ON p.id = s.product_id").count(db).await
}

impl Filter {
    fn of(&self, from: &str) -> Select {
        let mut list = Select::from(from);
        if let Some(low) = self.low {
            let low = list.bind(low);
            list.filter(format!(
                "s.policy = 'deny' AND s.on_hand - s.allocated - s.reserved <= {low}"
            ));
        }
        list.equal("s.product_id", self.product);
        if let Some(text) = &self.text {
            let text = list.bind(containing(&text.to_lowercase()));
            list.filter(format!(
                r"(lower(s.sku) LIKE {text} ESCAPE '\' OR p.title_key LIKE {text} ESCAPE '\')"
            ));
        }
        list
    }
}

/// The ledger of a SKU, newest first, from before version `before` on.
pub(crate) async fn ledger(
    db: impl Session<'_>,
    sku: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>> {
    let ledger = sql!(
        "SELECT {Entry.*} FROM stock_ledger WHERE sku = {sku} AND version < {before}
         ORDER BY version DESC LIMIT {limit}"
    );
    db.query(ledger).all().await
}

/// Reserves the units of these lines, at least one, if the policy allows; of a SKU whose policy
/// does not, or does not count, and of one that is not there, no stock is returned. All are locked,
/// in the order of their SKUs.
pub(crate) async fn reserve_all(
    tx: &mut Tx,
    lines: &[&StockLine],
    now: DateTime<Utc>,
) -> Result<Vec<Stock>> {
    let wanted = lines.iter().map(|it| Wanted {
        sku: &it.sku,
        quantity: it.quantity,
        variant_id: it.variant_id,
    });
    let wanted: Vec<Wanted<'_>> = wanted.collect();
    let reserve = sql!(
        sqlite: "WITH wanted ({Wanted.*}) AS (VALUES {wanted..*})
                 UPDATE stock SET reserved = reserved + wanted.quantity, version = version + 1,
                                  updated_at = {now}
                 FROM wanted
                 WHERE stock.sku = wanted.sku
                       AND (wanted.variant_id IS NULL OR stock.variant_id = wanted.variant_id)
                       AND policy <> 'untracked'
                       AND (policy = 'continue'
                            OR on_hand - allocated - reserved >= wanted.quantity)
                 RETURNING stock.{Stock.*}",
        postgres: "WITH wanted ({Wanted.*}) AS (VALUES {wanted..*}),
                   locked AS MATERIALIZED (
                       SELECT s.sku FROM stock s JOIN wanted ON wanted.sku = s.sku
                       ORDER BY s.sku FOR NO KEY UPDATE OF s)
                   UPDATE stock SET reserved = reserved + wanted.quantity, version = version + 1,
                                    updated_at = {now}
                   FROM wanted JOIN locked ON locked.sku = wanted.sku
                   WHERE stock.sku = wanted.sku
                         AND (wanted.variant_id IS NULL OR stock.variant_id = wanted.variant_id)
                         AND policy <> 'untracked'
                         AND (policy = 'continue'
                              OR on_hand - allocated - reserved >= wanted.quantity)
                   RETURNING stock.{Stock.*}",
    );
    tx.query(reserve).all().await
}

/// Reserves the units of one line.
#[cfg(test)]
pub(crate) async fn reserve(
    tx: &mut Tx,
    line: &StockLine,
    now: DateTime<Utc>,
) -> Result<Option<Stock>> {
    Ok(reserve_all(tx, &[line], now).await?.pop())
}

/// Changes the counts of SKUs, at least one; returns their stock, without those that are gone. All
/// are locked, in the order of their SKUs.
pub(crate) async fn add_all(
    tx: &mut Tx,
    steps: &[Step<'_>],
    now: DateTime<Utc>,
) -> Result<Vec<Stock>> {
    let add = sql!(
        sqlite: "WITH step ({Step.*}) AS (VALUES {steps..*})
                 UPDATE stock SET on_hand = stock.on_hand + step.on_hand,
                                  allocated = stock.allocated + step.allocated,
                                  reserved = stock.reserved + step.reserved,
                                  version = version + 1, updated_at = {now}
                 FROM step WHERE stock.sku = step.sku RETURNING stock.{Stock.*}",
        postgres: "WITH step ({Step.*}) AS (VALUES {steps..*}),
                   locked AS MATERIALIZED (
                       SELECT s.sku FROM stock s JOIN step ON step.sku = s.sku
                       ORDER BY s.sku FOR NO KEY UPDATE OF s)
                   UPDATE stock SET on_hand = stock.on_hand + step.on_hand,
                                    allocated = stock.allocated + step.allocated,
                                    reserved = stock.reserved + step.reserved,
                                    version = version + 1, updated_at = {now}
                   FROM step JOIN locked ON locked.sku = step.sku
                   WHERE stock.sku = step.sku RETURNING stock.{Stock.*}",
    );
    tx.query(add).all().await
}

/// The SKUs that variants have by now, without those that are gone: locked, in the order of the
/// SKUs.
pub(crate) async fn lock_variants(tx: &mut Tx, variants: &[Uuid]) -> Result<Vec<(Uuid, String)>> {
    loop {
        let lock = sql!(
            sqlite: "SELECT variant_id, sku FROM stock WHERE variant_id IN ({variants..})
                     ORDER BY sku",
            postgres: "SELECT variant_id, sku FROM stock WHERE variant_id IN ({variants..})
                       ORDER BY sku FOR NO KEY UPDATE",
        );
        let found: Vec<(Uuid, String)> = tx.query(lock).all().await?;
        // On PostgreSQL one whose SKU has just been changed is another row, which a statement
        // that waited for the change does not see; a fresh look does.
        if found.len() == variants.len() || found.len() == count_of(tx, variants).await? {
            return Ok(found);
        }
    }
}

async fn count_of(tx: &mut Tx, variants: &[Uuid]) -> Result<usize> {
    let find = sql!("SELECT variant_id FROM stock WHERE variant_id IN ({variants..})");
    Ok(tx.query(find).all::<(Uuid,)>().await?.len())
}

/// Adds rows to the ledger.
pub(crate) async fn note(tx: &mut Tx, noted: &[Noted<'_>]) -> Result<()> {
    for noted in noted.chunks(PART) {
        let note = sql!("INSERT INTO stock_ledger ({Noted.*}) VALUES {noted..*}");
        tx.query(note).execute().await?;
    }
    Ok(())
}

/// Sets the count and the policy of a stock that was found locked.
pub(crate) async fn set(
    tx: &mut Tx,
    sku: &str,
    (policy, on_hand): (Policy, i64),
    now: DateTime<Utc>,
) -> Result<Stock> {
    let set = sql!(
        "UPDATE stock SET on_hand = {on_hand}, policy = {policy}, version = version + 1,
                          updated_at = {now}
         WHERE sku = {sku} RETURNING {Stock.*}"
    );
    tx.query(set).one().await
}

/// What a variant's stock begins with. Units are allocated already where its SKU was renamed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) policy: Policy,
    pub(crate) on_hand: i64,
    pub(crate) allocated: i64,
}

/// Adds the stock of a new SKU. Its versions go on where an earlier stock of that name ended.
pub(crate) async fn insert(
    tx: &mut Tx,
    variant: &Variant,
    opening: Opening,
    now: DateTime<Utc>,
) -> Result<Stock> {
    let Variant { sku, product_id, id, .. } = variant;
    let Opening { policy, on_hand, allocated } = opening;
    let insert = sql!(
        "INSERT INTO stock (sku, product_id, variant_id, policy, on_hand, allocated, reserved,
                            version, updated_at)
         VALUES ({sku}, {product_id}, {id}, {policy}, {on_hand}, {allocated}, 0,
                 (SELECT COALESCE(MAX(version), 0) + 1 FROM stock_ledger WHERE sku = {sku}), {now})
         RETURNING {Stock.*}"
    );
    tx.query(insert).one().await
}

/// Removes the stock of a SKU of which nothing is reserved; none where something is.
pub(crate) async fn delete(tx: &mut Tx, sku: &str) -> Result<Option<Stock>> {
    let delete = sql!("DELETE FROM stock WHERE sku = {sku} AND reserved = 0 RETURNING {Stock.*}");
    tx.query(delete).optional().await
}

/// Units that files of one export, in which a SKU had `at_export`, have added to it so far.
pub(crate) async fn added_by(
    db: impl Session<'_>,
    sku: &str,
    reference: &str,
    at_export: i64,
) -> Result<i64> {
    // A SKU that was deleted since started over.
    let added = sql!(
        "SELECT CAST(COALESCE(SUM(CASE WHEN kind = 'created' THEN delta_on_hand - {at_export}
                                       ELSE delta_on_hand END), 0) AS BIGINT)
         FROM stock_ledger
         WHERE sku = {sku} AND reference = {reference} AND kind IN ('created', 'adjust')
               AND version >= (SELECT COALESCE(MAX(version), 0) FROM stock_ledger
                               WHERE sku = {sku} AND kind IN ('created', 'adjust')
                                     AND kind = 'created')"
    );
    let (units,) = db.query(added).one().await?;
    Ok(units)
}
