//! What documents look like, and that no value is ever more than text.

use proptest::prelude::*;

use super::*;
use crate::template::{Format, render};
use serde_json::json;

const STYLE: Style<'_> = Style { button: "#111111", on_button: "#ffffff", link: "#222222" };

fn as_text(markdown: &str) -> String {
    text(&parse(markdown))
}

/// The HTML without its styles.
fn as_html(markdown: &str) -> String {
    let html = html(&parse(markdown), STYLE);
    let mut bare = String::new();
    let mut rest = html.as_str();
    while let Some((before, after)) = rest.split_once(" style=\"") {
        bare.push_str(before);
        rest = after.split_once('"').expect("the end of a style").1;
    }
    (bare + rest).replace('\n', "")
}

#[test]
fn headings_lists_quotes_and_emphasis_are_written_both_ways() {
    let source = "# Head\n\nOne *two* **three**\nfour\\\nfive\n\n- a\n- b\n  1. c\n\n3. d\n4. e\n\n> q\n\n---\n";
    assert_eq!(
        as_text(source),
        "Head\n\nOne two three four\nfive\n\n- a\n- b\n\n  1. c\n\n3. d\n4. e\n\n> q\n\n---"
    );
    assert_eq!(
        as_html(source),
        "<h1>Head</h1><p>One <em>two</em> <strong>three</strong> four<br>five</p>\
         <ul><li>a</li><li>b<ol><li>c</li></ol></li></ul><ol start=\"3\"><li>d</li><li>e</li></ol>\
         <blockquote class=\"line\"><p>q</p></blockquote><hr class=\"line\">"
    );
}

#[test]
fn a_paragraph_that_is_one_link_is_a_button() {
    let source = "[View](<http://shop/o#key=a_b*c>)";
    assert_eq!(as_text(source), "View: http://shop/o#key=a_b*c");
    let html = html(&parse(source), STYLE);
    assert!(html.contains("bgcolor=\"#111111\""), "{html}");
    assert!(html.contains("<a href=\"http://shop/o#key=a_b*c\" style=\"display:inline-block"));
    // Its address says nothing on a button.
    for source in ["<http://shop/o?a=1&b=2>", "See [here](http://shop/)."] {
        assert!(as_html(source).contains("<a class=\"link\" href=\"http://shop/"), "{source}");
    }
    assert_eq!(as_text("<http://shop/o?a=1&b=2>"), "http://shop/o?a=1&b=2");
    assert_eq!(as_text("<ada@example.com>"), "ada@example.com");
    assert_eq!(
        as_html("a <ada@example.com>"),
        "<p>a <a class=\"link\" href=\"mailto:ada@example.com\">ada@example.com</a></p>"
    );
}

#[test]
fn columns_of_a_table_are_below_each_other_and_money_is_right() {
    let source = "| | |\n|---|--:|\n| 2 x Lamp | 39.98 USD |\n| **Total** | **139.98 USD** |\n";
    assert_eq!(as_text(source), "2 x Lamp   39.98 USD\nTotal     139.98 USD");
    let html = as_html(source);
    assert!(!html.contains("<th"), "{html}");
    assert!(html.contains("<td class=\"line\" align=\"right\"><strong>139.98 USD</strong></td>"));
    let headed = "| A | B | C |\n|---|:-:|--:|\n| 1 | 2 | 3 |\n| 10 |\n";
    assert_eq!(as_text(headed), "A   B  C\n1   2  3\n10");
    assert!(as_html(headed).contains("<th class=\"line\" align=\"center\">B</th>"));
    let wide = format!("| | |\n|---|--:|\n| {} | 1 USD |\n| b | 2 USD |\n", "word ".repeat(20));
    assert!(as_text(&wide).ends_with("word  1 USD\nb  2 USD"), "{}", as_text(&wide));
}

#[test]
fn lines_are_wrapped_between_words_but_no_url_is_broken() {
    let url = format!("https://shop.example/{}", "x".repeat(100));
    let source = format!("{}[here](<{url}>) end", "word ".repeat(20));
    let text = as_text(&source);
    assert!(text.lines().any(|it| it == url), "{text}");
    assert!(text.lines().all(|it| it == url || it.len() <= 76), "{text}");
}

#[test]
fn what_messages_do_not_have_is_shown_as_text() {
    for source in ["<b>x</b>", "a <script>alert(1)</script>", "<div>\nx\n</div>"] {
        let html = as_html(source);
        assert!(
            !html.contains("<b>") && !html.contains("<script") && !html.contains("<div"),
            "{html}"
        );
        assert!(html.contains("&lt;"), "{html}");
    }
    for url in ["javascript:alert(1)", "data:text/html,x", "/orders", "//evil.example", "ftp://a"] {
        assert_eq!(as_html(&format!("[x]({url})")), "<p>x</p>", "{url}");
    }
    assert_eq!(as_html("a ![b](http://tracker.example/c.png)"), "<p>a</p>");
    assert_eq!(as_text("`a\\_b`\n\n    code\\!\n    more"), "a_b\n\ncode!\nmore");
    assert_eq!(as_html("&lt;&quot;\\<'"), "<p>&lt;&quot;&lt;&#39;</p>");
}

