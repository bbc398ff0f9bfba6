//! What the loss curves of a run say, in plain words.

use serde::{Deserialize, Serialize};

use crate::words::{counted, number};

/// One point of a run. `loss`: training loss of a step (a batch); `held_out_loss` only at evaluations. Step 0 is the
/// baseline before training. Losses are nats per token.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CurvePoint {
    pub step: u32,
    pub loss: Option<f64>,
    pub held_out_loss: Option<f64>,
}

/// What a run looks like; `read_curve` has the order in which they are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "CurveVerdict"))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A loss is not a finite number, or (after 10 steps) the training loss ends at least 25 % above its start.
    Diverged,
    /// Fewer than 10 steps, or the training loss has moved by less than 10 % of its start and the held-out loss has not
    /// fallen by as much: nothing to judge yet.
    TooShort,
    /// The last two held-out losses both lie at least 5 % above the lowest one before them.
    Overfitting,
    /// The curve that counts (held-out loss where it was measured three times or more, else training loss) still
    /// falls by at least 2 % (held-out) or 3 % (training) in the last quarter of the run.
    StillFalling,
    /// None of the above: the curve that counts is flat.
    Converged,
}

/// `best_step`: step of the lowest held-out loss, `None` without held-out rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CurveReading {
    pub verdict: Verdict,
    pub sentence: String,
    pub advice: String,
    pub best_step: Option<u32>,
}

const FEWEST_STEPS: usize = 10;
const FEWEST_EVALUATIONS: usize = 3;
const DIVERGED_RISE: f64 = 0.25;
const UNMOVED: f64 = 0.1;
const OVERFITTING_RISE: f64 = 0.05;
const HELD_OUT_FALL: f64 = 0.02;
const TRAINING_FALL: f64 = 0.03;

/// Where the held-out loss is flat. What the training loss will do is another matter, which a quarter of a run can't tell.
const FLAT_ADVICE: &str = "More steps may lower the training loss further, but the rows that were held out gain nothing from \
     it. Where the learning rate falls to 0, as it does by default, every run ends flat: only a longer one, started anew, \
     can tell whether it would go on. If the answers are not good enough, add more and more varied examples.";

/// Reads a run. Points may come in any order and with gaps; a step that appears twice counts once (the later point).
pub fn read_curve(points: &[CurvePoint]) -> CurveReading {
    let training = Curve::new(points, |point| point.loss);
    let held_out = Curve::new(points, |point| point.held_out_loss);
    if let Some(step) = training.broken.into_iter().chain(held_out.broken).min() {
        return broken(step, &held_out);
    }
    let Some(run) = Run::new(training, held_out) else {
        return no_steps();
    };
    if run.training.len() < FEWEST_STEPS {
        run.too_few_steps()
    } else if run.end > run.start * (1.0 + DIVERGED_RISE) {
        run.diverged()
    } else if !run.has_moved() {
        run.unmoved()
    } else if let Some((best, last)) = run.held_out.rise() {
        run.overfitting(best, last)
    } else if run.held_out.len() >= FEWEST_EVALUATIONS {
        if run.held_out.still_reaching_new_lows() { run.still_falling() } else { run.converged() }
    } else if run.training.still_falling() {
        run.still_falling()
    } else {
        run.converged()
    }
}

/// The finite values of one curve in the order of the steps; `broken` is the first step without a finite value.
struct Curve {
    values: Vec<(u32, f64)>,
    broken: Option<u32>,
}

