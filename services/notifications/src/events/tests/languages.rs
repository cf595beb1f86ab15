//! Messages are in the language of who reads them, or else of the shop.

use std::sync::Arc;

use chassis::shop::ShopProfile;
use chassis::testing::{Database, databases};
use contracts::identity::{PasswordResetRequested, UserRegistered};
use contracts::language::Language;

use super::*;
use crate::builtin;
use crate::testing::{FakeProvider, TOKEN, sender};

fn language(tag: &str) -> Option<Language> {
    Language::parse(tag)
}

#[databases]
async fn an_order_is_written_about_in_its_language_with_amounts_and_reasons(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let app = app(&platform);
    let order = Order { language: language("de"), currency: "EUR".to_owned(), ..order() };
    let mut cancelled = update(&order, "confirmed", "cancelled");
    cancelled.payment_status = "refunded".to_owned();
    cancelled.reason = Some(Reason::OutOfStock);
    let events = [
        event(order.order_id, 2, &update(&order, "pending", "confirmed")),
        event(order.order_id, 3, &cancelled),
    ];
    deliver_to_orders(&app, &events).await;
    let all = history(&app).await;
    let mail =
        |key: &str| all.iter().find(|it| it.template.as_deref() == Some(key)).expect("a mail");
    let confirmed = mail("order_confirmed");
    assert_eq!(confirmed.subject.as_deref(), Some("Ihre Bestellung CW-100001 ist bestätigt"));
    assert_eq!(confirmed.language.as_deref(), Some("de"));
    assert!(confirmed.body.contains("Gesamtsumme             44,98 EUR"), "{}", confirmed.body);
    let cancelled = &mail("order_cancelled").body;
    assert!(cancelled.contains("Grund: einige Artikel sind nicht mehr vorrätig."), "{cancelled}");
    assert!(cancelled.contains("die von Ihnen bezahlten 44,98 EUR erstattet"), "{cancelled}");
}

#[databases]
async fn what_is_sent_with_its_secret_is_in_the_language_of_its_history(database: Database) {
    let platform = database.platform(MIGRATIONS).await;
    let (app, provider) = (app(&platform), Arc::new(FakeProvider::default()));
    let user = chassis::id::new();
    let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
    let reset = PasswordResetRequested { user_id: user, email, name, language: language("de") };
    deliver_to_users(&app, &[event(user, 1, &reset)]).await;
    sender(&app, &provider).turn().await.unwrap();
    let sent = provider.taken.lock().remove(0);
    assert_eq!(sent.subject.as_deref(), Some("Setzen Sie Ihr Passwort bei Cartwright zurück"));
    let link = format!("http://127.0.0.1:8080/reset-password?token={TOKEN}-reset");
    assert!(sent.text.contains(&format!("Neues Passwort wählen:\n{link}\n")), "{}", sent.text);
    let html = sent.html.expect("HTML");
    assert!(html.contains("<html lang=\"de\">") && html.contains(&format!("href=\"{link}\"")));
    let kept = history(&app).await.remove(0);
    assert!(kept.markdown.as_ref().unwrap().contains("token=****"), "{kept:?}");
    assert!(!format!("{kept:?}").contains(TOKEN));
}

#[databases]
async fn where_there_is_no_text_in_a_language_the_shops_is_used_until_staff_write_one(
    database: Database,
) {
    let platform = database.platform(MIGRATIONS).await;
    let shop = ShopProfile { language: "de".to_owned(), ..ShopProfile::default() };
    let app = App { shop: Arc::new(shop), ..app(&platform) };
    let text = Text { subject: "Bienvenue".to_owned(), body: "Bonjour {{ user.name }}".to_owned() };
    let which = ("welcome", Channel::Email, "fr");
    for (wanted, staffs, subject) in [
        (None, false, "Willkommen bei Cartwright"),
        (Some("fr"), false, "Willkommen bei Cartwright"),
        (Some("en"), false, "Welcome to Cartwright"),
        (Some("fr"), true, "Bienvenue"),
    ] {
        if staffs {
            store::set_override(&app.db, which, &text, chassis::id::new(), noon()).await.unwrap();
        }
        let user = chassis::id::new();
        let (email, name) = ("ada@example.com".to_owned(), "Ada".to_owned());
        let language = wanted.and_then(language);
        let welcome = UserRegistered { user_id: user, email, name, language };
        deliver_to_users(&app, &[event(user, 1, &welcome)]).await;
        let all = history(&app).await;
        let it = all.iter().find(|it| it.user_id == Some(user)).expect("a mail");
        assert_eq!(it.subject.as_deref(), Some(subject), "{wanted:?}");
    }
    // A shop's language that nobody has written in leaves English.
    let shop = ShopProfile { language: "it".to_owned(), ..ShopProfile::default() };
    let app = App { shop: Arc::new(shop), ..app };
    let template = builtin::find("welcome").unwrap();
    assert_eq!(texts::language(&app, &app.db, template, None).await.unwrap(), "en");
}
