//! Hashes made by other shops: bcrypt, and Django's PBKDF2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Whether the password fits. A hash of another kind fits nothing.
pub(super) fn verify(password: &str, hash: &str) -> bool {
    if ["$2a$", "$2b$", "$2y$"].iter().any(|it| hash.starts_with(it)) {
        return bcrypt::verify(password, hash).unwrap_or(false);
    }
    pbkdf2(password, hash).unwrap_or(false)
}

/// `pbkdf2_sha256$iterations$salt$hash`, as Django's `PBKDF2PasswordHasher` writes it: the salt is
/// used as it is spelled, the hash is base64.
fn pbkdf2(password: &str, hash: &str) -> Option<bool> {
    let mut parts = hash.strip_prefix("pbkdf2_sha256$")?.splitn(3, '$');
    let iterations: u32 = parts.next()?.parse().ok().filter(|it| (1..=10_000_000).contains(it))?;
    let salt = parts.next()?;
    let expected = STANDARD.decode(parts.next()?).ok()?;
    let mut actual = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt.as_bytes(), iterations, &mut actual);
    Some(actual.as_slice().ct_eq(&expected).into())
}
