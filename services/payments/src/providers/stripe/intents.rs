//! Authorizing, capturing and voiding: payment intents, confirmed on the server with what the
//! customer has entered into the Payment Element.

use chassis::id;
use uuid::Uuid;

use super::client::{ApiError, Done, Form};
use super::declines::{self, reason};
use super::lookup::{INTENTS, intent_path};
use super::objects::{ErrorBody, IntentStatus, ORDER_ID, PAYMENT_ID, PaymentIntent};
use super::{Stripe, amounts, failed, is_id, refused, refused_for};
use crate::provider::{Authorization, Charge, ChargeSnapshot, ChargeState, Failure};

/// The methods that can hold an amount, which is asked of each by itself. With one capture method
/// for the whole intent Stripe would hide those that cannot; they take the money at once.
pub(super) const MANUAL_CAPTURE: [&str; 10] = [
    "affirm",
    "afterpay_clearpay",
    "amazon_pay",
    "card",
    "cashapp",
    "klarna",
    "link",
    "mobilepay",
    "paypal",
    "revolut_pay",
];

/// How a method that is not listed there takes the money.
pub(super) const CAPTURE_METHOD: &str = "automatic";

impl Stripe {
    pub(super) async fn authorize(
        &self,
        key: Uuid,
        request: &Authorization,
    ) -> Result<ChargeSnapshot, Failure> {
        let form = self.authorization(key, request)?;
        match self.client.post(INTENTS, key, &form).await {
            Ok(done) => self.done(done).await,
            Err(ApiError::Declined(error)) => self.declined(&error, declines::decline),
            Err(ApiError::Refused(error)) => self.declined(&error, declines::refusal),
            Err(error) => {
                if let ApiError::Unknown { ended: true, .. } = error {
                    self.used.ended(key, self.clock.now());
                }
                Err(failed("an authorisation", error))
            }
        }
    }

    /// The parameters of an authorisation. They are the same whenever it is asked again.
    fn authorization(&self, key: Uuid, request: &Authorization) -> Result<Form, Failure> {
        let means = means(request).ok_or_else(|| refused(reason::INVALID_TOKEN))?;
        let amount = self.amount(request.amount, &request.currency)?;
        let mut form = means
            .with("amount", amount)
            .with("currency", amounts::code(&request.currency))
            .with("confirm", true)
            .with("return_url", &request.return_url)
            .with("use_stripe_sdk", true)
            .with("automatic_payment_methods[enabled]", true)
            .with("capture_method", CAPTURE_METHOD)
            .with("expand[]", "latest_charge")
            .with_nested(&["metadata", PAYMENT_ID], key)
            .with_nested(&["metadata", "order_number"], &request.order_number);
        if let Some(order) = request.order_id {
            form = form.with_nested(&["metadata", ORDER_ID], order);
        }
        for method in MANUAL_CAPTURE {
            form =
                form.with_nested(&["payment_method_options", method, "capture_method"], "manual");
        }
        let suffix = &self.config.statement_descriptor_suffix;
        if !suffix.is_empty() {
            form = form.with("statement_descriptor_suffix", suffix);
        }
        Ok(form)
    }

    /// What an error says of the intent it is about, if one was made.
    fn declined(
        &self,
        error: &ErrorBody,
        why: fn(&ErrorBody) -> &'static str,
    ) -> Result<ChargeSnapshot, Failure> {
        let Some(intent) = &error.payment_intent else {
            return Err(refused_for("an authorisation", error, why(error)));
        };
        let mut snapshot = self.snapshot(intent)?;
        if snapshot.state == ChargeState::Declined {
            snapshot.reason = Some(declines::decline(error).to_owned());
        }
        Ok(snapshot)
    }

    /// What has become of it. The customer has dealt with Stripe or a bank, not with the shop.
    pub(super) async fn resume(&self, charge: &Charge) -> Result<ChargeSnapshot, Failure> {
        self.snapshot(&self.existing(charge).await?)
    }

