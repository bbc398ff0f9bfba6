//! Counts the floating-point operations of the products, so that a step can say what it did and a test can compare it
//! with the formula. A multiplication and an addition are two operations; exponentials and norms are not counted.

use std::cell::Cell;

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// Counts a product of (m, k) and (k, n).
#[inline]
pub fn count(m: usize, k: usize, n: usize) {
    DONE.with(|done| done.set(done.get().wrapping_add(2 * m as u64 * k as u64 * n as u64)));
}

/// Operations of this thread so far; the difference of two calls is what lies between them.
pub fn done() -> u64 {
    DONE.with(Cell::get)
}
