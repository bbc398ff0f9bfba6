//! Which rows help and which hurt: trainings that had a row against trainings of the same size that had not.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::draw_results::DrawResult;
use super::statistics::student_t;
use crate::words::{counted, paragraph, rows};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "RowCall"))]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Helpful,
    Harmful,
    CannotTell,
}

/// `difference`: loss with the row less loss without it, nats per token; above 0 the row hurts. `runs_with` and
/// `runs_without` count the trainings of sizes where both occur.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RowEffect {
    pub row: usize,
    pub difference: Option<f64>,
    pub standard_error: Option<f64>,
    pub runs_with: usize,
    pub runs_without: usize,
    pub call: Call,
}

const FEWEST_RUNS: usize = 3;
const FEWEST_DEGREES: usize = 3;
/// Differences below this, and what is left of a presence below this, are rounding.
const ROUNDING: f64 = 1e-6;

/// Every row that was trained on, the most harmful first, those without a difference last. `results` must have finite
/// losses.
///
/// A draw may be easier than another as a whole, because of the rows that it is asked about (a hard row is never among
/// the training rows that it is asked with). So where draws have several sizes, the difference is what the row's presence
/// explains beyond the size and the draw (least squares with one constant for each size and each draw). It is called
/// helpful or harmful where it exceeds two standard errors, and Student's t where that is more, with at least three runs
/// on either side. Rows are looked at one by one: one that was often drawn together with a harmful row can look harmful.
pub fn row_effects(results: &[DrawResult]) -> Vec<RowEffect> {
    let all: BTreeSet<usize> = results.iter().flat_map(|result| &result.train).copied().collect();
    let design = Design::new(results);
    let mut losses: Vec<f64> = results.iter().map(|result| result.loss).collect();
    design.take_out(&mut losses);
    let mut effects: Vec<RowEffect> = all.into_iter().map(|row| effect(row, results, &design, &losses)).collect();
    effects.sort_by(|a, b| match (a.difference, b.difference) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
    effects
}

/// `losses`: with sizes and draws taken out.
fn effect(row: usize, results: &[DrawResult], design: &Design, losses: &[f64]) -> RowEffect {
    let has: Vec<bool> = results.iter().map(|result| result.train.contains(&row)).collect();
    let (mut runs_with, mut runs_without) = (0, 0);
    for group in &design.sizes {
        let with = group.iter().filter(|i| has[**i]).count();
        if with > 0 && with < group.len() {
            runs_with += with;
            runs_without += group.len() - with;
        }
    }
    let mut presence: Vec<f64> = has.iter().map(|has| f64::from(u8::from(*has))).collect();
    design.take_out(&mut presence);
    let unknown =
        RowEffect { row, difference: None, standard_error: None, runs_with, runs_without, call: Call::CannotTell };
    let weight: f64 = presence.iter().map(|x| x * x).sum();
    if weight < ROUNDING {
        return unknown;
    }
    let difference = presence.iter().zip(losses).map(|(x, y)| x * y).sum::<f64>() / weight;
    let degrees = design.degrees_of_freedom.saturating_sub(1);
    let left: f64 = presence.iter().zip(losses).map(|(x, y)| (y - difference * x).powi(2)).sum();
    let error = (degrees > 0).then(|| (left / degrees as f64 / weight).sqrt());
    let known = RowEffect { difference: Some(difference), standard_error: error, ..unknown };
    let enough = runs_with.min(runs_without) >= FEWEST_RUNS && degrees >= FEWEST_DEGREES;
    let limit = error.zip(student_t(0.95, degrees)).map(|(error, t)| error * t.max(2.0));
    let call = match limit {
        Some(limit) if enough && difference.abs() > limit.max(ROUNDING) => {
            if difference > 0.0 {
                Call::Harmful
            } else {
                Call::Helpful
            }
        }
        _ => Call::CannotTell,
    };
    RowEffect { call, ..known }
}

/// The trainings by size and, where some draw has several, by draw.
struct Design {
    sizes: Vec<Vec<usize>>,
    draws: Vec<Vec<usize>>,
    degrees_of_freedom: usize,
}

impl Design {
    fn new(results: &[DrawResult]) -> Self {
        let sizes = groups(results, |result| result.size);
        let mut draws = groups(results, |result| result.draw);
        if draws.iter().all(|group| group.len() == 1) {
            draws.clear();
        }
        let constants = sizes.len() + draws.len().saturating_sub(1);
        let degrees_of_freedom = results.len().saturating_sub(constants);
        Self { sizes, draws, degrees_of_freedom }
    }

    /// Subtracts what sizes and draws explain, by alternating projections.
    fn take_out(&self, values: &mut [f64]) {
        for _ in 0..500 {
            let moved = centre(values, &self.sizes).max(centre(values, &self.draws));
            if moved < 1e-12 {
                break;
            }
        }
    }
}

fn groups(results: &[DrawResult], key: impl Fn(&DrawResult) -> usize) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, result) in results.iter().enumerate() {
        groups.entry(key(result)).or_default().push(i);
    }
    groups.into_values().collect()
}

/// Subtracts the mean of each group; returns the largest one.
fn centre(values: &mut [f64], groups: &[Vec<usize>]) -> f64 {
    let mut largest = 0.0_f64;
    for group in groups {
        let mean = group.iter().map(|i| values[*i]).sum::<f64>() / group.len() as f64;
        group.iter().for_each(|i| values[*i] -= mean);
        largest = largest.max(mean.abs());
    }
    largest
}

