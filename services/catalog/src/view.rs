//! Products, categories and stock as clients see them.

mod inventory;

use std::collections::BTreeMap;

use catalog_search::{Facets, RATINGS};
use chassis::money::{Currency, Money};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::{self, Category, Image, Policy, Product, ProductOption, Status, Tree};
pub(crate) use inventory::{Inventory, InventoryItem};

/// A product.
#[derive(Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductView<'a> {
    id: Uuid,
    slug: &'a str,
    title: &'a str,
    /// HTML, safe to show.
    description: &'a str,
    vendor: &'a str,
    product_type: &'a str,
    tags: &'a [String],
    status: Status,
    /// The price of the cheapest variant.
    price: Money,
    /// The compare-at price of the same variant.
    compare_at_price: Option<Money>,
    /// Units of all variants that can be bought now; null if sales are not limited by stock.
    available: Option<i64>,
    /// Whether at least one variant can be bought now.
    in_stock: bool,
    options: &'a [ProductOption],
    variants: Vec<VariantView<'a>>,
    images: &'a [Image],
    categories: Vec<CategoryRef<'a>>,
    rating: RatingView,
    /// The number of views, updated with a delay.
    views: i64,
    /// Units sold and not returned, updated with a delay.
    sold: i64,
    seo_title: Option<&'a str>,
    seo_description: Option<&'a str>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A page of products.
#[derive(Serialize, ToSchema)]
#[schema(as = Page_Product)]
pub(crate) struct ProductList<'a> {
    pub(crate) items: Vec<ProductView<'a>>,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// The number of all matching items; with `count=true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<i64>,
    /// The values available for further filtering; with `facets=true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facets: Option<FacetsView<'a>>,
}

/// The values available for further filtering, with the number of products of each. The counts of a
/// facet ignore the filter of that facet itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Facets)]
pub(crate) struct FacetsView<'a> {
    /// At most 200, each including its subcategories. Most frequent first, as in all facets.
    categories: Vec<CategoryCount<'a>>,
    /// Null without products.
    price: Option<PriceRange>,
    /// At most 20.
    options: Vec<OptionCounts>,
    /// At most 50.
    vendors: Vec<ValueCount>,
    /// The counts for at least 4, 3, 2 and 1.
    ratings: Vec<RatingCount>,
    in_stock: u64,
}

#[derive(Serialize, ToSchema)]
struct CategoryCount<'a> {
    id: Uuid,
    slug: &'a str,
    name: &'a str,
    count: u64,
}

/// The lowest and the highest price.
#[derive(Serialize, ToSchema)]
struct PriceRange {
    min: Money,
    max: Money,
}

#[derive(Serialize, ToSchema)]
struct OptionCounts {
    name: String,
    /// At most 50.
    values: Vec<ValueCount>,
}

#[derive(Serialize, ToSchema)]
struct ValueCount {
    value: String,
    count: u64,
}

/// The number of products with at least this average rating.
#[derive(Serialize, ToSchema)]
struct RatingCount {
    min: i64,
    count: u64,
}

/// Suggestions for a search that is being typed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Suggestions<'a> {
    /// At most 6.
    products: Vec<Suggestion<'a>>,
    /// At most 4.
    categories: Vec<CategoryRef<'a>>,
}

/// A suggested product.
#[derive(Serialize, ToSchema)]
struct Suggestion<'a> {
    id: Uuid,
    slug: &'a str,
    title: &'a str,
    /// The URL of the first picture.
    image: Option<&'a str>,
    /// The price of the cheapest variant.
    price: Money,
}

/// Products related to another one.
#[derive(Serialize, ToSchema)]
#[schema(as = RelatedProducts)]
pub(crate) struct Related<'a> {
    pub(crate) items: Vec<ProductView<'a>>,
}

/// A variant of a product.
#[derive(Serialize, ToSchema)]
#[schema(as = Variant)]
struct VariantView<'a> {
    id: Uuid,
    sku: &'a str,
    title: &'a str,
    options: &'a BTreeMap<String, String>,
    price: Money,
    compare_at_price: Option<Money>,
    /// Units that can be bought now; null if sales are not limited by stock.
    available: Option<i64>,
    inventory_policy: Policy,
    position: i64,
    barcode: Option<&'a str>,
    weight_grams: i64,
    weight_unit: &'a str,
    requires_shipping: bool,
    taxable: bool,
    tax_code: Option<&'a str>,
    image: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Rating)]
struct RatingView {
    /// From 1 to 5; null without reviews.
    average: Option<f64>,
    count: i64,
}

/// A reference to a category.
#[derive(Serialize, ToSchema)]
pub(crate) struct CategoryRef<'a> {
    id: Uuid,
    slug: &'a str,
    name: &'a str,
}

/// A category.
#[derive(Serialize, ToSchema)]
#[schema(as = Category)]
pub(crate) struct CategoryView<'a> {
    id: Uuid,
    parent_id: Option<Uuid>,
    slug: &'a str,
    name: &'a str,
    description: &'a str,
    /// The order among its siblings.
    position: i64,
    /// From the top level down to the category itself.
    path: Vec<CategoryRef<'a>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// The subcategories; with `tree=true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    children: Option<Vec<Self>>,
}

