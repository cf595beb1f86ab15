//! Which customers of providers the users are, and the queue of those that are to be deleted there.

use chassis::db::{Result, Session, Tx, sql};
use chassis::id;
use chassis::queue::{Due, Queue, Table};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A customer of a provider who is deleted there. It has no end but an answer.
pub(crate) static CUSTOMERS: Queue = Queue::new(Table {
    name: "payments.customers",
    table: "customers",
    key: "id",
    columns: "*",
    open: "remove_at IS NOT NULL",
    due: Due::At("remove_at"),
    order: "remove_at",
    claimed: "",
    hurried: "remove_at IS NOT NULL",
    dead: None,
    longest: Some(TimeDelta::hours(2)),
});

/// The customer a user is at a provider.
#[derive(Clone, Debug, PartialEq, Eq, chassis::db::Record)]
#[record(table = "customers", key("id"))]
pub(crate) struct Customer {
    /// The key under which the provider makes it once.
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) provider: String,
    /// The provider's name for it.
    pub(crate) reference: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// When the user was deleted.
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    /// How often it could not be deleted at the provider.
    pub(crate) attempts: i64,
    pub(crate) fence: i64,
}

impl Customer {
    fn new(user_id: Uuid, provider: &str, now: DateTime<Utc>) -> Self {
        Self {
            id: id::derive(user_id, format!("customer:{provider}")),
            user_id,
            provider: provider.to_owned(),
            reference: None,
            created_at: now,
            deleted_at: None,
            attempts: 0,
            fence: 0,
        }
    }
}

/// The customers a user is.
pub(crate) async fn customers(db: impl Session<'_>, user: Uuid) -> Result<Vec<Customer>> {
    let all = sql!("SELECT {Customer.*} FROM customers WHERE user_id = {user} ORDER BY provider");
    db.query(all).all().await
}

/// The customer a user is at a provider.
pub(crate) async fn customer(
    db: impl Session<'_>,
    user: Uuid,
    provider: &str,
) -> Result<Option<Customer>> {
    let find =
        sql!("SELECT {Customer.*} FROM customers WHERE user_id = {user} AND provider = {provider}");
    db.query(find).optional().await
}

/// Notes that a provider is going to be asked for a customer, unless that is noted already.
pub(crate) async fn intend_customer(
    db: impl Session<'_>,
    user: Uuid,
    provider: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    db.insert_new(&Customer::new(user, provider, now)).execute().await.map(drop)
}

/// Notes what the provider calls a customer.
pub(crate) async fn name_customer(db: impl Session<'_>, id: Uuid, reference: &str) -> Result<()> {
    let name =
        sql!("UPDATE customers SET reference = {reference} WHERE id = {id} AND reference IS NULL");
    db.query(name).execute().await.map(drop)
}

/// Forgets a customer the provider does not know any more: the next one has another key.
pub(crate) async fn forget_customer(db: impl Session<'_>, customer: &Customer) -> Result<()> {
    let (fresh, Customer { id, reference, .. }) = (id::new(), customer);
    let forget = sql!(
        "UPDATE customers SET id = {fresh}, reference = NULL
         WHERE id = {id} AND reference = {reference} AND deleted_at IS NULL"
    );
    db.query(forget).execute().await.map(drop)
}

/// Has the customers a deleted user is deleted, and notes for the providers in use that there is to
/// be none, should a request of theirs still be on its way.
pub(crate) async fn delete_customers(
    tx: &mut Tx,
    user: Uuid,
    providers: &[&str],
    now: DateTime<Utc>,
) -> Result<()> {
    let delete = sql!(
        "UPDATE customers SET deleted_at = {now}, remove_at = {now}
         WHERE user_id = {user} AND deleted_at IS NULL"
    );
    tx.query(delete).execute().await?;
    for provider in providers {
        let Customer { id, provider, .. } = &Customer::new(user, provider, now);
        // One may have come in between.
        let note = sql!(
            "INSERT INTO customers (id, user_id, provider, created_at, deleted_at, attempts)
             VALUES ({id}, {user}, {provider}, {now}, {now}, 0)
             ON CONFLICT (user_id, provider) DO UPDATE SET deleted_at = {now}, remove_at = {now}
             WHERE customers.deleted_at IS NULL"
        );
        tx.query(note).execute().await?;
    }
    Ok(())
}

/// Notes that a customer is gone at the provider.
pub(crate) async fn customer_is_gone(db: impl Session<'_>, customer: &Customer) -> Result<()> {
    let held = (customer.id, customer.fence);
    let gone = CUSTOMERS.finish(db, held, "remove_at = NULL, reference = NULL");
    gone.execute().await.map(drop)
}

/// Notes when a customer is tried to be deleted again.
pub(crate) async fn delete_customer_later(
    db: impl Session<'_>,
    customer: &Customer,
    now: DateTime<Utc>,
    retry_at: DateTime<Utc>,
) -> Result<()> {
    let held = (customer.id, customer.fence);
    let later = CUSTOMERS.release(db, held, (now, retry_at), "attempts = $5");
    later.bind(customer.attempts + 1).execute().await.map(drop)
}
