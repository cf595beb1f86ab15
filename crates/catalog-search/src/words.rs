//! How text becomes words.

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, SimpleTokenizer, TextAnalyzer, Token,
    TokenFilter, TokenStream, Tokenizer,
};

/// The name of the analyzer in the schema.
pub(crate) const ANALYZER: &str = "words";

/// Words of so many bytes are left out: nobody types them.
const MAX_WORD: usize = 64;

/// Makes the words of the index: lower case, without accents (`Müller` is `muller`), in the
/// singular.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_WORD))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Singular)
        .build()
}

/// A text as the analyzer needs it: without apostrophes (`women's` is `womens`), and without
/// accents that are characters of their own and would cut words in two.
pub(crate) fn plain(text: &str) -> String {
    let inner = |it: &char| !matches!(it, '\u{300}'..='\u{36f}' | '\'' | '’' | '`');
    text.chars().filter(inner).collect()
}

/// The words of a text as they were typed but for case and accents; [`singular`] makes those of
/// the index of them.
pub fn words(text: &str) -> Vec<String> {
    let mut analyzer = TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_WORD))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build();
    let text = plain(text);
    let mut stream = analyzer.token_stream(&text);
    let mut words = Vec::new();
    while let Some(token) = stream.next() {
        words.push(token.text.clone());
    }
    words
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

/// Puts every word into the singular.
#[derive(Clone)]
struct Singular;

#[derive(Clone)]
struct SingularTokenizer<T>(T);

struct SingularStream<T>(T);

impl TokenFilter for Singular {
    type Tokenizer<T: Tokenizer> = SingularTokenizer<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> SingularTokenizer<T> {
        SingularTokenizer(tokenizer)
    }
}

impl<T: Tokenizer> Tokenizer for SingularTokenizer<T> {
    type TokenStream<'a> = SingularStream<T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        SingularStream(self.0.token_stream(text))
    }
}

impl<T: TokenStream> TokenStream for SingularStream<T> {
    fn advance(&mut self) -> bool {
        let more = self.0.advance();
        if more && self.0.token().text.ends_with('s') {
            let token = self.0.token_mut();
            token.text = singular(&token.text);
        }
        more
    }

    fn token(&self) -> &Token {
        self.0.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.0.token_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_no_accents_and_no_apostrophes() {
        for (text, expected) in [
            ("Müller's Straße", vec!["mullers", "strasse"]),
            // The same with combining accents.
            ("Mu\u{308}ller", vec!["muller"]),
            ("T-Shirt, 100% cotton!", vec!["t", "shirt", "100", "cotton"]),
            ("ÉCLAIR Ñandú", vec!["eclair", "nandu"]),
            (" \t\n", vec![]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn an_endless_word_is_no_word() {
        assert_eq!(words(&format!("a {} b", "ж".repeat(500))), ["a", "b"]);
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
