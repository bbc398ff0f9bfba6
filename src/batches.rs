//! Seeded mini-batches: every example once an epoch, in a new order each time, always full batches.

use serde::{Deserialize, Serialize};

use crate::rng::Rng;

/// Where the run stands in its data; small enough to be saved at every checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    batch_size: usize,
    order: Vec<usize>,
    next: usize,
    rng: Rng,
}

/// [`Batches`] as it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchState {
    pub order: Vec<usize>,
    pub next: usize,
    pub rng: u64,
}

impl Batches {
    /// A batch has at most as many examples as there are.
    pub fn new(examples: usize, batch_size: usize, mut rng: Rng) -> Self {
        let mut order: Vec<usize> = (0..examples).collect();
        if batch_size < examples {
            rng.shuffle(&mut order);
        }
        Self { batch_size: batch_size.min(examples), order, next: 0, rng }
    }

    /// Indices of the next batch's examples. At the end of an epoch it goes on with a new order.
    pub fn next_batch(&mut self) -> Vec<usize> {
        if self.batch_size == self.order.len() {
            return self.order.clone();
        }
        let mut batch = Vec::with_capacity(self.batch_size);
        while batch.len() < self.batch_size {
            if self.next == self.order.len() {
                self.rng.shuffle(&mut self.order);
                self.next = 0;
            }
            batch.push(self.order[self.next]);
            self.next += 1;
        }
        batch
    }

    pub fn state(&self) -> BatchState {
        BatchState { order: self.order.clone(), next: self.next, rng: self.rng.state() }
    }

    /// Goes on where `state` was saved; false where it does not fit the number of examples.
    pub fn restore(&mut self, state: BatchState) -> bool {
        let mut sorted = state.order.clone();
        sorted.sort_unstable();
        let fits = sorted.iter().copied().eq(0..self.order.len()) && state.next <= state.order.len();
        if fits {
            *self =
                Self { batch_size: self.batch_size, order: state.order, next: state.next, rng: Rng::new(state.rng) };
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_comes_once_an_epoch() {
        let mut batches = Batches::new(7, 3, Rng::new(1));
        let mut epochs: Vec<usize> = (0..7).flat_map(|_| batches.next_batch()).collect();
        assert_eq!(epochs.len(), 21);
        for epoch in epochs.chunks_mut(7) {
            epoch.sort_unstable();
            assert_eq!(*epoch, (0..7).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_full_batch_keeps_the_order_of_the_dataset() {
        assert_eq!(Batches::new(3, 10, Rng::new(1)).next_batch(), [0, 1, 2]);
    }

    #[test]
    fn the_seed_decides_and_a_saved_state_goes_on() {
        let mut first = Batches::new(9, 2, Rng::new(5));
        let mut second = Batches::new(9, 2, Rng::new(5));
        for _ in 0..6 {
            assert_eq!(first.next_batch(), second.next_batch());
        }
        let mut third = Batches::new(9, 2, Rng::new(99));
        assert!(third.restore(first.state()));
        assert_eq!(
            (0..9).map(|_| first.next_batch()).collect::<Vec<_>>(),
            (0..9).map(|_| third.next_batch()).collect::<Vec<_>>()
        );
        assert!(!Batches::new(8, 2, Rng::new(5)).restore(first.state()));
    }
}
