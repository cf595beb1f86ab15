use super::*;

fn shop() -> ShopProfile {
    ShopProfile {
        name: "Lamps & <More>".to_owned(),
        public_url: "https://shop.example".to_owned(),
        address: "Lamps Ltd\n1 Light Street".to_owned(),
        footer: "Registered in London".to_owned(),
        ..ShopProfile::default()
    }
}

fn layout(shop: &ShopProfile) -> Layout<'_> {
    Layout { shop, language: "en", subject: "Hi \"Ada\"", unsubscribe: None }
}

#[test]
fn both_forms_say_who_writes_and_where_it_can_be_reached() {
    let shop = shop();
    let mail = layout(&shop).markdown("Hello,\n\nyour order **CW-1**");
    assert_eq!(
        mail.text,
        "Hello,\n\nyour order CW-1\n\nLamps & <More>\nhttps://shop.example\n\n\
         Lamps Ltd\n1 Light Street\n\nRegistered in London\n"
    );
    for part in [
        "<html lang=\"en\">",
        "<title>Hi &quot;Ada&quot;</title>",
        "prefers-color-scheme: dark",
        "<meta name=\"color-scheme\" content=\"light dark\">",
        ">Lamps &amp; &lt;More&gt;</a>",
        "Lamps Ltd<br>\n1 Light Street",
        "<strong>CW-1</strong>",
        "overflow:hidden\">your order CW-1</div>",
    ] {
        assert!(mail.html.contains(part), "{part} in {}", mail.html);
    }
    assert!(!mail.html.contains("<img") && !mail.html.contains("Unsubscribe"));
}

#[test]
fn only_what_can_be_unsubscribed_from_says_so_in_its_language() {
    let shop = shop();
    for (language, label) in [("en", "Unsubscribe"), ("de", "Abbestellen"), ("fr", "Unsubscribe")] {
        let url = "https://shop.example/unsubscribe#token=a";
        let layout = Layout { language, unsubscribe: Some(url), ..layout(&shop) };
        let mail = layout.plain("Hi");
        assert!(mail.text.ends_with(&format!("\n\n{label}: {url}\n")), "{}", mail.text);
        assert!(mail.html.contains(&format!(">{label}</a>")), "{}", mail.html);
    }
}

#[test]
fn a_logo_stands_for_the_name_and_has_it_as_its_text() {
    let shop = ShopProfile { logo_url: "https://cdn.example/l.png?a=1&b=2".to_owned(), ..shop() };
    let html = layout(&shop).plain("Hi").html;
    let image =
        "<img src=\"https://cdn.example/l.png?a=1&amp;b=2\" alt=\"Lamps &amp; &lt;More&gt;\"";
    assert!(html.contains(image), "{html}");
}

#[test]
fn a_plain_text_stays_as_it_was_written() {
    let shop = shop();
    let text = "Two  spaces\n  and an indent, see https://shop.example/a.";
    let mail = layout(&shop).plain(text);
    assert!(mail.text.starts_with(&format!("{text}\n\nLamps")), "{}", mail.text);
    assert!(mail.html.contains("href=\"https://shop.example/a\""), "{}", mail.html);
}

fn sample(key: &str, language: &str) -> (String, Mail) {
    use crate::builtin::{Key, find};
    let shop = ShopProfile { name: "Lamps & Co".to_owned(), ..shop() };
    let template = find(key).expect("a template");
    let [data, _] = template.samples(language);
    let context = template.context(&data, &shop, &Key::Masked);
    let text = template.text(language).expect("a text");
    let filled = crate::texts::fill(&text, &context).expect("a filled text");
    let layout = Layout { shop: &shop, language, subject: &filled.subject, unsubscribe: None };
    (filled.subject.clone(), layout.markdown(&filled.markdown))
}

/// What an e-mail says, word by word; how it looks is in the next one.
#[test]
fn built_in_texts_read_as_they_are_meant_to() {
    for (key, language) in [
        ("order_confirmed", "en"),
        ("order_confirmed", "de"),
        ("order_cancelled", "de"),
        ("payment_action_required", "en"),
        ("new_sign_in", "de"),
        ("password_reset", "en"),
    ] {
        let (subject, mail) = sample(key, language);
        let text = format!("{subject}\n\n{}", mail.text);
        insta::assert_snapshot!(format!("{key}.{language}.txt"), text);
    }
}

#[test]
fn an_email_is_a_whole_html_document() {
    insta::assert_snapshot!("order_confirmed.de.html", sample("order_confirmed", "de").1.html);
}

/// Writes every template in every language, as mailboxes show it, to a folder that can be looked at:
/// `SAMPLES=FOLDER cargo nextest run -p notifications --run-ignored only samples`.
#[test]
#[ignore = "writes files to look at"]
fn samples() {
    use crate::builtin::{ALL, LANGUAGES};
    let folder = std::path::PathBuf::from(std::env::var("SAMPLES").expect("a folder in SAMPLES"));
    for (template, language) in ALL.iter().flat_map(|it| LANGUAGES.map(|language| (it, language))) {
        let (subject, mail) = sample(template.key, language);
        let name = folder.join(format!("{}-{language}", template.key));
        std::fs::write(name.with_extension("html"), mail.html).expect("a file");
        let text = format!("{subject}\n\n{}", mail.text);
        std::fs::write(name.with_extension("txt"), text).expect("a file");
    }
}
