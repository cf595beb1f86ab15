//! Sets of addresses, such as those of the proxies in front of the shop.

use std::net::IpAddr;

/// Addresses and networks, written like `10.0.0.1`, `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    /// How many of its first bits count.
    bits: u8,
}

/// The text that is neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address or network; write it like 10.0.0.1 or 10.0.0.0/8")]
pub struct NotANetwork(pub String);

impl Networks {
    pub fn parse(networks: &[String]) -> Result<Self, NotANetwork> {
        let networks = networks
            .iter()
            .map(|text| Network::parse(text).ok_or_else(|| NotANetwork(text.clone())));
        networks.collect::<Result<_, _>>().map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an address is in one of them; an IPv4 address may be written as one of IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |it| it.parse().ok()).filter(|it| *it <= most)?;
        Some(Self { address, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        let same = match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(it)) => (ours.to_bits() ^ it.to_bits()).leading_zeros(),
            (IpAddr::V6(ours), IpAddr::V6(it)) => (ours.to_bits() ^ it.to_bits()).leading_zeros(),
            _ => return false,
        };
        same >= u32::from(self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_none_is_named() {
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "localhost", "::1/129", "10.0.0.1/-1"] {
            let error = Networks::parse(&[wrong.to_owned()]).unwrap_err();
            assert_eq!(error, NotANetwork(wrong.to_owned()));
        }
        assert!(Networks::parse(&["0.0.0.0/0".to_owned(), "::/0".to_owned()]).is_ok());
    }

    #[test]
    fn an_address_is_within_its_network() {
        let networks =
            Networks::parse(&["10.1.0.0/16", "192.0.2.1", "2001:db8::/32"].map(str::to_owned));
        let networks = networks.unwrap();
        for (address, within) in [
            ("10.1.255.255", true),
            ("10.2.0.0", false),
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.2.2", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(networks.contains(address.parse().unwrap()), within, "{address}");
        }
    }
}
