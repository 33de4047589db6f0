//! A price in the shop's currency, within Etsy's limits.

use crate::limits::{PRICE_DIGITS, PRICE_MAX_USD, PRICE_MIN_ANY, PRICE_MIN_USD, WHOLE_CURRENCIES};
use stoflow_plugin_sdk::types::Money;
use stoflow_plugin_sdk::{Decimal, Violations};

/// A price, checked; also used for one that stands alone.
pub fn price(
    money: &Money,
    pointer: &str,
    currency: Option<&str>,
    violations: &mut Violations,
) -> Option<Decimal> {
    let amount: Decimal = match money.amount.parse() {
        Ok(amount) => amount,
        Err(error) => {
            violations.add(
                format!("{pointer}/amount"),
                "not-a-decimal",
                format!("{error}"),
            );
            return None;
        }
    };
    if let Some(shop) = currency.filter(|shop| *shop != money.currency) {
        let message = format!(
            "the shop sells in {shop}, and Etsy takes a price in no other currency; this one is in {}",
            money.currency
        );
        violations.add(format!("{pointer}/currency"), "currency", message);
    }
    let bound = |text: &str| text.parse::<Decimal>().unwrap_or(Decimal::ZERO);
    let in_dollars = money.currency == "USD";
    let least = bound(if in_dollars {
        PRICE_MIN_USD
    } else {
        PRICE_MIN_ANY
    });
    let Money {
        amount: written,
        currency: unit,
    } = money;
    if amount < least {
        violations.add(
            pointer,
            "too-low",
            format!("{written} {unit} is below Etsy's minimum of {PRICE_MIN_USD} USD"),
        );
    } else if in_dollars && amount > bound(PRICE_MAX_USD) {
        violations.add(
            pointer,
            "too-high",
            format!("{written} USD is above Etsy's maximum of {PRICE_MAX_USD} USD"),
        );
    }
    let digits = if WHOLE_CURRENCIES.contains(&unit.as_str()) {
        0
    } else {
        PRICE_DIGITS
    };
    if amount.fraction_digits() > digits {
        violations.add(
            format!("{pointer}/amount"),
            "too-fine",
            format!("{written} {unit} has more than {digits} digits after the point"),
        );
    }
    Some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_no_more_digits_than_its_currency() {
        for (amount, unit, fits) in [
            ("12.50", "EUR", true),
            ("12.505", "EUR", false),
            ("1250", "JPY", true),
            ("12.50", "JPY", false),
        ] {
            let (amount, unit) = (amount.to_owned(), unit.to_owned());
            let money = Money {
                amount,
                currency: unit,
            };
            let mut violations = Violations::default();
            let _ = price(&money, "/price", None, &mut violations);
            assert_eq!(violations.is_empty(), fits, "{money:?}");
        }
    }
}
