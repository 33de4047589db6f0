//! What the seller tells of a parcel, as Etsy takes it. Everything is checked before it is sent: each
//! success writes to the buyer, so there is no second try to correct the first.

use super::carrier::{OTHER, carrier};
use super::order::is_shipped;
use crate::date::{day_of, year_of};
use crate::fingerprint::Fingerprint;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use stoflow_plugin_sdk::orders::ShipmentRequest;
use stoflow_plugin_sdk::types::{Error, LineQuantity, Order, Shipment, Warning};
use stoflow_plugin_sdk::{Decimal, Object, Violations, violation};

/// A parcel that can be told of.
#[derive(Debug)]
pub struct Parcel {
    /// The body of the request.
    pub body: BTreeMap<String, Box<RawValue>>,
    /// What a person should know of it.
    pub warnings: Vec<Warning>,
    tracking: Option<Tracking>,
}

#[derive(Debug, PartialEq, Eq)]
struct Tracking {
    carrier: String,
    code: String,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Number,
    Boolean,
    List,
}

/// What Etsy takes beyond the contract's fields: of the label, of customs. (API,
/// `createReceiptShipment`)
const MEMBERS: [(&str, Kind); 17] = [
    ("send_bcc", Kind::Boolean),
    ("mail_class", Kind::Text),
    ("weight", Kind::Number),
    ("weight_units", Kind::Text),
    ("length", Kind::Number),
    ("width", Kind::Number),
    ("height", Kind::Number),
    ("dimension_units", Kind::Text),
    ("shipping_label_cost", Kind::Number),
    ("shipping_label_currency", Kind::Text),
    ("revenue_eligibility", Kind::Text),
    ("ship_from_country", Kind::Text),
    ("ship_to_country", Kind::Text),
    ("incoterm", Kind::Text),
    ("customs_data", Kind::List),
    ("duty_amount", Kind::Number),
    ("duty_currency", Kind::Text),
];

impl Parcel {
    /// Reads and checks a request.
    ///
    /// # Errors
    ///
    /// `invalid`, with everything that is wrong with it.
    pub fn read(request: &ShipmentRequest) -> Result<Self, Error> {
        let mut violations = Violations::default();
        let mut body = BTreeMap::new();
        let mut warnings = Vec::new();
        let tracking = tracking(request, &mut warnings, &mut violations);
        if let Some(Tracking { carrier, code }) = &tracking {
            set(&mut body, "carrier_name", carrier.as_str());
            set(&mut body, "tracking_code", code.as_str());
        }
        if let Some(note) = request.note_to_buyer.as_deref().map(str::trim)
            && !note.is_empty()
        {
            set(&mut body, "note_to_buyer", note);
        }
        if let Some(shipped_at) = request.shipped_at {
            if (2000..=9999).contains(&year_of(shipped_at)) {
                set(&mut body, "ship_date", day_of(shipped_at));
            } else {
                let path = "/shipment/shipped_at";
                violations.add(path, "out-of-range", "Etsy takes days since the year 2000");
            }
        }
        if let Some(json) = request.extension.as_deref() {
            extension(json, &mut body, &mut violations);
        }
        violations.into_result()?;
        Ok(Self {
            body,
            warnings,
            tracking,
        })
    }

    /// By which the journal knows a parcel of an order: its code. Who carries it does not matter: a
    /// name that was corrected is no second parcel.
    #[must_use]
    pub fn key(&self, order: &str) -> String {
        let code = self
            .tracking
            .as_ref()
            .map(|tracking| normal(&tracking.code));
        let name = code.map_or_else(
            || "untracked".to_owned(),
            |code| Fingerprint::default().part(&code).text(),
        );
        format!("ship:{order}:{name}")
    }

    /// Whether the order shows that Etsy has been told of it: by its code, or for a parcel without
    /// one by the order's being sent.
    #[must_use]
    pub fn is_told(&self, order: &Order) -> bool {
        match &self.tracking {
            Some(tracking) => self.find(order, tracking).is_some(),
            None => is_shipped(order),
        }
    }

