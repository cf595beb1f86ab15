//! What pages use of other sites. Services say what theirs need, and the web front sends it as a
//! policy.

/// What the pages on which customers pay may use of other sites. A source is an origin such as
/// `https://js.provider.example`, or `https://*.provider.example` for all hosts below one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSources {
    /// Whose scripts they run.
    pub script: Vec<String>,
    /// Whose pages they show in frames.
    pub frame: Vec<String>,
    /// Whom their scripts send requests to.
    pub connect: Vec<String>,
    /// Whose frames may open the browser's payment sheet, beside the pages themselves.
    pub payment: Vec<String>,
    /// Whether those scripts style what they insert with `style` attributes and elements.
    pub inline_styles: bool,
}

impl PageSources {
    /// Whether nothing of other sites is used.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// With what another service's pages need.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let Self { script, frame, connect, payment, inline_styles } = other;
        self.script.extend(script);
        self.frame.extend(frame);
        self.connect.extend(connect);
        self.payment.extend(payment);
        self.inline_styles |= inline_styles;
        self
    }
}
