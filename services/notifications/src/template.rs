//! Filling a template, within limits, and checking one before it is used.
//!
//! Templates are Markdown, or plain text for subjects, with minijinja's `{{ value }}`, `{% if %}` and
//! `{% for %}`. In Markdown a value says just what it is: no part of it is markup. Staff write
//! templates, so one must not be able to take the shop down: there is no way to build up a value (no
//! `set`, no `*`, `+` or `~`, no dictionaries), the steps are counted and so is the text.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value as Jinja};
use minijinja::{
    Environment, ErrorKind, Output, UndefinedBehavior, context, filters, tests as jinja_tests,
};
use serde_json::Value;
use thiserror::Error;

use crate::markdown::literal;

/// The longest text a template may become, in bytes.
pub(crate) const MAX_TEXT: usize = 64 * 1024;
/// The longest template, in characters.
pub(crate) const MAX_SOURCE: usize = 16 * 1024;
/// Steps a template may take.
const FUEL: u64 = 50_000;

/// What is wrong with a template, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: Option<usize>,
    pub(crate) detail: String,
}

/// What a template may not have in it.
#[derive(Debug, Error)]
enum Forbidden {
    #[error("`{0}` is not allowed here; use if or for")]
    Block(String),
    #[error("`{0}` is not allowed in a template")]
    Sign(char),
}

/// What a template is filled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Plain,
    Markdown,
}

/// Fills a template. An unknown variable is an error.
pub(crate) fn render(source: &str, format: Format, data: &Value) -> Result<String, Wrong> {
    let mut environment = environment();
    environment.set_formatter(move |out, _, value| write_value(out, format, value));
    let template = environment.template_from_str(source)?;
    let mut text = Text(Vec::new());
    template.render_captured_to(with_link(data), &mut text).map(drop)?;
    String::from_utf8(text.0).map_err(|error| Wrong::at(None, error.to_string()))
}

/// The data, whose `link` is an address of the shop: Markdown may make it a link.
fn with_link(data: &Value) -> Jinja {
    let context = Jinja::from(Serde(data));
    let Some(link) = data.get("link").and_then(Value::as_str) else { return context };
    context! { link => Jinja::from_safe_string(link.to_owned()), ..context }
}

/// Writes what stands for a `{{ value }}`: nothing for null.
fn write_value(
    out: &mut Output<'_>,
    format: Format,
    value: &Jinja,
) -> Result<(), minijinja::Error> {
    if value.is_none() {
        return Ok(());
    }
    let text = value.to_string();
    let no_link =
        |it: char| it.is_whitespace() || it.is_control() || matches!(it, '<' | '>' | '\\');
    match format {
        Format::Plain => out.write_str(&text)?,
        // Both a link by itself and what a link can lead to: `[View]({{ link }})`.
        Format::Markdown if value.is_safe() && !text.contains(no_link) => {
            out.write_str(&format!("<{text}>"))?;
        }
        Format::Markdown => out.write_str(&literal(&text))?,
    }
    Ok(())
}

/// Checks a template: its syntax, that it uses only what is allowed and known, and that it can
/// be filled with each of the samples. The first sample has every variable there is.
pub(crate) fn check(source: &str, format: Format, samples: &[Value]) -> Result<(), Wrong> {
    only_allowed(source)?;
    let environment = environment();
    let template = environment.template_from_str(source)?;
    if let Some(sample) = samples.first() {
        let used: BTreeSet<String> = template.undeclared_variables(true).into_iter().collect();
        if let Some(unknown) = used.iter().find(|it| !knows(sample, it)) {
            let line = source.lines().position(|it| it.contains(unknown.as_str()));
            let known = variables(sample).join(", ");
            let detail = format!("`{unknown}` is not known; there are {known}");
            return Err(Wrong::at(line.map(|it| it + 1), detail));
        }
    }
    samples.iter().try_for_each(|it| render(source, format, it).map(drop))
}

/// The names a template can use, for people: `order.lines[].title`.
pub(crate) fn variables(sample: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, names: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(value, &format!("{path}{dot}{name}"), names);
                }
            }
            Value::Array(items) => {
                items.iter().take(1).for_each(|it| walk(it, &format!("{path}[]"), names));
            }
            _ => names.push(path.to_owned()),
        }
    }
    let mut names = Vec::new();
    walk(sample, "", &mut names);
    names
}