    /// What there is to say of a parcel that Etsy knew already.
    #[must_use]
    pub fn known(&self, order: &Order) -> Vec<Warning> {
        let said = "Etsy knew of this parcel already: the buyer was not written to again";
        let mut warnings = vec![warning("already-told", said.to_owned(), None)];
        if let Some(tracking) = &self.tracking
            && let Some(there) = self.find(order, tracking)
            && let Some(named) = there.carrier.as_deref()
            && carrier(named).0 != tracking.carrier
        {
            let message = format!(
                "Etsy has {named} as its carrier, and no way to make that {}",
                tracking.carrier
            );
            let field = Some("/shipment/tracking/carrier");
            warnings.push(warning("other-carrier", message, field));
        }
        warnings
    }

    fn find<'o>(&self, order: &'o Order, tracking: &Tracking) -> Option<&'o Shipment> {
        let code = normal(&tracking.code);
        let is_it = |shipment: &&Shipment| {
            let there = shipment.tracking_code.as_deref();
            there.is_some_and(|there| normal(there) == code)
        };
        order.shipments.as_deref()?.iter().find(is_it)
    }
}

/// That Etsy was told, and the order does not show it.
#[must_use]
pub fn not_shown() -> Warning {
    let message = "Etsy was told of this parcel and does not show its tracking; the buyer is not \
         written to again: look at the order on Etsy";
    warning("not-shown", message.to_owned(), None)
}

/// Checks that the lines are the whole order, which is all that Etsy knows.
///
/// # Errors
///
/// `invalid`, where one is no line of the order or is more than was ordered; `unsupported`, where
/// they are a part of it. `digital` are the ids of the lines that need no parcel.
pub fn check_lines(lines: &[LineQuantity], order: &Order, digital: &[String]) -> Result<(), Error> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut violations = Violations::default();
    let mut sent: BTreeMap<&str, u32> = BTreeMap::new();
    for (place, wanted) in lines.iter().enumerate() {
        let path = format!("/shipment/lines/{place}");
        let found = order.lines.iter().find(|line| line.id == wanted.line_id);
        let Some(line) = found else {
            let message = format!("order {} has no line {:?}", order.id, wanted.line_id);
            violations.add(format!("{path}/line_id"), "no-such-line", message);
            continue;
        };
        let sum = sent.entry(line.id.as_str()).or_default();
        *sum = sum.saturating_add(wanted.quantity);
        if wanted.quantity == 0 || *sum > line.quantity {
            let message = format!("{} of it were ordered", line.quantity);
            violations.add(format!("{path}/quantity"), "out-of-range", message);
        }
    }
    violations.into_result()?;
    let is_whole = order.lines.iter().all(|line| {
        digital.contains(&line.id) || sent.get(line.id.as_str()) == Some(&line.quantity)
    });
    if is_whole {
        return Ok(());
    }
    Err(Error::Unsupported(
        "Etsy knows only whole orders as sent: leave the lines out, or name all of them".to_owned(),
    ))
}

/// Etsy's refusal, with pointers into the function's arguments. Its words about tracking come as
/// plain text.
#[must_use]
pub fn refused(error: Error) -> Error {
    match error {
        Error::Invalid(mut violations) => {
            for violation in &mut violations {
                violation.path = argument(&violation.path);
            }
            Error::Invalid(violations)
        }
        Error::Rejected(rejection) if rejection.status == 400 => {
            let lower = rejection.message.to_ascii_lowercase();
            let path = if lower.contains("carrier") {
                "/shipment/tracking/carrier"
            } else if lower.contains("tracking") {
                "/shipment/tracking"
            } else {
                return Error::Rejected(rejection);
            };
            Error::Invalid(vec![violation(path, "refused", rejection.message)])
        }
        other => other,
    }
}

