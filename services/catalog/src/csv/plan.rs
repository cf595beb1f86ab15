//! What is to be done with some products of a file, found out without writing: an import and its
//! preview ask the same questions, all products at a time.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use catalog_csv::{Path, Product as Row, Wrong};
use chassis::clock::Clock;
use chassis::db::Db;
use chassis::money::Currency;
use chassis::problem::Problem;
use uuid::Uuid;

use super::explain::explain;
use super::merge::{Merge, Merged};
use super::pairs::{self, Names};
use super::pictures::Pictures;
use super::removal::{self, Removal};
use super::shelves::CategoryPaths;
use super::skus::{Claim, Park, Skus};
use super::source::Source;
use super::{ImportError, Options, export};
use crate::books;
use crate::model::{
    self, Draft, MAX_CATEGORIES, MAX_DEPTH, Policy, Product, Stock, Variant, slug, slugify,
};
use crate::{problems, store};

/// How often another slug is tried where one made from a title is taken.
const TRIES: usize = 50;

/// What is to be done with a product of a file.
pub(super) enum Plan {
    Rejected(Wrong),
    Unchanged(Box<Draft>, Facts),
    Write(Box<Write>),
    /// It takes its turn after the others have been written.
    Later,
}

/// What there is to tell about a product that is imported.
#[derive(Default)]
pub(super) struct Facts {
    /// How many variants keep their stock although the file has another figure.
    pub(super) kept_stock: u64,
    pub(super) warnings: Vec<Wrong>,
    pub(super) removals: Vec<Removal>,
}

/// A product to be written.
pub(super) struct Write {
    /// None where it is new.
    pub(super) old: Option<Product>,
    pub(super) draft: Draft,
    /// Categories to be made for it.
    pub(super) missing: Vec<Vec<String>>,
    /// SKUs of products further down in the file, which give way to this one's.
    pub(super) parks: Vec<Park>,
    pub(super) facts: Facts,
}

/// Plans products, a batch after the other.
pub(super) struct Planner<'a> {
    pub(super) db: &'a Db,
    pub(super) clock: Clock,
    pub(super) options: Options,
    pub(super) shelves: CategoryPaths,
    pub(super) pictures: Pictures,
    pub(super) skus: Skus,
    /// Whether nothing that is planned is written: so what was planned before is remembered.
    previews: bool,
    /// Slugs of new products that were made from their titles.
    slugs: HashSet<String>,
    /// Slugs of the shop and of new products so far, by what they look like.
    look_alikes: HashMap<String, String>,
}

/// A product that has been brought together with the shop's, before its SKUs are sure.
struct Draught {
    draft: Draft,
    rows: Vec<Option<usize>>,
    repeated: Vec<Option<String>>,
    facts: Facts,
    missing: Vec<Vec<String>>,
}

impl<'a> Planner<'a> {
    pub(super) async fn new(
        db: &'a Db,
        clock: Clock,
        (options, currency): (Options, &Currency),
        source: Source,
        previews: bool,
    ) -> Result<Self, ImportError> {
        Ok(Self {
            db,
            clock,
            options,
            shelves: CategoryPaths::load(db).await?,
            pictures: Pictures::default(),
            skus: Skus::new(source, currency.clone()),
            previews,
            slugs: HashSet::new(),
            look_alikes: HashMap::new(),
        })
    }

    /// What is to be done with these, which come after all before: by their places, in the order in
    /// which it is to be done.
    pub(super) async fn plan(&mut self, batch: &[Row]) -> Result<Vec<(usize, Plan)>, ImportError> {
        if !self.previews {
            self.skus.forget();
            self.slugs.clear();
            self.look_alikes.clear();
        }
        let found = self.find(batch).await?;
        let mut plans: Vec<(usize, Plan)> = Vec::with_capacity(batch.len());
        let mut draughts: Vec<Option<Draught>> = Vec::with_capacity(batch.len());
        let mut seen = HashSet::new();
        for (at, (row, found)) in batch.iter().zip(&found).enumerate() {
            let mut draught = None;
            match found {
                // Its rows are on both sides of another product's.
                Ok(Some(old)) if !self.previews && !seen.insert(old.id) => {
                    plans.push((at, Plan::Later));
                }
                Ok(old) => match self.draught(row, old.as_ref()).await? {
                    Ok(it) => draught = Some(it),
                    Err(wrong) => plans.push((at, Plan::Rejected(wrong))),
                },
                Err(wrong) => plans.push((at, Plan::Rejected(wrong.clone()))),
            }
            draughts.push(draught);
        }
        let wanted = draughts.iter().flatten().flat_map(|it| &it.draft.product.variants);
        self.skus.load(self.db, wanted.map(|it| it.sku.as_str())).await?;
        let mut olds: Vec<Option<Product>> =
            found.into_iter().map(|it| it.ok().flatten()).collect();
        let known =
            store::products::slugs::look_alikes(self.db, &new_keys(&draughts, &olds)).await?;
        self.look_alikes.extend(known);
        let (order, later) = order(&draughts, &olds, &self.skus);
        self.skus.put_off(later.iter().filter_map(|at| Some(olds[*at].as_ref()?.id)));
        plans.extend(later.into_iter().map(|at| (at, Plan::Later)));
        for at in order {
            let (Some(draught), old) = (draughts[at].take(), olds[at].take()) else { continue };
            plans.push((at, self.settle(&batch[at], draught, old).await?));
        }
        Ok(plans)
    }

