//! The categories products go into: found by their names, made where they are missing.

use std::collections::HashMap;

use chassis::clock::Clock;
use chassis::db::{Db, Result};
use chassis::outbox;
use contracts::catalog::CategoryChanged;
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
        let key = |it: &Category| ((it.parent_id, it.name.to_lowercase()), it.id);
        let by_name = tree.all().iter().map(key).collect();
        let slugs = tree.all().iter().map(|it| (it.slug.clone(), it.id)).collect();
        Self { tree, by_name, slugs }
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The category at the end of a path; none for the empty path or where one is missing.
    pub(super) fn find(&self, path: &[String]) -> Option<Uuid> {
        path.iter().try_fold(None, |parent, name| {
            self.by_name.get(&(parent, name.to_lowercase())).map(|id| Some(*id))
        })?
    }

    /// Makes what is missing of these paths.
    pub(super) async fn make<'a>(
        &mut self,
        db: &Db,
        clock: Clock,
        paths: impl IntoIterator<Item = &'a [String]>,
    ) -> Result<()> {
        let missing = |it: &&[String]| !it.is_empty() && self.find(it).is_none();
        let paths: Vec<&[String]> = paths.into_iter().filter(missing).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let mut tx = db.begin().await?;
        let mut all = Self::new(store::categories::locked_tree(&mut tx).await?);
        for path in paths {
            let mut parent = None;
            for name in path {
                let key = (parent, name.to_lowercase());
                if let Some(id) = all.by_name.get(&key) {
                    parent = Some(*id);
                    continue;
                }
                let category = all.category(name, parent, clock);
                store::categories::insert(&mut tx, &category).await?;
                let (id, slug) = (category.id, category.slug.clone());
                let event = CategoryChanged { category_id: id, slug, deleted: false };
                outbox::publish(&mut tx, id, category.version, &event, category.created_at).await?;
                parent = Some(category.id);
                all.by_name.insert(key, category.id);
                all.slugs.insert(category.slug, category.id);
            }
        }
        tx.commit().await?;
        *self = Self::load(db).await?;
        Ok(())
    }

    fn category(&self, name: &str, parent: Option<Uuid>, clock: Clock) -> Category {
        let now = clock.now();
        Category {
            id: chassis::id::new(),
            parent_id: parent,
            slug: self.slug(name, parent),
            name: name.to_owned(),
            description: String::new(),
            position: 0,
            version: 1,
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
