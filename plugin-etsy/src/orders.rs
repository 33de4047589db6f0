//! Orders: not served yet, so each function says `unsupported`.

use crate::Etsy;
use stoflow_plugin_sdk::Orders;

impl Orders for Etsy {}