/// A list of categories.
#[derive(Serialize, ToSchema)]
pub(crate) struct Categories<'a> {
    pub(crate) items: Vec<CategoryView<'a>>,
    /// The number of all matching items; with `count=true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<usize>,
}

impl<'a> ProductView<'a> {
    pub(crate) fn of(product: &'a Product, tree: &'a Tree, currency: &Currency) -> Self {
        let cheapest = product.variants.iter().min_by_key(|it| it.price);
        let money = |amount| Money::new(amount, currency);
        let category = |id: &Uuid| tree.get(*id).map(CategoryRef::of);
        Self {
            id: product.id,
            slug: &product.slug,
            title: &product.title,
            description: &product.description,
            vendor: &product.vendor,
            product_type: &product.product_type,
            tags: &product.tags,
            status: product.status,
            price: money(product.price()),
            compare_at_price: cheapest.and_then(|it| it.compare_at_price).map(money),
            available: product.available(),
            in_stock: product.available() != Some(0),
            options: &product.options,
            variants: product.variants.iter().map(|it| VariantView::of(it, currency)).collect(),
            images: &product.images,
            categories: product.category_ids.iter().filter_map(category).collect(),
            rating: RatingView { average: product.rating.average(), count: product.rating.count },
            views: product.views,
            sold: product.sold,
            seo_title: product.seo_title.as_deref(),
            seo_description: product.seo_description.as_deref(),
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

impl<'a> VariantView<'a> {
    fn of(variant: &'a model::Variant, currency: &Currency) -> Self {
        Self {
            id: variant.id,
            sku: &variant.sku,
            title: &variant.title,
            options: &variant.options,
            price: Money::new(variant.price, currency),
            compare_at_price: variant.compare_at_price.map(|it| Money::new(it, currency)),
            available: variant.available(),
            inventory_policy: variant.policy,
            position: variant.position,
            barcode: variant.barcode.as_deref(),
            weight_grams: variant.weight_grams,
            weight_unit: &variant.weight_unit,
            requires_shipping: variant.requires_shipping,
            taxable: variant.taxable,
            tax_code: variant.tax_code.as_deref(),
            image: variant.image.as_deref(),
        }
    }
}

impl<'a> FacetsView<'a> {
    pub(crate) fn of(facets: Facets, tree: &'a Tree, currency: &Currency) -> Self {
        let category = |(id, count): (Uuid, u64)| {
            let Category { slug, name, .. } = tree.get(id)?;
            Some(CategoryCount { id, slug, name, count })
        };
        let values = |all: Vec<(String, u64)>| {
            all.into_iter().map(|(value, count)| ValueCount { value, count }).collect()
        };
        let options = facets.options.into_iter();
        let ratings = RATINGS.into_iter().zip(facets.ratings);
        Self {
            categories: facets.categories.into_iter().filter_map(category).collect(),
            price: facets.price.map(|(min, max)| PriceRange {
                min: Money::new(min, currency),
                max: Money::new(max, currency),
            }),
            options: options.map(|(name, it)| OptionCounts { name, values: values(it) }).collect(),
            vendors: values(facets.vendors),
            ratings: ratings
                .map(|(least, count)| RatingCount { min: least / 1000, count })
                .collect(),
            in_stock: facets.in_stock,
        }
    }
}

impl<'a> Suggestions<'a> {
    pub(crate) fn of(
        products: &'a [Product],
        categories: &[&'a Category],
        currency: &Currency,
    ) -> Self {
        let product = |it: &'a Product| Suggestion {
            id: it.id,
            slug: &it.slug,
            title: &it.title,
            image: it.images.first().map(|it| it.url.as_str()),
            price: Money::new(it.price(), currency),
        };
        Self {
            products: products.iter().map(product).collect(),
            categories: categories.iter().copied().map(CategoryRef::of).collect(),
        }
    }
}

impl<'a> CategoryRef<'a> {
    fn of(category: &'a Category) -> Self {
        Self { id: category.id, slug: &category.slug, name: &category.name }
    }
}

impl<'a> CategoryView<'a> {
    pub(crate) fn of(category: &'a Category, tree: &'a Tree) -> Self {
        Self {
            id: category.id,
            parent_id: category.parent_id,
            slug: &category.slug,
            name: &category.name,
            description: &category.description,
            position: category.position,
            path: tree.path(category.id).into_iter().map(CategoryRef::of).collect(),
            version: category.version,
            created_at: category.created_at,
            updated_at: category.updated_at,
            children: None,
        }
    }

    /// With everything below it. A tree is at most ten levels deep.
    pub(crate) fn with_children(category: &'a Category, tree: &'a Tree) -> Self {
        let children = tree.children(Some(category.id));
        let children = children.map(|it| Self::with_children(it, tree)).collect();
        Self { children: Some(children), ..Self::of(category, tree) }
    }
}
