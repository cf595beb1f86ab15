//! The one place where what a provider knows of a charge changes a payment, whoever brings the news:
//! the answer to a request, a look-up, or a webhook. News comes late, twice and in any order, and
//! ends the same way: a payment only moves forward.

use chassis::db::Json;

use super::{Kind, Payment, Status};
use crate::provider::{ChargeRefund, ChargeSnapshot, ChargeState, Refusal};

/// What the provider answered a request: what there is now, or that it refused.
pub(crate) type Answer = Result<Reply, Refusal>;

/// What there is after a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    Charge(Box<ChargeSnapshot>),
    Refund(ChargeRefund),
}

/// What news changes besides the payment itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The amount that moved from the customer to the shop.
    pub(crate) moved: i64,
    pub(crate) next: Option<Next>,
}

/// What has to be done because of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// What is held, or could still be confirmed, is released.
    Void,
    /// Money that came in spite of everything goes back.
    Refund,
}

impl Payment {
    /// Takes in the answer to a request that is no refund.
    pub(crate) fn settle(&mut self, kind: Kind, answer: &Answer) -> Change {
        match answer {
            Ok(Reply::Charge(charge)) => self.merge(charge),
            Ok(Reply::Refund(_)) => Change::default(),
            Err(Refusal(reason)) => self.refused(kind, reason),
        }
    }

    /// Takes in how the charge stands at the provider.
    pub(crate) fn merge(&mut self, charge: &ChargeSnapshot) -> Change {
        let known = self.reference.is_some();
        let reference = self.reference.get_or_insert_with(|| charge.reference.clone());
        if *reference != charge.reference {
            return Change::default();
        }
        let reason = charge.reason.as_deref();
        match charge.state {
            ChargeState::RequiresAction => self.requires_action(charge),
            ChargeState::Processing => self.processing(charge),
            ChargeState::Authorized => self.authorized(charge),
            ChargeState::Captured => self.captured(charge.captured),
            ChargeState::Declined => self.declined(reason.unwrap_or("declined"), known),
            ChargeState::Voided => self.voided(reason),
        }
    }

    /// The provider said no, and asked again it says the same.
    fn refused(&mut self, kind: Kind, reason: &str) -> Change {
        match (kind, self.status) {
            (Kind::Authorize | Kind::Confirm, _) | (Kind::Capture, Status::Capturing) => {
                self.declined(reason, self.reference.is_some())
            }
            // A provider that refuses to void holds nothing any more: nothing was captured before.
            (Kind::Void, _) => self.voided(Some(reason)),
            (Kind::Capture | Kind::Refund, _) => Change::default(),
        }
    }

    fn requires_action(&mut self, charge: &ChargeSnapshot) -> Change {
        match self.status {
            Status::Pending | Status::RequiresAction => {
                self.status = Status::RequiresAction;
                self.next_action = charge.action.clone().map(Json);
                self.hold_minutes = charge.hold_minutes.map(i64::from);
                Change::default()
            }
            _ => self.unwanted(),
        }
    }

    fn processing(&mut self, charge: &ChargeSnapshot) -> Change {
        if matches!(self.status, Status::Pending | Status::RequiresAction) {
            self.status = Status::Processing;
            self.next_action = None;
            self.hold_minutes = charge.hold_minutes.map(i64::from);
        }
        // A void waits for the decision; what was declined has another charge's news.
        Change::default()
    }

    fn authorized(&mut self, charge: &ChargeSnapshot) -> Change {
        match self.status {
            Status::Pending | Status::RequiresAction | Status::Processing => {
                self.status = Status::Authorized;
                self.forget_waits();
                self.capture_before = charge.capture_before;
                Change::default()
            }
            _ => self.unwanted(),
        }
    }

    fn captured(&mut self, amount: i64) -> Change {
        let late = matches!(self.status, Status::Declined | Status::Voided);
        if self.is_captured() {
            return Change::default();
        }
        self.status = Status::Captured;
        self.captured = amount;
        self.reason = None;
        self.forget_waits();
        Change { moved: amount, next: late.then_some(Next::Refund) }
    }

    /// `known`: whether the provider has a charge that could still be paid, by a customer who was
    /// asked for something and answers after the shop has given up.
    fn declined(&mut self, reason: &str, known: bool) -> Change {
        match self.status {
            Status::Pending | Status::RequiresAction | Status::Processing | Status::Capturing => {
                self.status = Status::Declined
            }
            Status::Voiding => self.status = Status::Voided,
            _ => return Change::default(),
        }
        self.reason = Some(reason.to_owned());
        self.forget_waits();
        Change { moved: 0, next: known.then_some(Next::Void) }
    }

    fn voided(&mut self, reason: Option<&str>) -> Change {
        if matches!(self.status, Status::Declined | Status::Voided) || self.is_captured() {
            return Change::default();
        }
        self.status = Status::Voided;
        self.reason = reason.map(str::to_owned).or(self.reason.take());
        self.forget_waits();
        Change::default()
    }

    /// News of a charge that could still be paid, for a payment that may be at its end.
    fn unwanted(&self) -> Change {
        let over = [Status::Voiding, Status::Voided, Status::Declined].contains(&self.status);
        Change { moved: 0, next: over.then_some(Next::Void) }
    }

    /// Nobody is waited for any more: neither the customer, nor a bank, nor a capture.
    fn forget_waits(&mut self) {
        self.next_action = None;
        self.hold_minutes = None;
        self.capture_before = None;
    }
}

impl Kind {
    /// Whether what the provider has now answers an earlier request of this kind; none if the
    /// request had no effect yet.
    pub(crate) fn answered_by(self, charge: &ChargeSnapshot) -> bool {
        use ChargeState::*;
        match self {
            Self::Authorize => true,
            Self::Confirm => charge.state != RequiresAction,
            Self::Capture => matches!(charge.state, Captured | Declined | Voided),
            Self::Void => matches!(charge.state, Captured | Declined | Voided),
            Self::Refund => false,
        }
    }

    /// Whether a charge is what a request of this kind wanted.
    pub(crate) fn achieved(self, answer: &Answer) -> bool {
        use ChargeState::*;
        match answer {
            Err(_) => false,
            Ok(Reply::Refund(refund)) => refund.failure.is_none(),
            Ok(Reply::Charge(charge)) => match self {
                Self::Authorize | Self::Confirm => !matches!(charge.state, Declined | Voided),
                Self::Capture => charge.state == Captured,
                Self::Void => matches!(charge.state, Declined | Voided),
                Self::Refund => false,
            },
        }
    }
}

#[cfg(test)]
mod tests;
