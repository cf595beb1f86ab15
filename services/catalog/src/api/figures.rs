//! How clients say how many units there shall be: by how much it changes, or how many and what they
//! have seen. Shared by everything that writes stock.

use chassis::problem::{Problem, Result};

use crate::model::Figure;

/// The figure of a request as it stands there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) adjust: Option<i64>,
    pub(super) on_hand: Option<i64>,
    pub(super) expected: Option<i64>,
    pub(super) available: Option<i64>,
}

impl Said {
    /// The figure of a request that is about nothing else; fields are named below `path`, which is
    /// empty or ends with a dot.
    pub(super) fn needed(self, path: &str) -> Result<Figure> {
        let detail = "is required, or on_hand: by how much, or how many there are";
        self.read(path)?.ok_or_else(|| Problem::field(format!("{path}adjust"), detail))
    }

    /// The figure, if there is one. An `on_hand` without `expected` is `Stated`.
    pub(super) fn read(self, path: &str) -> Result<Option<Figure>> {
        let wrong = |field: &str, detail: &str| Problem::field(format!("{path}{field}"), detail);
        let Self { adjust, on_hand, expected, available } = self;
        let forms = [adjust.is_some(), on_hand.is_some(), available.is_some()];
        if forms.into_iter().filter(|it| *it).count() > 1 {
            let field = if adjust.is_some() { "adjust" } else { "available" };
            return Err(wrong(field, "goes with no other figure; send one of them"));
        }
        if expected.is_some() && on_hand.is_none() {
            return Err(wrong("expected", "goes with on_hand only"));
        }
        let counted = on_hand.map(|on_hand| match expected {
            Some(expected) => Figure::Replace { on_hand, expected },
            None => Figure::Stated(on_hand),
        });
        Ok(adjust.map(Figure::Adjust).or(available.map(Figure::Available)).or(counted))
    }
}

/// Takes an `on_hand` at its word: somebody has counted.
pub(super) fn counted(figure: Figure) -> Figure {
    match figure {
        Figure::Stated(on_hand) => Figure::Count(on_hand),
        figure => figure,
    }
}
