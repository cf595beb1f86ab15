//! What is put into the head of a page: for search engines, for previews of links, and for the
//! page's own script.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use crate::escape::{self, component};
use crate::facts::{Category, Crumb, Product, Tree};
use crate::manifest::Pictures;

/// The width of a picture in a preview.
const PREVIEW: u32 = 1280;

/// What every page needs to know about the shop.
#[derive(Debug, Serialize)]
pub(crate) struct Shop {
    pub(crate) name: String,
    /// ISO 4217.
    pub(crate) currency: String,
}

/// A head in the making.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    shop: &'a Shop,
    /// The shop's address, such as `https://shop.example`.
    site: &'a str,
    html: String,
}

/// What a page is about.
#[derive(Default)]
struct About<'a> {
    title: &'a str,
    description: &'a str,
    /// From the site on.
    path: &'a str,
    /// In Open Graph's words.
    kind: &'a str,
    /// Absolute.
    image: Option<&'a str>,
}

impl<'a> Head<'a> {
    pub(crate) fn of(shop: &'a Shop, site: &'a str) -> Self {
        Self { shop, site, html: String::new() }
    }

    /// The head of a page that search engines should leave alone.
    pub(crate) fn hidden(mut self) -> String {
        self.title("");
        self.html.push_str("<meta name=\"robots\" content=\"noindex\">");
        self.bare()
    }

    /// Only what the page's own script needs.
    pub(crate) fn bare(mut self) -> String {
        escape::data(&mut self.html, "type=\"application/json\" id=\"shop\"", self.shop);
        self.html
    }

    /// The head of a page of which nothing is known but its address.
    pub(crate) fn unknown(mut self) -> String {
        self.title("");
        self.bare()
    }

    pub(crate) fn home(mut self, tree: &Tree) -> String {
        let (name, home) = (&*self.shop.name, format!("{}/", self.site));
        let description = tree.names().collect::<Vec<_>>().join(", ");
        let about =
            About { description: &description, path: "/", kind: "website", ..About::default() };
        self.about(&about);
        self.linked(&json!([
            {
                "@type": "WebSite",
                "name": name,
                "url": home,
                "potentialAction": {
                    "@type": "SearchAction",
                    "target": {
                        "@type": "EntryPoint",
                        "urlTemplate": format!("{}/search?search={{search_term}}", self.site),
                    },
                    "query-input": "required name=search_term",
                },
            },
            {
                "@type": "Organization",
                "name": name,
                "url": home,
                "logo": format!("{}/favicon.svg", self.site),
            },
        ]));
        self.bare()
    }

    pub(crate) fn product(mut self, product: &Product, tree: &Tree, pictures: &Pictures) -> String {
        let path = format!("/products/{}", component(&product.slug));
        let first = product.images.first().map(|it| self.picture(&it.url));
        self.about(&About {
            title: product.heading(),
            description: &product.description(),
            path: &path,
            kind: "product",
            image: first.as_deref(),
        });
        if let Some(variant) = product.variants.iter().min_by_key(|it| it.price.amount) {
            let price = &variant.price;
            self.property("product:price:amount", &decimal(price));
            self.property("product:price:currency", price.currency.as_str());
            let in_stock = if product.in_stock { "in stock" } else { "out of stock" };
            self.property("product:availability", in_stock);
        }
        if let Some(image) = product.images.first() {
            self.preload(&image.url, pictures);
        }
        let mut crumbs = product.path(tree);
        crumbs.push(Crumb { slug: String::new(), name: product.title.clone() });
        let described = self.described(product, &format!("{}{path}", self.site));
        self.linked(&json!([described, self.crumbs(&crumbs)]));
        self.bare()
    }

    /// `page` is the number of the page where it is not the first one.
    pub(crate) fn category(mut self, category: &Category, page: Option<u32>) -> String {
        let mut path = format!("/categories/{}", component(&category.slug));
        if let Some(page) = page {
            let _ = write!(path, "?page={page}");
        }
        self.about(&About {
            title: &category.name,
            description: &category.description(),
            path: &path,
            kind: "website",
            image: None,
        });
        let crumbs = self.crumbs(&category.path);
        self.linked(&json!([crumbs]));
        self.bare()
    }

    fn title(&mut self, title: &str) {
        self.html.push_str("<title>");
        if !title.is_empty() {
            escape::text(&mut self.html, title);
            self.html.push_str(" · ");
        }
        escape::text(&mut self.html, &self.shop.name);
        self.html.push_str("</title>");
    }

