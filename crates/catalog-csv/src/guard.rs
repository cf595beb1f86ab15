//! What a spreadsheet would make of a text, and how it is kept from that.
//!
//! A spreadsheet takes a cell that begins with `=` and the like for a formula and runs it. So an
//! export writes an apostrophe before such a text, and an import takes it off again: the shop's own
//! texts stay as they are. Columns of numbers need none. SKUs and barcodes often have an apostrophe
//! by which somebody kept a spreadsheet from making a number of them: in their columns the first
//! one is never part of the text.

use std::borrow::Cow;

use crate::columns::Column;

/// What begins a formula; some spreadsheets also look past blanks, and at wide letters.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Whether a spreadsheet would take this for a formula, but for apostrophes before it.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

fn is_code(column: Column) -> bool {
    matches!(column, Column::Sku | Column::Barcode)
}

/// A text as it stands in a column of a file.
pub fn guarded(column: Column, text: &str) -> Cow<'_, str> {
    let guards = is_formula(text) || is_code(column) && text.starts_with('\'');
    if guards && !column.is_number() { format!("'{text}").into() } else { text.into() }
}

/// The opposite.
pub fn unguarded(column: Column, text: &str) -> &str {
    let guards = |it: &&str| is_code(column) || is_formula(it);
    text.strip_prefix('\'').filter(guards).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_an_export_is_a_formula_and_each_is_read_again() {
        for (text, written) in [
            ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM", "'@SUM"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("\u{ff1d}x", "'\u{ff1d}x"),
            ("'=x", "''=x"),
            ("''-x", "'''-x"),
            ("'", "'"),
            ("'x", "'x"),
            ("x=", "x="),
            ("", ""),
        ] {
            assert_eq!(guarded(Column::Title, text), written);
            assert_eq!(unguarded(Column::Title, written), text);
            let code = guarded(Column::Sku, text);
            assert!(!code.starts_with(FORMULA));
            assert_eq!(unguarded(Column::Sku, &code), text);
        }
        assert_eq!(guarded(Column::Price, "-1"), "-1");
    }

    #[test]
    fn the_apostrophe_of_a_code_is_none_of_it() {
        assert_eq!(unguarded(Column::Barcode, "'4006381333931"), "4006381333931");
        assert_eq!(unguarded(Column::Title, "'Tis the season"), "'Tis the season");
    }
}
