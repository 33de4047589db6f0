//! What was found wrong at a start and made good, in words for the operator.

/// Findings, in the order in which they were made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) texts: Vec<String>,
    /// Whether one of them is damage, and not only what a kill leaves.
    pub(super) damage: bool,
}

impl Findings {
    /// Something that any killed process may leave.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.texts.push(text.into());
    }

    /// Something that is not as it was written.
    pub(super) fn damage(&mut self, text: impl Into<String>) {
        self.damage = true;
        self.texts.push(text.into());
    }

    /// Takes others over.
    pub(super) fn extend(&mut self, others: Self) {
        self.damage |= others.damage;
        self.texts.extend(others.texts);
    }
}
