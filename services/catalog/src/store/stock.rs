//! Stock and its ledger. Every statement that changes a count raises the version, and `note`
//! writes that version down: a change without its ledger row cannot be committed unseen, since
//! the audit compares the two.

use chassis::db::{Result, Session, Sql, Tx};
use chrono::{DateTime, Utc};
use contracts::catalog::StockLine;
use uuid::Uuid;

use crate::model::{Policy, Status, Stock, Variant};

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) kind: Kind,
    pub(crate) on_hand: i64,
    pub(crate) allocated: i64,
    pub(crate) reserved: i64,
    pub(crate) reference: &'a str,
}

pub(crate) async fn find(db: impl Session<'_>, sku: &str) -> Result<Option<Stock>> {
    db.query("SELECT * FROM stock WHERE sku = $1").bind(sku.to_owned()).optional().await
}

/// The stock of a SKU, and nobody changes it before this transaction ends.
pub(crate) async fn find_locked(tx: &mut Tx, sku: &str) -> Result<Option<Stock>> {
    const FIND: Sql = Sql {
        sqlite: "SELECT * FROM stock WHERE sku = $1",
        postgres: "SELECT * FROM stock WHERE sku = $1 FOR UPDATE",
    };
    tx.query(FIND).bind(sku.to_owned()).optional().await
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
#[derive(Clone, Debug, chassis::db::Record)]
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
    db.query(
        r"SELECT s.*, p.slug AS product_slug, p.title AS product_title, p.status AS product_status,
                 v.title AS variant_title
          FROM stock s JOIN products p ON p.id = s.product_id JOIN variants v ON v.sku = s.sku
          WHERE s.sku > $1
                AND ($2 IS NULL OR (s.policy = 'deny' AND s.on_hand - s.allocated - s.reserved <= $2))
                AND ($3 IS NULL OR s.product_id = $3)
                AND ($4 IS NULL OR lower(s.sku) LIKE $4 ESCAPE '\'
                     OR p.title_key LIKE $4 ESCAPE '\')
          ORDER BY s.sku LIMIT $5",
    )
    .bind(after.to_owned())
    .bind(filter.low)
    .bind(filter.product)
    .bind(filter.pattern())
    .bind(limit)
    .all()
    .await
}

/// How many there are.
pub(crate) async fn count(db: impl Session<'_>, filter: &Filter) -> Result<i64> {
    let count = db.query(
        r"SELECT count(*) FROM stock s JOIN products p ON p.id = s.product_id
          WHERE ($1 IS NULL OR (s.policy = 'deny' AND s.on_hand - s.allocated - s.reserved <= $1))
                AND ($2 IS NULL OR s.product_id = $2)
                AND ($3 IS NULL OR lower(s.sku) LIKE $3 ESCAPE '\'
                     OR p.title_key LIKE $3 ESCAPE '\')",
    );
    let count = count.bind(filter.low).bind(filter.product).bind(filter.pattern());
    Ok(count.one::<(i64,)>().await?.0)
}

impl Filter {
    /// The text for LIKE, in which it stands for itself.
    fn pattern(&self) -> Option<String> {
        let text = self.text.as_ref()?.to_lowercase();
        let text = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        Some(format!("%{text}%"))
    }
}

/// The ledger of a SKU, newest first, from before version `before` on.
pub(crate) async fn ledger(
    db: impl Session<'_>,
    sku: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>> {
    db.query(
        "SELECT version, kind, delta_on_hand, delta_allocated, delta_reserved, reference, reason, at
         FROM stock_ledger
         WHERE sku = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
    )
    .bind(sku.to_owned())
    .bind(before)
    .bind(limit)
    .all()
    .await
}

/// Reserves units if the policy allows; none where it does not, does not count, or there is no
/// such SKU.
pub(crate) async fn reserve(
    tx: &mut Tx,
    line: &StockLine,
    now: DateTime<Utc>,
) -> Result<Option<Stock>> {
    tx.query(
        "UPDATE stock SET reserved = reserved + $2, version = version + 1, updated_at = $3
         WHERE sku = $1 AND ($4 IS NULL OR variant_id = $4) AND policy <> 'untracked'
               AND (policy = 'continue' OR on_hand - allocated - reserved >= $2)
         RETURNING *",
    )
    .bind(line.sku.clone())
    .bind(line.quantity)
    .bind(now)
    .bind(line.variant_id)
    .optional()
    .await
}

/// Changes the counts of a SKU some of which is held, so that it cannot be renamed or removed;
/// none where it is gone all the same.
pub(crate) async fn add_held(
    tx: &mut Tx,
    sku: &str,
    change: &Change<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Stock>> {
    let add = tx.query(
        "UPDATE stock SET on_hand = on_hand + $2, allocated = allocated + $3,
                reserved = reserved + $4, version = version + 1, updated_at = $5
         WHERE sku = $1 RETURNING *",
    );
    add.bind(sku.to_owned())
        .bind(change.on_hand)
        .bind(change.allocated)
        .bind(change.reserved)
        .bind(now)
        .optional()
        .await
}

/// Changes the counts of a variant, whatever its SKU is by now; none where it is gone.
pub(crate) async fn add(
    tx: &mut Tx,
    variant: Uuid,
    change: &Change<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Stock>> {
    loop {
        let add = tx.query(
            "UPDATE stock SET on_hand = on_hand + $2, allocated = allocated + $3,
                    reserved = reserved + $4, version = version + 1, updated_at = $5
             WHERE variant_id = $1 RETURNING *",
        );
        let changed: Option<Stock> = add
            .bind(variant)
            .bind(change.on_hand)
            .bind(change.allocated)
            .bind(change.reserved)
            .bind(now)
            .optional()
            .await?;
        // On PostgreSQL one whose SKU has just been changed is another row, which a statement
        // that waited for the change does not see; a fresh look does.
        if changed.is_some() || !is_there(tx, variant).await? {
            return Ok(changed);
        }
    }
}

async fn is_there(tx: &mut Tx, variant: Uuid) -> Result<bool> {
    let find = tx.query("SELECT sku FROM stock WHERE variant_id = $1");
    Ok(find.bind(variant).optional::<(String,)>().await?.is_some())
}

/// Sets the count and the policy of a stock that was found locked.
pub(crate) async fn set(
    tx: &mut Tx,
    sku: &str,
    (policy, on_hand): (Policy, i64),
    now: DateTime<Utc>,
) -> Result<Stock> {
    tx.query(
        "UPDATE stock SET on_hand = $2, policy = $3, version = version + 1, updated_at = $4
         WHERE sku = $1 RETURNING *",
    )
    .bind(sku.to_owned())
    .bind(on_hand)
    .bind(policy.as_str())
    .bind(now)
    .one()
    .await
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
    tx.query(
        "INSERT INTO stock (sku, product_id, variant_id, policy, on_hand, allocated, reserved,
                            version, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0,
                 (SELECT COALESCE(MAX(version), 0) + 1 FROM stock_ledger WHERE sku = $1), $7)
         RETURNING *",
    )
    .bind(variant.sku.clone())
    .bind(variant.product_id)
    .bind(variant.id)
    .bind(opening.policy.as_str())
    .bind(opening.on_hand)
    .bind(opening.allocated)
    .bind(now)
    .one()
    .await
}

/// Removes the stock of a SKU of which nothing is reserved; none where something is.
pub(crate) async fn delete(tx: &mut Tx, sku: &str) -> Result<Option<Stock>> {
    let delete = tx.query("DELETE FROM stock WHERE sku = $1 AND reserved = 0 RETURNING *");
    delete.bind(sku.to_owned()).optional().await
}

/// Units that files of one export, in which a SKU had `at_export`, have added to it so far.
pub(crate) async fn added_by(
    db: impl Session<'_>,
    sku: &str,
    reference: &str,
    at_export: i64,
) -> Result<i64> {
    // A SKU that was deleted since began anew.
    let added = db.query(
        "SELECT CAST(COALESCE(SUM(CASE WHEN kind = 'created' THEN delta_on_hand - $3
                                       ELSE delta_on_hand END), 0) AS BIGINT)
         FROM stock_ledger
         WHERE sku = $1 AND reference = $2 AND kind IN ('created', 'adjust')
               AND version >= (SELECT COALESCE(MAX(version), 0) FROM stock_ledger
                               WHERE sku = $1 AND kind IN ('created', 'adjust')
                                     AND kind = 'created')",
    );
    let added = added.bind(sku.to_owned()).bind(reference.to_owned()).bind(at_export);
    Ok(added.one::<(i64,)>().await?.0)
}

/// Writes down a change that led to `version`.
pub(crate) async fn note(
    tx: &mut Tx,
    sku: &str,
    version: i64,
    (change, reason): (Change<'_>, Option<&str>),
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "INSERT INTO stock_ledger (sku, version, kind, delta_on_hand, delta_allocated,
                                   delta_reserved, reference, at, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(sku.to_owned())
    .bind(version)
    .bind(change.kind.as_str())
    .bind(change.on_hand)
    .bind(change.allocated)
    .bind(change.reserved)
    .bind(change.reference.to_owned())
    .bind(now)
    .bind(reason.map(str::to_owned))
    .execute()
    .await
    .map(drop)
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Removed => "removed",
            Self::Set => "set",
            Self::Adjust => "adjust",
            Self::Reserve => "reserve",
            Self::Commit => "commit",
            Self::Ship => "ship",
            Self::Release => "release",
            Self::Expire => "expire",
            Self::Restock => "restock",
            Self::Migrated => "migrated",
        }
    }
}
