//! Which rows each training of a cross-validation sees.

use crate::dataset::Split;
use crate::error::{Error, Result};
use crate::rng::Rng;

/// Deals `count` rows into `k` folds: fold i is held out from training i, so every row is held out exactly once.
///
/// Folds differ in size by at most one row, and come in the order of their first row: with `k == count` (leave-one-out)
/// fold i holds out row i. The same numbers give the same folds.
///
/// # Errors
/// `Error::Input` with fewer than two rows, or if `k` is not between 2 and `count`.
pub fn folds(count: usize, k: usize, seed: u64) -> Result<Vec<Split>> {
    if count < 2 {
        let there = if count == 0 { "There is no row".to_string() } else { "There is only 1 row".into() };
        return Err(Error::input(format!(
            "{there} to cross-validate; at least 2 are needed, one to train on and one to ask about. Add examples in \
             step 1."
        )));
    }
    if !(2..=count).contains(&k) {
        return Err(Error::input(format!(
            "{k} folds were asked for, but {count} rows can be dealt into 2 to {count} folds. Choose a number in that \
             range; {count} folds hold out one row at a time."
        )));
    }
    let mut rows: Vec<usize> = (0..count).collect();
    Rng::new(seed).shuffle(&mut rows);
    let mut fold_of = vec![0; count];
    for (position, row) in rows.into_iter().enumerate() {
        fold_of[row] = position % k;
    }
    let side = |fold: usize, held_out: bool| (0..count).filter(|row| (fold_of[*row] == fold) == held_out).collect();
    let mut folds: Vec<Split> =
        (0..k).map(|fold| Split { train: side(fold, false), held_out: side(fold, true) }).collect();
    folds.sort_by_key(|fold| fold.held_out.first().copied());
    Ok(folds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_held_out_once_and_sizes_differ_by_at_most_one() {
        for count in 2..=13 {
            for k in 2..=count {
                let folds = folds(count, k, 5).unwrap();
                assert_eq!(folds.len(), k);
                let mut held_out: Vec<usize> = folds.iter().flat_map(|f| f.held_out.clone()).collect();
                held_out.sort_unstable();
                assert_eq!(held_out, (0..count).collect::<Vec<_>>());
                for fold in &folds {
                    assert!([count / k, count.div_ceil(k)].contains(&fold.held_out.len()), "{count} rows, {k} folds");
                    assert_eq!(fold.train.len() + fold.held_out.len(), count);
                    assert!(fold.train.iter().all(|row| !fold.held_out.contains(row)));
                    assert!(fold.train.is_sorted() && fold.held_out.is_sorted());
                }
            }
        }
    }

    #[test]
    fn as_many_folds_as_rows_leave_one_out_in_order() {
        let folds = folds(4, 4, 9).unwrap();
        assert_eq!(folds[2], Split { train: vec![0, 1, 3], held_out: vec![2] });
        assert!(folds.iter().enumerate().all(|(i, fold)| fold.held_out == [i]));
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(folds(10, 3, 1).unwrap(), folds(10, 3, 1).unwrap());
        assert_ne!(folds(10, 3, 1).unwrap(), folds(10, 3, 2).unwrap());
    }

    #[test]
    fn what_cannot_be_dealt_is_said() {
        let message = |count, k| folds(count, k, 0).unwrap_err().to_string();
        assert!(message(0, 2).contains("no row") && message(1, 2).contains("only 1 row"));
        assert!(message(10, 12).contains("2 to 10 folds"));
        assert!(folds(10, 1, 0).is_err() && folds(10, 0, 0).is_err());
    }
}
