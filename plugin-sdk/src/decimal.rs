//! Exact decimal numbers. A price that passed through a float comes back as 19.989999.

use serde_json::value::RawValue;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The most digits, before and after the point together: more than any money needs, and few
/// enough that everything fits 128 bits.
const MAX_DIGITS: usize = 36;

/// An exact decimal number: `-?digits[.digits]`, as the contract's `decimal` writes it.
///
/// Equality and order are of the value (`1.5` equals `1.50`); printing keeps the digits given.
///
/// ```
/// use stoflow_plugin_sdk::Decimal;
///
/// let price: Decimal = "29.99".parse()?;
/// assert!(price > "29.9".parse()?);
/// assert_eq!(Decimal::from_minor(2999, 100)?, price);
/// assert_eq!(price.to_minor(100)?, 2999);
/// # Ok::<(), stoflow_plugin_sdk::DecimalError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// Why a text or an amount is no decimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecimalError {
    /// Not `-?digits[.digits]`.
    Malformed(String),
    /// More than 36 digits.
    TooLong,
    /// Minor units of a divisor that is no power of ten.
    Divisor(i64),
    /// Not a whole number of minor units: `0.005` in cents.
    Inexact(Decimal, i64),
}

impl fmt::Display for DecimalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(text) => {
                write!(
                    formatter,
                    "{text:?} is no decimal number; one is written like 29.99"
                )
            }
            Self::TooLong => write!(formatter, "a number of more than {MAX_DIGITS} digits"),
            Self::Divisor(divisor) => {
                write!(
                    formatter,
                    "{divisor} is no divisor of minor units: 1, 10, 100 … are"
                )
            }
            Self::Inexact(number, divisor) => {
                write!(formatter, "{number} is finer than 1/{divisor}")
            }
        }
    }
}

impl std::error::Error for DecimalError {}

impl Decimal {
    /// Nought.
    pub const ZERO: Self = Self {
        mantissa: 0,
        scale: 0,
    };

    /// `amount` of which `divisor` make one: 2999 and 100 are 29.99.
    ///
    /// # Errors
    ///
    /// Where `divisor` is no power of ten: the amount then has no exact decimal form of a fixed
    /// number of digits, and guessing one would change a price.
    pub fn from_minor(amount: i64, divisor: i64) -> Result<Self, DecimalError> {
        Ok(Self {
            mantissa: i128::from(amount),
            scale: exponent(divisor)?,
        })
    }

    /// The number of minor units of which `divisor` make one.
    ///
    /// # Errors
    ///
    /// Where it is not a whole number, too large, or `divisor` is no power of ten.
    pub fn to_minor(self, divisor: i64) -> Result<i64, DecimalError> {
        let wanted = exponent(divisor)?;
        let inexact = DecimalError::Inexact(self, divisor);
        let amount = if wanted >= self.scale {
            power_of_ten(wanted - self.scale).and_then(|factor| self.mantissa.checked_mul(factor))
        } else {
            power_of_ten(self.scale - wanted)
                .filter(|factor| self.mantissa % factor == 0)
                .map(|factor| self.mantissa / factor)
        };
        amount
            .and_then(|amount| i64::try_from(amount).ok())
            .ok_or(inexact)
    }

    /// Whether it is below nought.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Whether it is nought.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// How many digits stand after the point, trailing noughts left out.
    #[must_use]
    pub fn fraction_digits(self) -> u32 {
        let mut shortest = self;
        while shortest.scale > 0 && shortest.mantissa % 10 == 0 {
            shortest = Self {
                mantissa: shortest.mantissa / 10,
                scale: shortest.scale - 1,
            };
        }
        shortest.scale
    }