impl Curve {
    fn new(points: &[CurvePoint], value: impl Fn(&CurvePoint) -> Option<f64>) -> Self {
        let mut all: Vec<(u32, f64)> = points.iter().filter_map(|p| Some((p.step, value(p)?))).collect();
        all.reverse();
        all.sort_by_key(|(step, _)| *step);
        all.dedup_by_key(|(step, _)| *step);
        let broken = all.iter().find(|(_, v)| !v.is_finite()).map(|(step, _)| *step);
        all.retain(|(_, v)| v.is_finite());
        Self { values: all, broken }
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn mean(&self, from: usize, to: usize) -> f64 {
        self.values[from..to].iter().map(|(_, v)| v).sum::<f64>() / (to - from) as f64
    }

    /// The first of the lowest values.
    fn lowest(&self) -> Option<(u32, f64)> {
        self.values.iter().copied().reduce(|best, point| if point.1 < best.1 { point } else { best })
    }

    /// Lowest and last value, where the last two values both lie `OVERFITTING_RISE` above a lowest one before them.
    fn rise(&self) -> Option<((u32, f64), (u32, f64))> {
        let best = self.lowest()?;
        let [.., a, b] = self.values[..] else { return None };
        let limit = best.1 * (1.0 + OVERFITTING_RISE);
        (self.len() >= FEWEST_EVALUATIONS && a.1 > limit && b.1 > limit).then_some((best, b))
    }

    /// Whether the last quarter of the steps (at least the last evaluation) has a value `HELD_OUT_FALL` below all
    /// earlier ones.
    fn still_reaching_new_lows(&self) -> bool {
        let first = self.values[0].0;
        let last = self.values[self.len() - 1].0;
        let border = f64::from(last) - 0.25 * f64::from(last - first);
        let low = |late: bool| {
            let side = self.values.iter().filter(|(step, _)| (f64::from(*step) > border) == late);
            side.map(|(_, v)| *v).fold(f64::INFINITY, f64::min)
        };
        low(true) < low(false) * (1.0 - HELD_OUT_FALL)
    }

    /// Whether the mean of the last quarter lies `TRAINING_FALL` below that of the quarter before, and by more than
    /// the noise of the batches explains (two standard errors of the difference).
    fn still_falling(&self) -> bool {
        let quarter = (self.len() / 4).max(2);
        let (start, middle, end) = (self.len() - 2 * quarter, self.len() - quarter, self.len());
        let (before, now) = (self.mean(start, middle), self.mean(middle, end));
        let variance = |from: usize, to: usize, mean: f64| {
            let squares = self.values[from..to].iter().map(|(_, v)| (v - mean).powi(2));
            squares.sum::<f64>() / (to - from - 1) as f64 / (to - from) as f64
        };
        let error = (variance(start, middle, before) + variance(middle, end, now)).sqrt();
        before - now > (TRAINING_FALL * before).max(2.0 * error)
    }
}

/// A run with at least one finite training loss. `start`, `end`: training loss averaged over the first twentieth (2 to
/// 5 steps) and the last quarter (2 to 10 steps), because a single batch is noisy; below 10 steps over one step.
struct Run {
    training: Curve,
    held_out: Curve,
    start: f64,
    end: f64,
}

impl Run {
    fn new(training: Curve, held_out: Curve) -> Option<Self> {
        let count = training.len();
        if count == 0 {
            return None;
        }
        let (first, last) = if count < FEWEST_STEPS { (1, 1) } else { ((count / 20).clamp(2, 5), (count / 4).min(10)) };
        let start = training.mean(0, first);
        let end = training.mean(count - last, count);
        Some(Self { training, held_out, start, end })
    }

    /// Whether the training loss has changed by `UNMOVED` of its start, or the held-out loss has fallen by it: batches are
    /// noisy, and over a few rows their mean can hide a fall.
    fn has_moved(&self) -> bool {
        let held_out_fell = match self.held_out.values[..] {
            [first, .., last] => first.1 - last.1 >= UNMOVED * first.1,
            _ => false,
        };
        (self.start - self.end).abs() >= UNMOVED * self.start || held_out_fell
    }

    fn steps(&self) -> String {
        counted(self.training.len(), "step")
    }

    /// "The training loss went from 0.82 to 0.25 in 100 steps", and the held-out loss where there is one.
    fn story(&self) -> String {
        let mut story = format!(
            "The training loss, averaged over neighbouring steps, {} in {}",
            moved(self.start, self.end),
            self.steps()
        );
        if let ([first, .., last], Some(best)) = (&self.held_out.values[..], self.held_out.lowest()) {
            story += &format!("; the held-out loss {}", moved(first.1, last.1));
            if best.0 != last.0 {
                story += &format!(", with its lowest value {} at step {}", number(best.1), best.0);
            }
        }
        story + "."
    }

    fn reading(&self, verdict: Verdict, sentence: String, advice: impl Into<String>) -> CurveReading {
        let best_step = self.held_out.lowest().map(|(step, _)| step);
        CurveReading { verdict, sentence, advice: advice.into(), best_step }
    }

    fn diverged(&self) -> CurveReading {
        let sentence = format!("{} It ends higher than it began: the steps are too large.", self.story());
        self.reading(Verdict::Diverged, sentence, "Divide the learning rate by 3 to 10 and start again.")
    }