fn environment<'a>() -> Environment<'a> {
    let mut it = Environment::empty();
    it.set_undefined_behavior(UndefinedBehavior::Strict);
    it.set_fuel(Some(FUEL));
    it.set_debug(true);
    // A line with nothing but `{% if .. %}` on it leaves no empty line behind.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        it.set_syntax(syntax);
    }
    // None of these makes a text much longer than what goes in.
    it.add_filter("default", filters::default);
    it.add_filter("upper", filters::upper);
    it.add_filter("lower", filters::lower);
    it.add_filter("title", filters::title);
    it.add_filter("capitalize", filters::capitalize);
    it.add_filter("trim", filters::trim);
    it.add_filter("length", filters::length);
    it.add_filter("first", filters::first);
    it.add_filter("last", filters::last);
    it.add_test("none", jinja_tests::is_none);
    it.add_test("defined", jinja_tests::is_defined);
    it
}

/// Refuses what could build up values without end: blocks other than conditions and loops, and
/// multiplication, addition and joining (of texts and lists).
fn only_allowed(source: &str) -> Result<(), Wrong> {
    const BLOCKS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];
    let mut at = 0;
    while let Some(found) = source[at..].find('{').map(|it| at + it) {
        let wrong = |it: Forbidden| Wrong::at(Some(line_at(source, found)), it.to_string());
        let inside = found + 2;
        at = match source.as_bytes().get(found + 1) {
            Some(b'#') => source[inside..].find("#}").map_or(source.len(), |it| inside + it + 2),
            Some(b'{') => inside + expression(&source[inside..], "}}").map_err(wrong)?,
            Some(b'%') => {
                let word = source[inside..].trim_start_matches(['-', '+']).trim_start();
                let end = word.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
                let word = &word[..end.unwrap_or(word.len())];
                if !BLOCKS.contains(&word) {
                    return Err(wrong(Forbidden::Block(word.to_owned())));
                }
                inside + expression(&source[inside..], "%}").map_err(wrong)?
            }
            _ => found + 1,
        };
    }
    Ok(())
}

/// How long the inside of a tag is, with its end; texts in quotes are skipped.
fn expression(source: &str, end: &str) -> Result<usize, Forbidden> {
    let mut quote = None;
    let mut characters = source.char_indices();
    while let Some((at, it)) = characters.next() {
        match (quote, it) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(open), it) if open == it => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(it),
            (None, _) if source[at..].starts_with(end) => return Ok(at + end.len()),
            // Beside the end it keeps a line as it is.
            (None, '+') if at == 0 || source[at + 1..].starts_with(end) => {}
            (None, '*' | '{' | '~' | '+') => {
                return Err(Forbidden::Sign(it));
            }
            (None, _) => {}
        }
    }
    // The parser says better what is missing.
    Ok(source.len())
}

fn line_at(source: &str, at: usize) -> usize {
    source[..at].matches('\n').count() + 1
}

fn knows(sample: &Value, path: &str) -> bool {
    let mut value = sample;
    path.split('.').all(|name| match value.get(name) {
        Some(next) => {
            value = next;
            true
        }
        None => false,
    })
}

