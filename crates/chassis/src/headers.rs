//! Headers that nobody outside may send.

use http::HeaderName;

/// Whether a header belongs to one connection, is for proxies in front to say, or claims to tell
/// who is asking.
pub fn is_internal(name: &HeaderName) -> bool {
    const CLAIMS: [&str; 13] = [
        "x-auth",
        "x-client-cert",
        "x-email",
        "x-forwarded-",
        "x-internal",
        "x-original-",
        "x-permission",
        "x-principal",
        "x-real-ip",
        "x-remote-",
        "x-rewrite-",
        "x-role",
        "x-service-",
    ];
    let name = name.as_str();
    match name.as_bytes().first() {
        Some(b'x') => name.starts_with("x-user") || CLAIMS.iter().any(|it| name.starts_with(it)),
        Some(b'c') => name == "connection",
        Some(b'f') => name == "forwarded",
        Some(b'k') => name == "keep-alive",
        Some(b'p') => name.starts_with("proxy-"),
        Some(b'r') => name == "remote-user",
        Some(b't') => matches!(name, "te" | "trailer" | "transfer-encoding"),
        Some(b'u') => name == "upgrade",
        _ => false,
    }
}
