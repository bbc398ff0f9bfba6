//! What a cross-validation says: how well tuning carries over to rows that were not trained on.

use super::cross_validation::{BestStep, CrossValidation, FoldResult, HeldOutRow, Improvement, Spread, Verdict};
use super::statistics::{deviation, mean, median, robust_z, student_t, usable};
use super::summary_words::{advice, sentence};

const FEWEST_FOLDS: usize = 3;
const FEWEST_ROWS_FOR_OUTLIERS: usize = 5;
/// Iglewicz and Hoaglin 1993.
const OUTLIER_Z: f64 = 3.5;

/// Summarises the folds that are done; each counts once, whatever its size.
pub fn summarise(folds: &[FoldResult]) -> CrossValidation {
    let by_fold: Vec<Vec<HeldOutRow>> = folds.iter().map(countable).filter(|rows| !rows.is_empty()).collect();
    let losses = |of: fn(&HeldOutRow) -> f64| by_fold.iter().map(|rows| per_token(rows, of)).collect::<Vec<_>>();
    let (base, tuned) = (losses(|row| row.base_loss), losses(|row| row.tuned_loss));
    let falls: Vec<f64> = base.iter().zip(&tuned).map(|(base, tuned)| base - tuned).collect();
    let rows = ordered(by_fold.iter().flatten().cloned().collect());
    let improvement = improvement(&falls);
    let mut summary = CrossValidation {
        verdict: verdict(improvement, falls.len()),
        sentence: String::new(),
        advice: String::new(),
        folds: falls.len(),
        skipped: folds.iter().map(|fold| fold.held_out.len()).sum::<usize>() - rows.len(),
        base: spread(&base),
        tuned: spread(&tuned),
        improvement,
        improved_rows: rows.iter().filter(|row| row.tuned_loss < row.base_loss).count(),
        outliers: rows.iter().filter(|row| row.outlier).map(|row| row.row).collect(),
        rows,
        best_step: best_step(folds),
    };
    summary.sentence = sentence(&summary, folds);
    summary.advice = advice(&summary);
    summary
}

/// The rows of a fold that have both losses and a response token.
fn countable(fold: &FoldResult) -> Vec<HeldOutRow> {
    let row = |(i, row): (usize, &usize)| {
        let base_loss = fold.base_losses.get(i).copied().filter(|loss| usable(*loss))?;
        let tuned_loss = fold.tuned_losses.get(i).copied().filter(|loss| usable(*loss))?;
        let tokens = fold.tokens.get(i).copied().filter(|tokens| *tokens > 0)?;
        let (fold, row) = (fold.fold, *row);
        Some(HeldOutRow { row, fold, tokens, base_loss, tuned_loss, robust_z: None, outlier: false })
    };
    fold.held_out.iter().enumerate().filter_map(row).collect()
}

fn per_token(rows: &[HeldOutRow], loss: impl Fn(&HeldOutRow) -> f64) -> f64 {
    let tokens: f64 = rows.iter().map(|row| row.tokens as f64).sum();
    rows.iter().map(|row| loss(row) * row.tokens as f64).sum::<f64>() / tokens
}

fn ordered(mut rows: Vec<HeldOutRow>) -> Vec<HeldOutRow> {
    if rows.len() >= FEWEST_ROWS_FOR_OUTLIERS {
        let losses: Vec<f64> = rows.iter().map(|row| row.tuned_loss).collect();
        for (row, z) in rows.iter_mut().zip(robust_z(&losses)) {
            row.robust_z = Some(z);
            row.outlier = z > OUTLIER_Z;
        }
    }
    rows.sort_by(|a, b| b.tuned_loss.total_cmp(&a.tuned_loss).then(a.row.cmp(&b.row)));
    rows
}

fn spread(losses: &[f64]) -> Option<Spread> {
    Some(Spread { mean: mean(losses)?, standard_deviation: deviation(losses) })
}

fn improvement(falls: &[f64]) -> Option<Improvement> {
    let mean = mean(falls)?;
    let standard_error = deviation(falls).map(|deviation| deviation / (falls.len() as f64).sqrt());
    let half = standard_error.and_then(|error| Some(error * student_t(0.95, falls.len() - 1)?));
    Some(Improvement { mean, standard_error, low: half.map(|h| mean - h), high: half.map(|h| mean + h) })
}