/// What can be said of the rows, with how often chance alone would say so.
pub fn rows_sentence(effects: &[RowEffect]) -> String {
    let called = |call: Call| effects.iter().filter(|e| e.call == call).map(|e| e.row).collect::<Vec<_>>();
    let (mut helpful, harmful) = (called(Call::Helpful), called(Call::Harmful));
    helpful.reverse();
    if effects.is_empty() {
        return String::new();
    }
    if helpful.is_empty() && harmful.is_empty() {
        return "Of no row can it be told from these trainings whether it helps or hurts; more draws would show smaller \
                differences."
            .into();
    }
    let verb = |rows: &[usize]| if rows.len() == 1 { "" } else { "s" };
    let hurt = match &harmful[..] {
        [] => String::new(),
        found => format!(
            "With {} in the training set{} the held-out loss is higher than without: look for a mistake, a \
             contradiction or another style.",
            rows(found),
            verb(found)
        ),
    };
    let help = match &helpful[..] {
        [] => String::new(),
        found => {
            format!("With {} in the training set{} it is lower: more rows like that help.", rows(found), verb(found))
        }
    };
    let chance = format!(
        "Of {} compared, chance alone singles out about one in twenty, so read a row again before you change it.",
        counted(effects.len(), "row")
    );
    paragraph(&[hurt, help, chance])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resampling::draws::draws;
    use crate::rng::Rng;

    /// Losses of a plan: falls with size, a difficulty of each draw, noise, and `planted(row)` for each training row.
    fn simulate(own: bool, draw_noise: f64, noise: f64, seed: u64, planted: impl Fn(usize) -> f64) -> Vec<DrawResult> {
        let mut rng = Rng::new(seed ^ 0xabc);
        let difficulty: Vec<f64> = (0..8).map(|_| draw_noise * rng.normal()).collect();
        let plan = draws(10, 8, own, seed).unwrap();
        let result = |d: crate::resampling::draws::Draw| DrawResult {
            loss: 0.8
                + 2.0 / d.size as f64
                + difficulty[d.draw]
                + noise * rng.normal()
                + d.train.iter().map(|row| planted(*row)).sum::<f64>(),
            draw: d.draw,
            size: d.size,
            train: d.train,
        };
        plan.into_iter().map(result).collect()
    }

    #[test]
    fn a_planted_harmful_row_is_found() {
        for (own, draw_noise) in [(true, 0.0), (false, 0.5)] {
            let results = simulate(own, draw_noise, 0.05, 4, |row| if row == 3 { 0.4 } else { 0.0 });
            let effects = row_effects(&results);
            assert_eq!((effects[0].row, effects[0].call), (3, Call::Harmful), "{effects:?}");
            assert!((effects[0].difference.unwrap() - 0.4).abs() < 0.1, "{:?}", effects[0]);
            assert!(effects.windows(2).all(|pair| pair[0].difference >= pair[1].difference));
            let sentence = rows_sentence(&effects);
            assert!(sentence.starts_with("With row 4 in the training set the held-out loss is higher"), "{sentence}");
        }
    }

    #[test]
    fn a_helpful_row_is_told_from_a_harmful_one() {
        let effects = row_effects(&simulate(true, 0.0, 0.02, 6, |row| [0.3, -0.3][row % 2] * f64::from(row < 2)));
        assert_eq!((effects[0].row, effects[0].call), (0, Call::Harmful));
        assert_eq!((effects[9].row, effects[9].call), (1, Call::Helpful));
        assert!(rows_sentence(&effects).contains("it is lower: more rows like that help"));
    }

    /// Without any real effect a call should be as rare as its level says, also where draws differ in difficulty.
    #[test]
    fn chance_calls_about_one_row_in_twenty() {
        let calls = (0..400).flat_map(|seed| row_effects(&simulate(false, 0.5, 0.05, seed, |_| 0.0)));
        let wrong = calls.filter(|effect| effect.call != Call::CannotTell).count();
        assert!((120..280).contains(&wrong), "{wrong} of 4000 rows");
    }

    #[test]
    fn where_nothing_can_be_compared_nothing_is_said() {
        assert!(row_effects(&[]).is_empty() && rows_sentence(&[]).is_empty());
        // A single draw: at no size is there a training with and one without the row.
        let single: Vec<DrawResult> =
            simulate(true, 0.0, 0.1, 1, |_| 0.0).into_iter().filter(|result| result.draw == 0).collect();
        let effects = row_effects(&single);
        assert_eq!(effects.len(), 10);
        assert!(effects.iter().all(|e| e.call == Call::CannotTell && e.runs_with + e.runs_without == 0));
        assert!(effects.iter().all(|e| e.difference.is_none()), "{effects:?}");
        assert!(rows_sentence(&effects).starts_with("Of no row"));
    }

    #[test]
    fn one_size_compares_its_draws() {
        let result = |draw: usize| DrawResult {
            draw,
            size: 2,
            train: vec![draw % 2, 2 + draw % 3],
            loss: 1.0 + 0.5 * (draw % 2) as f64,
        };
        let effects = row_effects(&(0..12).map(result).collect::<Vec<_>>());
        assert_eq!((effects[0].row, effects[0].call, effects[0].runs_with), (1, Call::Harmful, 6));
        assert!((effects[0].difference.unwrap() - 0.5).abs() < 1e-9);
        let two = row_effects(&(0..4).map(result).collect::<Vec<_>>());
        assert!(two.iter().all(|effect| effect.call == Call::CannotTell), "two runs on a side are too few");
    }

    #[test]
    fn identical_losses_call_no_row() {
        let results: Vec<DrawResult> =
            simulate(true, 0.0, 0.0, 1, |_| 0.0).into_iter().map(|r| DrawResult { loss: 1.0, ..r }).collect();
        assert!(row_effects(&results).iter().all(|effect| effect.call == Call::CannotTell));
    }
}
