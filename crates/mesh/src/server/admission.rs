//! How many connections may be open, overall and of one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::Config;
use crate::network::Networks;

/// Who is let in. All listeners of a process share one, so that its limits are those of the
/// process.
#[derive(Clone, Debug)]
pub struct Admission {
    total: usize,
    per_address: usize,
    loopback: usize,
    /// Each speaks for many clients, and is told apart from none of them by its address.
    proxies: Arc<Networks>,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The right to be connected; dropping it gives it back.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    open: Arc<Mutex<Open>>,
    /// Whom it is counted for; a proxy's is not.
    address: Option<IpAddr>,
}

impl Admission {
    /// The limits of `config`. Connections of `proxies` count against the whole only.
    pub fn new(config: &Config, proxies: Networks) -> Self {
        Self {
            total: config.max_connections,
            per_address: config.max_connections_per_address,
            loopback: config.max_connections_from_loopback,
            proxies: Arc::new(proxies),
            open: Arc::default(),
        }
    }

    /// The same connections at the ports of services, whose clients are other processes of the
    /// shop: each may have as many as this machine itself.
    #[must_use]
    pub fn for_services(&self) -> Self {
        Self { per_address: self.loopback, ..self.clone() }
    }

    /// A place for a client at `address`, if there is one.
    pub(super) fn admit(&self, address: IpAddr) -> Option<ConnectionPermit> {
        let address = address.to_canonical();
        let most = if address.is_loopback() { self.loopback } else { self.per_address };
        let address = (!self.proxies.contains(address)).then(|| network(address));
        let mut open = self.open();
        let here = address.and_then(|it| open.by_address.get(&it)).copied().unwrap_or_default();
        if open.total >= self.total || here >= most {
            metrics::counter!("server_connections_refused_total").increment(1);
            return None;
        }
        open.total += 1;
        if let Some(address) = address {
            open.by_address.insert(address, here + 1);
        }
        metrics::gauge!("server_connections").increment(1);
        Some(ConnectionPermit { open: self.open.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock()
    }
}

/// What counts as one client: an IPv6 host is given a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(it) if it.is_loopback() => address,
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() >> 64 << 64).into(),
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        metrics::gauge!("server_connections").decrement(1);
        let mut open = self.open.lock();
        open.total -= 1;
        let Some(address) = self.address else { return };
        if let Some(here) = open.by_address.get_mut(&address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> Admission {
        let config = Config {
            max_connections: 4,
            max_connections_per_address: 2,
            max_connections_from_loopback: 3,
            ..Config::default()
        };
        let proxies = ["10.0.0.0/8", "127.0.0.9"].map(str::to_owned);
        Admission::new(&config, Networks::parse(&proxies).unwrap())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let admission = admission();
        let first = admission.admit(ip("192.0.2.1")).unwrap();
        let _second = admission.admit(ip("::ffff:192.0.2.1")).unwrap();
        assert!(admission.admit(ip("192.0.2.1")).is_none());
        assert!(admission.admit(ip("192.0.2.2")).is_some());
        drop(first);
        assert!(admission.admit(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_this_machine_has_more() {
        let admission = admission();
        let _places = ["2001:db8::1", "2001:db8::2"].map(|it| admission.admit(ip(it)).unwrap());
        assert!(admission.admit(ip("2001:db8::3")).is_none());
        assert!(admission.admit(ip("2001:db8:0:1::1")).is_some());
        let _places = [(); 2].map(|()| admission.admit(ip("127.0.0.1")).unwrap());
        assert!(admission.admit(ip("192.0.2.9")).is_none(), "the whole is full");
    }

    #[test]
    fn a_proxy_is_not_counted_as_one_client() {
        for proxy in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.9"] {
            let admission = admission();
            let places = [(); 4].map(|()| admission.admit(ip(proxy)).unwrap());
            assert!(admission.admit(ip(proxy)).is_none(), "the whole is full");
            drop(places);
            assert_eq!(admission.open().total, 0);
        }
    }

    #[test]
    fn listeners_share_the_whole_and_a_process_has_more_at_a_service() {
        let admission = admission();
        let services = admission.for_services();
        let _clients = [(); 2].map(|()| admission.admit(ip("192.0.2.1")).unwrap());
        assert!(admission.admit(ip("192.0.2.1")).is_none());
        let _third = services.admit(ip("192.0.2.1")).unwrap();
        assert!(services.admit(ip("192.0.2.1")).is_none());
        let _last = services.admit(ip("192.0.2.2")).unwrap();
        assert!(admission.admit(ip("192.0.2.3")).is_none(), "the whole is full");
    }

    #[test]
    fn nothing_is_kept_of_clients_that_left() {
        let admission = admission();
        drop(admission.admit(ip("192.0.2.1")));
        assert!(admission.open().by_address.is_empty());
        assert_eq!(admission.open().total, 0);
    }
}
