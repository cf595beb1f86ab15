//! Several texts in one field: names with `;` between them, and levels of a path with `>`. A
//! backslash before either, or before a backslash, makes it part of a name.

/// Between the levels of a path.
const BELOW: char = '>';
/// Between entries.
const NEXT: char = ';';

/// Texts as one field. Nothing at all is `;`: an empty field says nothing.
pub(crate) fn joined<T: AsRef<str>>(entries: &[T]) -> String {
    let all: Vec<String> = entries.iter().map(|it| escaped(it.as_ref())).collect();
    if all.is_empty() { NEXT.to_string() } else { all.join("; ") }
}

/// Paths as one field.
pub(crate) fn joined_paths(paths: &[Vec<String>]) -> String {
    let path = |it: &Vec<String>| it.iter().map(|it| escaped(it)).collect::<Vec<_>>().join(" > ");
    let all: Vec<String> = paths.iter().map(path).collect();
    if all.is_empty() { NEXT.to_string() } else { all.join("; ") }
}

/// The texts of a field; none where it is empty.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    let entries = pieces(text, NEXT)?;
    Some(entries.iter().map(|it| unescaped(it)).filter(|it| !it.is_empty()).collect())
}

/// The paths of a field; none where it is empty.
pub(crate) fn split_paths(text: &str) -> Option<Vec<Vec<String>>> {
    let entries = pieces(text, NEXT)?;
    let path = |entry: &&str| {
        let levels = pieces(entry, BELOW).unwrap_or_default();
        levels.into_iter().map(unescaped).filter(|it| !it.is_empty()).collect()
    };
    Some(entries.iter().map(path).filter(|it: &Vec<String>| !it.is_empty()).collect())
}

/// Splits at a sign that has no backslash before it.
pub(crate) fn pieces(text: &str, sign: char) -> Option<Vec<&str>> {
    if text.trim().is_empty() {
        return None;
    }
    let (mut all, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        if !escaped && letter == sign {
            all.push(&text[from..at]);
            from = at + letter.len_utf8();
        }
        escaped = !escaped && letter == '\\';
    }
    all.push(&text[from..]);
    Some(all)
}

fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        if matches!(letter, NEXT | BELOW | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// A name without its backslashes, and without blanks around it.
pub(crate) fn unescaped(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut letters = text.trim().chars();
    while let Some(letter) = letters.next() {
        name.push(if letter == '\\' { letters.next().unwrap_or(letter) } else { letter });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_for_people_and_read_again() {
        let names = |all: &[&str]| all.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        for (entries, text) in [
            (names(&[]), ";"),
            (names(&["S", "M", "L"]), "S; M; L"),
            (names(&["a;b", "c>d", "e\\"]), "a\\;b; c\\>d; e\\\\"),
        ] {
            assert_eq!(joined(&entries), text);
            assert_eq!(split(text), Some(entries));
        }
        let paths = vec![names(&["Home", "Kitchen & > Bath"]), names(&["Sale"])];
        assert_eq!(joined_paths(&paths), "Home > Kitchen & \\> Bath; Sale");
        assert_eq!(split_paths(&joined_paths(&paths)), Some(paths));
        assert_eq!(split_paths(";"), Some(vec![]));
        assert_eq!(split_paths(" A>B ; > ;C; "), Some(vec![names(&["A", "B"]), names(&["C"])]));
        assert_eq!((split(""), split_paths(" ")), (None, None));
    }
}
