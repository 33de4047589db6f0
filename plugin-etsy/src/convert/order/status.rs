//! Etsy's one status word, taken apart. `completed` says that it was paid and sent, `canceled` hides
//! whether it was ever paid: read as one scale it would be wrong on two of three.

use stoflow_plugin_sdk::Decimal;
use stoflow_plugin_sdk::types::{CancellationState, FulfillmentState, PaymentState};

/// What was given back, and of how much.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refund {
    pub(super) refunded: Decimal,
    pub(super) total: Decimal,
}

/// Whether it was paid: money that went back counts more than the word, a known word more than the
/// flag. A word that nobody knows may be about just this.
pub(super) fn payment(word: &str, is_paid: Option<bool>, refund: Option<Refund>) -> PaymentState {
    match normal(word).as_str() {
        "fully refunded" => return PaymentState::Refunded,
        "partially refunded" => return PaymentState::PartiallyRefunded,
        _ => {}
    }
    if let Some(Refund { refunded, total }) = refund
        && refunded > Decimal::ZERO
    {
        return if refunded >= total {
            PaymentState::Refunded
        } else {
            PaymentState::PartiallyRefunded
        };
    }
    match (normal(word).as_str(), is_paid) {
        ("paid" | "completed", _) => PaymentState::Paid,
        ("open" | "payment processing", _) => PaymentState::Pending,
        ("canceled" | "cancelled" | "", Some(true)) => PaymentState::Paid,
        ("canceled" | "cancelled" | "", Some(false)) => PaymentState::Pending,
        _ => PaymentState::Unknown,
    }
}

/// Whether it was sent, by Etsy's flag alone: files make an order `completed` too. Whether it
/// arrived is not in a receipt.
pub(super) fn fulfillment(is_shipped: Option<bool>) -> FulfillmentState {
    match is_shipped {
        Some(true) => FulfillmentState::Shipped,
        Some(false) => FulfillmentState::Unshipped,
        None => FulfillmentState::Unknown,
    }
}

/// Whether it was called off.
pub(super) fn cancellation(word: &str) -> CancellationState {
    match normal(word).as_str() {
        "canceled" | "cancelled" => CancellationState::Cancelled,
        "paid" | "completed" | "open" | "payment processing" | "fully refunded"
        | "partially refunded" => CancellationState::None,
        _ => CancellationState::Unknown,
    }
}

fn normal(word: &str) -> String {
    word.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund(refunded: i64) -> Option<Refund> {
        let of = |amount| Decimal::from_minor(amount, 100).unwrap();
        Some(Refund {
            refunded: of(refunded),
            total: of(2_000),
        })
    }

    #[test]
    fn every_word_of_etsys_has_its_place_on_each_axis() {
        use CancellationState as C;
        use PaymentState as P;
        for (word, paid, payment_state, cancellation_state) in [
            ("open", false, P::Pending, C::None),
            ("payment processing", false, P::Pending, C::None),
            ("paid", true, P::Paid, C::None),
            ("completed", true, P::Paid, C::None),
            ("Completed", true, P::Paid, C::None),
            ("partially refunded", true, P::PartiallyRefunded, C::None),
            ("fully refunded", true, P::Refunded, C::None),
            ("canceled", true, P::Paid, C::Cancelled),
            ("canceled", false, P::Pending, C::Cancelled),
            ("disputed", true, P::Unknown, C::Unknown),
            ("", true, P::Paid, C::Unknown),
        ] {
            assert_eq!(payment(word, Some(paid), None), payment_state, "{word}");
            assert_eq!(cancellation(word), cancellation_state, "{word}");
        }
        assert_eq!(payment("", None, None), P::Unknown);
    }

    #[test]
    fn money_that_went_back_counts_more_than_the_word() {
        use PaymentState as P;
        assert_eq!(payment("paid", Some(true), refund(0)), P::Paid);
        assert_eq!(
            payment("completed", Some(true), refund(500)),
            P::PartiallyRefunded
        );
        assert_eq!(payment("canceled", Some(true), refund(2_000)), P::Refunded);
        assert_eq!(payment("disputed", None, refund(500)), P::PartiallyRefunded);
    }

    #[test]
    fn sent_is_what_the_flag_says() {
        assert_eq!(fulfillment(Some(true)), FulfillmentState::Shipped);
        assert_eq!(fulfillment(Some(false)), FulfillmentState::Unshipped);
        assert_eq!(fulfillment(None), FulfillmentState::Unknown);
    }
}
