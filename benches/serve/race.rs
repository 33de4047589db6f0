//! The race: the same connections ask one server after the other, lap by lap, so that a machine which is
//! busy for a while slows all of them.

use std::time::{Duration, Instant};

use crate::clients::{Asked, Client};
use crate::runners::{Course, Runner};
use crate::samples::Samples;

/// Connections at once, each of which asks again when it has its answer.
pub const CONNECTIONS: usize = 16;

const LAPS: usize = 7;
const LAP: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(2);

/// How one server did.
pub struct Finish {
    pub name: &'static str,
    /// Requests per second, of each lap.
    pub rates: Vec<f64>,
    /// How long requests took, of all laps.
    pub took: Samples,
    /// Processor time for each request, in all laps.
    pub cpu: Duration,
    pub peak_bytes: u64,
    /// After the last lap.
    pub bytes: u64,
}

/// One server's lap.
#[derive(Default)]
struct Lap {
    took: Vec<Duration>,
    elapsed: Duration,
}

/// Runs it. The clients have one thread: they read bytes and count them.
pub fn run(course: Course) -> Vec<Finish> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut finishes: Vec<Finish> = course.runners.iter().map(Finish::begin).collect();
    for runner in &course.runners {
        runtime.block_on(lap(runner, WARM_UP));
    }
    for number in 1..=LAPS {
        eprintln!("lap {number} of {LAPS}");
        for (runner, finish) in course.runners.iter().zip(&mut finishes) {
            let before = (runner.server.cpu(), course.marketplace.served());
            let lap = runtime.block_on(lap(runner, LAP));
            let served = course.marketplace.served() - before.1;
            assert!(
                served >= lap.took.len() as u64,
                "{} answers without asking the marketplace",
                runner.name
            );
            finish.add(lap, runner.server.cpu() - before.0);
        }
    }
    for (runner, finish) in course.runners.iter().zip(&mut finishes) {
        finish.peak_bytes = runner.server.peak_bytes();
        finish.bytes = runner.server.bytes();
    }
    finishes
}

/// All connections at once, for so long.
async fn lap(runner: &Runner, time: Duration) -> Lap {
    let began = Instant::now();
    let clients = (0..CONNECTIONS).map(|_| {
        let asked = runner.asked.clone();
        let (address, length) = (runner.server.address, runner.reply_bytes);
        tokio::spawn(async move { connection(address, &asked, length, began + time).await })
    });
    let clients: Vec<_> = clients.collect();
    let mut lap = Lap::default();
    for client in clients {
        lap.took.extend(client.await.unwrap());
    }
    lap.elapsed = began.elapsed();
    lap
}

/// One connection; how long each request took.
async fn connection(
    address: std::net::SocketAddr,
    asked: &Asked,
    length: usize,
    end: Instant,
) -> Vec<Duration> {
    let mut client = Client::connect(address).await.unwrap();
    let mut took = Vec::new();
    while Instant::now() < end {
        let answer = client.ask(asked).await.unwrap();
        assert!(answer.status.is_success(), "{answer:?}");
        assert_eq!(answer.body.len(), length, "another page");
        assert!(answer.goes_on, "{} ends connections", asked.path);
        took.push(answer.took);
    }
    took
}

impl Finish {
    fn begin(runner: &Runner) -> Self {
        Self {
            name: runner.name,
            rates: Vec::new(),
            took: Samples::default(),
            cpu: Duration::ZERO,
            peak_bytes: 0,
            bytes: 0,
        }
    }

    fn add(&mut self, lap: Lap, cpu: Duration) {
        self.rates
            .push(lap.took.len() as f64 / lap.elapsed.as_secs_f64());
        for took in lap.took {
            self.took.add(took);
        }
        self.cpu += cpu;
    }

    /// Requests per second, of the lap in the middle.
    pub fn rate(&self) -> f64 {
        let mut rates = self.rates.clone();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    }

    /// Processor time for each request.
    pub fn cpu_each(&self) -> Duration {
        self.cpu.div_f64(self.took.len().max(1) as f64)
    }
}
