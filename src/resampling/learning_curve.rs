//! Whether more examples would help: the held-out loss by the number of examples trained on, continued with its
//! uncertainty.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::bootstrap::{BandPoint, Doubled, Resampled};
use super::draw_results::{CurveSize, DrawResult, measured, points};
use super::power_law::{FEWEST_SIZES, PowerLaw};
use super::row_effects::{RowEffect, row_effects, rows_sentence};
use super::statistics::usable;
use crate::words::{counted, number, paragraph};

/// By the fall of the loss that twice the examples bring, compared with a twentieth of the loss now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "LearningCurveVerdict"))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies above.
    MoreDataHelps,
    /// The interval reaches to both sides, or the loss itself is known too badly.
    Unclear,
    /// The whole interval lies below, and the loss may be hardly lower than now.
    Enough,
    /// Fewer than three sizes or draws.
    TooFewPoints,
}

/// `skipped`: trainings whose loss is not a number. `band` is empty and `doubled` `None` with too few points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LearningCurve {
    pub verdict: Verdict,
    pub sentence: String,
    pub advice: String,
    pub draws: usize,
    pub skipped: usize,
    pub points: Vec<CurveSize>,
    pub fit: Option<PowerLaw>,
    pub band: Vec<BandPoint>,
    pub doubled: Option<Doubled>,
    pub rows: Vec<RowEffect>,
    pub rows_sentence: String,
}

const FEWEST_DRAWS: usize = 3;
/// A smaller fall is not worth writing as many examples again.
const WORTHWHILE: f64 = 0.05;
/// Where the loss with twice the examples may be lower by more than so many times that, nothing is enough for sure.
const FALL_IN_DOUBT: f64 = 4.0;

/// Reads the trainings that are done. The same results and seed give the same reading.
pub fn read_learning_curve(results: &[DrawResult], seed: u64) -> LearningCurve {
    let counted: Vec<DrawResult> = results.iter().filter(|r| usable(r.loss) && r.size > 0).cloned().collect();
    let points = points(&counted);
    let draws: BTreeSet<usize> = counted.iter().map(|result| result.draw).collect();
    let fit = PowerLaw::fit(&measured(&points));
    let curves = if draws.len() < FEWEST_DRAWS || fit.is_none() { None } else { Resampled::new(&counted, seed) };
    let ends = points.first().zip(points.last()).map(|(first, last)| (first.size, last.size));
    let drawn = curves.as_ref().zip(ends);
    let rows = row_effects(&counted);
    let mut curve = LearningCurve {
        verdict: Verdict::TooFewPoints,
        sentence: String::new(),
        advice: String::new(),
        draws: draws.len(),
        skipped: results.len() - counted.len(),
        fit,
        band: drawn.map_or_else(Vec::new, |(curves, (smallest, largest))| curves.band(smallest, largest)),
        doubled: drawn.and_then(|(curves, (_, largest))| curves.doubled(largest)),
        rows_sentence: rows_sentence(&rows),
        points,
        rows,
    };
    curve.verdict = verdict(&curve);
    curve.sentence = sentence(&curve);
    curve.advice = advice(&curve);
    curve
}

fn verdict(curve: &LearningCurve) -> Verdict {
    let (Some(doubled), Some(last)) = (curve.doubled, curve.points.last()) else { return Verdict::TooFewPoints };
    let limit = WORTHWHILE * last.mean.abs();
    if doubled.fall_low > limit {
        Verdict::MoreDataHelps
    } else if doubled.fall_high <= limit && last.mean - doubled.low <= FALL_IN_DOUBT * limit {
        Verdict::Enough
    } else {
        Verdict::Unclear
    }
}

fn sentence(curve: &LearningCurve) -> String {
    let [first, .., last] = &curve.points[..] else {
        let only = curve.points.first().map(|p| {
            format!("With {} the loss on rows not trained on is {}.", counted(p.size, "example"), number(p.mean))
        });
        let one_size =
            only.map_or("No training has given a loss yet.".into(), |only| only + " One size makes no curve.");
        return paragraph(&[one_size, skipped(curve.skipped)]);
    };
    let measured = format!(
        "With {} the loss on rows not trained on is {}, with {} it is {} (mean of {}).",
        counted(first.size, "example"),
        number(first.mean),
        last.size,
        number(last.mean),
        counted(curve.draws, "draw")
    );
    let continued = curve.doubled.map_or(String::new(), |d| {
        format!(
            "Continued to {} examples, the fitted curve gives {} (90 % interval over the draws: {} to {}; other inquiries \
             may differ more): a fall of {} from where it is with {}, which may be anything from {} to {}.",
            d.size,
            number(d.loss),
            number(d.low),
            number(d.high),
            number(d.fall),
            d.from,
            number(d.fall_low),
            number(d.fall_high)
        )
    });
    paragraph(&[measured, continued, skipped(curve.skipped)])
}

