//! The tree of categories: who is below whom, how deep, and which moves are possible.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use catalog_search::Categories;
use chassis::db::Record;
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::problems;

/// How many levels a tree of categories may have.
pub(crate) const MAX_DEPTH: usize = 10;

/// A shelf of the shop.
#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "categories", key("id"))]
pub(crate) struct Category {
    pub(crate) id: Uuid,
    pub(crate) parent_id: Option<Uuid>,
    /// Unique among all categories.
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The order among siblings; by name where equal.
    pub(crate) position: i64,
    /// Rises with every change.
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// All categories, in the order of a walk through the tree: each parent before its children,
/// siblings by position and name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    categories: Vec<Category>,
    by_id: HashMap<Uuid, usize>,
    by_slug: HashMap<String, usize>,
    children: HashMap<Option<Uuid>, Vec<usize>>,
    /// Made when a search first asks for it.
    searched: OnceLock<Arc<Categories>>,
}

impl Tree {
    pub(crate) fn new(mut all: Vec<Category>) -> Self {
        all.sort_by(|a, b| (a.position, &a.name, a.id).cmp(&(b.position, &b.name, b.id)));
        let mut below: HashMap<Option<Uuid>, Vec<Category>> = HashMap::new();
        for category in all {
            below.entry(category.parent_id).or_default().push(category);
        }
        let mut tree = Self::default();
        let mut stack: Vec<Category> = below.remove(&None).unwrap_or_default();
        stack.reverse();
        while let Some(category) = stack.pop() {
            let children = below.remove(&Some(category.id)).unwrap_or_default();
            stack.extend(children.into_iter().rev());
            tree.push(category);
        }
        tree
    }

    fn push(&mut self, category: Category) {
        let at = self.categories.len();
        self.by_id.insert(category.id, at);
        self.by_slug.insert(category.slug.clone(), at);
        self.children.entry(category.parent_id).or_default().push(at);
        self.categories.push(category);
    }

