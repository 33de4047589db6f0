//! Between the contract's records and Etsy's JSON and forms. Everything here is pure: it takes
//! documents and records, and tests and benchmarks run it natively.

pub mod attribute;
pub mod axis;
pub mod category;
pub mod category_property;
pub mod category_search;
pub mod country;
pub mod cursor;
pub mod digital;
pub mod era;
pub mod extension;
pub mod fold;
pub mod image;
pub mod listing;
pub mod matrix;
pub mod matrix_body;
pub mod matrix_read;
pub mod matrix_write;
pub mod measures;
pub mod member;
mod options;
pub mod policy;
pub mod policy_data;
pub mod policy_read;
pub mod price;
pub mod product;
pub mod product_read;
pub mod provenance;
pub mod shipping;
pub mod text;
pub mod variation_image;
pub mod varies;
pub mod walk;
pub mod words;
