//! Between the contract's records and Etsy's JSON and forms. Everything here is pure: it takes
//! documents and records, and tests and benchmarks run it natively.

pub mod attribute;
pub mod axis;
pub mod carrier;
pub mod country;
pub mod cursor;
pub mod digital;
pub mod era;
pub mod extension;
pub mod image;
pub mod keyset;
pub mod listing;
pub mod matrix;
pub mod matrix_body;
pub mod matrix_read;
pub mod matrix_write;
pub mod measures;
pub mod member;
pub mod order;
pub mod parcel;
pub mod policy;
pub mod policy_data;
pub mod policy_read;
pub mod poll_cursor;
pub mod price;
pub mod product;
pub mod product_read;
pub mod provenance;
pub mod push;
pub mod shipping;
pub mod stock;
pub mod text;
pub mod variation_image;
pub mod varies;
pub mod walk;
pub mod words;