    /// The shop's products that these are about.
    async fn find(
        &self,
        batch: &[Row],
    ) -> Result<Vec<Result<Option<Product>, Wrong>>, ImportError> {
        let titled = |it: &Row| slugify(it.title.as_deref().unwrap_or_default(), "product");
        let by_title: Vec<String> = batch.iter().filter(|it| is_bare(it)).map(titled).collect();
        let handles = batch.iter().map(|it| it.handle.as_str()).filter(|it| !it.is_empty());
        // Older versions stored a slug in whatever form of Unicode it came.
        let normal: Vec<Cow<'_, str>> = handles.clone().map(slug::normal).collect();
        let normal = normal.iter().map(AsRef::as_ref);
        let slugs = handles.chain(normal).chain(by_title.iter().map(String::as_str));
        let slugs: HashSet<&str> = slugs.collect();
        let found = store::products::by_slugs(self.db, slugs).await?;
        let mut by_slug: HashMap<String, Product> =
            found.into_iter().map(|it| (slug::normal(&it.slug).into_owned(), it)).collect();
        let nameless = batch.iter().filter(|it| it.handle.is_empty());
        let skus = nameless.flat_map(|it| &it.variants).filter_map(|it| it.sku.as_deref());
        let owners = store::products::owners(self.db, skus).await?;
        let mut ids: Vec<Uuid> = owners.values().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        let by_id = store::products::by_ids(self.db, &ids).await?;
        let find = |row: &Row| {
            if !row.handle.is_empty() {
                return Ok(by_slug.remove(slug::normal(&row.handle).as_ref()));
            }
            if is_bare(row) {
                let found = by_slug.get(&titled(row));
                return Ok(found.filter(|it| Some(&it.title) == row.title.as_ref()).cloned());
            }
            let skus = row.variants.iter().filter_map(|it| it.sku.as_ref());
            let mut of: Vec<Uuid> = skus.filter_map(|it| owners.get(it).copied()).collect();
            of.sort_unstable();
            of.dedup();
            match of.as_slice() {
                [] => Ok(None),
                [id] => Ok(by_id.iter().find(|it| it.id == *id).cloned()),
                _ => {
                    let slugs = by_id.iter().filter(|it| of.contains(&it.id));
                    let slugs: Vec<&str> = slugs.map(|it| it.slug.as_str()).collect();
                    let detail = format!(
                        "Handle is missing, and the SKUs belong to several products: {}",
                        slugs.join(", ")
                    );
                    Err((row.line, detail))
                }
            }
        };
        Ok(batch.iter().map(find).collect())
    }

    /// A product brought together with the shop's.
    async fn draught(
        &mut self,
        row: &Row,
        old: Option<&Product>,
    ) -> Result<Result<Draught, Wrong>, ImportError> {
        let added = match old {
            Some(old) => self.added(row, old).await?,
            None => vec![],
        };
        let merge = Merge { new: row, old, options: self.options, added: &added };
        let (kind, categories, missing) = self.categories(row, old);
        let Merged { product, rows, repeated, kept_stock, warnings } =
            match merge.product(kind, categories) {
                Ok(merged) => merged,
                Err(wrong) => return Ok(Err(wrong)),
            };
        let lines: Vec<u64> = rows.iter().map(|it| line(row, *it)).collect();
        let mut draft = match product.into_draft(old, self.clock.now()) {
            Ok(draft) => draft,
            Err(problem) => return Ok(Err(explain(&problem, row, &lines))),
        };
        if draft.product.category_ids.len() + missing.len() > MAX_CATEGORIES {
            let detail = format!("a product can be in at most {MAX_CATEGORIES} categories");
            return Ok(Err((row.line, detail)));
        }
        if draft.slug_made {
            draft.product.slug = self.free_slug(&draft.product.slug).await?;
        }
        let facts = Facts { kept_stock, warnings, removals: vec![] };
        Ok(Ok(Draught { draft, rows, repeated, facts, missing }))
    }

