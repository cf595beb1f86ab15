//! SKUs of a file's products: each belongs to one variant of the shop. One that is taken gets a
//! suffix, unless its owner gives it up further down in the file.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};

use catalog_csv::{Product as Row, Reader, Wrong};
use chassis::db::Db;
use chassis::money::Currency;
use uuid::Uuid;

use super::merge::{is_suffixed, suffixed};
use super::source::Source;
use super::words::shop;
use super::{ImportError, Options};
use crate::model::{Draft, Product};
use crate::store;
use crate::store::products::SkuOwner;

/// Names that are looked up at once where one is taken.
const CANDIDATES: u64 = 50;
/// SKUs of which is remembered which number was free last.
const REMEMBERED: usize = 100_000;

/// A variant of a product further down in the file that makes room until its turn comes.
#[derive(Clone, Debug)]
pub(super) struct Park {
    pub(super) product: Uuid,
    pub(super) sku: String,
    pub(super) to: String,
}

/// What a product wants.
pub(super) struct Claim<'a> {
    pub(super) row: &'a Row,
    /// By variant: its row.
    pub(super) rows: &'a [Option<usize>],
    /// By variant: the SKU of its row, where it is that of another variant of the product.
    pub(super) repeated: &'a [Option<String>],
    pub(super) old: Option<&'a Product>,
}

/// Who has which SKU, as far as it was asked.
pub(super) struct Skus {
    source: Source,
    currency: Currency,
    /// In the shop; none where nobody has it.
    owners: HashMap<String, Option<SkuOwner>>,
    /// Taken by what was planned since.
    taken: HashMap<String, SkuOwner>,
    /// Given up by it.
    freed: HashSet<String>,
    /// By SKU: the number to try next.
    next: HashMap<String, u64>,
    /// What the whole file wants; read when it first matters.
    file: Option<WholeFile>,
    /// Products whose turn comes after this batch, wherever they are in the file.
    put_off: HashSet<Uuid>,
}

impl Skus {
    pub(super) fn new(source: Source, currency: Currency) -> Self {
        Self {
            source,
            currency,
            owners: HashMap::new(),
            taken: HashMap::new(),
            freed: HashSet::new(),
            next: HashMap::new(),
            file: None,
            put_off: HashSet::new(),
        }
    }

    /// What was planned has been written, or will not be: the shop knows.
    pub(super) fn forget(&mut self) {
        self.owners.clear();
        self.taken.clear();
        self.freed.clear();
        if self.next.len() > REMEMBERED {
            self.next.clear();
        }
    }

    /// These products have their turn after all others of this batch.
    pub(super) fn put_off(&mut self, products: impl IntoIterator<Item = Uuid>) {
        self.put_off = products.into_iter().collect();
    }