fn verdict(improvement: Option<Improvement>, folds: usize) -> Verdict {
    match improvement {
        Some(Improvement { low: Some(low), high: Some(high), .. }) if folds >= FEWEST_FOLDS => {
            if low > 0.0 {
                Verdict::TuningHelps
            } else if high < 0.0 {
                Verdict::TuningHurts
            } else {
                Verdict::Unclear
            }
        }
        _ => Verdict::TooFewFolds,
    }
}

fn best_step(folds: &[FoldResult]) -> Option<BestStep> {
    let steps: Vec<usize> = folds.iter().filter_map(|fold| fold.best_step).collect();
    let middle = median(&steps.iter().map(|step| *step as f64).collect::<Vec<_>>())?;
    Some(BestStep { median: middle, lowest: *steps.iter().min()?, highest: *steps.iter().max()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leave-one-out: fold i holds out row i.
    fn one_by_one(losses: &[(f64, f64)]) -> Vec<FoldResult> {
        let fold = |(i, (base, tuned)): (usize, &(f64, f64))| FoldResult {
            fold: i,
            held_out: vec![i],
            base_losses: vec![*base],
            tuned_losses: vec![*tuned],
            tokens: vec![20],
            best_step: Some(10 * (i + 1)),
            trained_on: None,
        };
        losses.iter().enumerate().map(fold).collect()
    }

    #[test]
    fn ten_rows_one_by_one() {
        let losses: Vec<(f64, f64)> = (0..10).map(|i| (3.0 + 0.02 * f64::from(i), 1.0 + 0.05 * f64::from(i))).collect();
        let summary = summarise(&one_by_one(&losses));
        assert_eq!((summary.verdict, summary.folds, summary.improved_rows), (Verdict::TuningHelps, 10, 10));
        assert!(
            summary.sentence.starts_with(
                "Trained on 9 and asked about the tenth, the loss falls from 3.09 to 1.23 on average (± 0.15 between rows)."
            ),
            "{}",
            summary.sentence
        );
        assert!(summary.sentence.contains("10 rows are few"), "{}", summary.sentence);
        // The falls are 2 - 0.03 i: mean 1.865, deviation 0.03 * sqrt(55 / 6), t(9) = 2.262.
        let fall = summary.improvement.unwrap();
        let error = 0.03 * (55.0_f64 / 6.0).sqrt() / 10.0_f64.sqrt();
        assert!((fall.mean - 1.865).abs() < 1e-9 && (fall.standard_error.unwrap() - error).abs() < 1e-9);
        assert!((fall.high.unwrap() - fall.mean - 2.262 * error).abs() < 1e-4);
        assert_eq!(summary.rows.iter().map(|row| row.row).collect::<Vec<_>>(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(summary.best_step, Some(BestStep { median: 55.0, lowest: 10, highest: 100 }));
        assert!(summary.outliers.is_empty());
    }

    #[test]
    fn says_how_many_rows_were_trained_on() {
        let mut folds = one_by_one(&[(3.0, 1.0), (3.1, 1.2), (3.2, 1.1)]);
        folds.iter_mut().for_each(|fold| fold.trained_on = Some(9));
        assert!(
            summarise(&folds).sentence.starts_with("Trained on 9 and asked about the tenth,"),
            "3 of 10 folds done"
        );
        for fold in &mut folds {
            fold.held_out.push(fold.fold + 3);
            fold.base_losses.push(3.0);
            fold.tuned_losses.push(1.0);
            fold.tokens.push(20);
            fold.trained_on = Some(4);
        }
        let sentence = summarise(&folds).sentence;
        assert!(
            sentence.starts_with("Over 3 folds, each trained on 4 rows and asked about others, the loss falls"),
            "{sentence}"
        );
        folds[0].trained_on = Some(5);
        assert!(summarise(&folds).sentence.contains("each trained on 4 to 5 rows and asked"));
    }

    #[test]
    fn says_how_much_the_folds_share() {
        let parts = |count: usize| -> Vec<FoldResult> {
            let fold = |fold| FoldResult {
                fold,
                held_out: (0..12).filter(|row| row % count == fold).collect(),
                base_losses: vec![2.0; 12 / count],
                tuned_losses: vec![1.0 + 0.1 * fold as f64; 12 / count],
                tokens: vec![20; 12 / count],
                best_step: None,
                trained_on: Some(12 - 12 / count),
            };
            (0..count).map(fold).collect()
        };
        let sentence = |folds: &[FoldResult]| summarise(folds).sentence;
        assert!(!sentence(&parts(2)).contains("share"), "the rows of one fold are those that the other holds out");
        assert!(sentence(&parts(3)).contains("the folds share some of the rows that they train on"));
        assert!(sentence(&parts(4)).contains("the folds share most of the rows that they train on"));
        assert!(sentence(&parts(4)[..2]).contains("share most of"), "2 of 4 folds done");
    }

    #[test]
    fn a_fold_counts_by_token() {
        let fold = FoldResult {
            fold: 0,
            held_out: vec![3, 5],
            base_losses: vec![2.0, 4.0],
            tuned_losses: vec![1.0, 2.0],
            tokens: vec![30, 10],
            best_step: None,
            trained_on: None,
        };
        let summary = summarise(&[fold]);
        assert_eq!(summary.base, Some(Spread { mean: 2.5, standard_deviation: None }));
        assert_eq!(summary.tuned.map(|t| t.mean), Some(1.25));
        assert_eq!((summary.verdict, summary.best_step), (Verdict::TooFewFolds, None));
        assert!(summary.sentence.contains("Over 1 fold") && summary.sentence.contains("single fold"));
    }

    #[test]
    fn a_far_row_is_an_outlier_from_five_rows_on() {
        let mut losses = vec![(3.0, 1.0), (3.0, 1.1), (3.0, 0.9), (3.0, 4.0), (3.0, 1.05)];
        let summary = summarise(&one_by_one(&losses));
        assert_eq!(summary.outliers, [3]);
        assert!(summary.rows[0].outlier && summary.advice.contains("The loss of row 4 is far above"));
        losses.pop();
        let summary = summarise(&one_by_one(&losses));
        assert!(summary.outliers.is_empty() && summary.rows.iter().all(|row| row.robust_z.is_none()));
    }

    #[test]
    fn worse_and_unclear_are_told_apart() {
        let worse = summarise(&one_by_one(&[(1.0, 2.0), (1.1, 2.0), (1.0, 2.2), (1.2, 2.3)]));
        assert_eq!(worse.verdict, Verdict::TuningHurts);
        assert!(worse.sentence.contains("rises from") && worse.sentence.contains("a rise of"), "{}", worse.sentence);
        let unclear = summarise(&one_by_one(&[(1.0, 2.0), (2.0, 1.0), (1.0, 1.5), (2.0, 1.4)]));
        assert_eq!(unclear.verdict, Verdict::Unclear);
        assert!(unclear.sentence.contains("from a rise of") && unclear.sentence.contains("to a fall of"));
    }

    #[test]
    fn identical_losses_are_no_difference() {
        let summary = summarise(&one_by_one(&[(2.0, 2.0); 6]));
        assert_eq!((summary.verdict, summary.improved_rows), (Verdict::Unclear, 0));
        assert!(summary.sentence.contains("stays at 2.00") && summary.outliers.is_empty(), "{}", summary.sentence);
    }

    #[test]
    fn what_is_not_a_number_is_left_out_and_said() {
        let mut folds =
            one_by_one(&[(3.0, 1.0), (3.1, f64::NAN), (f64::INFINITY, 1.0), (3.0, 1.2), (2.9, 1.1), (3.0, 1.0)]);
        folds[5].tokens = vec![0];
        let summary = summarise(&folds);
        assert_eq!((summary.folds, summary.rows.len(), summary.skipped), (3, 3, 3));
        assert!(summary.sentence.contains("3 rows were left out"), "{}", summary.sentence);
        assert!(!serde_json::to_string(&summary).unwrap().contains("NaN") && !summary.sentence.contains("NaN"));
        folds.truncate(3);
        folds[0].base_losses.clear();
        let nothing = summarise(&folds);
        assert_eq!((nothing.verdict, nothing.base, nothing.skipped), (Verdict::TooFewFolds, None, 3));
    }

    #[test]
    fn nothing_gives_a_sentence_too() {
        let summary = summarise(&[]);
        assert_eq!((summary.verdict, summary.folds), (Verdict::TooFewFolds, 0));
        assert_eq!(summary.sentence, "No fold has given a loss yet.");
    }
}