    /// Makes a product's SKUs sure, and compares it with what the shop has.
    async fn settle(
        &mut self,
        row: &Row,
        draught: Draught,
        old: Option<Product>,
    ) -> Result<Plan, ImportError> {
        let Draught { mut draft, rows, repeated, mut facts, missing } = draught;
        let mut parks = Vec::new();
        let claim = Claim { row, rows: &rows, repeated: &repeated, old: old.as_ref() };
        let remarks =
            self.skus.settle((self.db, self.options), &claim, &mut draft, &mut parks).await?;
        facts.warnings.extend(remarks);
        let lines: Vec<u64> = rows.iter().map(|it| line(row, *it)).collect();
        if let Err(problem) = check(&draft, old.as_ref()) {
            return Ok(Plan::Rejected(explain(&problem, row, &lines)));
        }
        if old.is_none()
            && let Some(other) = self.look_alike(&draft.product.slug)
        {
            let problem = problems::slug_looks_like(&other);
            return Ok(Plan::Rejected(explain(&problem, row, &lines)));
        }
        self.skus.take(&draft.product, old.as_ref());
        let is_same =
            missing.is_empty() && old.as_ref().is_some_and(|it| is_same(it, draft.product.clone()));
        if is_same {
            return Ok(Plan::Unchanged(Box::new(draft), facts));
        }
        if let Some(old) = &old {
            facts.removals = removal::between(old, &draft.product);
        }
        Ok(Plan::Write(Box::new(Write { old, draft, missing, parks, facts })))
    }

    /// By row: what files of the same export have added to the stock already.
    async fn added(&self, product: &Row, old: &Product) -> Result<Vec<i64>, ImportError> {
        let mut added = vec![0; product.variants.len()];
        let is_edited =
            |it: &catalog_csv::Variant| it.exported.is_some_and(|(at, _)| Some(at) != it.quantity);
        if !product.variants.iter().any(is_edited) {
            return Ok(added);
        }
        let pairs = pairs::find(product, Some(old), &Names::of(product, Some(old), false));
        for ((added, row), pair) in added.iter_mut().zip(&product.variants).zip(pairs) {
            let edited = row.exported.filter(|_| is_edited(row));
            let (Some((at_export, export)), Some(at)) = (edited, pair) else { continue };
            let (sku, reference) = (&old.variants[at].sku, books::exported(export));
            *added = store::stock::added_by(self.db, sku, &reference, at_export).await?;
        }
        Ok(added)
    }

    /// The type a product gets, if it is another one, the categories there are of it, and those that
    /// are missing. Where `Type` is what it was, the shop's own order stays; else its category takes
    /// the place of the one the old `Type` stood for.
    fn categories<'p>(
        &self,
        product: &'p Row,
        old: Option<&Product>,
    ) -> (Option<&'p str>, Vec<Uuid>, Vec<Vec<String>>) {
        let before = old.map(|it| it.category_ids.clone()).unwrap_or_default();
        let kind = product.kind.as_ref();
        if let Some(paths) = &product.categories {
            let (mut ids, mut missing) = (Vec::new(), Vec::new());
            for path in paths.iter().filter(|it| !it.is_empty()) {
                match self.shelves.find(path) {
                    Some(id) => ids.push(id),
                    None => missing.push(path.clone()),
                }
            }
            return (kind.map(|it| it.text.as_str()), ids, missing);
        }
        let same = |text: &str| {
            old.is_some_and(|it| {
                it.product_type == text || export::kind(it, self.shelves.tree()) == text
            })
        };
        let Some(kind) = kind.filter(|it| !same(&it.text)) else {
            return (None, before, vec![]);
        };
        let new = self.shelves.find(&kind.path);
        let path = |it: &Product| Path::read(&it.product_type, &it.title, MAX_DEPTH);
        let gone = old.and_then(|it| self.shelves.find(&path(it).names));
        let categories = before.into_iter().filter(|it| Some(*it) != gone).chain(new).collect();
        let is_missing = new.is_none() && !kind.path.is_empty();
        let missing = is_missing.then(|| kind.path.clone()).into_iter().collect();
        (Some(&kind.text), categories, missing)
    }

    /// The slug of another product that looks like this one of a new product.
    fn look_alike(&mut self, slug: &str) -> Option<String> {
        match self.look_alikes.entry(slug::key(slug)) {
            Entry::Occupied(known) => Some(known.get().clone()),
            Entry::Vacant(place) => {
                place.insert(slug.to_owned());
                None
            }
        }
    }

    /// A slug that no product has: that of the title, or that with a number.
    async fn free_slug(&mut self, wanted: &str) -> Result<String, ImportError> {
        let numbered = (2..TRIES).map(|n| format!("{wanted}-{n}"));
        let last = format!("{wanted}-{}", chassis::id::new());
        for slug in std::iter::once(wanted.to_owned()).chain(numbered).chain([last]) {
            let is_free = model::is_free(&slug) && !self.slugs.contains(&slug);
            if is_free && self.is_free(&slug).await? {
                self.slugs.insert(slug.clone());
                return Ok(slug);
            }
        }
        Ok(wanted.to_owned())
    }

    async fn is_free(&self, slug: &str) -> Result<bool, ImportError> {
        Ok(store::products::slugs::look_alikes(self.db, &[slug::key(slug)]).await?.is_empty())
    }
}

