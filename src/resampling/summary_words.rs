//! A cross-validation in plain words.

use std::collections::BTreeSet;

use super::cross_validation::{CrossValidation, FoldResult, Improvement, Verdict};
use crate::words::{counted, number, ordinal, paragraph, rows};

/// From here on a sentence no longer says that the rows are few.
const MANY_ROWS: usize = 30;

pub fn sentence(summary: &CrossValidation, folds: &[FoldResult]) -> String {
    let (Some(base), Some(tuned)) = (summary.base, summary.tuned) else {
        return paragraph(&["No fold has given a loss yet.".into(), skipped(summary.skipped)]);
    };
    let one_by_one = folds.iter().all(|fold| fold.held_out.len() == 1);
    let unit = if one_by_one { "row" } else { "fold" };
    let moved = moved(base.mean, tuned.mean);
    let around = tuned.standard_deviation.map_or(String::new(), |d| format!(" (± {} between {unit}s)", number(d)));
    let setting = match trained_on(folds) {
        Some((fewest, most)) if one_by_one && fewest == most => {
            format!("Trained on {fewest} and asked about the {}", ordinal(fewest + 1))
        }
        trained => {
            let trained = match trained {
                Some((fewest, most)) if fewest == most => counted(most, "row"),
                Some((fewest, most)) => format!("{fewest} to {most} rows"),
                None => "some rows".into(),
            };
            format!("Over {}, each trained on {trained} and asked about others", counted(summary.folds, "fold"))
        }
    };
    let average = if summary.folds > 1 { " on average" } else { "" };
    paragraph(&[
        format!("{setting}, the loss {moved}{average}{around}."),
        interval(summary),
        few_rows(summary.rows.len(), shared(folds)),
        skipped(summary.skipped),
    ])
}

/// The fewest and the most rows that a training saw, as told or as the folds together show.
fn trained_on(folds: &[FoldResult]) -> Option<(usize, usize)> {
    let all: BTreeSet<usize> = folds.iter().flat_map(|fold| &fold.held_out).copied().collect();
    let rows = |fold: &FoldResult| {
        let others = all.len().saturating_sub(fold.held_out.len());
        fold.trained_on.or(Some(others)).filter(|count| *count > 0)
    };
    let counts: Vec<usize> = folds.iter().map(rows).collect::<Option<_>>()?;
    Some((*counts.iter().min()?, *counts.iter().max()?))
}

fn moved(base: f64, tuned: f64) -> String {
    let (a, b) = (number(base), number(tuned));
    if a == b {
        format!("stays at {a}")
    } else {
        format!("{} from {a} to {b}", if tuned < base { "falls" } else { "rises" })
    }
}

fn interval(summary: &CrossValidation) -> String {
    let better = format!("{} of {} got better", summary.improved_rows, counted(summary.rows.len(), "row"));
    let Some(Improvement { low: Some(low), high: Some(high), .. }) = summary.improvement else {
        return format!("{better}; with a single fold there is no telling how far chance goes.");
    };
    let side = |change: f64| format!("a {} of {}", if change < 0.0 { "rise" } else { "fall" }, number(change.abs()));
    if high - low < 1e-6 {
        return format!("{better}; every fold changed by the same amount.");
    }
    format!("{better}. Anything from {} to {} is compatible with this (95 % interval).", side(low), side(high))
}

/// The share of its rows that a training has in common with another one: all but what the other holds out. 0 in two folds.
fn shared(folds: &[FoldResult]) -> f64 {
    let Some((fewest, _)) = trained_on(folds) else { return 0.0 };
    let held_out = folds.iter().map(|fold| fold.held_out.len()).max().unwrap_or(0);
    if folds.len() < 2 { 0.0 } else { fewest.saturating_sub(held_out) as f64 / fewest as f64 }
}

fn few_rows(count: usize, shared: f64) -> String {
    if count >= MANY_ROWS {
        return match shared {
            0.0 => String::new(),
            _ => "The folds share training rows, so the uncertainty is somewhat larger than that.".into(),
        };
    }
    let rows = if count == 1 { "1 row is".to_string() } else { format!("{count} rows are") };
    let nothing = "nothing is said about questions of another kind.";
    match shared {
        0.0 => format!("{rows} few, and {nothing}"),
        _ => format!(
            "{rows} few, and the folds share {} the rows that they train on: the uncertainty is somewhat larger than \
             that, and {nothing}",
            if shared > 0.5 { "most of" } else { "some of" }
        ),
    }
}

fn skipped(count: usize) -> String {
    match count {
        0 => String::new(),
        _ => format!(
            "{} left out: the loss is not a number or the response is empty.",
            if count == 1 { "1 row was".to_string() } else { format!("{count} rows were") }
        ),
    }
}

pub fn advice(summary: &CrossValidation) -> String {
    let main = match summary.verdict {
        Verdict::TuningHelps => {
            "What was learned carries over to rows like these. To train the final prompt on all of them, set the held-out \
             share to 0; no better step can be chosen then, so stop it where the held-out loss was lowest here."
        }
        Verdict::TuningHurts => {
            "On rows that it has not seen, the tuned prompt is worse than none: lower the learning rate, train for fewer \
             steps or use fewer virtual tokens, and check whether the rows agree in style."
        }
        Verdict::Unclear => {
            "Whether tuning carries over cannot be told from these rows. Add examples, or train longer if the training \
             loss is still high."
        }
        Verdict::TooFewFolds => {
            "Fewer than 3 folds are too few to tell. Use more folds, up to one for each row, or add examples."
        }
    };
    let outliers = match &summary.outliers[..] {
        [] => String::new(),
        found => format!(
            "The loss of {} is far above the others: check for a mistake, another style or a topic of its own; if it is \
             a topic that matters, add more examples of it.",
            rows(found)
        ),
    };
    let steps = summary.best_step.map_or(String::new(), |best| {
        let range = if best.lowest == best.highest {
            String::new()
        } else {
            format!(" (from {} to {})", best.lowest, best.highest)
        };
        format!("The held-out loss was lowest around step {:.0}{range}.", best.median)
    });
    paragraph(&[main.into(), outliers, steps])
}
