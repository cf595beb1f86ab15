//! The header of a file: whose it is, where its columns are, and which of them are not read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

use crate::Error;
use crate::columns::{COUNT, Column, Format, Names};
use crate::guard::unguarded;
use crate::records::Records;

/// How many names of a header nobody knows are shown, and how much of each.
const SHOWN: usize = 8;
const SHOWN_LETTERS: usize = 40;

/// A column that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// As it stands in the header.
    pub name: String,
    /// What may have been meant.
    pub nearest: Option<&'static str>,
}

/// Where the columns of a file are.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub format: Format,
    header: Vec<String>,
    /// By column. One may have both of its names in a file: then today's comes first.
    places: Vec<Vec<usize>>,
    /// Columns that are there more than once.
    doubled: Vec<Column>,
    /// Values of a fourth option and more.
    beyond: Vec<usize>,
    /// WooCommerce's attributes: where their names are, and their values.
    attributes: Vec<(usize, usize)>,
    ignored: Vec<Ignored>,
}

impl Columns {
    /// Reads the first record of a file.
    pub(crate) fn of_file<R: Read>(records: &mut Records<R>) -> Result<Self, Error> {
        let Some(header) = records.next()? else { return Err(Error::Empty) };
        // A header that is not text says more by the names it lacks.
        let columns = Self::read(&header.fields)?;
        match header.broken {
            Some(why) => Err(Error::Header(why)),
            None => Ok(columns),
        }
    }

    pub(crate) fn read(header: &[String]) -> Result<Self, Error> {
        let formats = Format::ALL.into_iter().filter_map(|it| Self::of(it, header));
        // The first of the best.
        let best = formats.reduce(|best, it| if it.known() > best.known() { it } else { best });
        let mut columns = best.ok_or_else(|| unknown(header))?;
        for column in columns.doubled.clone() {
            let keys = columns.places[column as usize].iter();
            let mut keys: Vec<String> = keys.map(|at| columns.format.key(&header[*at])).collect();
            keys.sort_unstable();
            if column != Column::Images && keys.windows(2).any(|it| it[0] == it[1]) {
                return Err(Error::ColumnTwice(columns.name(column).to_owned()));
            }
        }
        columns.ignored = columns.unread();
        Ok(columns)
    }

    /// The header as one of this format, if it can be one.
    fn of(format: Format, header: &[String]) -> Option<Self> {
        let mut names = HashMap::new();
        for (column, aliases) in format.names() {
            names.extend(
                aliases.iter().zip(0..).map(|(it, rank)| (format.key(it), (*column, rank))),
            );
        }
        let mut columns = Self {
            format,
            header: header.to_vec(),
            places: vec![Vec::new(); COUNT],
            doubled: Vec::new(),
            beyond: Vec::new(),
            attributes: Vec::new(),
            ignored: Vec::new(),
        };
        let mut ranks: Vec<Vec<(u8, usize)>> = vec![Vec::new(); COUNT];
        let mut attributes: BTreeMap<u32, [Option<usize>; 2]> = BTreeMap::new();
        for (at, name) in header.iter().enumerate() {
            let key = format.key(name);
            if let Some(&(column, rank)) = names.get(&key) {
                ranks[column as usize].push((rank, at));
            } else if format == Format::Shopify {
                columns.beyond.extend(numbered(&key, "option", " value").map(|_| at));
            } else if let Some(number) = numbered(&key, "attribute ", " name") {
                attributes.entry(number).or_default()[0] = Some(at);
            } else if let Some(number) = numbered(&key, "attribute ", " value(s)") {
                attributes.entry(number).or_default()[1] = Some(at);
            }
        }
        for (places, mut ranks) in columns.places.iter_mut().zip(ranks) {
            ranks.sort_by_key(|(rank, at)| (std::cmp::Reverse(*rank), *at));
            places.extend(ranks.into_iter().map(|(_, at)| at));
        }
        let doubled = format.names().iter().map(|(it, _)| *it);
        columns.doubled = doubled.filter(|it| columns.places[*it as usize].len() > 1).collect();
        if format == Format::WooCommerce {
            columns.attributes =
                attributes.into_values().filter_map(|[name, value]| name.zip(value)).collect();
        }
        columns.fits().then_some(columns)
    }

    /// Whether there is what tells a format from others.
    fn fits(&self) -> bool {
        let has = |column| self.has(column);
        match self.format {
            Format::Shopify => {
                let update = has(Column::Sku) && self.known() > 1;
                has(Column::Handle) || has(Column::Title) || update
            }
            Format::WooCommerce => {
                let named = has(Column::Id) || has(Column::Kind) || has(Column::Sku);
                has(Column::RegularPrice) || has(Column::Title) && named
            }
            Format::GoogleMerchant => {
                let link = self.header.iter().any(|it| self.format.key(it) == "link");
                let marks = [Column::ImageSrc, Column::Availability, Column::Group];
                has(Column::Id) && has(Column::Title) && (link || marks.into_iter().any(has))
            }
        }
    }

