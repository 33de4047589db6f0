//! Durations of the same thing, many times over.

use std::time::{Duration, Instant};

/// What was measured, in the order measured.
#[derive(Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    pub fn p99(&self) -> Duration {
        self.quantile(0.99)
    }

    fn quantile(&self, part: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len() - 1;
        sorted[(last as f64 * part).round() as usize]
    }
}

/// Does it, and takes down how long it took.
pub async fn timed<T>(samples: &mut Samples, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    samples.add(began.elapsed());
    done
}
