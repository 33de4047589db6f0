//! Whatever comes in whatever order — jumps of the clock, outages, restarts, idle time — an account
//! stays connected, nobody asks more than the schedule allows, and all works once the weather is fair.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use stoflow_host::accounts::TokenError;
use stoflow_host::config::PluginConfig;
use stoflow_host::model::{AccountId, AccountState};
use stoflow_sandbox::{Fault, FaultKind, Options, Sandbox};

use super::LONGEST_WAIT;
use crate::seller::{Host, sandbox, token_requests};
use crate::stage::rounds;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// The machine's clock alone.
    Jump(SignedDuration),
    /// Time, for everybody.
    Pass(Duration),
    Restart,
    OutageBegins(FaultKind),
    OutageEnds,
    /// The marketplace takes no access token any more.
    TokensEnd,
    IdleRound,
}

impl Event {
    fn random(random: &mut StdRng) -> Self {
        let hours = random.random_range(1..=10 * 365 * 24);
        match random.random_range(0..12) {
            0 => Self::Jump(SignedDuration::from_hours(hours)),
            1 => Self::Jump(SignedDuration::from_hours(-hours)),
            2 => Self::Jump(SignedDuration::from_mins(random.random_range(-70..=70))),
            // Not so much in all that a refresh token dies between two calls.
            3..=5 => Self::Pass(Duration::from_secs(random.random_range(1..=7200))),
            6 => Self::Restart,
            7 => Self::OutageBegins(FaultKind::RateLimited),
            8 => Self::OutageBegins(FaultKind::CutBefore),
            9 => Self::OutageEnds,
            10 => Self::TokensEnd,
            _ => Self::IdleRound,
        }
    }
}

/// One account under the weather.
struct Round {
    host: Host,
    sandbox: Sandbox,
    config: Arc<PluginConfig>,
    id: AccountId,
}

impl Round {
    async fn new() -> Self {
        let (sandbox, config) = sandbox(Options::default()).await;
        let host = Host::new();
        let id = host.connect(&config, "u1", "").await.unwrap().account.id;
        Self {
            host,
            sandbox,
            config: Arc::new(config),
            id,
        }
    }

    async fn happen(mut self, event: Event) -> Self {
        match event {
            Event::Jump(by) => self.host.clock.jump(by),
            Event::Pass(time) => {
                self.sandbox.advance(time);
                self.host.clock.jump(time.try_into().unwrap());
            }
            Event::Restart => self.host = self.host.restarted(),
            Event::OutageBegins(kind) => {
                self.sandbox.clear_faults();
                let fault = Fault::new(kind).on("token").times(u32::MAX);
                self.sandbox.inject(fault).unwrap();
            }
            Event::OutageEnds => self.sandbox.clear_faults(),
            Event::TokensEnd => drop(self.sandbox.expire_tokens(false)),
            Event::IdleRound => {
                let config = |_: &_| Arc::clone(&self.config);
                let done = self.host.accounts.refresh_idle(config).await.unwrap();
                for one in done {
                    self.check(one.outcome.map(drop));
                }
            }
        }
        self
    }

    /// Calls, as the gateway does: where the token is refused, once more.
    async fn call(&self) -> Result<(), TokenError> {
        let accounts = &self.host.accounts;
        let bearer = accounts.bearer(&self.id, &self.config).await?;
        let generation = bearer.generation;
        if self.host.identify(&self.config, bearer).await.is_err() {
            let again = accounts.refreshed(&self.id, &self.config, generation);
            let me = self.host.identify(&self.config, again.await?).await;
            me.unwrap();
        }
        Ok(())
    }

    /// Nothing but an outage, or the wait after one, keeps an account from its token.
    fn check(&self, outcome: Result<(), TokenError>) {
        match outcome {
            Ok(()) | Err(TokenError::Unavailable(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
        let state = self.host.accounts.get(&self.id).unwrap().unwrap().state;
        assert_eq!(state, AccountState::Connected);
    }
}

#[tokio::test]
async fn no_weather_costs_an_account() {
    let rounds = rounds("WEATHER", 5);
    let seed: u64 = rand::random();
    println!("{rounds} rounds, seed {seed}");
    for number in 0..u64::from(rounds) {
        let mut random = StdRng::seed_from_u64(seed ^ number);
        let mut round = Round::new().await;
        let mut events = Vec::new();
        for _ in 0..25 {
            let event = Event::random(&mut random);
            events.push(event);
            let asked = token_requests(&round.sandbox);
            round = round.happen(event).await;
            for _ in 0..3 {
                round.check(round.call().await);
            }
            // One refresh, and where its reply broke off or its token was refused one more.
            let requests = token_requests(&round.sandbox) - asked;
            assert!(
                requests <= 2,
                "seed {seed}, round {number}: {requests} after {events:?}"
            );
        }
        round = round.happen(Event::OutageEnds).await;
        round.host.clock.jump(LONGEST_WAIT);
        let last = round.call().await;
        last.unwrap_or_else(|error| {
            panic!("seed {seed}, round {number}: {error} after {events:?}")
        });
    }
}
