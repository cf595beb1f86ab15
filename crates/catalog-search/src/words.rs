//! How text becomes words.
//!
//! Text is folded first: case, accents and encodings do not count. Words of scripts that put no
//! spaces between them are found by every two neighbouring letters; of words that are written
//! together or apart (`T-Shirt`, `WD-40`, `d'or`, `3.5 mm`) the index has the parts and the whole.

use chassis::fold::fold;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The names of the tokenizers in the schema: of names, and of whole sentences.
pub(crate) const NAMES: &str = "names";
pub(crate) const SENTENCES: &str = "sentences";

/// Of longer words only so many bytes count.
const MAX_WORD: usize = 64;
/// Parts of a piece after which the rest is a piece of its own.
const MAX_PARTS: usize = 8;
/// Longer numbers are no part of a name such as `Max 90`.
const MAX_COUNT: usize = 5;

/// What a part of a piece is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Letters,
    Number,
    /// Letters of a script without spaces: Chinese, Japanese, Korean, Thai.
    Run,
}

/// Letters of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub text: String,
    pub kind: Kind,
    /// What stands between it and the part before it: a hyphen, an apostrophe.
    pub joint: Option<char>,
}

/// Text without a space: one part, or several that are written together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    pub parts: Vec<Part>,
    /// What belongs to its end: `++` of C++, `#` of C#.
    pub signs: String,
    /// Whether only spaces are between it and the piece before it.
    pub follows: bool,
}

impl Piece {
    /// The parts between which there is a joint: `kt`, `ins114`, `dre` of `kt-ins114-dre`.
    pub(crate) fn groups(&self) -> Vec<&[Part]> {
        let mut groups = Vec::new();
        let mut from = 0;
        for at in 1..=self.parts.len() {
            if self.parts.get(at).is_none_or(|it| it.joint.is_some()) {
                groups.push(&self.parts[from..at]);
                from = at;
            }
        }
        groups
    }

    /// As one word.
    pub(crate) fn joined(&self) -> String {
        joined(&self.parts)
    }
}

/// Parts as one word.
pub(crate) fn joined(parts: &[Part]) -> String {
    let mut word: String = parts.iter().map(|it| it.text.as_str()).collect();
    shorten(&mut word);
    word
}

fn shorten(word: &mut String) {
    word.truncate(word.floor_char_boundary(MAX_WORD));
}

/// Whether somebody may leave it out who types the word without the apostrophe it stands at: `d` of
/// `d'or`, `s` of `women's`.
pub(crate) fn is_elided(groups: &[&[Part]], at: usize) -> bool {
    let apostrophe = |it: &[Part]| it[0].joint == Some('\'');
    let [Part { text, kind: Kind::Letters, .. }] = groups[at] else { return false };
    match text.chars().count() {
        1 => apostrophe(groups[at]) || groups.get(at + 1).is_some_and(|it| apostrophe(it)),
        2 => groups.get(at + 1).is_some_and(|it| apostrophe(it)),
        _ => false,
    }
}

/// The pieces of a text.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let folded = fold(text);
    let letters: Vec<char> = folded.chars().filter(|it| !is_invisible(*it)).collect();
    let mut pieces = Vec::new();
    let mut piece = Piece { follows: true, ..Piece::default() };
    let mut joint = None;
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let Some(kind) = kind(letter) else {
            let next = letters.get(at + 1).copied().and_then(self::kind);
            let open = !piece.parts.is_empty() && piece.signs.is_empty();
            match as_joint(letter) {
                Some(it)
                    if open
                        && joint.is_none()
                        && matches!(next, Some(Kind::Letters | Kind::Number)) =>
                {
                    joint = Some(it);
                }
                _ if open && matches!(letter, '+' | '#') => piece.signs.push(letter),
                _ if !piece.parts.is_empty()
                    && matches!(letter, '+' | '#')
                    && piece.signs.len() < 2 =>
                {
                    piece.signs.push(letter);
                }
                _ => {
                    let follows = letter.is_whitespace();
                    if piece.parts.is_empty() {
                        piece.follows &= follows;
                    } else {
                        let next = Piece { follows, ..Piece::default() };
                        pieces.push(std::mem::replace(&mut piece, next));
                    }
                }
            }
            at += 1;
            continue;
        };
        let end = end_of(&letters, at, kind);
        let mut text: String = letters[at..end].iter().collect();
        if kind == Kind::Number {
            text = text.replace(',', ".");
        }
        if kind != Kind::Run {
            shorten(&mut text);
        }
        let run = kind == Kind::Run || piece.parts.last().is_some_and(|it| it.kind == Kind::Run);
        if !piece.parts.is_empty()
            && (run || !piece.signs.is_empty() || piece.parts.len() == MAX_PARTS)
        {
            let next = Piece { follows: false, ..Piece::default() };
            pieces.push(std::mem::replace(&mut piece, next));
            joint = None;
        }
        piece.parts.push(Part { text, kind, joint: joint.take() });
        at = end;
    }
    if !piece.parts.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Where letters of one kind end.
