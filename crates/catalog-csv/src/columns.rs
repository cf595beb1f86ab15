//! The columns we know: of Shopify's product CSV under both of its names, of WooCommerce's, and of
//! Google Merchant's feed.
//!
//! Some columns are our own, after Shopify's: how many units there were when the file was exported,
//! and which export that was; all categories; and the order of each option's values. By the first
//! two an import knows what was changed in the file.

/// What a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    Handle,
    Title,
    Body,
    Vendor,
    ProductCategory,
    Type,
    Tags,
    Published,
    Option1Name,
    Option1Value,
    Option2Name,
    Option2Value,
    Option3Name,
    Option3Value,
    Sku,
    Grams,
    Tracker,
    Quantity,
    Policy,
    Fulfillment,
    Price,
    CompareAtPrice,
    RequiresShipping,
    Taxable,
    Barcode,
    ImageSrc,
    ImagePosition,
    ImageAlt,
    GiftCard,
    SeoTitle,
    SeoDescription,
    VariantImage,
    WeightUnit,
    TaxCode,
    Cost,
    Status,
    QuantityAtExport,
    Export,
    Categories,
    Option1Order,
    Option2Order,
    Option3Order,
    // Of WooCommerce and Google alone.
    Id,
    Kind,
    Parent,
    Visibility,
    ShortDescription,
    RegularPrice,
    SalePrice,
    SaleFrom,
    SaleTo,
    TaxStatus,
    InStock,
    Backorders,
    Weight,
    Position,
    Images,
    Availability,
    Group,
    Color,
    Size,
    Material,
    Pattern,
}

/// How many columns there are.
pub(crate) const COUNT: usize = Column::Pattern as usize + 1;

/// Columns by the names they have in a header, the first of which is written.
pub(crate) type Names = [(Column, &'static [&'static str])];

/// Whose files have the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Shopify,
    WooCommerce,
    GoogleMerchant,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::Shopify, Self::WooCommerce, Self::GoogleMerchant];

    /// `shopify`, `woocommerce` or `google_merchant`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::WooCommerce => "woocommerce",
            Self::GoogleMerchant => "google_merchant",
        }
    }

    pub(crate) fn names(self) -> &'static Names {
        match self {
            Self::Shopify => &SHOPIFY,
            Self::WooCommerce => &WOOCOMMERCE,
            Self::GoogleMerchant => &GOOGLE,
        }
    }

    /// A name of a header as it is compared.
    pub(crate) fn key(self, name: &str) -> String {
        let name = name.trim().to_lowercase();
        match self {
            // In a sheet its attributes are written with blanks, in XML with a namespace.
            Self::GoogleMerchant => name.strip_prefix("g:").unwrap_or(&name).replace(' ', "_"),
            // "Weight (kg)": the unit is the shop's.
            Self::WooCommerce if name.starts_with("weight (") => "weight".to_owned(),
            _ => name,
        }
    }
}

impl Column {
    /// As it stands in the header of a file of ours, or else of its format's.
    pub fn name(self) -> &'static str {
        let mut all = Format::ALL.into_iter().flat_map(|it| it.names());
        all.find(|(column, _)| *column == self).map_or("", |(_, names)| names[0])
    }

    /// Whether only numbers stand in it.
    pub(crate) fn is_number(self) -> bool {
        use Column::{CompareAtPrice, Cost, Grams, ImagePosition};
        use Column::{Price, Quantity, QuantityAtExport};
        let numbers =
            [Grams, Quantity, Price, CompareAtPrice, Cost, ImagePosition, QuantityAtExport];
        numbers.contains(&self)
    }
}

const SHOPIFY: [(Column, &[&str]); 42] = [
    (Column::Handle, &["Handle", "URL handle"]),
    (Column::Title, &["Title"]),
    (Column::Body, &["Body (HTML)", "Description"]),
    (Column::Vendor, &["Vendor"]),
    (Column::ProductCategory, &["Product Category", "Standardized Product Type"]),
    (Column::Type, &["Type", "Custom Product Type"]),
    (Column::Tags, &["Tags"]),
    (Column::Published, &["Published", "Published on online store"]),
    (Column::Option1Name, &["Option1 Name"]),
    (Column::Option1Value, &["Option1 Value"]),
    (Column::Option2Name, &["Option2 Name"]),
    (Column::Option2Value, &["Option2 Value"]),
    (Column::Option3Name, &["Option3 Name"]),
    (Column::Option3Value, &["Option3 Value"]),
    (Column::Sku, &["Variant SKU", "SKU"]),
    (Column::Grams, &["Variant Grams", "Weight value (grams)"]),
    (Column::Tracker, &["Variant Inventory Tracker", "Inventory tracker"]),
    (Column::Quantity, &["Variant Inventory Qty", "Inventory quantity"]),
    (Column::Policy, &["Variant Inventory Policy", "Continue selling when out of stock"]),
    (Column::Fulfillment, &["Variant Fulfillment Service", "Fulfillment service"]),
    (Column::Price, &["Variant Price", "Price"]),
    (Column::CompareAtPrice, &["Variant Compare At Price", "Compare-at price"]),
    (Column::RequiresShipping, &["Variant Requires Shipping", "Requires shipping"]),
    (Column::Taxable, &["Variant Taxable", "Charge tax"]),
    (Column::Barcode, &["Variant Barcode", "Barcode", "Barcodes"]),
    (Column::ImageSrc, &["Image Src", "Product image URL"]),
    (Column::ImagePosition, &["Image Position"]),
    (Column::ImageAlt, &["Image Alt Text"]),
    (Column::GiftCard, &["Gift Card"]),
    (Column::SeoTitle, &["SEO Title"]),
    (Column::SeoDescription, &["SEO Description"]),
    (Column::VariantImage, &["Variant Image", "Variant image URL"]),
    (Column::WeightUnit, &["Variant Weight Unit", "Weight unit for display"]),
    (Column::TaxCode, &["Variant Tax Code", "Tax code"]),
    (Column::Cost, &["Cost per item"]),
    (Column::Status, &["Status"]),
    (Column::QuantityAtExport, &["Inventory Qty At Export"]),
    (Column::Export, &["Inventory Export"]),
    (Column::Categories, &["Categories"]),
    (Column::Option1Order, &["Option1 Value Order"]),
    (Column::Option2Order, &["Option2 Value Order"]),
    (Column::Option3Order, &["Option3 Value Order"]),
];