    fn known(&self) -> usize {
        self.places.iter().filter(|it| !it.is_empty()).count()
    }

    pub(crate) fn has(&self, column: Column) -> bool {
        !self.places[column as usize].is_empty()
    }

    /// The name of a column in this file.
    pub(crate) fn name(&self, column: Column) -> &str {
        let place = self.places[column as usize].first();
        place.map_or_else(|| column.name(), |&at| self.header[at].trim())
    }

    /// How many fields a record has.
    pub(crate) fn count(&self) -> usize {
        self.header.len()
    }

    pub(crate) fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// The trimmed text of a field; empty where the file has no such column.
    pub(crate) fn get<'a>(&self, fields: &'a [String], column: Column) -> &'a str {
        let mut texts = self.all(fields, column);
        let first = texts.next().unwrap_or_default();
        if first.is_empty() { texts.find(|it| !it.is_empty()).unwrap_or_default() } else { first }
    }

    /// The same with the spaces around it.
    pub(crate) fn raw<'a>(&self, fields: &'a [String], column: Column) -> &'a str {
        let places = self.places[column as usize].iter();
        let mut texts = places.filter_map(|&at| fields.get(at)).filter(|it| !it.is_empty());
        unguarded(column, texts.next().map_or("", String::as_str))
    }

    /// The text of each column of that name.
    pub(crate) fn all<'a>(
        &self,
        fields: &'a [String],
        column: Column,
    ) -> impl Iterator<Item = &'a str> {
        let places = self.places[column as usize].iter();
        places.map(move |&at| {
            let text = trimmed(fields.get(at).map_or("", String::as_str));
            trimmed(unguarded(column, text))
        })
    }

    /// Fields that say one thing under one name of their column, and another under the other.
    pub(crate) fn contradictions(&self, fields: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for &column in self.doubled.iter().filter(|it| **it != Column::Images) {
            let mut places = self.places[column as usize].iter().zip(self.all(fields, column));
            let Some((at, used)) = places.find(|(_, it)| !it.is_empty()) else { continue };
            let others = places.filter(|(_, it)| !it.is_empty() && *it != used);
            let name = |at: &usize| self.header[*at].trim();
            found.extend(others.map(|(other, text)| {
                let (used, text) = (shown(used), shown(text));
                format!(
                    "{} is {used:?} and {} is {text:?}; the first is used",
                    name(at),
                    name(other)
                )
            }));
        }
        found
    }

    /// Whether a record uses more options than there can be.
    pub(crate) fn has_more_options(&self, fields: &[String]) -> bool {
        self.beyond.iter().filter_map(|&at| fields.get(at)).any(|it| !it.trim().is_empty())
    }

    /// Names and values of the attributes a record has.
    pub(crate) fn attributes<'a>(
        &self,
        fields: &'a [String],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let text = |at: usize| trimmed(fields.get(at).map_or("", String::as_str));
        let all = self.attributes.iter().map(move |&(name, value)| (text(name), text(value)));
        all.filter(|(name, _)| !name.is_empty())
    }

    pub(crate) fn has_no_attributes(&self) -> bool {
        self.attributes.is_empty()
    }

    fn unread(&self) -> Vec<Ignored> {
        let places = self.places.iter().flatten().chain(&self.beyond);
        let attributes = self.attributes.iter().flat_map(|(name, value)| [name, value]);
        let read: HashSet<usize> = places.chain(attributes).copied().collect();
        let unread = self.header.iter().enumerate().filter(|(at, _)| !read.contains(at));
        let names = unread.map(|(_, name)| trimmed(name)).filter(|it| !it.is_empty());
        let ignored = |name: &str| {
            let nearest = nearest(name, self.format.names());
            Ignored { name: name.to_owned(), nearest }
        };
        names.map(ignored).collect()
    }
}

/// The number in a name like "Option4 Value".
fn numbered(key: &str, before: &str, after: &str) -> Option<u32> {
    key.strip_prefix(before)?.strip_suffix(after)?.parse().ok()
}

/// A text without what nobody sees at its ends: blanks of every kind, and the marks that come along
/// when text is copied from a web page or a chat.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|it: char| {
        it.is_whitespace()
            || matches!(it, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    })
}

/// As much of a text as is shown in a message.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_LETTERS).collect()
}

/// The known name that a name is most like: a slip of the pen, or one with a word less.
fn nearest(name: &str, names: &Names) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        let text = text.to_lowercase();
        text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect()
    };
    let name = plain(name);
    let count = name.chars().count();
    if !(2..=SHOWN_LETTERS).contains(&count) {
        return None;
    }
    let distance = |known: &&'static str| {
        let known = plain(known);
        let part = count > 3 && (known.starts_with(&name) || known.ends_with(&name));
        let distance = strsim::osa_distance(&name, &known);
        (part || distance <= count / 3).then_some(distance)
    };
    let all = names.iter().flat_map(|(_, names)| *names).copied();
    let near = all.filter_map(|it| distance(&it).map(|distance| (distance, it)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, it)| it)
}

