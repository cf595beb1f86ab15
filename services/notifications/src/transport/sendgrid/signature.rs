//! Whether a webhook is from SendGrid: ECDSA with P-256 and SHA-256 over the time of the request,
//! as it is in its header, and the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

/// SendGrid sends an event again for 24 hours after it happened, and nowhere says that it signs
/// anew. So everything within a day, and an hour for the last pause, is taken: a refused event would
/// be lost. An event that somebody sends again within that time is known by its id, and has no
/// further effect.
const OLDEST: TimeDelta = TimeDelta::hours(25);
/// How far its clock may be ahead of the shop's.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// What the DER form of every public key of P-256 begins with: the algorithm, the curve, and that an
/// uncompressed point follows.
const DER_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The first byte of an uncompressed point, and its length.
const UNCOMPRESSED: u8 = 0x04;
const POINT: usize = 65;

/// The key that the shop's webhooks are signed with.
pub(super) struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Reads base64 of DER; none if it is no key of P-256.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let der = STANDARD.decode(text.trim()).ok()?;
        let point = der.strip_prefix(&DER_PREFIX)?;
        let is_point = point.len() == POINT && point[0] == UNCOMPRESSED;
        is_point.then(|| Self(point.to_vec()))
    }

    /// Refuses, with a constant text, what SendGrid has not signed.
    pub(super) fn verify(
        &self,
        signature: &str,
        timestamp: &str,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), &'static str> {
        let signature =
            STANDARD.decode(signature.trim()).map_err(|_| "the signature cannot be read")?;
        let signed = [timestamp.as_bytes(), body].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0);
        key.verify(&signed, &signature).map_err(|_| "the signature is wrong")?;
        let sent: i64 = timestamp.parse().map_err(|_| "the signature has no time")?;
        let sent = DateTime::from_timestamp(sent, 0).ok_or("the signature has no time")?;
        if now - sent > OLDEST || sent - now > AHEAD {
            return Err("the signature is too old");
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use chassis::testing::noon;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    use super::*;

    /// Signs as SendGrid does.
    pub(in crate::transport::sendgrid) struct Signer(EcdsaKeyPair);

    impl Signer {
        pub(in crate::transport::sendgrid) fn new() -> Self {
            let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
            let key = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &random).unwrap())
        }

        /// As the setting has it.
        pub(in crate::transport::sendgrid) fn public_key(&self) -> String {
            STANDARD.encode([&DER_PREFIX, self.0.public_key().as_ref()].concat())
        }

        pub(in crate::transport::sendgrid) fn sign(&self, timestamp: &str, body: &[u8]) -> String {
            let signed = [timestamp.as_bytes(), body].concat();
            STANDARD.encode(self.0.sign(&SystemRandom::new(), &signed).unwrap())
        }
    }

    /// Made with openssl: `dgst -sha256 -sign` over `1700000000` and the body.
    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFM7UbKO8iRSv0kWzOFsm+bPRZh5p\
        sFvjIk4R7twJpsgGqK32xm4M/E2seQ8q1i5BghwxGuIQDBhFqspWAO+uBw==";
    const SIGNATURE: &str = "MEUCIF3sbIC52LT0ZOYwRTaMQ7lLMAISPUhFpvYZZ6sQwplcAiEAlnjJ5SDEa3kO\
        NrBQ5zoNkd3GoALBF+Ts1Fu/7GykyVk=";
    const BODY: &[u8] = b"[{\"event\":\"delivered\"}]\r\n";

    #[test]
    fn a_signature_that_openssl_made_is_right() {
        let key = PublicKey::parse(KEY).unwrap();
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert_eq!(key.verify(SIGNATURE, "1700000000", BODY, now), Ok(()));
        let trimmed = BODY.trim_ascii_end();
        let wrong = Err("the signature is wrong");
        assert_eq!(key.verify(SIGNATURE, "1700000000", trimmed, now), wrong, "every byte counts");
        assert_eq!(key.verify(SIGNATURE, "1700000001", BODY, now), wrong);
        assert_eq!(key.verify("", "1700000000", BODY, now), wrong);
        let unreadable = Err("the signature cannot be read");
        assert_eq!(key.verify("no base64!", "1700000000", BODY, now), unreadable);
    }

    #[test]
    fn what_somebody_else_signed_is_refused() {
        let (ours, other) = (Signer::new(), Signer::new());
        let (key, at) = (PublicKey::parse(&ours.public_key()).unwrap(), noon().timestamp());
        let at = at.to_string();
        assert_eq!(key.verify(&ours.sign(&at, BODY), &at, BODY, noon()), Ok(()));
        let forged = key.verify(&other.sign(&at, BODY), &at, BODY, noon());
        assert_eq!(forged, Err("the signature is wrong"));
        let untimed = key.verify(&ours.sign("now", BODY), "now", BODY, noon());
        assert_eq!(untimed, Err("the signature has no time"));
    }

    #[test]
    fn an_event_is_taken_as_long_as_sendgrid_sends_it_again() {
        let signer = Signer::new();
        let key = PublicKey::parse(&signer.public_key()).unwrap();
        for (age, taken) in [
            (TimeDelta::zero(), true),
            (TimeDelta::hours(24), true),
            (TimeDelta::hours(25), true),
            (TimeDelta::hours(25) + TimeDelta::seconds(1), false),
            (TimeDelta::minutes(-5), true),
            (TimeDelta::seconds(-301), false),
        ] {
            let at = (noon() - age).timestamp().to_string();
            let result = key.verify(&signer.sign(&at, BODY), &at, BODY, noon());
            assert_eq!(result.is_ok(), taken, "{age}: {result:?}");
        }
    }

    #[test]
    fn other_keys_are_none() {
        let good = Signer::new().public_key();
        assert!(PublicKey::parse(&format!(" {good}\n")).is_some());
        for bad in ["", "MFkw", &good[4..], &format!("{good}AAAA"), &good[..good.len() - 8]] {
            assert!(PublicKey::parse(bad).is_none(), "{bad}");
        }
    }
}
