//! The copies of a service and which of them is asked next.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use super::copy::Instance;
use crate::discovery::Endpoint;

#[derive(Debug, Default)]
pub(super) struct Instances {
    all: RwLock<Arc<[Arc<Instance>]>>,
    /// Held while one is ejected, so that two at once are not too many.
    ejecting: Mutex<()>,
}

impl Instances {
    pub(super) fn all(&self) -> Arc<[Arc<Instance>]> {
        self.all.read().clone()
    }

    /// Takes the newest list. What is known of a copy that stays is kept.
    pub(super) fn follow(&self, endpoints: &[Endpoint]) {
        if self.all().iter().map(|it| &it.endpoint).eq(endpoints) {
            return;
        }
        let mut all = self.all.write();
        let mut copies: Vec<Arc<Instance>> = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            if copies.iter().any(|it| it.endpoint == *endpoint) {
                continue;
            }
            let known = all.iter().find(|it| it.endpoint == *endpoint).cloned();
            copies.push(known.unwrap_or_else(|| Arc::new(Instance::new(endpoint.clone()))));
        }
        for copy in all.iter() {
            if !copies.iter().any(|it| Arc::ptr_eq(it, copy)) {
                copy.retire();
            }
        }
        *all = copies.into();
    }

    /// The less busy of two random copies that are not ejected, and not the one to be avoided.
    /// With nothing else left, one that is ejected.
    pub(super) fn choose(
        &self,
        avoided: Option<&Arc<Instance>>,
        now: Instant,
    ) -> Option<Arc<Instance>> {
        let all = self.all.read();
        let other = |it: &&Arc<Instance>| avoided.is_none_or(|avoided| !Arc::ptr_eq(it, avoided));
        if let [copy] = &**all {
            return Some(copy).filter(other).cloned();
        }
        let well = |it: &&Arc<Instance>| it.ejected(now).is_none();
        // A list that has become shorter may hold more ejected ones than there may be.
        let ejected = all.iter().filter(|it| !well(it)).count();
        let crowded = ejected * 2 > all.len();
        let chosen =
            if crowded { None } else { best_of_two(all.iter().filter(well).filter(other), now) };
        chosen.or_else(|| best_of_two(all.iter().filter(other), now)).cloned()
    }

    /// Ejects a copy, unless half of them are already.
    pub(super) fn eject(&self, copy: &Arc<Instance>, now: Instant) -> bool {
        let _one = self.ejecting.lock();
        let all = self.all();
        let others =
            all.iter().filter(|it| !Arc::ptr_eq(it, copy) && it.ejected(now).is_some()).count();
        let allowed = (others + 1) * 2 <= all.len() && copy.ejected(now).is_none();
        if allowed {
            copy.eject(now);
        }
        allowed
    }
}

/// The less busy of two that are picked at random.
fn best_of_two<'a>(
    copies: impl Iterator<Item = &'a Arc<Instance>> + Clone,
    now: Instant,
) -> Option<&'a Arc<Instance>> {
    let count = copies.clone().count();
    let first = rand::random_range(0..count.max(1));
    let one = copies.clone().nth(first)?;
    if count < 2 {
        return Some(one);
    }
    let second = (first + rand::random_range(1..count)) % count;
    let other = copies.clone().nth(second)?;
    Some(if other.load.is_below(&one.load, now) { other } else { one })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn copies(count: u16) -> Instances {
        let copies = Instances::default();
        copies.follow(&endpoints(count));
        copies
    }

    fn endpoints(count: u16) -> Vec<Endpoint> {
        let url = |it| format!("http://127.0.0.1:{}", 9000 + it);
        (0..count).map(|it| Endpoint::parse(&url(it)).unwrap()).collect()
    }

    #[test]
    fn never_more_than_half_are_ejected() {
        let now = Instant::now();
        for (count, most) in [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)] {
            let copies = copies(count);
            let ejected = copies.all().iter().filter(|it| copies.eject(it, now)).count();
            assert_eq!(ejected, most, "of {count}");
            assert!(copies.choose(None, now).unwrap().ejected(now).is_none());
        }
    }

    #[test]
    fn an_ejection_ends_and_the_next_is_longer() {
        let copies = copies(2);
        let copy = copies.all()[0].clone();
        let mut now = Instant::now();
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            assert!(copies.eject(&copy, now));
            assert!(!copies.eject(&copy, now), "it is ejected already");
            assert_eq!(copy.ejected(now), Some(Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
            assert_eq!(copy.ejected(now), None);
        }
        now += Duration::from_secs(31);
        assert!(copies.eject(&copy, now));
        assert_eq!(copy.ejected(now), Some(Duration::from_secs(1)));
    }

    #[test]
    fn another_copy_is_another_one() {
        let now = Instant::now();
        let two = copies(2);
        let first = two.all()[0].clone();
        assert!(!Arc::ptr_eq(&two.choose(Some(&first), now).unwrap(), &first));
        assert!(two.eject(&two.all()[1], now));
        assert!(two.choose(Some(&first), now).is_some(), "rather an ejected one than none");
        let one = copies(1);
        assert!(one.choose(Some(&one.all()[0]), now).is_none());
        assert!(Instances::default().choose(None, now).is_none());
    }

    #[test]
    fn a_new_list_keeps_what_is_known() {
        let now = Instant::now();
        let copies = copies(4);
        let before = copies.all();
        copies.eject(&before[1], now);
        copies.eject(&before[2], now);
        let mut list = endpoints(3);
        list.remove(0);
        list.push(list[0].clone());
        copies.follow(&list);
        let all = copies.all();
        assert_eq!(all.len(), 2, "each once");
        assert!(Arc::ptr_eq(&all[0], &before[1]));
        assert!(copies.choose(None, now).is_some(), "all of those left are ejected");
        copies.follow(&[]);
        assert!(copies.choose(None, now).is_none());
    }
}
