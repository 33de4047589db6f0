//! Help as it is read, whole.

use std::sync::LazyLock;

use super::{Plugin, of_function, of_interface, of_plugin};
use crate::contract::Schema;
use crate::contract::fixture::{EVERYTHING, schema_with, storefront};

static STOREFRONT: LazyLock<Schema> = LazyLock::new(|| Schema::decode(&storefront()).unwrap());

const ETSY: Plugin<'static> = Plugin {
    id: "etsy",
    name: "Etsy",
    version: "0.1.0",
};

fn function(schema: &Schema, interface: &str, name: &str) -> String {
    let shape = schema.shape();
    let interface = shape.interface(interface).unwrap();
    let function = interface.function(name).unwrap();
    of_function(ETSY, shape, interface, function, 90)
}

#[test]
fn a_plugins_help_lists_its_interfaces() {
    assert_eq!(
        of_plugin(ETSY, STOREFRONT.shape(), 80),
        "\
Etsy · plugin etsy 0.1.0

Usage: stoflow call etsy <INTERFACE> <FUNCTION> [OPTIONS]

Interfaces:
  auth      How sellers give consent
  publish   From a product to a listing that buyers see
  listings  What the shop offers, as the marketplace has it
  orders    What buyers have bought, and telling them that it is on its way
  shop      The seller's shop itself
  policies  The rule sets that a seller keeps: shipping profiles, return
            policies, processing profiles, locations
  taxonomy  The categories of the call's site
  poll      How the host learns what has happened
  webhooks  What the marketplace pushes
  plugin    What the plugin is and what it asks for

Functions and flags: stoflow call etsy <INTERFACE> --help
"
    );
}

#[test]
fn an_interfaces_help_lists_its_functions() {
    let shape = STOREFRONT.shape();
    let help = of_interface(ETSY, shape, shape.interface("orders").unwrap(), 80);
    assert_eq!(
        help,
        "\
What buyers have bought, and telling them that it is on its way

Usage: stoflow call etsy orders <FUNCTION> [OPTIONS]

Functions:
  list       Orders that match the filter, page by page
  get <ID>   One order, with its shipments
  ship <ID>  Tells the marketplace, and through it the buyer
"
    );
}

#[test]
fn a_functions_help_reads_as_if_it_were_written_for_it() {
    assert_eq!(
        function(&STOREFRONT, "listings", "list"),
        "\
Listings in a state, page by page

Usage: stoflow call etsy listings list [OPTIONS]

Options:
      --state <STATE>        none for all [possible values: draft, active, paused,
                             sold-out, expired, ended, blocked, unknown]
      --page.cursor <TEXT>   none for the first
      --page.limit <N>       none for the largest page that the marketplace allows
      --args <JSON|@FILE|->  all arguments at once
      --account <ACCOUNT>    which shop, if the user has several
      --user <USER>          whose shop, if there are several users
      --json                 the reply as JSON
      --help                 this help
"
    );
}

#[test]
fn what_is_needed_stands_in_the_usage_line() {
    assert_eq!(
        function(&STOREFRONT, "publish", "create"),
        "\
Creates the listing. key is the caller's id for the product: creating it twice yields one
listing, and a try that broke off is finished (journal).

Usage: stoflow call etsy publish create <KEY> --target <TARGET> [OPTIONS]

Arguments:
  <KEY>  the caller's id for the product (or --key …)

Options:
      --product <JSON|@FILE>  What a seller wants to sell: one record for goods ×
                              marketplace × locale
      --target <TARGET>       How far to take it [possible values: draft, active]
      --args <JSON|@FILE|->   all arguments at once
      --account <ACCOUNT>     which shop, if the user has several
      --user <USER>           whose shop, if there are several users
      --json                  the reply as JSON
      --help                  this help

Fields of --product (one by one, as --product.title, or all of them as JSON):
  title <TEXT>              What buyers read first
  description <JSON|@FILE>  What buyers read below it [possible values: {\"plain\": …},
                            {\"html\": …}]
  locale <TEXT>             BCP 47, where the seller writes in more than one language
  category <TEXT>           The marketplace's category
  condition <CONDITION>     Whether it is new, and how worn it is if not [possible values:
                            new, like-new, very-good, good, acceptable, refurbished,
                            for-parts, other]
  condition-note <TEXT>     What a buyer should know of a used piece
  brand <TEXT>              Of the maker, as it stands on the goods
  attributes <JSON|@FILE>   Colour, size, occasion: what holds for all its variations
                            (taxonomy.properties) [may be repeated]
  tags <TEXT>               Words that buyers search for [may be repeated]
  materials <TEXT>          What it is made of [may be repeated]
  images <JSON|@FILE>       In the order shown; the first one is what a search shows [may
                            be repeated]
  files <JSON|@FILE>        What the buyer downloads; given, even empty, for goods that
                            are not shipped [may be repeated]
  variations <JSON|@FILE>   All of them, in the order shown [may be repeated]
  weight <JSON|@FILE>       Of one piece, ready to be sent
  dimensions <JSON|@FILE>   Of one piece, packed
  policies <JSON|@FILE>     One of a kind at most; a kind that is not here is kept [may be
                            repeated]
  sections <TEXT>           Sections of the seller's shop [may be repeated]
  extension <JSON|@FILE>    What only this marketplace knows, by the extension-schema of
                            publish.rules
"
    );
    assert_eq!(
        function(&STOREFRONT, "orders", "ship"),
        "\
Tells the marketplace, and through it the buyer. Never told twice for one shipment.

Usage: stoflow call etsy orders ship <ID> [OPTIONS]

Arguments:
  <ID>  (or --id …)

Options:
      --shipment.tracking <JSON|@FILE>   none marks the order shipped without one, where
                                         the marketplace allows that
      --shipment.shipped-at <TIME>
      --shipment.note-to-buyer <TEXT>
      --shipment.lines <JSON|@FILE>      What is in it; empty for all that is left [may be
                                         repeated]
      --shipment.extension <JSON|@FILE>
      --args <JSON|@FILE|->              all arguments at once
      --account <ACCOUNT>                which shop, if the user has several
      --user <USER>                      whose shop, if there are several users
      --json                             the reply as JSON
      --help                             this help
"
    );
}

#[test]
fn help_promises_no_account_where_a_function_takes_none() {
    assert!(!function(&STOREFRONT, "plugin", "describe").contains("--account"));
    assert!(!function(&STOREFRONT, "plugin", "describe").contains("--args"));
}

#[test]
fn a_function_of_any_type_has_a_help() {
    let schema = schema_with(EVERYTHING);
    let help = function(&schema, "odd", "take");
    assert!(help.contains("--methods <METHODS>"), "{help}");
    assert!(
        help.contains("[possible values: get, post, delete-all] [may be repeated]"),
        "{help}"
    );
    for line in help.lines() {
        assert!(super::width(line) <= 90, "{line}");
    }
}