    /// Each parent before its children.
    pub(crate) fn all(&self) -> &[Category] {
        &self.categories
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&Category> {
        self.by_id.get(&id).map(|&at| &self.categories[at])
    }

    /// By its id or its slug.
    pub(crate) fn find(&self, key: &str) -> Option<&Category> {
        let by_slug = self.by_slug.get(key).map(|&at| &self.categories[at]);
        by_slug.or_else(|| key.parse().ok().and_then(|id| self.get(id)))
    }

    /// By its id, its slug or its name, in which small and capital letters are the same; the
    /// first one of that name.
    pub(crate) fn find_named(&self, key: &str) -> Option<&Category> {
        let name = key.to_lowercase();
        let by_name = || self.categories.iter().find(|it| it.name.to_lowercase() == name);
        self.find(key).or_else(by_name)
    }

    /// The direct children of a category, or the top level.
    pub(crate) fn children(&self, of: Option<Uuid>) -> impl Iterator<Item = &Category> {
        self.children.get(&of).into_iter().flatten().map(|&at| &self.categories[at])
    }

    /// The category and everything below it.
    pub(crate) fn subtree(&self, of: Uuid) -> Vec<Uuid> {
        let mut found: Vec<Uuid> = self.get(of).map(|it| it.id).into_iter().collect();
        let mut next = 0;
        while next < found.len() {
            let parent = found[next];
            found.extend(self.children(Some(parent)).map(|it| it.id));
            next += 1;
        }
        found
    }

    /// From the top level down to the category itself.
    pub(crate) fn path(&self, to: Uuid) -> Vec<&Category> {
        let mut path: Vec<&Category> = Vec::new();
        let mut next = self.get(to);
        while let Some(category) = next {
            path.push(category);
            next = category.parent_id.and_then(|it| self.get(it));
        }
        path.reverse();
        path
    }

    /// All categories as a search uses them.
    pub(crate) fn searched(&self) -> &Arc<Categories> {
        self.searched.get_or_init(|| {
            let mut searched = Categories::default();
            for category in &self.categories {
                searched.push(category.id, category.parent_id, &category.name);
            }
            Arc::new(searched)
        })
    }

    /// How many levels there are from the category down, itself included.
    fn height(&self, of: Uuid) -> usize {
        1 + self.children(Some(of)).map(|it| self.height(it.id)).max().unwrap_or(0)
    }

    /// Whether a new category may be put under `parent`.
    pub(crate) fn check_new(&self, parent: Option<Uuid>) -> Result<()> {
        self.check_depth(parent, 1)
    }

    /// Whether `id` may be moved under `parent`: not below itself, and not too deep.
    pub(crate) fn check_move(&self, id: Uuid, parent: Option<Uuid>) -> Result<()> {
        if let Some(parent) = parent
            && self.path(parent).iter().any(|it| it.id == id)
        {
            return Err(problems::category_cycle());
        }
        self.check_depth(parent, self.height(id))
    }

    fn check_depth(&self, parent: Option<Uuid>, height: usize) -> Result<()> {
        let above = match parent {
            Some(parent) if self.get(parent).is_none() => {
                return Err(chassis::problem::Problem::field(
                    "parent_id",
                    "there is no such category",
                ));
            }
            Some(parent) => self.path(parent).len(),
            None => 0,
        };
        if above + height > MAX_DEPTH {
            return Err(problems::category_too_deep(MAX_DEPTH));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(n: u128, parent: Option<u128>) -> Category {
        let at = chassis::testing::noon();
        Category {
            id: Uuid::from_u128(n),
            parent_id: parent.map(Uuid::from_u128),
            slug: format!("c{n}"),
            name: format!("C {n}"),
            description: String::new(),
            position: -(n as i64),
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    fn tree() -> Tree {
        let all = [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(3)), (5, None)];
        Tree::new(all.map(|(n, parent)| category(n, parent)).to_vec())
    }

    #[test]
    fn parents_come_before_children_and_siblings_by_position() {
        let order: Vec<u128> = tree().all().iter().map(|it| it.id.as_u128()).collect();
        assert_eq!(order, [5, 1, 3, 4, 2]);
        let path: Vec<_> =
            tree().path(Uuid::from_u128(4)).iter().map(|it| it.slug.clone()).collect();
        assert_eq!(path, ["c1", "c3", "c4"]);
        assert_eq!(tree().subtree(Uuid::from_u128(1)).len(), 4);
        for key in ["c3", "C 3", "c 3"] {
            assert_eq!(tree().find_named(key).map(|it| it.id), Some(Uuid::from_u128(3)), "{key}");
        }
        assert!(tree().find("C 3").is_none() && tree().find_named("C").is_none());
    }

    #[test]
    fn a_category_does_not_go_below_itself() {
        let [one, four, five] = [1, 4, 5].map(Uuid::from_u128);
        for parent in [one, four] {
            let refused = tree().check_move(one, Some(parent)).unwrap_err();
            assert_eq!(refused.code, "category_cycle");
        }
        assert!(tree().check_move(one, Some(five)).is_ok());
        assert!(tree().check_move(four, None).is_ok());
    }

    #[test]
    fn a_tree_has_at_most_ten_levels() {
        let chain =
            |from: u128, to: u128| (from..=to).map(move |n| category(n, (n > from).then(|| n - 1)));
        let tree = Tree::new(chain(1, 8).chain(chain(20, 22)).collect());
        let [eight, seven, twenty] = [8, 7, 20].map(Uuid::from_u128);
        let refused = tree.check_move(twenty, Some(eight)).unwrap_err();
        assert_eq!(refused.code, "category_too_deep");
        assert!(tree.check_move(twenty, Some(seven)).is_ok());
        assert!(tree.check_new(Some(eight)).is_ok());
        assert_eq!(tree.check_new(Some(Uuid::nil())).unwrap_err().errors[0].field, "parent_id");
    }
}
