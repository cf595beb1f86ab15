//! Products to a file: what an import of it would make of an empty shop.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use catalog_csv::{Kind, Writer};
use chassis::db::Db;
use chassis::money::Currency;
use parking_lot::Mutex;
use uuid::Uuid;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::archive::{CATEGORIES, MEDIA, PRODUCTS};
use super::{ExportError, Progress, category_file};
use crate::model::{DEFAULT_OPTION, DEFAULT_VALUE, Product, Status, Tree, Variant};
use crate::store;

/// Products read at a time.
const PAGE: i64 = 200;
/// Pictures looked up at a time.
const PICTURES: i64 = 200;

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The table of products.
    #[default]
    Csv,
    /// The same with a byte order mark, by which Excel knows the text for UTF-8.
    CsvWithBom,
    /// The table with all categories and the shop's own pictures.
    Zip,
}

/// Writes every product, oldest first; returns how many.
pub async fn export<W: Write + Send>(
    db: &Db,
    currency: &Currency,
    format: Format,
    mut out: W,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<u64, ExportError> {
    let mut export = Export::begin(db.clone(), currency, format).await?;
    while let Some(bytes) = export.next().await? {
        out.write_all(&bytes)?;
        progress(export.done());
    }
    out.flush()?;
    Ok(export.done().products)
}

/// An export on its way, which is written as fast as it is read.
pub(crate) struct Export {
    db: Db,
    id: Uuid,
    tree: Tree,
    out: Buffer,
    stage: Stage,
    done: Progress,
}

/// Where an export is.
enum Stage {
    Products { writer: Box<Writer<Out>>, after: Uuid },
    Pictures { zip: Box<Zip>, after: Uuid },
    Picture { zip: Box<Zip>, left: Vec<Uuid>, after: Uuid },
    Done,
}

type Zip = ZipWriter<StreamWriter<Buffer>>;

/// The table by itself or in an archive.
enum Out {
    Plain(Buffer),
    Zip(Box<Zip>),
}

/// What is written and not taken yet.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Export {
    pub(crate) async fn begin(
        db: Db,
        currency: &Currency,
        format: Format,
    ) -> Result<Self, ExportError> {
        let tree = store::categories::tree(&db).await?;
        let buffer = Buffer::default();
        let out = match format {
            Format::Csv | Format::CsvWithBom => Out::Plain(buffer.clone()),
            Format::Zip => {
                let mut zip = ZipWriter::new_stream(buffer.clone());
                zip.start_file(CATEGORIES, packed(false))?;
                let mut table = Vec::new();
                category_file::write(&tree, &mut table).map_err(std::io::Error::other)?;
                zip.write_all(&table)?;
                // More than 4 GiB of products are nothing out of the ordinary.
                zip.start_file(PRODUCTS, packed(true))?;
                Out::Zip(Box::new(zip))
            }
        };
        let digits = currency.digits();
        let writer = match format {
            Format::CsvWithBom => Writer::with_bom(out, digits)?,
            Format::Csv | Format::Zip => Writer::new(out, digits)?,
        };
        Ok(Self {
            db,
            id: chassis::id::new(),
            tree,
            out: buffer,
            stage: Stage::Products { writer: Box::new(writer), after: Uuid::nil() },
            done: Progress::default(),
        })
    }

    /// How far it is.
    pub(crate) fn done(&self) -> Progress {
        self.done
    }

    /// The next bytes; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ExportError> {
        loop {
            let bytes = self.out.take();
            if !bytes.is_empty() {
                self.done.bytes += bytes.len() as u64;
                return Ok(Some(bytes.into()));
            }
            match std::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Products { writer, after } => {
                    self.stage = self.products(writer, after).await?;
                }
                Stage::Pictures { zip, after } => self.stage = self.pictures(zip, after).await?,
                Stage::Picture { zip, left, after } => {
                    self.stage = self.picture(zip, left, after).await?;
                }
                Stage::Done => return Ok(None),
            }
        }
    }

    async fn products(
        &mut self,
        mut writer: Box<Writer<Out>>,
        after: Uuid,
    ) -> Result<Stage, ExportError> {
        let page = store::products::page(&self.db, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(match writer.into_inner()? {
                Out::Plain(_) => Stage::Done,
                Out::Zip(zip) => Stage::Pictures { zip, after: Uuid::nil() },
            });
        };
        let after = last.id;
        self.done.products += page.len() as u64;
        for product in page {
            writer.write(&to_file(product, &self.tree, self.id))?;
        }
        writer.flush()?;
        (_, self.done.rows) = writer.written();
        Ok(Stage::Products { writer, after })
    }

    async fn pictures(&mut self, zip: Box<Zip>, after: Uuid) -> Result<Stage, ExportError> {
        let mut left = store::pictures::used(&self.db, after, PICTURES).await?;
        let Some(after) = left.last().copied() else {
            zip.finish()?;
            return Ok(Stage::Done);
        };
        left.reverse();
        Ok(Stage::Picture { zip, left, after })
    }

    async fn picture(
        &mut self,
        mut zip: Box<Zip>,
        mut left: Vec<Uuid>,
        after: Uuid,
    ) -> Result<Stage, ExportError> {
        let Some(id) = left.pop() else { return Ok(Stage::Pictures { zip, after }) };
        if let Some(picture) = store::pictures::find(&self.db, id, None).await? {
            let ending = match picture.content_type.as_str() {
                "image/jpeg" => "jpg",
                "image/png" => "png",
                _ => "svg",
            };
            // What it contains is packed already.
            let stored = packed(false).compression_method(CompressionMethod::Stored);
            zip.start_file(format!("{MEDIA}{id}.{ending}"), stored)?;
            zip.write_all(&picture.bytes)?;
        }
        Ok(Stage::Picture { zip, left, after })
    }
}

