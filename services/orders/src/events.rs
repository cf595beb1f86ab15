//! Events from payments wake the saga that waits for the payment, and book captures and refunds. Events
//! from identity say which addresses users have proven, and remove deleted users' data.

use chassis::db::Tx;
use chassis::inbox::{Failure, Handler};
use chassis::outbox::{Envelope, EventData};
use contracts::email;
use contracts::identity::{UserDeleted, UserEmailChanged, UserEmailVerified};
use contracts::orders::refund_of_cancel;
use contracts::payments::{LATE_CAPTURE, Payment, PaymentUpdated, Refunded, Status as Paid};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::model::{Order, Saga, Step};
use crate::refunds::{self, Booked};
use crate::{App, capture, problems, store};

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
            let PaymentUpdated { payment, refund, failed_refund } = event.data()?;
            if payment.disputed {
                store::set_disputed(&mut *tx, payment.order_id, payment.id).await?;
            }
            if let Some(refund) = failed_refund {
                self.refund_failed(tx, &payment, refund).await?;
            }
            capture::book(&self.0, tx, &payment).await?;
            match payment.status {
                Paid::PartiallyRefunded | Paid::Refunded => {
                    self.refunded(tx, &payment, refund).await?;
                }
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

/// Knows which addresses users have proven, and forgets those of deleted users.
pub(crate) struct Users(pub App);

impl Handler for Users {
    fn types(&self) -> &'static [&'static str] {
        &[UserEmailVerified::TYPE, UserEmailChanged::TYPE, UserDeleted::TYPE]
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        event: &'a Envelope,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let (version, now) = (event.sequence, self.0.clock.now());
            match event.kind.as_str() {
                UserEmailVerified::TYPE => {
                    let UserEmailVerified { user_id, email, .. } = event.data()?;
                    let email = email::normal(&email);
                    store::set_proven_email(tx, user_id, &email, version, now).await?;
                    tx.wakes(&self.0.proven);
                }
                UserEmailChanged::TYPE => {
                    let UserEmailChanged { user_id, .. } = event.data()?;
                    store::forget_proven_email(tx, user_id, version, now).await?;
                }
                _ => {
                    let UserDeleted { user_id } = event.data()?;
                    store::forget_proven_email(tx, user_id, version, now).await?;
                    store::delete_keys_of(tx, user_id).await?;
                    store::forget_email(tx, user_id).await?;
                }
            }
            Ok(())
        })
    }
}

impl Payments {
    /// Books a refund by staff, and has the saga put back what it says. What a cancelled order
    /// gives back is booked by its saga.
    async fn refunded(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        refund: Option<Refunded>,
    ) -> Result<(), Failure> {
        let order = store::find(&mut *tx, payment.order_id).await?;
        let saga = store::saga(&mut *tx, payment.order_id).await?;
        let Some((mut order, mut saga)) = order.zip(saga) else { return Ok(()) };
        let Some(refund) = refund.or_else(|| difference(&order, payment)) else { return Ok(()) };
        let elsewhere = order.payment_id != Some(payment.id) || refund.reason == LATE_CAPTURE;
        if elsewhere || refund.id == refund_of_cancel(order.id) {
            return Ok(());
        }
        if saga.step == Step::Capture {
            // It has just asked whether the money came, and may have heard older news.
            return Err(problems::order_changed().into());
        }
        let now = self.0.clock.now();
        let lines = store::lines(&mut *tx, order.id).await?;
        match refunds::book(tx, &mut order, &lines, &refund, now).await? {
            Booked::Before => return Ok(()),
            Booked::Lost => return Err(problems::order_changed().into()),
            Booked::Now => {}
        }
        self.hand_over(tx, &mut saga, &refund).await
    }

    /// Takes a refund off the order whose money came back.
    async fn refund_failed(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        refund: Uuid,
    ) -> Result<(), Failure> {
        let order = store::find(&mut *tx, payment.order_id).await?;
        let saga = store::saga(&mut *tx, payment.order_id).await?;
        let Some((mut order, mut saga)) = order.zip(saga) else { return Ok(()) };
        let now = self.0.clock.now();
        let lines = store::lines(&mut *tx, order.id).await?;
        match refunds::take_off(tx, &mut order, &lines, refund, now).await? {
            Booked::Before => return Ok(()),
            Booked::Lost => return Err(problems::order_changed().into()),
            Booked::Now => {}
        }
        // A saga on its way has read an order that is another now.
        if saga.step != Step::Done {
            (saga.tries, saga.due_at, saga.lease_until) = (0, now, now);
            if !store::save_saga(&mut *tx, &mut saga).await? {
                return Err(problems::order_changed().into());
            }
            tx.wakes(&self.0.due);
        }
        Ok(())
    }

    /// Sends the saga on, which has read an order that is another now: it puts back what the
    /// refund says, when it has come to rest.
    async fn hand_over(
        &self,
        tx: &mut Tx,
        saga: &mut Saga,
        refund: &Refunded,
    ) -> Result<(), Failure> {
        let wanted = refund.restock || refund.lines.iter().any(|it| it.restock);
        match saga.step {
            Step::Done if !wanted => return Ok(()),
            Step::Done => saga.step = Step::PutBack,
            _ => {}
        }
        let now = self.0.clock.now();
        (saga.tries, saga.due_at, saga.lease_until) = (0, now, now);
        if !store::save_saga(&mut *tx, saga).await? {
            return Err(problems::order_changed().into());
        }
        tx.wakes(&self.0.due);
        Ok(())
    }
}

/// A refund as it was told before the refund itself was: by what the payment has given back more.
fn difference(order: &Order, payment: &Payment) -> Option<Refunded> {
    let amount = payment.refunded - order.refunded;
    (amount > 0).then(|| Refunded {
        id: chassis::id::derive(payment.id, format!("refunded:{}", payment.refunded)),
        amount,
        reason: String::new(),
        staff: None,
        restock: false,
        lines: vec![],
    })
}