/// What may be wrong with a file whose header makes no sense.
fn unknown(header: &[String]) -> Error {
    let text = header.join(",");
    let hint = match text {
        _ if text.starts_with("PK") => "; this looks like a spreadsheet, save it as CSV",
        _ if text.contains('\0') || text.contains('\u{fffd}') => {
            "; this is not text in UTF-8, save the file as \"CSV UTF-8\""
        }
        _ => "",
    };
    let names = header.iter().map(|it| trimmed(it)).filter(|it| !it.is_empty());
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|it| !it.is_control());
        format!("\"{}\"", letters.take(SHOWN_LETTERS).collect::<String>())
    };
    let mut found: Vec<String> = names.map(plain).collect();
    if found.len() > SHOWN {
        found.truncate(SHOWN);
        found.push("...".to_owned());
    }
    Error::UnknownColumns { found: found.join(", "), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<Columns, String> {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        Columns::read(&header).map_err(|error| error.to_string())
    }

    #[test]
    fn names_of_columns_are_shopify_s_old_ones_or_today_s_in_any_case() {
        let columns = read("Collection, title ,url HANDLE,PRICE,option1 name").unwrap();
        let fields = ["c", " T ", "h", "1", "\u{200b}Size\u{a0}"].map(str::to_owned);
        assert_eq!(columns.format, Format::Shopify);
        assert_eq!(columns.get(&fields, Column::Title), "T");
        assert_eq!(columns.get(&fields, Column::Handle), "h");
        assert_eq!(columns.get(&fields, Column::Option1Name), "Size");
        assert_eq!(columns.get(&fields, Column::Vendor), "");
        assert_eq!(
            (columns.name(Column::Price), columns.name(Column::Sku)),
            ("PRICE", "Variant SKU")
        );
        assert!(!columns.has(Column::Vendor));
    }

    #[test]
    fn of_two_names_of_a_column_today_s_counts_and_the_other_fills_in() {
        let columns = read("SKU,Title,Variant SKU").unwrap();
        let get = |fields: [&str; 3]| {
            let fields = fields.map(str::to_owned);
            let wrong = columns.contradictions(&fields);
            (columns.get(&fields, Column::Sku).to_owned(), wrong)
        };
        assert_eq!(get(["new", "T", "new"]), ("new".to_owned(), vec![]));
        assert_eq!(get(["", "T", "old"]), ("old".to_owned(), vec![]));
        let wrong = "SKU is \"new\" and Variant SKU is \"old\"; the first is used".to_owned();
        assert_eq!(get(["new", "T", "old"]), ("new".to_owned(), vec![wrong]));
    }

    #[test]
    fn a_format_is_known_by_its_columns() {
        for (header, format) in [
            ("Title", Format::Shopify),
            ("SKU,Price", Format::Shopify),
            ("Title,Price,SKU,Description", Format::Shopify),
            ("id,title,price,g:image_link", Format::GoogleMerchant),
            ("ID,Title,Description,Item Group ID,Link", Format::GoogleMerchant),
            ("ID,Type,SKU,Name,Published,Description,Tags", Format::WooCommerce),
            ("SKU,Regular price", Format::WooCommerce),
            ("Name,SKU,Weight (lbs)", Format::WooCommerce),
        ] {
            assert_eq!(read(header).unwrap().format, format, "{header}");
        }
    }

    #[test]
    fn columns_that_are_not_read_are_named_with_what_may_have_been_meant() {
        let columns = read(
            "Handle,Title,Variant Inventory Quantity,Image URL,body,Variant Prise,Collection,,Qty,\
             Price / International,Option4 Value",
        );
        let columns = columns.unwrap();
        let found = columns.ignored().iter().map(|it| (it.name.as_str(), it.nearest));
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                ("Variant Inventory Quantity", Some("Variant Inventory Qty")),
                ("Image URL", Some("Image Src")),
                ("body", Some("Body (HTML)")),
                ("Variant Prise", Some("Variant Price")),
                ("Collection", None),
                ("Qty", None),
                ("Price / International", None),
            ]
        );
        let columns = read("ID,Name,Attribute 1 name,Attribute 1 value(s),Attribute 1 global");
        let columns = columns.unwrap();
        let names = columns.ignored().iter().map(|it| it.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["Attribute 1 global"]);
    }

    #[test]
    fn a_wrong_header_says_what_was_expected_and_what_was_found() {
        for (header, message) in [
            ("Vendor,Tags", "found \"Vendor\", \"Tags\""),
            ("SKU,Stock", "found \"SKU\", \"Stock\""),
            ("a,b,c,d,e,f,g,h,i,j", "\"h\", ..."),
            ("Vendor", "expected those of Shopify (Handle"),
            ("Handle,Title,Title", "the column \"Title\" appears twice"),
            ("PK\u{3}\u{4}", "spreadsheet"),
            ("\u{fffd}\u{fffd}H\0a\0", "CSV UTF-8"),
        ] {
            let error = read(header).unwrap_err();
            assert!(error.contains(message), "{header}: {error}");
        }
    }
}