fn end_of(letters: &[char], from: usize, of: Kind) -> usize {
    let mut end = from + 1;
    while let Some(&letter) = letters.get(end) {
        let digit = |at: usize| letters.get(at).is_some_and(|it| kind(*it) == Some(Kind::Number));
        let inner = of == Kind::Number && matches!(letter, '.' | ',') && digit(end + 1);
        if !inner && kind(letter) != Some(of) && !is_combining_mark(letter) {
            break;
        }
        end += 1;
    }
    end
}

fn kind(letter: char) -> Option<Kind> {
    match letter {
        _ if is_spaceless(letter) && (letter.is_alphanumeric() || is_combining_mark(letter)) => {
            Some(Kind::Run)
        }
        _ if letter.is_numeric() => Some(Kind::Number),
        _ if letter.is_alphabetic() => Some(Kind::Letters),
        _ => None,
    }
}

/// Thai, Lao, Tibetan, Burmese, Khmer; Chinese, Japanese and Korean.
fn is_spaceless(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{30ff}' | '\u{3100}'..='\u{312f}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Written between letters, and seen by nobody.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// What joins words to one; all apostrophes are the same.
fn as_joint(letter: char) -> Option<char> {
    match letter {
        '\'' | '’' | '‘' | '`' | 'ʼ' | '´' => Some('\''),
        '-' | '‐' | '‑' | '–' | '_' | '.' | '/' | '&' | '·' => Some('-'),
        _ => None,
    }
}

/// The letters of a run with the marks that belong to them.
pub(crate) fn clusters(run: &str) -> Vec<&str> {
    let starts = run.char_indices().filter(|(at, it)| *at == 0 || !is_combining_mark(*it));
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([run.len()]);
    starts.iter().zip(ends).map(|(from, to)| &run[*from..to]).collect()
}

/// Every two neighbouring letters.
pub(crate) fn pairs(clusters: &[&str]) -> Vec<String> {
    clusters.windows(2).map(<[&str]>::concat).collect()
}

/// A text with `ä` as `ae` and the like, as it is written on other keyboards; none where there is
/// nothing of that.
pub(crate) fn spelled(text: &str) -> Option<String> {
    if !text.contains(['ä', 'ö', 'ü', 'Ä', 'Ö', 'Ü', '\u{308}']) {
        return None;
    }
    let mut spelled = String::with_capacity(text.len() + 8);
    for letter in text.nfc() {
        match letter {
            'ä' | 'Ä' => spelled.push_str("ae"),
            'ö' | 'Ö' => spelled.push_str("oe"),
            'ü' | 'Ü' => spelled.push_str("ue"),
            other => spelled.push(other),
        }
    }
    Some(spelled)
}

/// The words of a text as they were typed but for case and accents; [`singular`] makes those of
/// the index of them.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for piece in pieces(text) {
        let groups = piece.groups();
        let most = groups.iter().enumerate().filter(|(at, _)| !is_elided(&groups, *at));
        let kept: Vec<_> = most.map(|(_, it)| *it).collect();
        let kept = if kept.is_empty() { groups } else { kept };
        let parts = kept.into_iter().flatten();
        words.extend(parts.map(|it| it.text.clone()));
    }
    words
}