/// How a file is kept in an archive: without the time, so that equal catalogs are equal archives.
fn packed(large: bool) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .large_file(large)
}

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Zip(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        // An archive packs better the less often it is told to.
        Ok(())
    }
}

/// The text of the column `Type` in exports of versions before there were columns of all categories:
/// the product's own, or else its first category.
pub(super) fn kind(product: &Product, tree: &Tree) -> String {
    if !product.product_type.is_empty() {
        return product.product_type.clone();
    }
    let path = product.category_ids.first().map(|id| tree.path(*id)).unwrap_or_default();
    path.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(" > ")
}

/// A product as an export has it.
fn to_file(product: Product, tree: &Tree, export: Uuid) -> catalog_csv::Product {
    let default = product.has_default_variant_only();
    let path = |id: &Uuid| tree.path(*id).into_iter().map(|it| it.name.clone()).collect();
    let mut categories: Vec<Vec<String>> = product.category_ids.iter().map(path).collect();
    // Their ids are others in another shop.
    categories.sort();
    let (options, option_values) = if default {
        (vec![DEFAULT_OPTION.to_owned()], vec![])
    } else {
        product.options.into_iter().map(|it| (it.name, it.values)).unzip()
    };
    let images = product.images.into_iter().map(|it| (it.url, it.alt));
    let variants = product.variants.into_iter().map(|it| variant(it, default, export));
    catalog_csv::Product {
        line: 0,
        handle: product.slug,
        title: Some(product.title),
        body: Some(product.description),
        vendor: Some(product.vendor),
        kind: Some(Kind { text: product.product_type, path: vec![] }),
        tags: Some(product.tags),
        published: Some(product.status == Status::Active),
        status: Some(product.status.into()),
        options: Some(options),
        option_values,
        categories: Some(categories),
        images: Some(images.collect()),
        seo_title: product.seo_title,
        seo_description: product.seo_description,
        variants: variants.collect(),
        warnings: vec![],
    }
}

fn variant(variant: Variant, default: bool, export: Uuid) -> catalog_csv::Variant {
    let options = if default {
        [(DEFAULT_OPTION.to_owned(), DEFAULT_VALUE.to_owned())].into()
    } else {
        variant.options
    };
    catalog_csv::Variant {
        line: 0,
        sku: Some(variant.sku),
        options,
        price: Some(variant.price),
        compare_at_price: Some(variant.compare_at_price),
        cost: Some(variant.cost),
        barcode: variant.barcode,
        grams: Some(variant.weight_grams),
        weight_unit: Some(variant.weight_unit),
        requires_shipping: Some(variant.requires_shipping),
        taxable: Some(variant.taxable),
        tax_code: variant.tax_code,
        image: variant.image,
        policy: Some(variant.policy.into()),
        quantity: Some(variant.on_hand),
        exported: Some((variant.on_hand, export)),
    }
}
