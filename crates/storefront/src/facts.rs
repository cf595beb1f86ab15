//! What pages tell about products and categories: the few fields of the API's answers they need.

use chassis::money::Money;
use serde::Deserialize;

/// A product, as far as its page's head goes.
#[derive(Debug, Deserialize)]
pub(crate) struct Product {
    pub(crate) slug: String,
    pub(crate) title: String,
    /// HTML.
    description: String,
    pub(crate) vendor: String,
    pub(crate) in_stock: bool,
    pub(crate) variants: Vec<Variant>,
    pub(crate) images: Vec<Image>,
    pub(crate) categories: Vec<Crumb>,
    pub(crate) rating: Rating,
    seo_title: Option<String>,
    seo_description: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Variant {
    pub(crate) sku: String,
    pub(crate) price: Money,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Image {
    pub(crate) url: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Rating {
    pub(crate) average: Option<f64>,
    pub(crate) count: i64,
}

/// A category on the way to something.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Crumb {
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// A category.
#[derive(Debug, Deserialize)]
pub(crate) struct Category {
    pub(crate) slug: String,
    pub(crate) name: String,
    /// HTML.
    description: String,
    /// From the top level down to the category itself.
    pub(crate) path: Vec<Crumb>,
}

/// All categories.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Tree {
    items: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    #[serde(flatten)]
    crumb: Crumb,
    children: Vec<Node>,
}

/// Characters of a description that others show.
const SHOWN: usize = 160;

impl Product {
    pub(crate) fn heading(&self) -> &str {
        self.seo_title.as_deref().filter(|it| !it.trim().is_empty()).unwrap_or(&self.title)
    }

    pub(crate) fn description(&self) -> String {
        match self.seo_description.as_deref().map(str::trim).filter(|it| !it.is_empty()) {
            Some(text) => shortened(text),
            None => words(&self.description),
        }
    }

    /// The way to it, from the top level: that of its first category.
    pub(crate) fn path(&self, tree: &Tree) -> Vec<Crumb> {
        let Some(first) = self.categories.first() else { return Vec::new() };
        let mut path = Vec::new();
        if find(&tree.items, &first.slug, &mut path) { path } else { vec![first.clone()] }
    }
}

impl Category {
    pub(crate) fn description(&self) -> String {
        words(&self.description)
    }
}

impl Tree {
    /// The names at the top.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|it| it.crumb.name.as_str())
    }
}

fn find(nodes: &[Node], slug: &str, path: &mut Vec<Crumb>) -> bool {
    for node in nodes {
        path.push(node.crumb.clone());
        if node.crumb.slug == slug || find(&node.children, slug, path) {
            return true;
        }
        path.pop();
    }
    false
}

/// The beginning of a text of some HTML that is well-formed.
fn words(html: &str) -> String {
    const WITHIN_WORDS: [&str; 12] =
        ["a", "abbr", "b", "code", "em", "i", "s", "small", "span", "strong", "sub", "u"];
    let mut text = String::new();
    let mut rest = html;
    // Longer than what is shown, so that it is known to be cut.
    while text.len() < 8 * SHOWN {
        let Some((before, after)) = rest.split_once('<') else {
            text.push_str(rest);
            break;
        };
        let (tag, after) = after.split_once('>').unwrap_or((after, ""));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        text.push_str(before);
        if !WITHIN_WORDS.contains(&name) {
            text.push(' ');
        }
        rest = after;
    }
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " ")]
    {
        text = text.replace(entity, character);
    }
    shortened(&text.replace("&amp;", "&"))
}

/// At most so much that others show it, cut between words.
fn shortened(text: &str) -> String {
    let mut short = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let more = word.chars().count();
        if length + more >= SHOWN {
            short.push('…');
            break;
        }
        if length > 0 {
            short.push(' ');
        }
        short.push_str(word);
        length += more + 1;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_the_words_of_its_html() {
        for (html, text) in [
            ("<p>Soft <b>wo</b>ol.</p><p>Warm.</p>", "Soft wool. Warm."),
            ("<ul><li>one</li><li>two<br>three</li></ul>", "one two three"),
            ("a &lt;b&gt; &amp;amp; &quot;c&quot;&nbsp;d", "a <b> &amp; \"c\" d"),
            ("<a href=\"https://a.example/>\">x</a>", "\">x"),
            ("broken <", "broken"),
            ("", ""),
        ] {
            assert_eq!(words(html), text, "{html}");
        }
    }

    #[test]
    fn a_long_description_is_cut_between_words() {
        let long = words(&format!("<p>{}</p>", "träge ".repeat(1000)));
        assert!(long.ends_with("träge…"), "{long}");
        assert!(long.chars().count() <= SHOWN, "{}", long.chars().count());
        assert_eq!(shortened(&"x".repeat(500)), "…");
    }

    #[test]
    fn the_way_to_a_product_is_that_of_its_first_category() {
        let tree = r#"{"items":[{"slug":"a","name":"A","children":[]},
            {"slug":"b","name":"B","children":[{"slug":"c","name":"C","children":[]}]}]}"#;
        let tree: Tree = serde_json::from_str(tree).unwrap();
        let product = |slug: &str| -> Product {
            let product = serde_json::json!({
                "slug": "x", "title": "X", "description": "", "vendor": "", "in_stock": true,
                "variants": [], "images": [], "categories": [{ "slug": slug, "name": "N" }],
                "rating": { "average": null, "count": 0 }, "seo_title": null,
                "seo_description": null,
            });
            serde_json::from_value(product).unwrap()
        };
        let path = |slug: &str| -> Vec<String> {
            product(slug).path(&tree).into_iter().map(|it| it.slug).collect()
        };
        assert_eq!(path("c"), ["b", "c"]);
        assert_eq!(path("a"), ["a"]);
        assert_eq!(path("elsewhere"), ["elsewhere"]);
    }
}