    fn too_few_steps(&self) -> CurveReading {
        let sentence = format!("A run of {} is too short to judge. {}", self.steps(), self.story());
        self.reading(Verdict::TooShort, sentence, "Train for 40 steps or more, then look again.")
    }

    fn unmoved(&self) -> CurveReading {
        let sentence = format!("{} It has hardly moved, so the prompt has learned almost nothing yet.", self.story());
        self.reading(
            Verdict::TooShort,
            sentence,
            "Train for more steps. If the loss still does not move, make the learning rate 3 times as large.",
        )
    }

    fn overfitting(&self, best: (u32, f64), last: (u32, f64)) -> CurveReading {
        let rise = 100.0 * (last.1 / best.1 - 1.0);
        let sentence = format!(
            "{} Since step {} the held-out loss has risen by {rise:.0} %: a sign that the prompt is \
             learning the training rows by heart.",
            self.story(),
            best.0
        );
        let advice = if best.0 == 0 {
            "No step was better than the untrained start on the held-out rows. Lower the learning rate, use fewer \
             virtual tokens, and add examples that are like the held-out ones."
                .to_string()
        } else {
            "Use the best prompt of the run, not the last. More examples, fewer virtual tokens or a lower learning rate \
             help against it; more steps do not."
                .to_string()
        };
        self.reading(Verdict::Overfitting, sentence, advice)
    }

    fn still_falling(&self) -> CurveReading {
        if self.held_out.len() >= FEWEST_EVALUATIONS {
            let sentence =
                format!("{} The held-out loss still reaches new lows in the last quarter of the run.", self.story());
            let advice = "Train longer, for example twice as many steps: if the held-out loss turns, the prompt from before is \
                          the one that is kept.";
            self.reading(Verdict::StillFalling, sentence, advice)
        } else {
            let sentence = format!("{} It was still falling in the last quarter of the run.", self.story());
            let advice = format!("Train longer: double the number of steps. {}", self.blind_spot());
            self.reading(Verdict::StillFalling, sentence, advice.trim_end())
        }
    }

    fn converged(&self) -> CurveReading {
        if self.held_out.len() < FEWEST_EVALUATIONS {
            let sentence = format!(
                "{} In the last quarter of the run it moved no more than it does from batch to batch.",
                self.story()
            );
            let advice = format!(
                "Nothing here says that more steps would help, but a learning rate that falls to 0 makes every end flat. \
                 {}",
                self.blind_spot()
            );
            return self.reading(Verdict::Converged, sentence, advice.trim_end());
        }
        if self.training.still_falling() {
            let sentence = format!(
                "{} The held-out loss has become flat while the training loss still falls: what is learned now \
                 helps the training rows alone.",
                self.story()
            );
            self.reading(Verdict::Converged, sentence, FLAT_ADVICE)
        } else {
            let sentence = format!(
                "{} The held-out loss is flat in the last quarter of the run, and the training loss moves no more than it \
                 does from batch to batch.",
                self.story()
            );
            self.reading(Verdict::Converged, sentence, FLAT_ADVICE)
        }
    }

    /// What cannot be seen without enough held-out values.
    fn blind_spot(&self) -> &'static str {
        if self.held_out.len() == 0 {
            "Without held-out rows overfitting cannot be seen: hold out some of the examples."
        } else {
            "The held-out loss was measured too rarely to judge overfitting: measure it more often."
        }
    }
}

fn broken(step: u32, held_out: &Curve) -> CurveReading {
    CurveReading {
        verdict: Verdict::Diverged,
        sentence: format!("At step {step} the loss is no longer a number: training has blown up."),
        advice: "Divide the learning rate by 10, turn gradient clipping on and start again.".into(),
        best_step: held_out.lowest().map(|(step, _)| step),
    }
}

fn no_steps() -> CurveReading {
    CurveReading {
        verdict: Verdict::TooShort,
        sentence: "No training step has been made yet.".into(),
        advice: "Start the training in step 5.".into(),
        best_step: None,
    }
}

/// "fell from 0.82 to 0.25", "rose from ... to ...", or "stayed at 0.82".
fn moved(from: f64, to: f64) -> String {
    let (a, b) = (number(from), number(to));
    if a == b {
        format!("stayed at {a}")
    } else {
        format!("{} from {a} to {b}", if to < from { "fell" } else { "rose" })
    }
}