/// What the slugs of new products look like.
fn new_keys(draughts: &[Option<Draught>], olds: &[Option<Product>]) -> Vec<String> {
    let new = draughts.iter().zip(olds).filter(|(_, old)| old.is_none());
    new.filter_map(|(it, _)| Some(slug::key(&it.as_ref()?.draft.product.slug))).collect()
}

/// Whether nothing but its title tells which product it is.
fn is_bare(row: &Row) -> bool {
    row.handle.is_empty() && row.variants.iter().all(|it| it.sku.is_none())
}

fn line(product: &Row, row: Option<usize>) -> u64 {
    row.and_then(|it| product.variants.get(it)).map_or(product.line, |it| it.line)
}

/// The order in which products are planned, which is that of the file, but for those that want a SKU
/// another one of these gives up. Of products that wait for each other in a circle one is put off.
fn order(
    draughts: &[Option<Draught>],
    olds: &[Option<Product>],
    skus: &Skus,
) -> (Vec<usize>, Vec<usize>) {
    let planned = |at: &usize| draughts[*at].is_some();
    let of_product: HashMap<Uuid, usize> = (0..olds.len())
        .filter(planned)
        .filter_map(|at| Some((olds[at].as_ref()?.id, at)))
        .collect();
    let variants = |at: usize| draughts[at].iter().flat_map(|it| &it.draft.product.variants);
    // Those that come before it.
    let before = |at: usize| {
        let owners = variants(at).filter_map(|it| Some((it, skus.owner_in_shop(&it.sku)?)));
        let others = owners.filter_map(|(it, owner)| Some((it, *of_product.get(&owner)?)));
        let gives_up = |(it, of): &(&Variant, usize)| {
            *of != at && !variants(*of).any(|other| other.sku == it.sku)
        };
        others.filter(gives_up).map(|(_, of)| of).collect::<Vec<_>>()
    };
    let (mut order, mut later) = (Vec::with_capacity(draughts.len()), Vec::new());
    let (mut done, mut open) = (HashSet::new(), HashSet::new());
    for start in (0..draughts.len()).filter(planned) {
        let mut stack = vec![(start, false)];
        while let Some((at, is_ready)) = stack.pop() {
            if is_ready {
                open.remove(&at);
                done.insert(at);
                order.push(at);
            } else if !done.contains(&at) && open.insert(at) {
                let first = before(at);
                if first.iter().any(|it| open.contains(it)) {
                    open.remove(&at);
                    done.insert(at);
                    later.push(at);
                } else {
                    stack.push((at, true));
                    stack.extend(first.into_iter().map(|it| (it, false)));
                }
            }
        }
    }
    (order, later)
}

/// Whether a product would be just as it is.
fn is_same(old: &Product, new: Product) -> bool {
    let Product { version, revision, updated_at, .. } = *old;
    let mut new = Product { version, revision, updated_at, ..new };
    new.category_ids.sort_unstable();
    new == *old
}

/// What else only shows when a product is written: stock that orders hold.
fn check(draft: &Draft, old: Option<&Product>) -> Result<(), Problem> {
    let variants = &draft.product.variants;
    let before = old.map(|it| it.variants.as_slice()).unwrap_or_default();
    let stays: HashSet<&str> = variants.iter().map(|it| it.sku.as_str()).collect();
    let gone = before.iter().find(|it| it.reserved > 0 && !stays.contains(it.sku.as_str()));
    if let Some(gone) = gone {
        return Err(problems::stock_reserved(&gone.sku));
    }
    let below = |it: &Stock| it.policy == Policy::Deny && it.on_hand < it.taken();
    match variants.iter().map(Variant::stock).find(below) {
        Some(it) => Err(problems::stock_below_reserved(&it.sku, it.allocated, it.reserved)),
        None => Ok(()),
    }
}
