//! Amounts of a shop's currency: whole minor units inside, `Money` on reading, decimals on writing.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// The least and the most that an offering may cost, in US dollars.
const PRICE_MIN_DOLLARS: i64 = 20;
const PRICE_MAX_DOLLARS: i64 = 5_000_000;

/// A currency as Etsy writes it: an amount is divided by `divisor`, which is not always 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Currency {
    pub(crate) code: &'static str,
    pub(crate) divisor: i64,
    /// About how many units of the currency one dollar is: enough to place the price limits.
    per_dollar: i64,
}

/// The currencies that a sandbox shop can have.
pub(crate) const CURRENCIES: [Currency; 6] = [
    Currency {
        code: "EUR",
        divisor: 100,
        per_dollar: 1,
    },
    Currency {
        code: "USD",
        divisor: 100,
        per_dollar: 1,
    },
    Currency {
        code: "GBP",
        divisor: 100,
        per_dollar: 1,
    },
    Currency {
        code: "CAD",
        divisor: 100,
        per_dollar: 1,
    },
    Currency {
        code: "AUD",
        divisor: 100,
        per_dollar: 1,
    },
    Currency {
        code: "JPY",
        divisor: 1,
        per_dollar: 150,
    },
];

/// A currency is saved as its code.
impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::named(&code)
            .ok_or_else(|| D::Error::custom(format!("there is no currency \"{code}\"")))
    }
}

impl Currency {
    /// A currency by its ISO code.
    pub(crate) fn named(code: &str) -> Option<Self> {
        CURRENCIES
            .into_iter()
            .find(|currency| currency.code == code)
    }

    /// Etsy's `Money`.
    pub(crate) fn money(self, amount: i64) -> Value {
        json!({ "amount": amount, "divisor": self.divisor, "currency_code": self.code })
    }

    /// About what an amount is in another currency.
    pub(crate) fn convert(self, amount: i64, to: Self) -> i64 {
        let units = amount
            .saturating_mul(to.per_dollar)
            .saturating_mul(to.divisor);
        units / (self.per_dollar * self.divisor)
    }

    /// The minor units of a written price, to the nearest; none for what no price can be.
    pub(crate) fn minor_units(self, price: f64) -> Option<i64> {
        let units = (price * self.per_unit()).round();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked first"
        )]
        (units.is_finite() && units.abs() < 1e15).then_some(units as i64)
    }

    #[expect(clippy::cast_precision_loss, reason = "a divisor is at most 1000")]
    fn per_unit(self) -> f64 {
        self.divisor as f64
    }

    /// The amount as a decimal number, for the few places where Etsy sends one.
    #[expect(clippy::cast_precision_loss, reason = "no order comes near 2^53")]
    pub(crate) fn decimal(self, amount: i64) -> f64 {
        amount as f64 / self.per_unit()
    }

    /// Whether an amount is more than so many US dollars, about.
    pub(crate) fn is_over(self, amount: i64, dollars: i64) -> bool {
        amount > dollars * self.per_dollar * self.divisor
    }

    /// The smallest price of an offering.
    pub(crate) fn price_min(self) -> i64 {
        PRICE_MIN_DOLLARS * self.per_dollar * self.divisor / 100
    }

    /// The largest price of an offering.
    pub(crate) fn price_max(self) -> i64 {
        PRICE_MAX_DOLLARS * self.per_dollar * self.divisor / 100
    }

    /// The amount for a person: `12.50 EUR`.
    pub(crate) fn display(self, amount: i64) -> String {
        if self.divisor == 1 {
            return format!("{amount} {}", self.code);
        }
        format!(
            "{}.{:02} {}",
            amount / self.divisor,
            (amount % self.divisor).abs(),
            self.code
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_decimals_as_minor_units_of_the_currency() {
        let (euro, yen) = (
            Currency::named("EUR").unwrap(),
            Currency::named("JPY").unwrap(),
        );
        assert_eq!(euro.minor_units(19.99), Some(1999));
        assert_eq!(euro.minor_units(0.29), Some(29));
        assert_eq!(yen.minor_units(1200.0), Some(1200));
        assert_eq!(euro.minor_units(f64::INFINITY), None);
        assert_eq!((euro.price_min(), yen.price_min()), (20, 30));
        assert_eq!(
            (euro.display(1205), yen.display(30)),
            ("12.05 EUR".into(), "30 JPY".into())
        );
    }
}