    /// Looks up who has these.
    pub(super) async fn load<'s>(
        &mut self,
        db: &Db,
        skus: impl IntoIterator<Item = &'s str>,
    ) -> Result<(), ImportError> {
        let unknown: HashSet<&str> =
            skus.into_iter().filter(|it| !self.owners.contains_key(*it)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut found = store::products::sku_owners(db, unknown.iter().copied()).await?;
        for sku in unknown {
            self.owners.insert(sku.to_owned(), found.remove(sku));
        }
        Ok(())
    }

    /// Which of the shop's products has it, whatever was planned since.
    pub(super) fn owner_in_shop(&self, sku: &str) -> Option<Uuid> {
        self.owners.get(sku)?.as_ref().map(|it| it.product_id)
    }

    /// Notes what a planned product has, and what it gives up.
    pub(super) fn take(&mut self, product: &Product, old: Option<&Product>) {
        let stays: HashSet<&str> = product.variants.iter().map(|it| it.sku.as_str()).collect();
        let before = old.map(|it| it.variants.as_slice()).unwrap_or_default();
        for gone in before.iter().filter(|it| !stays.contains(it.sku.as_str())) {
            if self.owner(&gone.sku).is_none_or(|it| it.product_id == product.id) {
                self.taken.remove(&gone.sku);
                self.freed.insert(gone.sku.clone());
            }
        }
        for sku in stays {
            let owner = SkuOwner { product_id: product.id, slug: product.slug.clone() };
            self.taken.insert(sku.to_owned(), owner);
        }
    }

    fn owner(&self, sku: &str) -> Option<&SkuOwner> {
        let in_shop = || self.owners.get(sku)?.as_ref().filter(|_| !self.freed.contains(sku));
        self.taken.get(sku).or_else(in_shop)
    }

    /// Gives each variant a SKU that no other has; says what of that is not as the file wants it.
    pub(super) async fn settle(
        &mut self,
        (db, options): (&Db, Options),
        claim: &Claim<'_>,
        draft: &mut Draft,
        parks: &mut Vec<Park>,
    ) -> Result<Vec<Wrong>, ImportError> {
        let mut remarks = Vec::new();
        let id = draft.product.id;
        let made: HashSet<usize> = draft.named.iter().copied().collect();
        for at in 0..draft.product.variants.len() {
            let sku = draft.product.variants[at].sku.clone();
            let repeated = claim.repeated.get(at).and_then(Option::as_ref);
            let owner = self.owner(&sku).filter(|it| it.product_id != id).cloned();
            let Some(owner) = owner else {
                if let Some(wanted) = repeated {
                    remarks.push(remark(claim, at, wanted, None, &sku));
                }
                continue;
            };
            if repeated.is_none()
                && !made.contains(&at)
                && let Some(park) = self.way_made(db, options, claim.row, &sku, &owner).await?
            {
                parks.push(park);
                self.freed.insert(sku);
                continue;
            }
            let wanted = repeated.unwrap_or(&sku).clone();
            let taken: HashSet<String> =
                draft.product.variants.iter().map(|it| it.sku.clone()).collect();
            let variant = &draft.product.variants[at];
            let before = claim.old.and_then(|it| it.variants.iter().find(|it| it.id == variant.id));
            let kept = before.filter(|it| {
                is_suffixed(&it.sku, &wanted)
                    && !taken.contains(&it.sku)
                    && self.owner(&it.sku).is_none_or(|it| it.product_id == id)
            });
            let new = match kept {
                Some(before) => before.sku.clone(),
                None => self.free(db, &wanted, &taken).await?,
            };
            if !made.contains(&at) {
                remarks.push(remark(claim, at, &wanted, Some(&owner.slug), &new));
            }
            let variant = &mut draft.product.variants[at];
            variant.sku = new;
            if let Some(before) = before {
                let same = crate::model::Variant { revision: before.revision, ..variant.clone() };
                if before.is_same_but_for_stock(&same) {
                    variant.revision = before.revision;
                }
            }
        }
        Ok(remarks)
    }

    /// A name for a SKU that nobody has.
    async fn free(
        &mut self,
        db: &Db,
        sku: &str,
        but: &HashSet<String>,
    ) -> Result<String, ImportError> {
        let mut number = self.next.get(sku).copied().unwrap_or(2);
        loop {
            let names: Vec<String> =
                (number..number + CANDIDATES).map(|it| suffixed(sku, it)).collect();
            self.load(db, names.iter().map(String::as_str)).await?;
            for name in names {
                number += 1;
                if self.owner(&name).is_none() && !but.contains(&name) {
                    self.next.insert(sku.to_owned(), number);
                    return Ok(name);
                }
            }
        }
    }

    /// How the owner of a SKU makes room for a product, if it gives it up further down in the file.
    async fn way_made(
        &mut self,
        db: &Db,
        options: Options,
        row: &Row,
        sku: &str,
        owner: &SkuOwner,
    ) -> Result<Option<Park>, ImportError> {
        // Taken by what comes before it in the file: that has had its say.
        if self.taken.contains_key(sku) {
            return Ok(None);
        }
        if self.file.is_none() {
            self.file = Some(WholeFile::read(&self.source, &self.currency)?);
        }
        let is_put_off = self.put_off.contains(&owner.product_id);
        let file = self.file.as_ref();
        let Some(wanted) = file.and_then(|it| it.of(&owner.slug)) else { return Ok(None) };
        if wanted.line <= row.line && !is_put_off {
            return Ok(None);
        }
        let found = store::products::by_ids(db, &[owner.product_id]).await?.pop();
        let Some(found) = found else { return Ok(None) };
        let hash = |it: &str| file.map(|file| file.hash(it)).unwrap_or_default();
        let gives_up = found.variants.iter().find(|it| it.sku == sku).is_some_and(|variant| {
            let options_hash = file.map(|file| file.hash(&variant.options)).unwrap_or_default();
            let is_named = found.variants.len() == 1 && wanted.rows.len() == 1
                || wanted.rows.iter().any(|(_, options)| *options == options_hash);
            variant.reserved == 0
                && wanted.rows.iter().all(|(sku, _)| *sku != 0)
                && wanted.rows.iter().all(|(other, _)| *other != hash(sku))
                && (is_named || options.remove_missing)
        });
        if !gives_up {
            return Ok(None);
        }
        let to = self.free(db, sku, &HashSet::new()).await?;
        let park = Park { product: owner.product_id, sku: sku.to_owned(), to: to.clone() };
        // Nobody else is given that name meanwhile.
        self.taken.insert(to, owner.clone());
        Ok(Some(park))
    }
}

fn remark(claim: &Claim<'_>, at: usize, wanted: &str, owner: Option<&str>, new: &str) -> Wrong {
    let row = claim.rows.get(at).copied().flatten();
    let line = row.map_or(claim.row.line, |it| claim.row.variants[it].line);
    let of = match owner {
        Some(slug) => format!("belongs to the product {slug}"),
        None => "belongs to another variant of this product".to_owned(),
    };
    (line, format!("Variant SKU {wanted} {of}; this variant has {new}"))
}

/// Which SKUs the products of a file want: hashes only, 16 bytes for each row.
struct WholeFile {
    products: HashMap<u64, Wanted>,
    hasher: RandomState,
}

/// What a product further down wants.
struct Wanted {
    line: u64,
    /// SKU and options, as hashes; 0 where there is no SKU.
    rows: Vec<(u64, u64)>,
}

impl WholeFile {
    fn read(source: &Source, currency: &Currency) -> Result<Self, ImportError> {
        let mut reader = Reader::new(source.open()?, shop(currency))?;
        let mut file = Self { products: HashMap::new(), hasher: RandomState::new() };
        while let Some(product) = reader.product()? {
            let Ok(product) = product else { continue };
            let rows = product.variants.iter().map(|it| {
                let sku = it.sku.as_deref().map_or(0, |it| file.hash(it));
                (sku, file.hash(&it.options))
            });
            let wanted = Wanted { line: product.line, rows: rows.collect() };
            file.products.insert(file.hash(product.handle.as_str()), wanted);
        }
        Ok(file)
    }

    fn of(&self, handle: &str) -> Option<&Wanted> {
        self.products.get(&self.hash(handle))
    }

    fn hash(&self, it: impl Hash) -> u64 {
        self.hasher.hash_one(it)
    }
}