/// The same for texts that mean the same to a search: without a difference of case or spaces.
pub fn normalized(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A word without the ending of a plural, as English and some other languages make it. It need
/// not be a word, only the same for both: a search for a shirt should find shirts.
pub(crate) fn singular(word: &str) -> String {
    let long = word.len() >= 4;
    match word {
        _ if !long => word.to_owned(),
        _ if word.len() > 4 && word.ends_with("ies") => format!("{}y", &word[..word.len() - 3]),
        _ if ["sses", "shes", "ches", "xes"].iter().any(|it| word.ends_with(it)) => {
            word[..word.len() - 2].to_owned()
        }
        _ if ["ss", "us", "is"].iter().any(|it| word.ends_with(it)) => word.to_owned(),
        _ => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

/// The words of the index for a text, of a name or of whole sentences.
pub(crate) fn indexed(text: &str, name: bool) -> Vec<String> {
    let mut words = forms(text, name);
    if let Some(spelled) = spelled(text) {
        let known: std::collections::HashSet<String> = words.iter().cloned().collect();
        words.extend(forms(&spelled, name).into_iter().filter(|it| !known.contains(it)));
    }
    words
}

fn forms(text: &str, name: bool) -> Vec<String> {
    let mut words = Vec::new();
    let pieces = pieces(text);
    for (at, piece) in pieces.iter().enumerate() {
        if let [Part { text, kind: Kind::Run, .. }] = &piece.parts[..] {
            let clusters = clusters(text);
            words.extend(pairs(&clusters));
            words.extend(clusters.into_iter().map(str::to_owned));
            continue;
        }
        let groups = piece.groups();
        for (at, group) in groups.iter().enumerate() {
            let possessive = at > 0 && is_elided(&groups, at) && group[0].text == "s";
            if !possessive {
                words.extend(group.iter().map(|it| singular(&it.text)));
            }
            if group.len() > 1 {
                words.push(joined(group));
            }
        }
        if groups.len() > 1 {
            words.push(singular(&piece.joined()));
        }
        if groups.len() > 2 {
            words.extend(groups.windows(2).map(|it| singular(&joined(&it.concat()))));
        }
        if !piece.signs.is_empty() {
            words.push(piece.joined() + &piece.signs);
        }
        let before = at.checked_sub(1).map(|it| &pieces[it]).filter(|_| name && piece.follows);
        words.extend(before.and_then(|it| counted(it, piece)));
    }
    words
}

/// A number and its word as if written together: `max90` of `Air Max 90`.
fn counted(before: &Piece, piece: &Piece) -> Option<String> {
    let ([last], [first]) = (&before.parts[..], &piece.parts[..]) else { return None };
    let number = match (last.kind, first.kind) {
        (Kind::Letters, Kind::Number) => first,
        (Kind::Number, Kind::Letters) => last,
        _ => return None,
    };
    let fits = number.text.len() <= MAX_COUNT && before.signs.is_empty();
    fits.then(|| joined(&[last.clone(), first.clone()]))
}

/// Makes the words of the index.
#[derive(Clone)]
pub(crate) struct Words {
    pub name: bool,
}

pub(crate) struct Tokens {
    left: std::vec::IntoIter<String>,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Tokens;

    fn token_stream(&mut self, text: &str) -> Tokens {
        Tokens { left: indexed(text, self.name).into_iter(), token: Token::default() }
    }
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        let Some(word) = self.left.next() else { return false };
        self.token.position = self.token.position.wrapping_add(1);
        self.token.text = word;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_no_accents_and_no_apostrophes() {
        for (text, expected) in [
            ("Müller's Straße", vec!["muller", "strasse"]),
            // The same with combining accents.
            ("Mu\u{308}ller", vec!["muller"]),
            ("T-Shirt, 100% cotton!", vec!["t", "shirt", "100", "cotton"]),
            ("ÉCLAIR Ñandú ΚΑΦΕΣ", vec!["eclair", "nandu", "καφεσ"]),
            ("Bague d'or", vec!["bague", "or"]),
            ("हिन्दी किताब", vec!["हिन्दी", "किताब"]),
            ("3,5mm jack", vec!["3.5", "mm", "jack"]),
            ("ﾊﾟｿｺﾝ 13インチ", vec!["パソコン", "13", "インチ"]),
            (" \t\n", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn the_index_has_parts_and_wholes() {
        for (text, expected) in [
            ("T-Shirts", vec!["t", "shirt", "tshirt"]),
            ("WD-40 spray", vec!["wd", "40", "wd40", "spray"]),
            ("Air Max 90", vec!["air", "max", "90", "max90"]),
            ("Bague d’or", vec!["bague", "d", "or", "dor"]),
            ("women's", vec!["women", "women"]),
            ("C++ and C#", vec!["c", "c++", "and", "c", "c#"]),
            ("Müller", vec!["muller", "mueller"]),
            (
                "kt-ins114-dre",
                vec!["kt", "ins", "114", "ins114", "dre", "ktins114dre", "ktins114", "ins114dre"],
            ),
            ("日東電", vec!["日東", "東電", "日", "東", "電"]),
            ("น้ำปลา", vec!["น้ํา", "าป", "ปล", "ลา", "น้ํ", "า", "ป", "ล", "า"]),
            ("zero\u{200b}width soft\u{ad}hyphen", vec!["zerowidth", "softhyphen"]),
        ] {
            assert_eq!(indexed(text, true), expected, "{text}");
        }
        assert_eq!(indexed("Max 90", false), ["max", "90"]);
    }

    #[test]
    fn an_endless_word_is_kept_in_part() {
        assert_eq!(words(&format!("a {} b", "ж".repeat(500))), ["a", &"ж".repeat(32), "b"]);
        let run = "字".repeat(100);
        assert_eq!(words(&run), [run]);
    }

    #[test]
    fn one_and_many_are_the_same() {
        for (one, many) in [
            ("shirt", "shirts"),
            ("women", "womens"),
            ("dress", "dresses"),
            ("watch", "watches"),
            ("box", "boxes"),
            ("brush", "brushes"),
            ("shoe", "shoes"),
            ("accessory", "accessories"),
        ] {
            assert_eq!(singular(one), singular(many), "{many}");
            assert_eq!(singular(one), one);
        }
        for word in ["bus", "plus", "glass", "gas", "tennis", "s", "", "ж"] {
            assert_eq!(singular(word), word);
        }
    }
}
