//! What the double is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How a double is to be.
#[derive(Clone)]
pub struct Options {
    /// Where it listens; port 0 is any free one.
    pub address: SocketAddr,
    /// Where its control API listens besides, also while the double is down.
    pub control: SocketAddr,
    pub secret_key: String,
    pub publishable_key: String,
    /// The secret key of the account's other mode, in which none of the objects is.
    pub other_secret_key: String,
    /// The only `Stripe-Version` it answers.
    pub api_version: String,
    pub account: String,
    /// Whether the objects are of live mode.
    pub live: bool,
    /// Where ids and shuffled webhooks come from.
    pub seed: u64,
    /// The clock, before the control API advances it.
    pub now: Now,
    /// Whether webhooks are sent by themselves, or by [`Double::deliver`](crate::Double::deliver) only.
    pub delivers: bool,
    /// Whether what a capture or a cancellation releases is a refund of the charge as well, as in
    /// Stripe's own API. A shop has to be right either way.
    pub releases_are_refunds: bool,
}

impl Default for Options {
    fn default() -> Self {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            address: local,
            control: local,
            secret_key: "sk_test_double".to_owned(),
            publishable_key: "pk_test_double".to_owned(),
            other_secret_key: "sk_live_double".to_owned(),
            api_version: "2026-10-28.endive".to_owned(),
            account: "acct_double".to_owned(),
            live: false,
            seed: 1,
            now: Arc::new(system),
            delivers: true,
            releases_are_refunds: true,
        }
    }
}

/// The keys stay out of logs.
impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").field("address", &self.address).finish_non_exhaustive()
    }
}

fn system() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
