//! The sandbox's records, for `cartwright check`.

use chassis::db::Db;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::store;
use crate::provider::{ChargeRecord, ChargeRecords, RecordsError};

pub(super) struct SandboxRecords(pub(super) Db);

impl ChargeRecords for SandboxRecords {
    fn page(
        &self,
        after: Uuid,
        limit: i64,
    ) -> BoxFuture<'_, Result<Vec<ChargeRecord>, RecordsError>> {
        Box::pin(async move {
            let booked = |it: store::Charge| ChargeRecord {
                key: it.id,
                state: it.state,
                captured: it.captured,
                refunded: it.refunded,
            };
            Ok(store::page(&self.0, after, limit).await?.into_iter().map(booked).collect())
        })
    }

    fn faults(&self) -> BoxFuture<'_, Result<Vec<String>, RecordsError>> {
        Box::pin(async move {
            let line = |(id,)| {
                format!("sandbox charge {id} refunded another amount than its refunds come to")
            };
            Ok(store::refunds_that_disagree(&self.0).await?.into_iter().map(line).collect())
        })
    }
}
