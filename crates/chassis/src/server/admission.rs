//! How many connections may be open, overall and of one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Config;

#[derive(Debug)]
pub(super) struct Admission {
    total: usize,
    per_address: usize,
    loopback: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The right to be connected; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    pub(super) fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            total: config.max_connections,
            per_address: config.max_connections_per_address,
            loopback: config.max_connections_from_loopback,
            open: Mutex::default(),
        })
    }

    /// A place for a client at `address`, if there is one.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let most = if address.is_loopback() { self.loopback } else { self.per_address };
        let address = network(address);
        let mut open = self.open();
        let here = open.by_address.get(&address).copied().unwrap_or_default();
        if open.total >= self.total || here >= most {
            metrics::counter!("server_connections_refused_total").increment(1);
            return None;
        }
        open.total += 1;
        open.by_address.insert(address, here + 1);
        metrics::gauge!("server_connections").increment(1);
        Some(Place { admission: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("server_connections").decrement(1);
        let mut open = self.admission.open();
        open.total -= 1;
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> Arc<Admission> {
        Admission::new(&Config {
            max_connections: 4,
            max_connections_per_address: 2,
            max_connections_from_loopback: 3,
            ..Config::default()
        })
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
    fn nothing_is_kept_of_clients_that_left() {
        let admission = admission();
        drop(admission.admit(ip("192.0.2.1")));
        assert!(admission.open().by_address.is_empty());
        assert_eq!(admission.open().total, 0);
    }
}