    fn about(&mut self, about: &About<'_>) {
        let Self { shop, site, .. } = *self;
        let About { title, description, path, kind, image } = *about;
        self.title(title);
        let url = format!("{site}{path}");
        self.html.push_str("<link rel=\"canonical\" href=\"");
        escape::text(&mut self.html, &url);
        self.html.push_str("\">");
        self.property("og:type", kind);
        self.property("og:site_name", &shop.name);
        self.property("og:title", if title.is_empty() { &shop.name } else { title });
        self.property("og:url", &url);
        if !description.is_empty() {
            self.meta("name", "description", description);
            self.property("og:description", description);
        }
        if let Some(image) = image {
            self.property("og:image", image);
        }
        let card = if image.is_some() { "summary_large_image" } else { "summary" };
        self.meta("name", "twitter:card", card);
    }

    fn property(&mut self, name: &str, content: &str) {
        self.meta("property", name, content);
    }

    fn meta(&mut self, attribute: &str, name: &str, content: &str) {
        let _ = write!(self.html, "<meta {attribute}=\"{name}\" content=\"");
        escape::text(&mut self.html, content);
        self.html.push_str("\">");
    }

    /// Fetches the picture that is seen first before the script knows that it is.
    fn preload(&mut self, url: &str, pictures: &Pictures) {
        self.html.push_str("<link rel=\"preload\" as=\"image\" fetchpriority=\"high\" href=\"");
        if is_own(url) {
            escape::text(&mut self.html, &format!("{url}?width={}", pictures.usual));
            self.html.push_str("\" imagesrcset=\"");
            let sources = pictures.widths.iter().map(|it| format!("{url}?width={it} {it}w"));
            escape::text(&mut self.html, &sources.collect::<Vec<_>>().join(", "));
            self.html.push_str("\" imagesizes=\"");
            escape::text(&mut self.html, &pictures.sizes);
        } else {
            escape::text(&mut self.html, url);
        }
        self.html.push_str("\">");
    }

    fn linked(&mut self, graph: &Value) {
        let data = json!({ "@context": "https://schema.org", "@graph": graph });
        escape::data(&mut self.html, "type=\"application/ld+json\"", &data);
    }

    /// A product in schema.org's words.
    fn described(&self, product: &Product, url: &str) -> Value {
        let images: Vec<String> = product.images.iter().map(|it| self.picture(&it.url)).collect();
        let mut data = json!({
            "@type": "Product",
            "name": product.title,
            "description": product.description(),
            "url": url,
            "image": images,
            "offers": offers(product, url),
        });
        if !product.vendor.is_empty() {
            data["brand"] = json!({ "@type": "Brand", "name": product.vendor });
        }
        if let [only] = product.variants.as_slice() {
            data["sku"] = json!(only.sku);
        }
        if let Some(average) = product.rating.average.filter(|_| product.rating.count > 0) {
            data["aggregateRating"] = json!({
                "@type": "AggregateRating",
                "ratingValue": average,
                "reviewCount": product.rating.count,
            });
        }
        data
    }

    /// The way to a page; the page itself comes last, without a slug where it is no category.
    fn crumbs(&self, crumbs: &[Crumb]) -> Value {
        let items = crumbs.iter().enumerate().map(|(at, crumb)| {
            let mut item = json!({ "@type": "ListItem", "position": at + 1, "name": crumb.name });
            if !crumb.slug.is_empty() {
                let slug = component(&crumb.slug);
                item["item"] = json!(format!("{}/categories/{slug}", self.site));
            }
            item
        });
        json!({ "@type": "BreadcrumbList", "itemListElement": items.collect::<Vec<_>>() })
    }

    /// Where others find a picture.
    fn picture(&self, url: &str) -> String {
        match url {
            url if is_own(url) => format!("{}{url}?width={PREVIEW}", self.site),
            url if url.starts_with('/') && !url.starts_with("//") => format!("{}{url}", self.site),
            url => url.to_owned(),
        }
    }
}

/// Whether the shop keeps a picture itself, in several sizes.
fn is_own(url: &str) -> bool {
    url.starts_with("/api/")
}

fn offers(product: &Product, url: &str) -> Value {
    let stock = if product.in_stock { "InStock" } else { "OutOfStock" };
    let availability = format!("https://schema.org/{stock}");
    let prices = || product.variants.iter().map(|it| &it.price);
    let lowest = prices().min_by_key(|it| it.amount);
    let highest = prices().max_by_key(|it| it.amount);
    let (Some(lowest), Some(highest)) = (lowest, highest) else { return Value::Null };
    let currency = lowest.currency.as_str();
    match product.variants.len() {
        1 => json!({
            "@type": "Offer",
            "price": decimal(lowest),
            "priceCurrency": currency,
            "availability": availability,
            "url": url,
        }),
        count => json!({
            "@type": "AggregateOffer",
            "lowPrice": decimal(lowest),
            "highPrice": decimal(highest),
            "offerCount": count,
            "priceCurrency": currency,
            "availability": availability,
            "url": url,
        }),
    }
}

/// An amount without its currency: `19.99`.
fn decimal(money: &chassis::money::Money) -> String {
    let text = money.to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}
