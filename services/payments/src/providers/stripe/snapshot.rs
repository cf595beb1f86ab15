//! A payment intent as the shop sees it.

use chassis::money::Currency;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::payments::NextAction;
use serde_json::{Map, Value};

use super::amounts;
use super::declines::{self, reason};
use super::objects::{IntentStatus, MethodDetails, PaymentIntent};
use crate::provider::{ChargeSnapshot, ChargeState, Failure};

const HOUR: u32 = 60;
const DAY: u32 = 24 * HOUR;
/// How long a bank may take to say whether a debit has arrived: within it even the slowest has.
const DEBIT: u32 = 14 * DAY;

/// For how many days a method holds an amount, where the charge itself does not say: all but cards.
/// <https://docs.stripe.com/payments/place-a-hold-on-a-payment-method>
const HELD_DAYS: [(&str, i64); 4] =
    [("affirm", 30), ("afterpay_clearpay", 13), ("klarna", 28), ("paypal", 10)];
const SHORTEST_HELD_DAYS: i64 = 7;

/// The intent at a moment, without its refunds and disputes.
pub(super) fn of(
    intent: &PaymentIntent,
    publishable_key: &str,
    now: DateTime<Utc>,
) -> Result<ChargeSnapshot, Failure> {
    let state = state(intent)?;
    let action = match state {
        ChargeState::RequiresAction => Some(action(intent, publishable_key)?),
        _ => None,
    };
    Ok(ChargeSnapshot {
        reference: intent.id.clone(),
        state,
        reason: why(intent, state),
        action,
        hold_minutes: hold_minutes(intent, state, now),
        capture_before: capture_before(intent).filter(|_| state == ChargeState::Authorized),
        captured: from_stripe(intent.amount_received, &intent.currency)?,
        refunds: Vec::new(),
        disputes: Vec::new(),
    })
}

/// An amount of Stripe's in the shop's minor units.
pub(super) fn from_stripe(amount: i64, currency: &str) -> Result<i64, Failure> {
    let code = currency.to_ascii_uppercase();
    let unreadable =
        |why: &str| Failure::Unknown(format!("{amount} {currency} of Stripe's: {why}"));
    let currency = Currency::try_from(code).map_err(|it| unreadable(&it.to_string()))?;
    amounts::from_stripe(amount, &currency).map_err(|it| unreadable(&it.to_string()))
}

pub(super) fn state(intent: &PaymentIntent) -> Result<ChargeState, Failure> {
    Ok(match intent.status {
        // Every intent of ours is confirmed as it is made, so it was tried and did not work. Nobody
        // tries it again: the next attempt is a payment of its own.
        IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation => {
            ChargeState::Declined
        }
        IntentStatus::RequiresAction => ChargeState::RequiresAction,
        IntentStatus::Processing => ChargeState::Processing,
        IntentStatus::RequiresCapture => ChargeState::Authorized,
        IntentStatus::Canceled => ChargeState::Voided,
        IntentStatus::Succeeded => ChargeState::Captured,
        IntentStatus::Unknown => {
            let cause = format!("{} has a status this version does not know", intent.id);
            return Err(Failure::Unknown(cause));
        }
    })
}

fn why(intent: &PaymentIntent, state: ChargeState) -> Option<String> {
    let reason = match state {
        ChargeState::Declined => {
            intent.last_payment_error.as_ref().map_or(reason::DECLINED, declines::decline)
        }
        ChargeState::Voided => match intent.cancellation_reason.as_deref()? {
            // Stripe releases what was not captured in time.
            "automatic" | "expired" => reason::EXPIRED,
            it @ ("abandoned" | "duplicate" | "fraudulent" | "requested_by_customer") => it,
            _ => return None,
        },
        _ => return None,
    };
    Some(reason.to_owned())
}

/// What the customer's browser has to do. Stripe.js knows every kind of action; a page of a bank or
/// a wallet needs none of it.
fn action(intent: &PaymentIntent, publishable_key: &str) -> Result<NextAction, Failure> {
    let unknown = |what: &str| Failure::Unknown(format!("{} has no {what}", intent.id));
    let next = intent.next_action.as_ref().ok_or_else(|| unknown("next action"))?;
    let redirect = next.redirect_to_url.as_ref().filter(|_| next.kind == "redirect_to_url");
    if let Some(url) = redirect.and_then(|it| it.url.as_ref()) {
        return Ok(NextAction::redirect(url.clone()));
    }
    let secret = intent.client_secret.as_ref().ok_or_else(|| unknown("client secret"))?;
    let data = [("client_secret", secret.as_str()), ("publishable_key", publishable_key)];
    let data = data.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Ok(NextAction { kind: "stripe".to_owned(), data: Map::from_iter(data) })
}

fn details(intent: &PaymentIntent) -> Option<&MethodDetails> {
    intent.charge()?.payment_method_details.as_ref()
}

/// Until when what is held can be captured.
fn capture_before(intent: &PaymentIntent) -> Option<DateTime<Utc>> {
    let details = details(intent)?;
    if let Some(card) = &details.card {
        return DateTime::from_timestamp(card.capture_before?, 0);
    }
    let listed = HELD_DAYS.iter().find(|it| it.0 == details.kind);
    let days = listed.map_or(SHORTEST_HELD_DAYS, |it| it.1);
    Some(DateTime::from_timestamp(intent.charge()?.created, 0)? + TimeDelta::days(days))
}