fn skipped(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "1 training was left out because its loss is not a number.".into(),
        _ => format!("{count} trainings were left out because their loss is not a number."),
    }
}

fn advice(curve: &LearningCurve) -> String {
    let rises = matches!(&curve.points[..], [first, .., last] if last.mean > first.mean * (1.0 + WORTHWHILE));
    let main = match curve.verdict {
        Verdict::MoreDataHelps => {
            "Write more examples of the same kind: twice as many should lower the loss by more than a twentieth. The curve \
             is a guess beyond the sizes that were measured, so measure again when you have them."
        }
        Verdict::Enough if rises => {
            "The mean rose with more examples, which may be chance: look for rows that contradict each other, or train \
             for more steps where there are more rows."
        }
        Verdict::Enough => {
            "More examples of the same kind will probably change little for these inquiries: twice as many lower the loss by \
             less than a twentieth. Examples of a kind that is missing, other settings or a larger model are the next \
             thing to try."
        }
        Verdict::Unclear => {
            "Whether more examples would help cannot be told: the draws differ too much for the small change that is \
             asked about. Run more draws, or ask about more rows that were not trained on."
        }
        Verdict::TooFewPoints if curve.points.len() < FEWEST_SIZES => {
            "Train on at least 3 sizes, for example 2, 4 and 8 examples, with 3 draws or more of each."
        }
        Verdict::TooFewPoints => {
            "Run at least 3 draws: which rows were drawn can matter as much as how many, and only several draws show it."
        }
    };
    main.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resampling::draws::draws;
    use crate::resampling::row_effects::Call;
    use crate::rng::Rng;

    fn simulate(draws_count: usize, noise: f64, seed: u64, truth: impl Fn(usize) -> f64) -> Vec<DrawResult> {
        let mut rng = Rng::new(seed ^ 0x5eed);
        let plan = draws(10, draws_count, true, seed).unwrap();
        let loss = |size: usize, rng: &mut Rng| truth(size) + noise * rng.normal();
        let result = |d: super::super::draws::Draw| DrawResult {
            loss: loss(d.size, &mut rng),
            draw: d.draw,
            size: d.size,
            train: d.train,
        };
        plan.into_iter().map(result).collect()
    }

    fn law(size: usize) -> f64 {
        0.8 + 2.0 * (size as f64).powf(-0.7)
    }

    #[test]
    fn exact_data_give_their_law_and_more_data_helps() {
        let curve = read_learning_curve(&simulate(5, 0.0, 1, law), 7);
        let fit = curve.fit.unwrap();
        assert!((fit.a - 0.8).abs() < 1e-3 && (fit.b - 2.0).abs() < 1e-3 && (fit.c - 0.7).abs() < 1e-3, "{fit:?}");
        assert_eq!((curve.verdict, curve.draws, curve.band.len()), (Verdict::MoreDataHelps, 5, 40));
        let doubled = curve.doubled.unwrap();
        assert_eq!((doubled.from, doubled.size), (10, 20));
        assert!((doubled.loss - law(20)).abs() < 1e-3 && (doubled.fall - (law(10) - law(20))).abs() < 1e-3);
        assert!((curve.band[0].size - 2.0).abs() < 1e-9 && (curve.band[39].size - 40.0).abs() < 1e-9);
        assert_eq!(curve.points[1].runs, 5);
        assert!(
            curve.sentence.starts_with(
                "With 2 examples the loss on rows not trained on is 2.03, with 10 it is 1.20 (mean of 5 draws)."
            ),
            "{}",
            curve.sentence
        );
    }

    /// A 90 % band should hold the truth about nine times in ten: 49 to 57 of 60 here, fewest beyond the measured sizes.
    #[test]
    fn the_band_contains_the_truth() {
        for (draws_count, noise) in [(5, 0.05), (10, 0.1)] {
            let (mut inside, mut extrapolated) = (0, 0);
            for seed in 0..60 {
                let curve = read_learning_curve(&simulate(draws_count, noise, seed, law), seed);
                let within = |p: &BandPoint| {
                    let truth = 0.8 + 2.0 * p.size.powf(-0.7);
                    (p.low..=p.high).contains(&truth)
                };
                inside += usize::from(within(&curve.band[12]));
                extrapolated += usize::from(within(&curve.band[30]));
                assert!(curve.band.iter().all(|p| p.low <= p.middle && p.middle <= p.high && p.high.is_finite()));
            }
            assert!(inside >= 48 && extrapolated >= 48, "{draws_count} draws: {inside} and {extrapolated} of 60");
        }
    }

    #[test]
    fn a_flat_curve_never_asks_for_more_data() {
        let verdicts: Vec<Verdict> =
            (0..60).map(|seed| read_learning_curve(&simulate(5, 0.03, seed, |_| 1.0), seed).verdict).collect();
        assert!(verdicts.iter().all(|v| matches!(v, Verdict::Enough | Verdict::Unclear)), "{verdicts:?}");
        assert!(verdicts.contains(&Verdict::Enough));
        let identical = read_learning_curve(&simulate(5, 0.0, 1, |_| 1.0), 1);
        assert_eq!(identical.verdict, Verdict::Enough);
        assert!(identical.rows.iter().all(|row| row.call == Call::CannotTell));
    }

    #[test]
    fn a_loss_that_is_known_badly_is_never_enough() {
        let result = |draw: usize, size: usize| DrawResult {
            draw,
            size,
            train: (0..size).collect(),
            loss: [0.7, 1.1, 1.5][draw] + 0.005 / size as f64,
        };
        let results: Vec<DrawResult> = (0..3).flat_map(|draw| (1..6).map(move |size| result(draw, size))).collect();
        let curve = read_learning_curve(&results, 1);
        let doubled = curve.doubled.unwrap();
        assert!(
            doubled.fall_high < 0.05 && doubled.low < 0.8,
            "the fall is small in each draw, the level is not known"
        );
        assert_eq!(curve.verdict, Verdict::Unclear, "{}", curve.sentence);
    }

    #[test]
    fn noise_is_unclear() {
        let verdicts: Vec<Verdict> =
            (0..30).map(|seed| read_learning_curve(&simulate(4, 0.6, seed, law), seed).verdict).collect();
        let unclear = verdicts.iter().filter(|v| **v == Verdict::Unclear).count();
        assert!(unclear >= 27, "{verdicts:?}");
        let clear: Vec<Verdict> =
            (0..30).map(|seed| read_learning_curve(&simulate(5, 0.01, seed, law), seed).verdict).collect();
        assert!(clear.iter().all(|v| *v == Verdict::MoreDataHelps), "{clear:?}");
    }

    #[test]
    fn a_curve_that_rises_is_said_to_be_worse() {
        let curve = read_learning_curve(&simulate(5, 0.01, 1, |size| 1.0 + 0.05 * size as f64), 1);
        assert_eq!(curve.verdict, Verdict::Enough);
        assert!(curve.advice.starts_with("The mean rose with more examples"), "{}", curve.advice);
    }

    #[test]
    fn too_few_points_are_said() {
        let empty = read_learning_curve(&[], 1);
        assert_eq!((empty.verdict, &empty.sentence[..]), (Verdict::TooFewPoints, "No training has given a loss yet."));
        let all = simulate(5, 0.05, 1, law);
        let size = read_learning_curve(&all.iter().filter(|r| r.size == 4).cloned().collect::<Vec<_>>(), 1);
        assert_eq!((size.verdict, size.points.len(), size.fit), (Verdict::TooFewPoints, 1, None));
        assert!(size.sentence.contains("One size makes no curve") && size.advice.contains("at least 3 sizes"));
        let draw = read_learning_curve(&all.iter().filter(|r| r.draw == 0).cloned().collect::<Vec<_>>(), 1);
        assert_eq!((draw.verdict, draw.draws, draw.band.len()), (Verdict::TooFewPoints, 1, 0));
        assert!(draw.fit.is_some() && draw.doubled.is_none() && draw.advice.contains("at least 3 draws"));
        assert_eq!(draw.points[0].standard_deviation, None);
    }

    #[test]
    fn what_is_not_a_number_is_left_out_and_said() {
        let mut results = simulate(5, 0.01, 1, law);
        results[3].loss = f64::NAN;
        results[8].loss = f64::INFINITY;
        let curve = read_learning_curve(&results, 1);
        assert_eq!((curve.skipped, curve.verdict), (2, Verdict::MoreDataHelps));
        assert!(curve.sentence.ends_with("2 trainings were left out because their loss is not a number."));
        let json = serde_json::to_string(&curve).unwrap();
        assert!(json.contains(r#""verdict":"more_data_helps""#) && json.contains(r#""fallLow":"#), "{json}");
        assert!(!json.contains("null") && !json.contains("NaN"), "every number is one: {json}");
        let loss: DrawResult = serde_json::from_str(r#"{"draw":0,"size":2,"train":[0,1],"loss":null}"#).unwrap();
        assert!(loss.loss.is_nan());
    }

    #[test]
    fn the_seed_decides() {
        let results = simulate(5, 0.1, 1, law);
        assert_eq!(read_learning_curve(&results, 3), read_learning_curve(&results, 3));
        assert_ne!(read_learning_curve(&results, 3).band, read_learning_curve(&results, 4).band);
    }
}
