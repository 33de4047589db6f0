//! What holds for any product: what passes `preview` can be created and says the same when it is read
//! back; what was read changes nothing when it is written back. The mistake it prevents: a field
//! that is lost or changed on the way, which a seller finds out from a buyer.

mod products;
mod same;
mod seller_made;

use std::cell::Cell;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::NewSeller;
use tokio::runtime::Runtime;

use crate::market::{Market, id_of};
use crate::seed::{Dice, seed};
use crate::stage::rounds;

/// Countries and currencies of the shops that are tried.
const SHOPS: [(&str, &str); 3] = [("FR", "EUR"), ("US", "USD"), ("JP", "JPY")];

fn shop(country: &str, currency: &str) -> NewSeller {
    NewSeller {
        shop_name: format!("Shop of {country}"),
        country: country.to_owned(),
        currency: currency.to_owned(),
        ..NewSeller::default()
    }
}

/// Smaller products that are tried when one breaks a property, at most.
const SHRINKS: u32 = 16;

/// Tries a property on products of one shop.
fn try_products<T: std::fmt::Debug>(
    strategy: impl Strategy<Value = T>,
    cases: u32,
    seed: u64,
    property: impl Fn(T),
) {
    let mut bytes = [0; 32];
    let mut dice = Dice::of(seed, 0);
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&dice.throw().to_le_bytes());
    }
    let config = Config {
        cases,
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let tried = TestRunner::new_with_rng(config, random).run(&strategy, |product| {
        property(product);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}

#[test]
fn what_passes_preview_is_created_read_back_and_written_back_without_a_change() {
    let rounds = rounds("PRODUCTS", 12);
    let seed = seed("products", rounds);
    let (published, refused) = (Cell::new(0_u32), Cell::new(0_u32));
    let tried = Cell::new(0_u32);
    for (place, (country, currency)) in SHOPS.iter().enumerate() {
        let runtime = Runtime::new().unwrap();
        let market = runtime.block_on(Market::of(&shop(country, currency)));
        let cases = rounds.div_ceil(SHOPS.len() as u32);
        let strategy = products::of(currency);
        try_products(strategy, cases, seed + place as u64, |product| {
            // Each its own, smaller ones of one that failed too.
            tried.set(tried.get() + 1);
            let key = format!("k{}", tried.get());
            match runtime.block_on(publish(&market, &key, &product)) {
                Some(id) => {
                    runtime.block_on(is_kept(&market, &id, &product));
                    published.set(published.get() + 1);
                }
                None => refused.set(refused.get() + 1),
            }
        });
    }
    let (published, refused) = (published.get(), refused.get());
    println!("{published} products were published, {refused} refused by their preview");
    assert!(published > refused, "most products are in order");
}

/// Publishes a product that passes its preview.
async fn publish(market: &Market, key: &str, product: &Value) -> Option<String> {
    market.sandbox.clear_requests();
    let arguments = json!({ "product": product, "target": "active" });
    if let Err(problem) = market.call("publish.preview", arguments).await {
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert!(!problem.violations.is_empty(), "{problem:?}");
        assert_eq!(market.operations(), Vec::<String>::new());
        return None;
    }
    assert!(!products::is_refused(product), "{product}");
    let done = market.publish(key, product, "active").await;
    let done = done.unwrap_or_else(|problem| panic!("{problem:#?} for {product:#}"));
    assert_eq!(done["listing"]["state"], "active");
    Some(id_of(&done["listing"]))
}

/// What was published says the same when it is read, and writes nothing when it is written back.
async fn is_kept(market: &Market, id: &str, product: &Value) {
    let read = is_written_back(market, id).await;
    same::says_the_same(&read, product);
}

/// Reads a listing as a product and as an inventory, and writes both back: nothing is sent.
async fn is_written_back(market: &Market, id: &str) -> Value {
    let before = market.held(id);
    let of = json!({ "id": id });
    let read = market.call("listings.get_product", of.clone()).await;
    let read = read.unwrap_or_else(|problem| panic!("{problem:#?} for {before:#}"));
    let inventory = market.call("listings.get_inventory", of).await.unwrap();
    market.sandbox.clear_requests();
    let update = json!({ "listing_id": id, "product": read });
    let updated = market.call("publish.update", update).await;
    let updated = updated.unwrap_or_else(|problem| panic!("{problem:#?} for {read:#}"));
    assert_eq!(market.writes(), Vec::<String>::new(), "{read:#}");
    assert_eq!(updated["warnings"], json!([]), "{read:#}");
    let set = json!({ "id": id, "inventory": inventory });
    let set = market.call("listings.set_inventory", set).await;
    let set = set.unwrap_or_else(|problem| panic!("{problem:#?} for {inventory:#}"));
    assert_eq!(market.writes(), Vec::<String>::new(), "{inventory:#}");
    assert_eq!(set, inventory);
    assert_eq!(market.held(id), before);
    read
}
