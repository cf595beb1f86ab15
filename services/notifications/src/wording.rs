//! What messages say in the recipient's language besides the texts of templates: amounts, times and
//! reasons. Languages without words of their own get the English ones.

use chassis::money::Money;
use chrono::{DateTime, Datelike, Utc};
use contracts::orders::Reason;

/// `19.99 EUR` in English, `19,99 EUR` in all others.
pub(crate) fn money(language: &str, money: &Money) -> String {
    let text = money.to_string();
    if language == "en" { text } else { text.replace('.', ",") }
}

/// To the minute, in UTC: the shop does not know where the recipient is.
pub(crate) fn time(language: &str, at: DateTime<Utc>) -> String {
    const MONTHS: [[&str; 2]; 12] = [
        ["January", "Januar"],
        ["February", "Februar"],
        ["March", "März"],
        ["April", "April"],
        ["May", "Mai"],
        ["June", "Juni"],
        ["July", "Juli"],
        ["August", "August"],
        ["September", "September"],
        ["October", "Oktober"],
        ["November", "November"],
        ["December", "Dezember"],
    ];
    let month = MONTHS[at.month0() as usize];
    let (day, year, clock) = (at.day(), at.year(), at.format("%H:%M"));
    match language {
        "de" => format!("{day}. {} {year}, {clock} Uhr (UTC)", month[1]),
        _ => format!("{day} {} {year}, {clock} UTC", month[0]),
    }
}

/// A reason why an order was cancelled; none where there is nothing that helps who reads it.
pub(crate) fn reason(language: &str, reason: Reason) -> Option<&'static str> {
    let (english, german) = match reason {
        Reason::CustomerRequest | Reason::FoundCheaper | Reason::TakesTooLong => {
            ("you requested it", "auf Ihren Wunsch")
        }
        Reason::ChangedMind => ("you changed your mind", "Sie haben es sich anders überlegt"),
        Reason::OrderedByMistake => ("it was ordered by mistake", "versehentlich bestellt"),
        // Who is suspected is not accused in a mail.
        Reason::CancelledByShop | Reason::Fraudulent => {
            ("the shop cancelled it", "vom Shop storniert")
        }
        Reason::OutOfStock | Reason::ItemUnavailable => {
            ("some items are no longer in stock", "einige Artikel sind nicht mehr vorrätig")
        }
        Reason::AddressUndeliverable => {
            ("we cannot deliver to this address", "an diese Adresse können wir nicht liefern")
        }
        Reason::PaymentDeclined => ("the payment was declined", "die Zahlung wurde abgelehnt"),
        Reason::PaymentExpired => ("it was not paid in time", "nicht rechtzeitig bezahlt"),
        Reason::PaymentFailed => ("the payment failed", "die Zahlung ist fehlgeschlagen"),
        Reason::PaymentVoided | Reason::AuthorizationExpired => {
            ("the payment was voided", "die Zahlung wurde aufgehoben")
        }
        Reason::PaymentNotDecided | Reason::NotDecidedInTime => {
            ("the bank did not answer in time", "die Bank hat nicht rechtzeitig geantwortet")
        }
        Reason::Superseded => {
            ("you placed a new order instead", "durch eine neue Bestellung ersetzt")
        }
        Reason::Other | Reason::Refunded => return None,
    };
    Some(if language == "de" { german } else { english })
}

/// Why staff gave money back: a code with its text; none for what helps nobody.
pub(crate) fn refund_reason(language: &str, code: &str) -> Option<(&'static str, &'static str)> {
    const TEXTS: [[&str; 3]; 6] = [
        ["customer_request", "you requested it", "auf Ihren Wunsch"],
        ["goodwill", "goodwill", "aus Kulanz"],
        ["damaged", "an item was damaged", "ein Artikel war beschädigt"],
        ["not_received", "it did not arrive", "nicht angekommen"],
        ["returned", "you returned it", "zurückgeschickt"],
        ["duplicate", "it was paid twice", "doppelt bezahlt"],
    ];
    let [code, english, german] = TEXTS.into_iter().find(|it| it[0] == code)?;
    Some((code, if language == "de" { german } else { english }))
}

#[cfg(test)]
mod tests {
    use chassis::money::Currency;
    use chassis::testing::noon;

    use super::*;

    #[test]
    fn amounts_and_times_are_written_as_the_language_does() {
        let currency = |code: &str| Currency::try_from(code.to_owned()).unwrap();
        let euro = Money::new(-199_950, &currency("EUR"));
        assert_eq!(money("en", &euro), "-1999.50 EUR");
        assert_eq!(money("de", &euro), "-1999,50 EUR");
        assert_eq!(money("de", &Money::new(500, &currency("JPY"))), "500 JPY");
        assert_eq!(time("en", noon()), "2 January 2026, 12:00 UTC");
        assert_eq!(time("de", noon()), "2. Januar 2026, 12:00 Uhr (UTC)");
        assert_eq!(time("fr", noon()), time("en", noon()));
    }

    #[test]
    fn reasons_are_said_in_the_language_or_in_english() {
        assert_eq!(reason("de", Reason::PaymentDeclined), Some("die Zahlung wurde abgelehnt"));
        assert_eq!(reason("fr", Reason::PaymentDeclined), Some("the payment was declined"));
        assert_eq!(reason("de", Reason::Other), None);
        assert_eq!(refund_reason("de", "goodwill"), Some(("goodwill", "aus Kulanz")));
        assert_eq!(refund_reason("en", "see www.evil.example"), None);
    }
}
