//! The order of titles in the language of the shop.
//!
//! Titles are compared by a key that is stored next to them: `Zebra` comes after `Äpfel` in German
//! and before it in Swedish. A product carries the name of the order its key was made for, so a
//! shop whose language has changed finds the keys that are left to make.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chassis::fold::fold;
use chassis::problem::Result;
use chassis::shop::ShopProfile;
use icu_collator::options::CollatorOptions;
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale_core::Locale;

use crate::App;
use crate::cache::Changed;
use crate::store::listing::{self, ListKeys, Renewed};

/// Rises with every update of the library, which may make other keys: the stored ones are of no use
/// with those.
const VERSION: u32 = 1;
/// Characters of a title by which lists sort.
const LENGTH: usize = 60;
/// Products whose keys are made at a time.
const BATCH: i64 = 500;
/// How often is looked for products written for another order, by older processes or by tools that
/// do not know the language.
pub(crate) const EVERY: Duration = Duration::from_secs(5);

/// The order of titles in a language.
pub(crate) struct TitleOrder {
    collator: CollatorBorrowed<'static>,
    name: String,
}

impl TitleOrder {
    /// That of a language, given by its tag; one that is not known has the order that all languages
    /// begin with.
    pub(crate) fn of(language: &str) -> Self {
        let collator =
            |preferences| CollatorBorrowed::try_new(preferences, CollatorOptions::default()).ok();
        let locale = Locale::try_from_str(language).unwrap_or(Locale::UNKNOWN);
        let collator = collator(CollatorPreferences::from(&locale))
            .or_else(|| collator(CollatorPreferences::default()));
        Self {
            collator: collator.expect("the order of all languages is compiled in"),
            name: format!("{language} {VERSION}"),
        }
    }

    /// What the order is known by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What a title sorts by, compared byte by byte.
    pub(crate) fn key(&self, title: &str) -> String {
        let end = title.char_indices().nth(LENGTH).map_or(title.len(), |(at, _)| at);
        let mut key = Vec::with_capacity(2 * end);
        let Ok(()) = self.collator.write_sort_key_to(&title[..end], &mut key);
        hex::encode(key)
    }

    /// All that lists need of a product.
    pub(crate) fn keys(&self, title: &str, vendor: &str) -> ListKeys {
        let (title_sort, title_order) = (self.key(title), self.name.clone());
        ListKeys { title_sort, title_order, vendor_key: fold(vendor) }
    }
}

impl Default for TitleOrder {
    fn default() -> Self {
        Self::of(&ShopProfile::default().language)
    }
}

impl std::fmt::Debug for TitleOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TitleOrder").field(&self.name).finish()
    }
}

/// The order of a shop that says nothing about its language.
pub(crate) fn usual() -> Arc<TitleOrder> {
    static USUAL: LazyLock<Arc<TitleOrder>> = LazyLock::new(Arc::default);
    USUAL.clone()
}

/// Makes the keys of some products that have those of another order; says whether there may be
/// more. Until all are made, lists by title go by the keys there are.
pub(crate) async fn renew(app: App) -> Result<bool> {
    let outdated = listing::outdated(&app.db, app.titles.name(), BATCH).await?;
    if outdated.is_empty() {
        return Ok(false);
    }
    let more = outdated.len() == BATCH as usize;
    let renewed = outdated.into_iter().map(|it| {
        let keys = app.titles.keys(&it.title, &it.vendor);
        Renewed { id: it.id, title: it.title, vendor: it.vendor, keys }
    });
    let mut tx = app.db.begin().await?;
    listing::renew(&mut tx, renewed.collect()).await?;
    // Every list may be another one now.
    app.commit(tx, vec![Changed::Categories]).await?;
    Ok(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(language: &str, mut titles: Vec<&'static str>) -> Vec<&'static str> {
        let order = TitleOrder::of(language);
        titles.sort_by_key(|it| order.key(it));
        titles
    }

    #[test]
    fn titles_sort_as_the_language_does() {
        let titles = vec!["Zebra", "Éclair", "zoo", "Äpfel", "apple", "Ölkanne", "eclipse", "Ost"];
        let german = ["Äpfel", "apple", "Éclair", "eclipse", "Ölkanne", "Ost", "Zebra", "zoo"];
        assert_eq!(sorted("de", titles.clone()), german);
        assert_eq!(sorted("en", titles.clone()), german);
        assert_eq!(sorted("xx-nonsense", titles.clone()), german);
        assert_eq!(sorted("", titles.clone()), german);
        let swedish = ["apple", "Éclair", "eclipse", "Ost", "Zebra", "zoo", "Äpfel", "Ölkanne"];
        assert_eq!(sorted("sv", titles.clone()), swedish);
        assert_eq!(sorted("sv-se", titles), swedish);
        assert_eq!(sorted("da", vec!["Ål", "Ærø", "Ø", "Z", "A"]), ["A", "Z", "Ærø", "Ø", "Ål"]);
        assert_eq!(sorted("es", vec!["ñandú", "nube", "oso"]), ["nube", "ñandú", "oso"]);
        assert_eq!(sorted("en", vec!["ñandú", "nube", "oso"]), ["ñandú", "nube", "oso"]);
    }

    #[test]
    fn case_and_accents_count_last() {
        let titles = vec!["Résumé b", "resume a", "RESUME B", "resume b", "Resume c"];
        let expected = ["resume a", "resume b", "RESUME B", "Résumé b", "Resume c"];
        assert_eq!(sorted("en", titles), expected);
    }
}
