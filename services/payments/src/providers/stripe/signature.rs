//! Whether a webhook is from Stripe: <https://docs.stripe.com/webhooks#verify-manually>.

use chassis::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far a webhook's time may be from now, so that nobody can send an old one again.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// How many signatures of a header are looked at. Stripe sends one per valid secret.
const MAX_SIGNATURES: usize = 8;

pub(super) const HEADER: &str = "stripe-signature";

/// Refuses, with a constant text, what was not signed with one of the secrets just now.
pub(super) fn verify(
    header: &str,
    body: &[u8],
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<(), &'static str> {
    let (time, signatures) = read(header).ok_or("the signature cannot be read")?;
    // Each is compared in constant time.
    let signed = secrets.iter().any(|secret| {
        let Some(hmac) = keyed(secret, time, body) else { return false };
        signatures.iter().any(|it| hmac.clone().verify_slice(it).is_ok())
    });
    if !signed {
        return Err("the signature is wrong");
    }
    let sent: i64 = time.parse().map_err(|_| "the signature has no time")?;
    let sent = DateTime::from_timestamp(sent, 0).ok_or("the signature has no time")?;
    if (now - sent).abs() > TOLERANCE { Err("the signature is too old") } else { Ok(()) }
}

/// The time, as it was signed, and the signatures of the scheme in use: `t=1492774577,v1=5257…`.
fn read(header: &str) -> Option<(&str, Vec<Vec<u8>>)> {
    let fields = || header.split(',').filter_map(|it| it.trim().split_once('='));
    let time = fields().find(|it| it.0 == "t")?.1;
    let signatures = fields().filter(|it| it.0 == "v1").take(MAX_SIGNATURES);
    Some((time, signatures.filter_map(|it| hex::decode(it.1).ok()).collect()))
}

fn keyed(secret: &Secret, time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    hmac.update(time.as_bytes());
    hmac.update(b".");
    hmac.update(body);
    Some(hmac)
}

/// The header of a webhook that Stripe would send.
#[cfg(test)]
pub(super) fn sign(secret: &str, at: DateTime<Utc>, body: &[u8]) -> String {
    let time = at.timestamp().to_string();
    let signature = keyed(&secret.into(), &time, body).expect("a key").finalize().into_bytes();
    format!("t={time},v1={}", hex::encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).expect("a time")
    }

    fn verified(header: &str, body: &[u8]) -> Result<(), &'static str> {
        verify(header, body, &["whsec_old".into(), "whsec_new".into()], now())
    }

    #[test]
    fn a_webhook_signed_with_either_secret_is_taken() {
        for secret in ["whsec_old", "whsec_new"] {
            assert_eq!(verified(&sign(secret, now(), BODY), BODY), Ok(()));
        }
        // While a secret is rotated Stripe signs with both.
        let mut both = sign("whsec_other", now(), BODY);
        both.push_str(&sign("whsec_new", now(), BODY)[both.find(',').unwrap()..]);
        assert_eq!(verified(&both, BODY), Ok(()));
        assert_eq!(verified(&both.replace(",v1", ", v1"), BODY), Ok(()));
    }

    #[test]
    fn the_signature_is_the_one_that_is_documented() {
        // HMAC-SHA256 of `1700000000.{"id":"evt_1"}`, as openssl computes it.
        let signature = "f3ac0c93c23f69e2e6046d7f0e2c82c93d0403de0f8651457189ab70fbbfcaae";
        assert_eq!(sign("whsec_new", now(), BODY), format!("t=1700000000,v1={signature}"));
    }

    #[test]
    fn what_stripe_has_not_signed_is_refused() {
        let good = sign("whsec_new", now(), BODY);
        assert_eq!(
            verified(&sign("whsec_forged", now(), BODY), BODY),
            Err("the signature is wrong")
        );
        assert_eq!(verified(&good, br#"{"id":"evt_2"}"#), Err("the signature is wrong"));
        let later = good.replace("t=1700000000", "t=1700000001");
        assert_eq!(verified(&later, BODY), Err("the signature is wrong"));
        // The scheme v0 is for tests only, and anybody may have its key.
        assert_eq!(verified(&good.replace("v1=", "v0="), BODY), Err("the signature is wrong"));
        for header in ["", "t", "v1=00", "t=,v1=xyz"] {
            assert!(verified(header, BODY).is_err(), "{header}");
        }
        assert_eq!(verify(&good, BODY, &[], now()), Err("the signature is wrong"));
    }

    #[test]
    fn a_webhook_is_taken_for_five_minutes() {
        for (seconds, taken) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)]
        {
            let sent = now() + TimeDelta::seconds(seconds);
            let result = verified(&sign("whsec_new", sent, BODY), BODY);
            assert_eq!(result.is_ok(), taken, "{seconds}: {result:?}");
        }
    }
}