/// How long the order waits for the customer or the bank. None for a card: 3-D Secure takes no
/// longer than a shop gives.
fn hold_minutes(intent: &PaymentIntent, state: ChargeState, now: DateTime<Utc>) -> Option<u32> {
    match state {
        ChargeState::Processing => Some(match details(intent).map(|it| it.kind.as_str()) {
            Some("card" | "link") => HOUR,
            _ => DEBIT,
        }),
        ChargeState::RequiresAction => {
            let next = intent.next_action.as_ref()?;
            if let Some(end) = next.expires_at().and_then(|it| DateTime::from_timestamp(it, 0)) {
                let minutes = (end - now).num_minutes().clamp(1, i64::from(DEBIT));
                return u32::try_from(minutes).ok();
            }
            match next.kind.as_str() {
                "use_stripe_sdk" | "card_await_notification" => None,
                // Cash paid in a shop, a transfer made by hand, cents counted on a statement.
                "boleto_display_details"
                | "konbini_display_details"
                | "oxxo_display_details"
                | "multibanco_display_details" => Some(7 * DAY),
                "display_bank_transfer_instructions" | "verify_with_microdeposits" => Some(DEBIT),
                _ => Some(HOUR),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");

    fn snapshot(fields: Value) -> Result<ChargeSnapshot, Failure> {
        let mut intent = json!({
            "id": "pi_1", "status": "succeeded", "amount_received": 0, "currency": "eur",
            "client_secret": "pi_1_secret_hunter2",
        });
        for (name, value) in fields.as_object().expect("fields") {
            intent[name] = value.clone();
        }
        of(&serde_json::from_value(intent).expect("an intent"), "pk_test_abc", NOW)
    }

    fn known(fields: Value) -> ChargeSnapshot {
        snapshot(fields).expect("known")
    }

    #[test]
    fn every_status_is_a_state_of_the_charge() {
        for (status, state) in [
            ("requires_payment_method", ChargeState::Declined),
            ("requires_confirmation", ChargeState::Declined),
            ("processing", ChargeState::Processing),
            ("requires_capture", ChargeState::Authorized),
            ("canceled", ChargeState::Voided),
            ("succeeded", ChargeState::Captured),
        ] {
            assert_eq!(known(json!({ "status": status })).state, state, "{status}");
        }
        for unreadable in
            [json!({ "status": "new" }), json!({ "currency": "€", "status": "canceled" })]
        {
            assert!(matches!(snapshot(unreadable), Err(Failure::Unknown(_))));
        }
        let yen = json!({ "status": "succeeded", "amount_received": 500, "currency": "jpy" });
        assert_eq!(known(yen).captured, 500);
        let krona = json!({ "status": "succeeded", "amount_received": 500, "currency": "isk" });
        assert_eq!(known(krona).captured, 5);
    }

    #[test]
    fn a_declined_or_canceled_charge_says_why() {
        let error =
            json!({ "type": "card_error", "code": "card_declined", "decline_code": "lost_card" });
        let declined = json!({ "status": "requires_payment_method", "last_payment_error": error });
        assert_eq!(known(declined).reason.as_deref(), Some("card_declined"));
        for (given, reason) in [
            (json!("automatic"), Some("expired")),
            (json!("abandoned"), Some("abandoned")),
            (json!("something_new"), None),
            (json!(null), None),
        ] {
            let canceled = json!({ "status": "canceled", "cancellation_reason": given });
            assert_eq!(known(canceled).reason.as_deref(), reason);
        }
    }

    #[test]
    fn an_action_is_a_page_or_a_matter_for_stripe_js() {
        let action =
            |next: Value| known(json!({ "status": "requires_action", "next_action": next }));
        let page = action(
            json!({ "type": "redirect_to_url", "redirect_to_url": { "url": "https://bank" } }),
        );
        let redirect = page.action.expect("an action");
        assert_eq!(
            (redirect.kind.as_str(), &redirect.data["url"]),
            ("redirect", &json!("https://bank"))
        );
        assert_eq!(page.hold_minutes, Some(60));

        let secure = action(json!({ "type": "use_stripe_sdk", "use_stripe_sdk": {} }));
        assert!(!format!("{secure:?}").contains("hunter2"), "{secure:?}");
        let stripe = secure.action.expect("an action");
        assert_eq!(stripe.kind, "stripe");
        assert_eq!(stripe.data["client_secret"], "pi_1_secret_hunter2");
        assert_eq!(stripe.data["publishable_key"], "pk_test_abc");
        assert_eq!(secure.hold_minutes, None);

        let until = NOW.timestamp() + 3 * 86_400;
        let voucher = json!({ "expires_after": until });
        let cash =
            action(json!({ "type": "oxxo_display_details", "oxxo_display_details": voucher }));
        assert_eq!(cash.hold_minutes, Some(3 * 24 * 60));
        assert!(snapshot(json!({ "status": "requires_action" })).is_err());
    }

    #[test]
    fn a_charge_says_until_when_it_can_be_captured_and_how_long_a_bank_takes() {
        let created = NOW.timestamp();
        let charge = |status: &str, method: Value| {
            let charge =
                json!({ "id": "ch_1", "created": created, "payment_method_details": method });
            known(json!({ "status": status, "latest_charge": charge }))
        };
        let card = json!({ "type": "card", "card": { "capture_before": created + 600 } });
        let held = charge("requires_capture", card.clone());
        assert_eq!(held.capture_before, Some(NOW + TimeDelta::minutes(10)));
        assert_eq!(charge("succeeded", card.clone()).capture_before, None);
        for (method, days) in [("klarna", 28), ("revolut_pay", 7)] {
            let held = charge("requires_capture", json!({ "type": method }));
            assert_eq!(held.capture_before, Some(NOW + TimeDelta::days(days)), "{method}");
        }
        let debit = json!({ "type": "sepa_debit", "sepa_debit": {} });
        assert_eq!(charge("processing", debit).hold_minutes, Some(14 * 24 * 60));
        assert_eq!(charge("processing", card).hold_minutes, Some(60));
    }
}
