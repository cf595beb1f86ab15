//! Which payment providers are on, as payments says.

use std::sync::Arc;
use std::time::Duration;

use chassis::problem::Result;
use contracts::payments::Client;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::problems;

/// How long an answer of payments counts.
const FRESH: Duration = Duration::from_secs(5);

/// What payments said last, and when.
type Known = Option<(Instant, Vec<String>)>;

#[derive(Clone, Debug)]
pub(crate) struct Providers {
    payments: Client,
    known: Arc<Mutex<Known>>,
}

impl Providers {
    pub(crate) fn new(payments: Client) -> Self {
        Self { payments, known: Arc::default() }
    }

    /// 422 where the shop takes no money that way. While payments is away nobody knows; then the
    /// order waits for it, and is refused by it.
    pub(crate) async fn check(&self, name: &str) -> Result<()> {
        let is_on = |names: &[String]| names.iter().any(|it| it == name);
        if self.fresh().is_some_and(|it| is_on(&it)) {
            return Ok(());
        }
        match self.payments.providers().await {
            Ok(names) if is_on(&names) => {
                self.keep(names);
                Ok(())
            }
            Ok(names) => Err(problems::provider_unknown(&names)),
            Err(error) => {
                tracing::warn!(%error, "cannot load the payment providers");
                Ok(())
            }
        }
    }

    fn fresh(&self) -> Option<Vec<String>> {
        let known = self.known.lock();
        known.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, names)| names.clone())
    }

    fn keep(&self, names: Vec<String>) {
        let mut known = self.known.lock();
        *known = Some((Instant::now(), names));
    }
}
