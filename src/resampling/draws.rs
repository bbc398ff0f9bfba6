//! Which rows the trainings of a learning curve see: several draws, each with training sets of growing size.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::rng::Rng;

/// One training: `size` rows to train on, and the rows to ask about (none where there are test rows of their own).
/// Indices ascend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Draw {
    pub draw: usize,
    pub size: usize,
    pub train: Vec<usize>,
    pub held_out: Vec<usize>,
}

const HELD_OUT_SHARE: f64 = 0.2;
/// Up to this many rows every size is tried.
const FEW: usize = 5;
const SIZES: [usize; 5] = [2, 4, 6, 8, 10];
const MOST_DRAWS: usize = 100;

/// Plans `draws` times one training for each of `sizes`, in ascending size.
///
/// Without `own_test_rows` each draw holds out a fifth of the rows (at least one). The held-out rows of successive draws
/// follow each other in one shuffled order, so that every row is asked about equally often. The training sets of a draw
/// are nested: what changes from one size to the next is only the rows that are added. With `own_test_rows` nothing is
/// held out, and at `size == count` all draws have the same rows: train each draw with a seed of its own.
///
/// Sizes left out: 2, 4, 6, 8, 10 as far as they are possible, and the largest possible one; with five rows or fewer to
/// train on, every size.
///
/// # Errors
/// `Error::Input` with too few rows, no draw or more than 100, no size, or a size that the rows don't allow.
pub fn draws(count: usize, draws: usize, own_test_rows: bool, seed: u64) -> Result<Vec<Draw>> {
    let fewest = if own_test_rows { 2 } else { 3 };
    if count < fewest {
        let reason =
            if own_test_rows { "two sizes to compare" } else { "two sizes to compare and one row to ask about" };
        return Err(Error::input(format!(
            "A learning curve needs at least {fewest} rows ({reason}), and there are {count}. Add examples in step 1."
        )));
    }
    if !(1..=MOST_DRAWS).contains(&draws) {
        return Err(Error::input(format!(
            "{draws} draws were asked for; it must be 1 to {MOST_DRAWS}. Five are a good start."
        )));
    }
    let held_out = if own_test_rows { 0 } else { ((count as f64 * HELD_OUT_SHARE).round() as usize).max(1) };
    let largest = count - held_out;
    let sizes = sizes(largest);
    let mut rng = Rng::new(seed);
    let mut order: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut order);
    let mut plan = Vec::with_capacity(draws * sizes.len());
    for draw in 0..draws {
        order.rotate_left(if draw == 0 { 0 } else { held_out });
        let tested = ascending(&order[..held_out]);
        let mut others = order[held_out..].to_vec();
        rng.shuffle(&mut others);
        let with_size =
            |size: &usize| Draw { draw, size: *size, train: ascending(&others[..*size]), held_out: tested.clone() };
        plan.extend(sizes.iter().map(with_size));
    }
    Ok(plan)
}

fn sizes(largest: usize) -> Vec<usize> {
    if largest <= FEW {
        return (1..=largest).collect();
    }
    let smaller = SIZES.into_iter().filter(|size| *size < largest);
    smaller.chain([largest]).collect()
}

fn ascending(rows: &[usize]) -> Vec<usize> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes_of(plan: &[Draw]) -> Vec<usize> {
        plan.iter().filter(|d| d.draw == 0).map(|d| d.size).collect()
    }

    #[test]
    fn training_sets_of_a_draw_are_nested_and_apart_from_what_is_held_out() {
        let plan = draws(10, 5, false, 3).unwrap();
        assert_eq!(sizes_of(&plan), [2, 4, 6, 8]);
        assert_eq!(plan.len(), 20);
        for pair in plan.windows(2).filter(|pair| pair[0].draw == pair[1].draw) {
            assert!(pair[0].train.iter().all(|row| pair[1].train.contains(row)));
            assert_eq!(pair[0].held_out, pair[1].held_out);
        }
        for draw in &plan {
            assert_eq!((draw.train.len(), draw.held_out.len()), (draw.size, 2));
            assert!(draw.train.iter().all(|row| *row < 10 && !draw.held_out.contains(row)));
            assert!(draw.train.is_sorted() && draw.held_out.is_sorted());
        }
        let mut asked: Vec<usize> = plan.iter().filter(|d| d.size == 2).flat_map(|d| d.held_out.clone()).collect();
        asked.sort_unstable();
        assert_eq!(asked, (0..10).collect::<Vec<_>>(), "five draws ask about every row once");
    }

    #[test]
    fn with_test_rows_of_ones_own_nothing_is_held_out() {
        let plan = draws(10, 2, true, 3).unwrap();
        assert_eq!(sizes_of(&plan), [2, 4, 6, 8, 10]);
        assert!(plan.iter().all(|draw| draw.held_out.is_empty()));
        let size_two: Vec<&Draw> = plan.iter().filter(|d| d.size == 2).collect();
        assert_ne!(size_two[0].train, size_two[1].train);
    }

    #[test]
    fn sizes_end_with_the_largest_possible_one() {
        assert_eq!(sizes_of(&draws(2, 1, true, 0).unwrap()), [1, 2]);
        assert_eq!(sizes_of(&draws(3, 1, false, 0).unwrap()), [1, 2]);
        assert_eq!(sizes_of(&draws(5, 1, true, 0).unwrap()), [1, 2, 3, 4, 5]);
        assert_eq!(sizes_of(&draws(7, 1, true, 0).unwrap()), [2, 4, 6, 7]);
        assert_eq!(sizes_of(&draws(40, 1, false, 0).unwrap()), [2, 4, 6, 8, 10, 32]);
    }

    #[test]
    fn too_few_rows_and_draws_are_said() {
        assert!(draws(1, 5, true, 0).unwrap_err().to_string().contains("at least 2 rows"));
        assert!(draws(2, 5, false, 0).unwrap_err().to_string().contains("at least 3 rows"));
        assert!(draws(10, 0, false, 0).is_err() && draws(10, 101, false, 0).is_err());
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(draws(10, 3, false, 1).unwrap(), draws(10, 3, false, 1).unwrap());
        assert_ne!(draws(10, 3, false, 1).unwrap(), draws(10, 3, false, 2).unwrap());
    }
}