    /// The sum; `None` where it has more digits than fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Some(Self { mantissa, scale })
    }

    /// The difference; `None` where it has more digits than fit.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self {
            mantissa: other.mantissa.checked_neg()?,
            scale: other.scale,
        })
    }

    /// So many times; `None` where the product has more digits than fit.
    #[must_use]
    pub fn checked_mul(self, times: u32) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(i128::from(times))?;
        Some(Self {
            mantissa,
            scale: self.scale,
        })
    }

    /// The sum of all; `None` where it has more digits than fit.
    #[must_use]
    pub fn checked_sum(numbers: impl IntoIterator<Item = Self>) -> Option<Self> {
        numbers.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// The same digits as a JSON number, for a marketplace that wants one: `29.99`.
    ///
    /// # Errors
    ///
    /// None in practice: every decimal is a JSON number.
    pub fn to_json_number(self) -> Result<Box<RawValue>, serde_json::Error> {
        RawValue::from_string(self.to_string())
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        self.mantissa
            .checked_mul(power_of_ten(scale.checked_sub(self.scale)?)?)
    }

    /// The whole part and the rest, the rest as digits at the finest scale there is. Both have
    /// the number's sign, and neither overflows.
    fn parts(self) -> (i128, i128) {
        let unit = power_of_ten(self.scale).unwrap_or(i128::MAX);
        let rest = self.mantissa % unit;
        let finest = power_of_ten(MAX_DIGITS as u32 - self.scale.min(MAX_DIGITS as u32));
        (
            self.mantissa / unit,
            rest.saturating_mul(finest.unwrap_or(1)),
        )
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(formatter, "{sign}{digits}");
        }
        let unit = 10u128.pow(self.scale);
        let width = self.scale as usize;
        write!(
            formatter,
            "{sign}{}.{:0width$}",
            digits / unit,
            digits % unit
        )
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let malformed = || DecimalError::Malformed(text.chars().take(40).collect());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return Err(malformed()),
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(malformed());
        }
        if whole.len() + fraction.len() > MAX_DIGITS {
            return Err(DecimalError::TooLong);
        }
        let digits = whole.bytes().chain(fraction.bytes());
        let mantissa = digits.fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        let scale = u32::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        Ok(Self {
            mantissa: if negative { -mantissa } else { mantissa },
            scale,
        })
    }
}

fn exponent(divisor: i64) -> Result<u32, DecimalError> {
    (0..=18)
        .find(|exponent| 10i64.checked_pow(*exponent) == Some(divisor))
        .ok_or(DecimalError::Divisor(divisor))
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn text_goes_in_and_comes_out_unchanged() {
        for text in [
            "0",
            "29.99",
            "-0.05",
            "100000000000000000.000000000000000001",
            "5.50",
        ] {
            assert_eq!(decimal(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in [
            "", "-", ".5", "5.", "1e3", "1,50", "+1", " 1", "1.2.3", "--1", "٣",
        ] {
            assert!(
                matches!(text.parse::<Decimal>(), Err(DecimalError::Malformed(_))),
                "{text}"
            );
        }
        let long = "9".repeat(37);
        assert_eq!(long.parse::<Decimal>(), Err(DecimalError::TooLong));
    }

    #[test]
    fn order_is_of_the_value_and_does_not_overflow() {
        assert_eq!(decimal("1.5"), decimal("1.50"));
        assert!(decimal("-0.01") < decimal("0"));
        assert!(decimal("-2.5") < decimal("-2.4"));
        let large = decimal(&"9".repeat(36));
        let fine = decimal(&format!("0.{}", "9".repeat(35)));
        assert!(large > fine);
        assert!(fine < decimal("1"));
        assert_eq!(large.checked_add(fine), None);
    }

    #[test]
    fn minor_units_are_exact_or_refused() {
        assert_eq!(Decimal::from_minor(2999, 100).unwrap().to_string(), "29.99");
        assert_eq!(Decimal::from_minor(2999, 1).unwrap().to_string(), "2999");
        assert_eq!(Decimal::from_minor(-5, 1000).unwrap().to_string(), "-0.005");
        assert_eq!(Decimal::from_minor(5, 60), Err(DecimalError::Divisor(60)));
        assert_eq!(Decimal::from_minor(5, 0), Err(DecimalError::Divisor(0)));
        assert_eq!(decimal("29.990").to_minor(100), Ok(2999));
        assert_eq!(decimal("12").to_minor(100), Ok(1200));
        assert!(matches!(
            decimal("0.005").to_minor(100),
            Err(DecimalError::Inexact(..))
        ));
    }

    #[test]
    fn sums_keep_every_digit() {
        let sum = Decimal::checked_sum(["0.1", "0.2", "10.005"].map(decimal)).unwrap();
        assert_eq!(sum.to_string(), "10.305");
        assert_eq!(
            decimal("19.99").checked_mul(3).unwrap().to_string(),
            "59.97"
        );
        assert_eq!(
            decimal("1")
                .checked_sub(decimal("0.75"))
                .unwrap()
                .to_string(),
            "0.25"
        );
    }

    #[test]
    fn a_json_number_has_the_same_digits() {
        assert_eq!(decimal("12.50").to_json_number().unwrap().get(), "12.50");
        assert_eq!(decimal("007").to_json_number().unwrap().get(), "7");
    }

    #[test]
    fn fraction_digits_leave_out_trailing_noughts() {
        assert_eq!(decimal("12.50").fraction_digits(), 1);
        assert_eq!(decimal("12.00").fraction_digits(), 0);
        assert_eq!(decimal("0").fraction_digits(), 0);
    }
}