#[test]
fn deep_nesting_is_flattened() {
    for part in ["> ", "- ", "1. ", "*a **b ", "![", "["] {
        let source = format!("{}x", part.repeat(5_000));
        let document = parse(&source);
        assert!(!text(&document).is_empty() && !html(&document, STYLE).is_empty(), "{part}");
    }
    let inside = format!("{}deep", "> ".repeat(50));
    assert!(as_text(&inside).ends_with("deep"));
    let list: String = (0..40).map(|at| format!("{}- item {at}\n", "  ".repeat(at))).collect();
    assert!(as_text(&list).contains("item 39"), "{}", as_text(&list));
}

#[test]
fn a_plain_text_keeps_its_lines_and_its_urls_lead_somewhere() {
    let source = "Hi <Ada>,\nsee (https://shop.example/a?b=1&c=2).\n\n\n- **no** list\nhttp://";
    assert_eq!(
        html_of_plain(source),
        "<p>Hi &lt;Ada&gt;,<br>see (<a class=\"link\" href=\"https://shop.example/a?b=1&amp;c=2\">\
         https://shop.example/a?b=1&amp;c=2</a>).</p><p>- **no** list<br>http://</p>"
    );
}

fn html_of_plain(text: &str) -> String {
    let html = html(&of_plain(text), STYLE).replace('\n', "");
    html.split(" style=\"").enumerate().fold(String::new(), |html, (at, part)| {
        html + if at == 0 { part } else { part.split_once('"').expect("an end").1 }
    })
}

/// Anything a customer can have for a name, and more often what Markdown, HTML and templates use.
fn value() -> impl Strategy<Value = String> {
    let special = prop_oneof![
        Just("http://evil.example"),
        Just("[a](http://evil.example)"),
        Just("<http://evil.example>"),
        Just("www.evil.example"),
        Just("a@evil.example"),
        Just("<b>"),
        Just("</p>"),
        Just("<!--"),
        Just("**"),
        Just("__"),
        Just("`"),
        Just("```"),
        Just("~~~"),
        Just("|"),
        Just("\\|"),
        Just("\\"),
        Just("\n\n# "),
        Just("\n---\n"),
        Just("\r\n"),
        Just("    "),
        Just("\t"),
        Just("1. "),
        Just("- "),
        Just("> "),
        Just("&lt;"),
        Just("&#91;"),
        Just("[x]: http://evil.example"),
        Just("!["),
        Just("{{ link }}"),
        Just("{% if x %}"),
        Just("\u{2028}"),
        Just("\u{0}"),
        Just("\u{7f}"),
    ];
    let piece =
        prop_oneof![special.prop_map(str::to_owned), "[ -~]{0,6}", "\\PC{0,4}", any::<String>()];
    proptest::collection::vec(piece, 0..6).prop_map(|it| it.concat())
}

/// What a reader sees of a value: its words.
fn words(value: &str) -> String {
    let parts = value.split(|it: char| it.is_whitespace() || it.is_control());
    parts.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_value_is_more_than_text_wherever_a_template_has_it(value in value()) {
        let data = json!({ "v": value, "link": "http://shop/o" });
        let said = words(&value);
        // Each where a value alone would be markup: a line's start, a table's cell, a link's label.
        for source in [
            "{{ v }}", "a {{ v }} b", "{{ v }}\n===\n", "- {{ v }}\n", "> {{ v }}\n", "**a {{ v }} b**",
            "| a | b |\n|---|--:|\n| {{ v }} | {{ v }} |\n", "[a {{ v }}]({{ link }})", "# {{ v }}",
            "{{ v }}{{ v }}\n{{ v }}", "a\n{{ v }}\nb", "<i>{{ v }}</i>",
        ] {
            let plain = |value: &str| {
                let data = json!({ "v": value, "link": "http://shop/o" });
                parse(&render(source, Format::Markdown, &data).unwrap())
            };
            let document = parse(&render(source, Format::Markdown, &data).unwrap());
            // A word in its place gives the same document, but for that word.
            let word = plain("w");
            if said.is_empty() {
                continue;
            }
            prop_assert_eq!(shape(&html(&document, STYLE)), shape(&html(&word, STYLE)), "{}", source);
            let shown = text(&document).replace('\n', " ");
            let expected = text(&word).replace('\n', " ");
            let (shown, expected) = (words(&shown), words(&expected.replace('w', &said)));
            prop_assert_eq!(squeezed(&shown), squeezed(&expected), "{}", source);
        }
    }
}

/// The tags of a document, with what they say.
fn shape(html: &str) -> Vec<String> {
    html.split('<').skip(1).map(|it| it.split_once('>').expect("a tag").0.to_owned()).collect()
}

/// Without spaces, which a table fills its columns with, and the marks of a quote's lines.
fn squeezed(text: &str) -> String {
    text.chars().filter(|it| !it.is_whitespace() && *it != '>').collect()
}
