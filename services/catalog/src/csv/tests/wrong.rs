//! Files with something wrong in them.

use super::*;
use chassis::testing::{Database, databases};

#[databases]
async fn what_is_wrong_with_a_row_is_named_with_its_line(database: Database) {
    let header = "Handle,Title,Type,Option1 Name,Option1 Value,Option4 Value,Variant SKU,\
                  Variant Price,Variant Inventory Tracker,Variant Inventory Qty,Image Src\n";
    let long = "x".repeat(300);
    let rows = [
        // (row, its problem)
        ("a,A,,,,,S-1,1,,,\n".to_owned(), None),
        ("b,B,,,,,S-2,,,,\n".to_owned(), Some("line 3, b: Variant Price is empty")),
        (
            "c,C,,,,,S-1,1,,,\n".to_owned(),
            Some("line 4, c: the SKU S-1 belongs to another variant"),
        ),
        (
            "d,D,,,,,S-4,12.345,,,\n".to_owned(),
            Some(
                "line 5, d: Variant Price 12.345 has more than 2 decimals, which USD does not have",
            ),
        ),
        (
            "e,E,,,,,S-5,\"1,50\",,,\n".to_owned(),
            Some("line 6, e: Variant Price \"1,50\" is not a number we can use"),
        ),
        ("f,F,,,,,S-6,-1,,,\n".to_owned(), Some("line 7, f: Variant Price is negative")),
        (
            format!("g,{long},,,,,S-7,1,,,\n"),
            Some("line 8, g: Title must have at most 255 characters"),
        ),
        (
            "h,H,,Size,S,4,S-8,1,,,\n".to_owned(),
            Some("line 9, h: a product can have at most 3 options"),
        ),
        (
            "i,I,,Size,S,,S-9,1,,,\ni,,,,,,S-10,1,,,\n".to_owned(),
            Some("line 11, i: there is no value for the option \"Size\""),
        ),
        (
            "j,J,,Size,S,,S-11,1,,,\nj,,,,S,,S-12,1,,,\n".to_owned(),
            Some("line 13, j: the options must differ from the other variants"),
        ),
        (
            "k,K,,,,,S-13,1,shopify,many,\n".to_owned(),
            Some("line 14, k: Variant Inventory Qty \"many\" is not a number we can use"),
        ),
        (
            "l,L,,,,,S-14,1,shopify,-1,\n".to_owned(),
            Some("line 15, l: orders hold 0 units of S-14; on_hand cannot be below that"),
        ),
        ("m,,,,,,S-15,1,,,\n".to_owned(), Some("line 16, m: Title is empty")),
        (",N,,,,,S-16,1,,,\n".to_owned(), Some("line 17: Handle is empty")),
        (
            "a,A,,,,,S-17,1,,,\n".to_owned(),
            Some("line 18, a: the rows of a handle must stand together; this one was there before"),
        ),
        (
            "o,O,,,,,S-18,1\n".to_owned(),
            Some("line 19, o: the row has 8 fields, but the header has 11"),
        ),
        (
            "p,P,,,,,S-19,1,,,ftp://x\n".to_owned(),
            Some("line 20, p: the picture \"ftp://x\" is left out: not a web address"),
        ),
        (
            "q/q,Q,,,,,S-20,1,,,\n".to_owned(),
            Some("line 21, q/q: Handle must not contain a slash or a control character"),
        ),
        (
            "r,R,,,,,S-21,9999999999999999999,,,\n".to_owned(),
            Some("line 22, r: Variant Price \"9999999999999999999\" is not a number we can use"),
        ),
        ("s,S,,,,,S-22,1,,,\n".to_owned(), None),
        (
            "t,\0T,,,,,S-23,1,,,\n".to_owned(),
            Some("line 24, t: Title must not contain a NUL character"),
        ),
    ];
    let file: String =
        std::iter::once(header.to_owned()).chain(rows.iter().map(|(row, _)| row.clone())).collect();
    let expected: Vec<&str> = rows.iter().filter_map(|(_, problem)| *problem).collect();
    let platform = database.platform(crate::MIGRATIONS).await;
    let before = look(&platform, &file).await.report;
    let report = run(&platform, &file).await;
    assert_eq!(before, report, "it is known before");
    assert_eq!(lines(&report), expected, "{platform:?}");
    assert_eq!(counts(&report), [3, 0, 0, 18], "{platform:?}");
    assert_eq!(report.warnings, 1);
    for handle in ["a", "p", "s"] {
        product(&platform, handle).await;
    }
}

#[tokio::test]
async fn a_broken_file_gives_a_clear_report() {
    let platform = Database::Sqlite.platform(crate::MIGRATIONS).await;
    let header = "Handle,Title,Variant Price\n";
    let file = format!("{header}a,A,1\nb,\"B,2\nc,\"C\" x,3\nd,D,4,5\ne,E,6\nf,\"F,7");
    let report = run(&platform, file).await;
    assert_eq!(
        lines(&report),
        [
            "line 3, b: a quoted field goes on after its closing quote",
            "line 4, c: a quoted field goes on after its closing quote",
            "line 5, d: the row has 4 fields, but the header has 3",
            "line 7, f: a quote is opened and never closed",
        ]
    );
    assert_eq!(counts(&report), [2, 0, 0, 4]);

    let mut latin = format!("{header}g,G,1\nh,").into_bytes();
    latin.extend_from_slice(b"Caf\xe9,1\ni,I,1\n");
    let report = run(&platform, latin).await;
    assert_eq!(lines(&report), ["line 3, h: field 2 is not UTF-8"]);
    assert_eq!(counts(&report), [2, 0, 0, 1]);

    let mut binary = header.as_bytes().to_vec();
    binary.extend((0..200_000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8));
    let report = run(&platform, binary).await;
    assert_eq!(report.products_created, 0);
    assert!(report.rejected > 100 && report.problems.len() <= MAX_PROBLEMS);
}

#[tokio::test]
async fn what_is_no_product_file_is_refused() {
    let platform = Database::Sqlite.platform(crate::MIGRATIONS).await;
    for (input, message) in [
        (&b""[..], "the file is empty"),
        (b"Title,Variant Price\nA,1\n", "the column \"Handle\" is missing in the header"),
        (b"PK\x03\x04\x00\x00", "this looks like a spreadsheet"),
        (b"\xff\xfeH\x00a\x00n\x00", "CSV UTF-8"),
    ] {
        let (db, currency) = (&platform.db, &platform.currency);
        let error = import(db, platform.clock, currency, OfExisting::Edited, input, |_| {})
            .await
            .unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}
