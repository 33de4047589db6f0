//! What was sold, and telling the marketplace that it was sent.

pub use crate::bindings::exports::stoflow::marketplace::orders::{
    OrderFilter, OrderPage, ShipmentRequest, Shipped, Tracking,
};
use crate::interface::interface;
use crate::types::{Error, Order, PageRequest};

interface! {
    /// Reading and shipping orders.
    pub trait Orders for crate::bindings::exports::stoflow::marketplace::orders::Guest {
        /// The orders that the filter lets through.
        fn list(filter: OrderFilter, page: PageRequest) -> Result<OrderPage, Error>
            = Err(Error::unsupported("orders.list"));

        /// One order.
        fn get(id: String) -> Result<Order, Error> = Err(Error::unsupported("orders.get"));

        /// Tells the marketplace that an order, or a part of it, was sent.
        fn ship(id: String, shipment: ShipmentRequest) -> Result<Shipped, Error>
            = Err(Error::unsupported("orders.ship"));
    }
}