/// Takes text up to [`MAX_TEXT`].
struct Text(Vec<u8>);

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_TEXT {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wrong {
    fn at(line: Option<usize>, detail: impl Into<String>) -> Self {
        Self { line, detail: detail.into() }
    }
}

impl From<minijinja::Error> for Wrong {
    fn from(error: minijinja::Error) -> Self {
        let detail = match error.kind() {
            ErrorKind::OutOfFuel => "this takes too many steps".to_owned(),
            ErrorKind::WriteFailure => format!("the text gets longer than {MAX_TEXT} bytes"),
            kind => match error.detail() {
                Some(detail) => format!("{kind}: {detail}"),
                None => kind.to_string(),
            },
        };
        Self { line: error.line(), detail }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({ "shop": { "name": "Cartwright" },
                "order": { "number": "CW-1", "note": null, "lines": [{ "title": "Lamp" }] } })
    }

    #[test]
    fn a_template_is_filled() {
        let source = "Hi {{ shop.name }}:\n{% for line in order.lines %}\n- {{ line.title }}\n\
                      {% endfor %}\n{# not seen #}{% if order.note %}{{ order.note }}{% else %}-{% endif %}";
        check(source, Format::Plain, &[sample()]).unwrap();
        assert_eq!(render(source, Format::Plain, &sample()).unwrap(), "Hi Cartwright:\n- Lamp\n-");
    }

    #[test]
    fn in_markdown_a_value_is_no_markup_and_only_the_link_is_a_link() {
        let data = json!({ "name": "**A**\n# [b](http://evil.example)", "none": null,
                           "link": "http://shop/a_b?c=****" });
        let fill = |source: &str, format: Format| render(source, format, &data).unwrap();
        assert_eq!(
            fill("{{ name }}{{ none }}.", Format::Markdown),
            r"\*\*A\*\* \# \[b\]\(http\:\/\/evil\.example\)."
        );
        assert_eq!(fill("[V]({{ link }})", Format::Markdown), "[V](<http://shop/a_b?c=****>)");
        assert_eq!(
            fill("{{ link | default(name) }}", Format::Markdown),
            "<http://shop/a_b?c=****>"
        );
        assert_eq!(fill("{{ link }}", Format::Plain), "http://shop/a_b?c=****");
        let odd = json!({ "link": "http://a> [b](http://evil.example)" });
        assert_eq!(
            render("{{ link }}", Format::Markdown, &odd).unwrap(),
            literal("http://a> [b](http://evil.example)")
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let line = |source: &str| {
            let wrong = check(source, Format::Markdown, &[sample()]).unwrap_err();
            (wrong.line, wrong.detail)
        };
        let (at, detail) = line("one\n{{ shop.nmae }}");
        assert_eq!(at, Some(2));
        assert!(detail.starts_with("`shop.nmae` is not known"), "{detail}");
        assert_eq!(line("{{ nothing }}").0, Some(1));
        assert_eq!(line("\n\n{{ shop.name").0, Some(3));
        assert_eq!(line("a\n{% if shop.name %}\nb").0, Some(3));
        assert_eq!(
            line("\n{% for line in order.lines %}\n{{ line.colour }}{% endfor %}").0,
            Some(3)
        );
        assert_eq!(line("\n{{ shop.name | nonsense }}").0, Some(2));
        // Hidden in a branch the sample does not take.
        assert_eq!(line("{% if order.note %}\n{{ order.colour }}{% endif %}").0, Some(2));
    }

    #[test]
    fn a_template_cannot_take_the_shop_down() {
        for source in [
            "{% set x = 'a' %}",
            "{%- set x = 'a' %}",
            "{%  with x = 1 %}{% endwith %}",
            "{% raw %}{{ x }}{% endraw %}",
            "{% include 'x' %}",
            "{{ 'a' * 100000000 }}",
            "{{ '}}' * 100000000 }}",
            "{{ {'a': {'b': 1}}.a.b * 3 }}",
            "{{ \"\\\"\" * 100000000 }}",
            "{# {{ ' #}{{ 'a' * 1000 }}",
            "{% if 'a' * 1000 %}{% endif %}",
            "{{ x ~ x ~ x }}",
            "{{ x + x + x }}",
            "{% if (x ~ x) | length %}{% endif %}",
            "{% %}",
        ] {
            assert!(only_allowed(source).is_err(), "{source}");
        }
        assert!(only_allowed("{%+ if x +%}{{ '+~' }}{% endif %}").is_ok());
        assert!(only_allowed("{ * } {# * #} a * b {{ '*' }} ** {{ \"}}\" }}").is_ok());
    }

    #[test]
    fn steps_and_text_are_counted() {
        let list = format!("[{}]", vec!["1"; 100].join(","));
        let each = format!("{{% for a in {list} %}}");
        let inner = "{% if shop %}{% endif %}";
        let source = format!("{}{inner}{}", each.repeat(3), "{% endfor %}".repeat(3));
        let wrong = check(&source, Format::Markdown, &[sample()]).unwrap_err();
        assert_eq!(wrong.detail, "this takes too many steps");

        let long = "x".repeat(1000);
        let source = format!("{each}{long}{{% endfor %}}");
        let wrong = check(&source, Format::Markdown, &[sample()]).unwrap_err();
        assert!(wrong.detail.contains("longer than"), "{wrong}");
    }

    #[test]
    fn variables_are_listed_by_their_paths() {
        assert_eq!(
            variables(&sample()),
            ["order.lines[].title", "order.note", "order.number", "shop.name"]
        );
    }
}