    pub(super) async fn capture(
        &self,
        key: Uuid,
        charge: &Charge,
        amount: i64,
    ) -> Result<ChargeSnapshot, Failure> {
        let reference = self.reference(charge).await?;
        let amount = self.amount(amount, &charge.currency)?;
        let form =
            Form::default().with("amount_to_capture", amount).with("expand[]", "latest_charge");
        self.change(key, &reference, "/capture", &form).await
    }

    pub(super) async fn void(&self, key: Uuid, charge: &Charge) -> Result<ChargeSnapshot, Failure> {
        let intent = match self.find(charge).await? {
            Some(intent) => intent,
            None => self.claim(charge).await?,
        };
        if matches!(intent.status, IntentStatus::Canceled | IntentStatus::Succeeded) {
            return self.snapshot(&intent);
        }
        let form = Form::default().with("expand[]", "latest_charge");
        self.change(key, &intent.id, "/cancel", &form).await
    }

    /// Captures or cancels an intent, and answers with it as it is then. Neither can happen twice:
    /// one that is refused may have happened before, or the other was faster.
    async fn change(
        &self,
        key: Uuid,
        reference: &str,
        action: &str,
        form: &Form,
    ) -> Result<ChargeSnapshot, Failure> {
        let path = intent_path(reference, action)?;
        let mut result = self.client.post::<PaymentIntent>(&path, key, form).await;
        if let Err(ApiError::Unknown { ended: true, .. }) = result {
            // The key gives that answer for a day.
            result = self.client.post(&path, id::new(), form).await;
        }
        let error = match result {
            Ok(done) => return self.done(done).await,
            Err(ApiError::Refused(error) | ApiError::Declined(error)) => error,
            Err(error) => return Err(failed("a capture or a void", error)),
        };
        let snapshot = self.snapshot(&self.read(reference).await?)?;
        match snapshot.state {
            ChargeState::Authorized | ChargeState::RequiresAction => {
                Err(refused_for("a capture or a void", &error, declines::refusal(&error)))
            }
            _ => Ok(snapshot),
        }
    }

    /// The intent as it is now: what is replayed is as it was when it was done.
    async fn done(&self, done: Done<PaymentIntent>) -> Result<ChargeSnapshot, Failure> {
        match done {
            Done { object, replayed: false } => self.snapshot(&object),
            Done { object, replayed: true } => self.snapshot(&self.read(&object.id).await?),
        }
    }

    /// The intent of a payment that has one.
    async fn existing(&self, charge: &Charge) -> Result<PaymentIntent, Failure> {
        let found = self.find(charge).await?;
        found.ok_or_else(|| Failure::Unknown("Stripe has no intent of this payment".to_owned()))
    }

    pub(super) async fn reference(&self, charge: &Charge) -> Result<String, Failure> {
        match &charge.reference {
            Some(reference) => Ok(reference.clone()),
            None => Ok(self.existing(charge).await?.id),
        }
    }
}

/// What it is paid with: what was entered in the Payment Element, or what the customer has saved. An
/// intent's customer is the user's own, and Stripe refuses what is attached to another one
/// (<https://docs.stripe.com/api/payment_intents/object#payment_intent_object-customer>), at the
/// moment it is used. None if the token is neither.
fn means(request: &Authorization) -> Option<Form> {
    let (form, token) = (Form::default(), request.token.as_str());
    let customer = request.customer.as_deref();
    if is_id(token, "pm_") {
        return Some(form.with("customer", customer?).with("payment_method", token));
    }
    if !is_id(token, "ctoken_") {
        return None;
    }
    let form = form.with("confirmation_token", token);
    Some(match customer.filter(|_| request.save) {
        // As the Elements were made, which Stripe compares with it.
        Some(customer) => form.with("customer", customer).with("setup_future_usage", "on_session"),
        None => form,
    })
}