/// Etsy's path, read as one of a product, as a pointer into the arguments of `ship`.
fn argument(path: &str) -> String {
    let name = path.strip_prefix("/product").unwrap_or(path);
    match name.strip_prefix("/extension").unwrap_or(name) {
        "/tracking_code" => "/shipment/tracking/code".to_owned(),
        "/carrier_name" => "/shipment/tracking/carrier".to_owned(),
        "/note_to_buyer" => "/shipment/note_to_buyer".to_owned(),
        "/ship_date" => "/shipment/shipped_at".to_owned(),
        _ => format!("/shipment{name}"),
    }
}

fn tracking(
    request: &ShipmentRequest,
    warnings: &mut Vec<Warning>,
    violations: &mut Violations,
) -> Option<Tracking> {
    let tracking = request.tracking.as_ref()?;
    let code = tracking.code.trim();
    if code.is_empty() {
        let message =
            "a parcel that is followed has a code; leave out the tracking of one that is not";
        violations.add("/shipment/tracking/code", "required", message);
    }
    if tracking.carrier.trim().is_empty() {
        let message = format!("who carries it, or {OTHER:?}");
        violations.add("/shipment/tracking/carrier", "required", message);
    }
    let (word, is_unknown) = carrier(&tracking.carrier);
    if is_unknown {
        let message = format!("Etsy is told {OTHER:?} instead of {:?}", tracking.carrier);
        let field = Some("/shipment/tracking/carrier");
        warnings.push(warning("unknown-carrier", message, field));
    }
    Some(Tracking {
        carrier: word,
        code: code.to_owned(),
    })
}

fn extension(json: &str, body: &mut BTreeMap<String, Box<RawValue>>, violations: &mut Violations) {
    if json.trim() == "null" {
        return;
    }
    let Ok(extension) = Object::parse(json.as_bytes()) else {
        let path = "/shipment/extension";
        violations.add(path, "not-an-object", "an extension is a JSON object");
        return;
    };
    for (name, value) in extension.members() {
        if value.get() == "null" {
            continue;
        }
        let path = format!(
            "/shipment/extension/{}",
            name.replace('~', "~0").replace('/', "~1")
        );
        let Some((_, kind)) = MEMBERS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = MEMBERS.iter().map(|(name, _)| *name).collect();
            let message = format!(
                "Etsy has no member {name:?}; there are {}",
                known.join(", ")
            );
            violations.add(path, "unknown-member", message);
            continue;
        };
        match kind.value(&extension, name) {
            Some(value) => {
                body.insert(name.to_owned(), value);
            }
            None => violations.add(path, "wrong-type", kind.name()),
        }
    }
}

impl Kind {
    /// The member as Etsy takes it, every digit kept.
    fn value(self, extension: &Object<'_>, name: &str) -> Option<Box<RawValue>> {
        match self {
            Self::Text => raw(&extension.text(name)?),
            Self::Boolean => raw(&extension.boolean(name)?),
            Self::Number => {
                let number: Decimal = extension.text(name)?.parse().ok()?;
                number.to_json_number().ok()
            }
            Self::List => {
                let list = extension.raw(name)?;
                list.get().starts_with('[').then(|| raw(&list))?
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::List => "a list",
        }
    }
}

fn set(body: &mut BTreeMap<String, Box<RawValue>>, name: &str, text: impl Into<Value>) {
    if let Some(value) = raw(&text.into()) {
        body.insert(name.to_owned(), value);
    }
}

fn raw(value: &impl serde::Serialize) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

/// A code as it is compared: blanks and case are how people write it.
fn normal(code: &str) -> String {
    let letters = code.chars().filter(|character| character.is_alphanumeric());
    letters.flat_map(char::to_uppercase).collect()
}

fn warning(code: &str, message: String, field: Option<&str>) -> Warning {
    Warning {
        code: code.to_owned(),
        message,
        field: field.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
