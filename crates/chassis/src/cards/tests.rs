use super::*;

/// What the schemes and payment providers publish to try things out with.
const CARDS: [&str; 30] = [
    // Visa
    "4242424242424242",
    "4111111111111111",
    "4012888888881881",
    "4000056655665556",
    "4222222222222",
    "4917610000000000003",
    // Mastercard
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "2223003122003222",
    "2223000048400011",
    "2720992593319364",
    // American Express
    "378282246310005",
    "371449635398431",
    "341111111111111",
    // Discover
    "6011111111111117",
    "6011000990139424",
    "6445644564456445",
    // Diners Club
    "30569309025904",
    "38520000023237",
    "36227206271667",
    "3056930009020004",
    // JCB
    "3566002020360505",
    "3530111333300000",
    // UnionPay
    "6200000000000005",
    "6205500000000000004",
    "8171999927660000",
    // Maestro
    "6759649826438453",
    "6304000000000000",
    "6799990100000000019",
];

#[test]
fn the_numbers_of_every_scheme_are_found_however_they_are_written() {
    for card in CARDS {
        let groups = |size: usize, between: &str| {
            let groups: Vec<_> =
                card.as_bytes().chunks(size).map(String::from_utf8_lossy).collect();
            groups.join(between)
        };
        for text in [
            card.to_owned(),
            format!("card:{card}"),
            format!("Please use {card}, valid until 12/29."),
            format!("Visa{card}x"),
            format!("2 lamps\n{card}\n12 29 123"),
            groups(4, " "),
            groups(4, "-"),
            groups(4, " - "),
            groups(4, "\u{a0}"),
            groups(4, "\u{2013}"),
            groups(2, " "),
            groups(1, " "),
            format!("My card is {} 12/29", groups(4, " ")),
            format!("+{card} {card}"),
        ] {
            let is_phone = card.len() < SHORTEST;
            assert!(is_in(&text) && !is_phone, "{text}");
        }
    }
    for text in ["3782 822463 10005", "3056 930902 5904", "424242 4242424242", "4222 222 222 222"] {
        assert!(is_in(text), "{text}");
    }
}

#[test]
fn what_only_looks_like_one_is_left_alone() {
    for text in [
        "",
        "tok_visa",
        "pm_1PqRsT2eZvKYlo2C",
        // The check digit, the beginning or the length is another one.
        "4242424242424241",
        "9242424242424248",
        "42424242424242424",
        "00004242424242424242",
        "123456789012",
        // EAN-13, also where a Visa card of old could be meant.
        "4006381333931",
        "5901234123457",
        "9783161484100",
        "4012345678901",
        "4000000000006",
        // GTIN-14
        "10614141543219",
        // IMEI, whose check digit is the same
        "490154203237518",
        "356938035643809",
        "35-693803-564380-9",
        "IMEI 86 891003 123456 3",
        // UPS, DHL, FedEx, USPS
        "1Z999AA10123456784",
        "1Z 999 AA1 01 2345 6784",
        "00340434161094042557",
        "JJD000390007882823984",
        "1234567890",
        "3318810025",
        "CH.42.4242.4242",
        "9400 1000 0000 0000 0000 00",
        "449044304137821",
        // Telephone numbers
        "+4915112345678",
        "+49 1511 2345678",
        "+44 20 7946 0000",
        "+424242424242424",
        "+1 (415) 555-2671",
        "0049 151 12345678",
        // Ids
        "4242424242424242a4242424242424242",
        "c0ffee4242424242424242c0ffee0000",
        "40000000-0000-4000-8424-242424242424",
        "order-20261128-4242",
        "CW-100001",
        // Numbers side by side
        "2026-11-28 2026-12-05",
        "sizes 34, 36, 38, 40, 42, 44, 46, 48, 50 and 52",
    ] {
        assert!(!is_in(text), "{text}");
        assert_eq!(masked(text), text);
    }
}

#[test]
fn a_card_number_is_masked_and_nothing_else_is() {
    let text = "é 4242 4242-4242 4242 of 1234 in 2026, then 378282246310005.";
    assert_eq!(masked(text), "é **** ****-**** **** of 1234 in 2026, then ***************.");
}

#[test]
fn looking_is_linear() {
    // As many groups as there can be, each the beginning of several numbers.
    for text in ["4".repeat(200_000), "4 ".repeat(200_000), "4242 ".repeat(100_000)] {
        let _ = masked(&text);
    }
}