/// Of an option: its name, its value, and the order of its values.
pub(crate) const OPTIONS: [(Column, Column, Column); 3] = [
    (Column::Option1Name, Column::Option1Value, Column::Option1Order),
    (Column::Option2Name, Column::Option2Value, Column::Option2Order),
    (Column::Option3Name, Column::Option3Value, Column::Option3Order),
];

/// What a file of ours has, in order: Shopify's columns, then ours.
pub(crate) fn written() -> impl Iterator<Item = (Column, &'static str)> {
    let written = SHOPIFY.iter().filter(|(it, _)| *it != Column::ProductCategory);
    written.map(|(column, names)| (*column, names[0]))
}

const WOOCOMMERCE: [(Column, &[&str]); 29] = [
    (Column::Id, &["ID"]),
    (Column::Kind, &["Type"]),
    (Column::Sku, &["SKU"]),
    (Column::Barcode, &["GTIN, UPC, EAN, or ISBN"]),
    (Column::Title, &["Name"]),
    (Column::Handle, &["Slug"]),
    (Column::Published, &["Published"]),
    (Column::Visibility, &["Visibility in catalog"]),
    (Column::ShortDescription, &["Short description"]),
    (Column::Body, &["Description"]),
    (Column::SaleFrom, &["Date sale price starts"]),
    (Column::SaleTo, &["Date sale price ends"]),
    (Column::TaxStatus, &["Tax status"]),
    (Column::InStock, &["In stock?"]),
    (Column::Quantity, &["Stock"]),
    (Column::Backorders, &["Backorders allowed?"]),
    (Column::Weight, &["Weight"]),
    (Column::SalePrice, &["Sale price"]),
    (Column::RegularPrice, &["Regular price"]),
    (Column::Categories, &["Categories"]),
    (Column::Tags, &["Tags"]),
    (Column::Images, &["Images"]),
    (Column::Parent, &["Parent"]),
    (Column::Position, &["Position"]),
    (Column::Vendor, &["Brands"]),
    (Column::Cost, &["Cost of goods"]),
    // What Yoast adds, the usual plugin.
    (Column::SeoTitle, &["Meta: _yoast_wpseo_title"]),
    (Column::SeoDescription, &["Meta: _yoast_wpseo_metadesc"]),
    (Column::TaxCode, &["Tax code"]),
];

const GOOGLE: [(Column, &[&str]); 22] = [
    (Column::Id, &["id"]),
    (Column::Title, &["title"]),
    (Column::Body, &["description"]),
    (Column::ImageSrc, &["image_link"]),
    (Column::Images, &["additional_image_link"]),
    (Column::Availability, &["availability"]),
    (Column::Quantity, &["quantity", "sell_on_google_quantity"]),
    (Column::Price, &["price"]),
    (Column::SalePrice, &["sale_price"]),
    (Column::SaleFrom, &["sale_price_effective_date"]),
    (Column::Cost, &["cost_of_goods_sold"]),
    (Column::Vendor, &["brand"]),
    (Column::Barcode, &["gtin"]),
    (Column::Type, &["product_type"]),
    (Column::ProductCategory, &["google_product_category"]),
    (Column::Group, &["item_group_id"]),
    (Column::Color, &["color"]),
    (Column::Size, &["size"]),
    (Column::Material, &["material"]),
    (Column::Pattern, &["pattern"]),
    (Column::Weight, &["shipping_weight"]),
    (Column::TaxCode, &["tax_category"]),
];

/// The column a reason is about: such a reason begins with its name.
pub fn column_of(reason: &str) -> Option<&'static str> {
    let about = |it: &&str| reason.strip_prefix(*it).is_some_and(|rest| rest.starts_with(' '));
    let columns = Format::ALL.into_iter().flat_map(|it| it.names());
    let names = columns.flat_map(|(_, names)| *names).copied();
    names.filter(about).max_by_key(|it| it.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_ours_has_shopify_s_columns_in_its_order_and_then_ours() {
        assert!(SHOPIFY.iter().enumerate().all(|(at, (column, _))| *column as usize == at));
        assert_eq!(written().count(), 41);
        assert_eq!(written().last(), Some((Column::Option3Order, "Option3 Value Order")));
    }

    #[test]
    fn no_name_stands_for_two_columns_of_a_format() {
        for format in Format::ALL {
            let names = format.names().iter().flat_map(|(_, names)| *names);
            let mut keys: Vec<String> = names.map(|it| format.key(it)).collect();
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), count, "{format:?}");
        }
    }

    #[test]
    fn a_reason_knows_its_column() {
        assert_eq!(column_of("Variant Price is empty"), Some("Variant Price"));
        assert_eq!(column_of("Compare-at price is negative"), Some("Compare-at price"));
        assert_eq!(column_of("Handle is empty"), Some("Handle"));
        assert_eq!(column_of("Titles differ"), None);
        assert_eq!(column_of("a quote is opened and never closed"), None);
    }
}
