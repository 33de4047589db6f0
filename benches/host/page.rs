//! A page of a hundred listings, REST in to REST out, through the plugin and natively, in turns.

use std::sync::Arc;
use std::time::Duration;

use stoflow_benches::{Native, mapped};
use stoflow_host::plugins::CallRequest;
use stoflow_host::runtime::Outcome;

use crate::call::PhaseSamples;
use crate::convert;
use crate::rest::post;
use crate::samples::{Samples, timed};
use crate::shop::{LISTINGS, Shop};
use crate::table::{Bars, Table, Unit};

const ROUNDS: usize = 400;
const WARM_UP: usize = 40;

const PATH: &str = "/api/etsy/call/listings/list";
const ARGUMENTS: &str = r#"{"state":"active","page":{"limit":100}}"#;

#[derive(Default)]
struct Measured {
    plugin: Samples,
    native: Samples,
    /// The request alone: the sandbox's share, with the transport's.
    bare: Samples,
    /// The mapping alone, natively.
    mapping: Samples,
    /// The call alone, without the router.
    calls: Samples,
    phases: PhaseSamples,
}

pub async fn run(table: &mut Table) {
    eprintln!("a shop with {LISTINGS} listings, published through the plugin");
    let shop = Shop::open().await;
    let native = same_work(&shop).await;
    eprintln!("a page of {LISTINGS} listings, {ROUNDS} times");
    let mut measured = Measured::default();
    for round in 0..WARM_UP + ROUNDS {
        if round == WARM_UP {
            measured = Measured::default();
        }
        measure(&shop, &native, &mut measured).await;
    }
    measured.show(table);
    let page = native.fetch("active", 100).await;
    shop.stage.host.close().unwrap();
    convert::run(&page, table).await;
}

/// The native route, once it is sure that it asks for the same and answers the same, to the byte.
async fn same_work(shop: &Shop) -> Arc<Native> {
    let router = &shop.stage.router;
    let through_plugin = post(router, PATH, ARGUMENTS).await;
    let records = shop.sandbox.requests();
    let [record] = records.as_slice() else {
        panic!("the plugin made {} requests", records.len());
    };
    let native = Native::like(shop.sandbox.url(), record);
    let natively = post(&native.router(), PATH, ARGUMENTS).await;
    let records = shop.sandbox.requests();
    let asked = |place: usize| {
        let record = &records[place];
        let mut headers = record.headers.clone();
        headers.sort();
        (
            record.method.clone(),
            record.path.clone(),
            record.query.clone(),
            headers,
        )
    };
    assert_eq!(asked(0), asked(1), "the requests differ");
    assert!(through_plugin == natively, "the replies differ");
    let reply = native.fetch("active", 100).await;
    eprintln!(
        "the marketplace's page has {} bytes, the contract's {}",
        reply.len(),
        natively.len()
    );
    native
}

/// Each once, in turns.
async fn measure(shop: &Shop, native: &Arc<Native>, measured: &mut Measured) {
    let host = &shop.stage.host;
    timed(
        &mut measured.plugin,
        post(&shop.stage.router, PATH, ARGUMENTS),
    )
    .await;
    let router = native.router();
    timed(&mut measured.native, post(&router, PATH, ARGUMENTS)).await;
    let reply = timed(&mut measured.bare, native.fetch("active", 100)).await;
    timed(&mut measured.mapping, async { mapped(&reply) }).await;
    let etsy = "etsy".parse().unwrap();
    let request = CallRequest {
        account: Some(host.accounts.resolve(None, &etsy, None).unwrap()),
        ..CallRequest::new()
    };
    let plugin = host.plugins.active(&etsy).unwrap();
    let call = host
        .plugins
        .call(&plugin, "listings", "list", ARGUMENTS.as_bytes(), request);
    let finished = timed(&mut measured.calls, call).await.unwrap();
    assert!(matches!(finished.outcome, Ok(Outcome::Ok(_))));
    measured.phases.add(finished.phases);
}

impl Measured {
    fn show(&self, table: &mut Table) {
        let (plugin, native, bare) = (
            self.plugin.median(),
            self.native.median(),
            self.bare.median(),
        );
        let of = "a page of 100 listings";
        table.time(
            &format!("{of} through the plugin"),
            &self.plugin,
            Unit::Micros,
            None,
        );
        table.time(&format!("{of} natively"), &self.native, Unit::Micros, None);
        table.time(
            "the bare request to the sandbox",
            &self.bare,
            Unit::Micros,
            None,
        );
        let bars = Bars {
            bar: 2.0,
            mark: 1.4,
        };
        let ratio = plugin.as_secs_f64() / native.as_secs_f64();
        table.ratio(&format!("{of}, plugin to native"), ratio, Some(bars));
        let own = |time: Duration| time.saturating_sub(bare).as_secs_f64();
        let ratio = own(plugin) / own(native);
        table.ratio("the same without the bare request", ratio, None);
        self.phases.parts(table, of, self.calls.median());
        table.part(of, "natively: mapping and JSON", self.mapping.median());
    }
}
