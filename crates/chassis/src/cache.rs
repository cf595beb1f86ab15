//! Bytes that copies of a service share so that not each of them has to make them. Nothing is lost
//! with them: they may be gone at any time, and a cache that is away is one that holds nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

/// The longest value worth keeping.
pub const MAX_VALUE: usize = 256 * 1024;
/// The longest key.
pub const MAX_KEY: usize = 512;

/// What keeps them.
pub trait Store: Send + Sync + 'static {
    /// None where there is none, and where there is no answer within some milliseconds.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Bytes>>;

    /// Keeps a value in the background, if there is time to.
    fn put(&self, key: String, value: Bytes, time_to_live: Duration);
}

/// A cache that copies of a service share, or none.
#[derive(Clone, Default)]
pub struct Cache(Option<Arc<dyn Store>>);

impl Cache {
    pub fn over(store: impl Store) -> Self {
        Self(Some(Arc::new(store)))
    }

    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub async fn get(&self, key: &str) -> Option<Bytes> {
        let store = self.0.as_ref().filter(|_| key.len() <= MAX_KEY)?;
        store.get(key).await
    }

    pub fn put(&self, key: String, value: Bytes, time_to_live: Duration) {
        if let Some(store) = &self.0
            && key.len() <= MAX_KEY
            && value.len() <= MAX_VALUE
        {
            store.put(key, value, time_to_live);
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cache").field(&self.0.is_some()).finish()
    }
}
