//! The categories products go into: found by their names, made where they are missing. A name is the
//! same in any case and in any form of Unicode.

use std::collections::HashMap;

use chassis::db::{Db, Result, Tx};
use chrono::{DateTime, Utc};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::model::{Category, Tree, slugify};
use crate::store;

/// The categories of the shop, by parent and name.
pub(super) struct CategoryPaths {
    tree: Tree,
    by_name: HashMap<(Option<Uuid>, String), Uuid>,
    slugs: HashMap<String, Uuid>,
}

impl CategoryPaths {
    pub(super) async fn load(db: &Db) -> Result<Self> {
        Ok(Self::new(store::categories::tree(db).await?))
    }

    fn new(tree: Tree) -> Self {
        let mut by_name = HashMap::new();
        for it in tree.all() {
            // The first of those with one name, as lists take it.
            by_name.entry((it.parent_id, key(&it.name))).or_insert(it.id);
        }
        let slugs = tree.all().iter().map(|it| (it.slug.clone(), it.id)).collect();
        Self { tree, by_name, slugs }
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The category at the end of a path; none for the empty path or where one is missing.
    pub(super) fn find(&self, path: &[String]) -> Option<Uuid> {
        path.iter().try_fold(None, |parent, name| {
            self.by_name.get(&(parent, key(name))).map(|id| Some(*id))
        })?
    }

    /// Makes what is missing of these paths; what there is once the transaction is committed.
    pub(super) async fn make<'p>(
        tx: &mut Tx,
        now: DateTime<Utc>,
        paths: impl IntoIterator<Item = &'p [String]>,
    ) -> Result<Self> {
        let mut all = Self::new(store::categories::locked_tree(tx).await?);
        let mut made = false;
        for path in paths {
            let mut parent = None;
            for name in path {
                let key = (parent, key(name));
                if let Some(id) = all.by_name.get(&key) {
                    parent = Some(*id);
                    continue;
                }
                let category = all.category(name, parent, now);
                store::categories::insert(tx, &category).await?;
                parent = Some(category.id);
                all.by_name.insert(key, category.id);
                all.slugs.insert(category.slug, category.id);
                made = true;
            }
        }
        match made {
            true => Ok(Self::new(store::categories::tree_in(tx).await?)),
            false => Ok(all),
        }
    }

    fn category(&self, name: &str, parent: Option<Uuid>, now: DateTime<Utc>) -> Category {
        Category {
            id: chassis::id::new(),
            parent_id: parent,
            slug: self.slug(&name.nfc().collect::<String>(), parent),
            name: name.nfc().collect(),
            description: String::new(),
            position: 0,
            version: 1,
            field_versions: Default::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The name, or where that is taken the parent's slug and the name, or that with a number.
    fn slug(&self, name: &str, parent: Option<Uuid>) -> String {
        let own = slugify(name, "category");
        let above = self.slugs.iter().find(|(_, id)| Some(**id) == parent);
        let long = above.map_or_else(|| own.clone(), |(above, _)| format!("{above}-{own}"));
        let long: String = long.chars().take(200).collect();
        let numbered = (2..).map(|n| format!("{long}-{n}"));
        let mut slugs = [own, long.clone()].into_iter().chain(numbered);
        slugs.find(|it| !self.slugs.contains_key(it)).unwrap_or(long)
    }
}

/// What is the same name.
pub(super) fn key(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).collect()
}
