//! What orders does when payments tells that a payment moved: wakes the saga that waits for it,
//! and takes over refunds that staff made. And what it forgets when identity tells that a user is
//! gone.

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::identity::UserDeleted;
use contracts::payments::{Payment, PaymentUpdated, Status as Paid};
use futures::future::BoxFuture;

use crate::model::{PaymentStatus, Status, Step};
use crate::{App, store};

/// Listens to `payment.updated`.
pub(crate) struct Payments(pub App);

impl Handler for Payments {
    fn types(&self) -> &'static [&'static str] {
        &[PaymentUpdated::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let PaymentUpdated { payment } = event.data()?;
            match payment.status {
                Paid::PartiallyRefunded | Paid::Refunded => self.refunded(tx, &payment).await?,
                _ => {
                    let now = self.0.clock.now();
                    if store::wake(&mut *tx, payment.order_id, now).await? > 0 {
                        tx.wakes(&self.0.due);
                    }
                }
            }
            Ok(())
        })
    }
}

/// Forgets the e-mail addresses of deleted users.
pub(crate) struct Users;

impl Handler for Users {
    fn types(&self) -> &'static [&'static str] {
        &[UserDeleted::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let UserDeleted { user_id } = event.data()?;
            Ok(store::forget_email(tx, user_id).await?)
        })
    }
}

impl Payments {
    /// An order whose saga is done has been refunded by hand; another's saga does it itself, except
    /// one that has just asked whether the money came: it may have heard older news.
    async fn refunded(&self, tx: &mut Tx, payment: &Payment) -> Result<(), Failure> {
        let Some(mut order) = store::find(&mut *tx, payment.order_id).await? else { return Ok(()) };
        let saga = store::saga(&mut *tx, order.id).await?;
        let status = PaymentStatus::from(payment.status);
        let step = saga.map_or(Step::Done, |it| it.step);
        let news = order.payment_status != status || payment.refunded > order.refunded;
        if !news
            || order.payment_status == PaymentStatus::Refunded
            || order.payment_id != Some(payment.id)
        {
            return Ok(());
        }
        match step {
            Step::Done | Step::Ship => {}
            Step::Capture => return Err(crate::problems::order_changed().into()),
            _ => return Ok(()),
        }
        let from = order.status;
        order.payment_status = status;
        order.refunded = payment.refunded;
        if status == PaymentStatus::Refunded && from != Status::Cancelled {
            order.status = Status::Refunded;
        }
        let lines = store::lines(&mut *tx, order.id).await?;
        let now = self.0.clock.now();
        match store::save_order(tx, &mut order, from, &lines, now).await? {
            true => Ok(()),
            // Somebody changed the order meanwhile: the inbox tries again.
            false => Err(crate::problems::order_changed().into()),
        }
    }
}
