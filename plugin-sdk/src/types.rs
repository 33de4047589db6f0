//! The contract's vocabulary: everything of `types` in `wit/`, with the field names in snake case.

pub use crate::bindings::stoflow::marketplace::types::{
    Address, Attribute, AttributeValue, Buyer, CancellationState, Condition, Cursor, Dimensions,
    Error, File, FulfillmentState, Identifier, IdentifierKind, Image, Json, LengthUnit,
    LineQuantity, Listing, ListingState, Money, Order, OrderLine, PageRequest, PaymentState,
    PolicyKind, PolicyRef, Product, Rejection, Shipment, Text, Timestamp, Variation, Violation,
    Warning, Weight, WeightUnit,
};
