//! `Type` as a path of categories: "A > B > C". A broken one never costs a product.

/// The longest name of a category.
const MAX_NAME: usize = 255;

/// The categories a product belongs in, from the top down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path {
    pub names: Vec<String>,
    /// What could not be used of the text.
    pub warning: Option<&'static str>,
}

/// Words from which on a path that is the product's title is taken for a mistake.
const TITLE_WORDS: usize = 3;

impl Path {
    /// Reads as much of a path as makes sense for a product of this title, in a shop with so many
    /// levels of categories.
    pub fn read(text: &str, title: &str, levels: usize) -> Self {
        let text = text.trim();
        let (text, mut warning) = unwrap(text);
        let whole = tidy(text);
        if whole.split(' ').count() >= TITLE_WORDS && whole.eq_ignore_ascii_case(&tidy(title)) {
            let warning = Some("Type is the product's title; no category was made of it");
            return Self { names: vec![], warning };
        }
        let mut names: Vec<String> = Vec::new();
        let pieces: Vec<&str> = text.split('>').collect();
        for piece in &pieces {
            let name = tidy(piece);
            if name.is_empty() {
                // ">>" separates as well.
                if pieces.len() > 1 && !text.contains(">>") {
                    warning = warning.or(Some("the category path has an empty part, left out"));
                }
            } else if name.ends_with("...") || name.ends_with('…') {
                warning = Some("the category path is broken off");
                break;
            } else if name.chars().count() > MAX_NAME {
                warning = Some("a part of the category path is too long; it ends before that");
                break;
            } else if names.len() == levels {
                warning = Some("the category path is too deep and was cut off");
                break;
            } else {
                names.push(name);
            }
        }
        Self { names, warning }
    }
}

/// Takes a path out of `["..."]`, as some exports have it. Where the end is missing, the text was
/// cut off and its last part is not a category.
fn unwrap(text: &str) -> (&str, Option<&'static str>) {
    let Some(rest) = text.strip_prefix('[') else { return (text, None) };
    let rest = rest.trim_start().trim_start_matches('"');
    match rest.strip_suffix(']') {
        Some(inside) => (inside.trim_end().trim_end_matches('"'), None),
        None => {
            let whole = rest.rfind('>').map_or("", |at| &rest[..at]);
            (whole.trim_end_matches('>'), Some("the category path is broken off"))
        }
    }
}

/// One line, single spaces, nothing that is not text.
fn tidy(name: &str) -> String {
    let plain: String = name.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_of_a_path_is_used_as_makes_sense() {
        let deep = (1..=12).map(|it| it.to_string()).collect::<Vec<_>>().join(" > ");
        let long = format!("A > {} > C", "x".repeat(300));
        for (text, names, warns) in [
            ("", vec![], false),
            ("Bracelet", vec!["Bracelet"], false),
            ("A > B\n & C >D", vec!["A", "B & C", "D"], false),
            ("A >> B", vec!["A", "B"], false),
            ("A > > B >", vec!["A", "B"], true),
            (" > ", vec![], true),
            (r#"["A >> B"]"#, vec!["A", "B"], false),
            (r#"["Eternal Gandhi Super Series Crystal Paper Weight..."#, vec![], true),
            (r#"["A >> B >> Crystal Pa..."#, vec!["A", "B"], true),
            ("[", vec![], true),
            (&deep, vec!["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"], true),
            (&long, vec!["A"], true),
            ("A\0 > B", vec!["A", "B"], false),
            ("Eternal Gandhi Super Series Crystal Paper Weight...", vec![], true),
            ("A > B > Crystal Paper Wei…", vec!["A", "B"], true),
            ("Blue  cotton Shirt", vec![], true),
            ("Shirt", vec!["Shirt"], false),
        ] {
            let path = Path::read(text, "Blue Cotton Shirt", 10);
            assert_eq!(path.names, names, "{text}");
            assert_eq!(path.warning.is_some(), warns, "{text}");
        }
    }
}
