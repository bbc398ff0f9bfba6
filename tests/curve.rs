//! Readings of curves whose shape is known.
#![cfg(not(target_arch = "wasm32"))]

use prompt_playground::curve::{CurvePoint, CurveReading, Verdict, read_curve};
use prompt_playground::rng::Rng;

/// A run of `steps` steps with an evaluation every `every` steps (0 = none), from the step to the losses.
fn run(steps: u32, every: u32, loss: impl Fn(f64) -> f64, held_out: impl Fn(f64) -> f64) -> Vec<CurvePoint> {
    let point = |step: u32| CurvePoint {
        step,
        loss: (step > 0).then(|| loss(f64::from(step))),
        held_out_loss: (every > 0 && step.is_multiple_of(every)).then(|| held_out(f64::from(step))),
    };
    (0..=steps).map(point).collect()
}

/// Falls from 1 towards `floor` with time constant `tau`.
fn decay(step: f64, floor: f64, tau: f64) -> f64 {
    floor + (1.0 - floor) * (-step / tau).exp()
}

fn verdict(points: &[CurvePoint]) -> Verdict {
    checked(points).verdict
}

/// Every reading is made of whole sentences without a number that is none.
fn checked(points: &[CurvePoint]) -> CurveReading {
    let reading = read_curve(points);
    for text in [&reading.sentence, &reading.advice] {
        assert!(
            text.ends_with('.') && !text.contains("NaN") && !text.contains("inf") && !text.contains("  "),
            "{text}"
        );
    }
    reading
}

/// Adds noise of a standard deviation to training losses.
fn noisy(mut points: Vec<CurvePoint>, deviation: f64, seed: u64) -> Vec<CurvePoint> {
    let mut rng = Rng::new(seed);
    for point in &mut points {
        point.loss = point.loss.map(|loss| loss + deviation * rng.normal());
    }
    points
}

#[test]
fn nothing_yet_and_few_steps_are_too_short() {
    assert_eq!(verdict(&[]), Verdict::TooShort);
    let baseline = [CurvePoint { step: 0, loss: None, held_out_loss: Some(1.0) }];
    assert_eq!(verdict(&baseline), Verdict::TooShort);
    for steps in 1..10 {
        let reading = checked(&run(steps, 1, |s| decay(s, 0.2, 5.0), |s| decay(s, 0.3, 5.0)));
        assert_eq!(reading.verdict, Verdict::TooShort, "{steps} steps");
    }
    assert!(checked(&run(1, 0, |_| 0.8, |_| 0.8)).sentence.contains("1 step "));
    assert_ne!(verdict(&run(10, 0, |s| decay(s, 0.2, 5.0), |_| 0.0)), Verdict::TooShort);
}

#[test]
fn a_loss_that_does_not_move_has_not_learned() {
    let reading = checked(&run(60, 5, |_| 0.8, |_| 0.9));
    assert_eq!(reading.verdict, Verdict::TooShort);
    assert!(reading.sentence.contains("stayed at 0.80"), "{}", reading.sentence);
    assert!(reading.advice.contains("learning rate"));
}

#[test]
fn a_fall_of_the_held_out_loss_counts_where_the_training_loss_is_noise() {
    let reading = checked(&run(60, 5, |_| 0.8, |s| decay(s, 0.5, 20.0)));
    assert_eq!(reading.verdict, Verdict::StillFalling);
    assert!(!reading.sentence.contains("hardly moved"), "{}", reading.sentence);
    let rising = verdict(&run(60, 5, |_| 0.8, |s| 0.9 + 0.01 * s));
    assert_eq!(rising, Verdict::TooShort, "nothing was learned, so nothing by heart");
}

#[test]
fn losses_that_are_no_numbers_have_diverged() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut points = run(20, 5, |s| decay(s, 0.2, 5.0), |s| decay(s, 0.2, 5.0));
        points[7].loss = Some(bad);
        let reading = checked(&points);
        assert_eq!(reading.verdict, Verdict::Diverged);
        assert!(reading.sentence.contains("step 7"), "{}", reading.sentence);
    }
    let mut points = run(20, 5, |s| decay(s, 0.2, 5.0), |_| f64::NAN);
    assert_eq!(verdict(&points), Verdict::Diverged);
    assert_eq!(read_curve(&points).best_step, None);
    points.truncate(2);
    assert_eq!(verdict(&points), Verdict::Diverged, "even in a short run");
}

#[test]
fn a_training_loss_that_rises_has_diverged() {
    assert_eq!(verdict(&run(50, 5, |s| 0.8 + 0.05 * s, |s| 0.9 + 0.05 * s)), Verdict::Diverged);
    assert_eq!(verdict(&noisy(run(40, 0, |s| 0.8 + 0.02 * s, |_| 0.0), 0.1, 1)), Verdict::Diverged);
    // A rise that is made good again is no divergence.
    let hump = |s: f64| if s < 20.0 { 0.8 + 0.1 * s } else { decay(s - 20.0, 0.2, 8.0) };
    assert_ne!(verdict(&run(80, 0, hump, |_| 0.0)), Verdict::Diverged);
}

#[test]
fn a_held_out_loss_that_turns_up_is_overfitting() {
    let turning = |s: f64| 0.5 + (s - 30.0).powi(2) / 3000.0;
    let reading = checked(&run(100, 5, |s| decay(s, 0.05, 20.0), turning));
    assert_eq!(reading.verdict, Verdict::Overfitting);
    assert_eq!(reading.best_step, Some(30));
    assert!(reading.sentence.contains("Since step 30 the held-out loss has risen by 327 %"), "{}", reading.sentence);
    assert!(reading.advice.contains("Use the best prompt of the run"), "{}", reading.advice);
}

#[test]
fn a_held_out_loss_that_only_rises_is_overfitting_from_the_start() {
    let reading = checked(&run(40, 5, |s| decay(s, 0.05, 20.0), |s| 0.5 + 0.01 * s));
    assert_eq!(reading.verdict, Verdict::Overfitting);
    assert_eq!(reading.best_step, Some(0));
    assert!(reading.advice.contains("untrained start"), "{}", reading.advice);
}

#[test]
fn one_bad_evaluation_is_not_overfitting() {
    let mut points = run(60, 5, |s| decay(s, 0.2, 8.0), |s| decay(s, 0.3, 8.0));
    points[60].held_out_loss = Some(0.9);
    assert_eq!(verdict(&points), Verdict::Converged);
    points[55].held_out_loss = Some(0.9);
    assert_eq!(verdict(&points), Verdict::Overfitting);
}

#[test]
fn a_curve_cut_off_on_its_way_down_is_still_falling() {
    let reading = checked(&run(40, 5, |s| decay(s, 0.1, 60.0), |s| decay(s, 0.2, 60.0)));
    assert_eq!(reading.verdict, Verdict::StillFalling);
    assert_eq!(reading.best_step, Some(40));
    for seed in 0..20 {
        let points = noisy(run(60, 0, |s| decay(s, 0.1, 60.0), |_| 0.0), 0.03, seed);
        assert_eq!(verdict(&points), Verdict::StillFalling, "seed {seed}");
    }
}

#[test]
fn a_flat_end_has_converged() {
    let reading = checked(&run(100, 5, |s| decay(s, 0.2, 10.0), |s| decay(s, 0.3, 10.0)));
    assert_eq!(reading.verdict, Verdict::Converged);
    assert!(reading.sentence.contains("to 0.20 in 100 steps"), "{}", reading.sentence);
    assert!(reading.sentence.contains("from 1.00 to 0.30"), "{}", reading.sentence);
    assert!(!reading.sentence.contains("still falls"), "{}", reading.sentence);
    let without_held_out = checked(&run(100, 0, |s| decay(s, 0.2, 10.0), |_| 0.0));
    assert_eq!(without_held_out.verdict, Verdict::Converged);
    assert_eq!(without_held_out.best_step, None);
    assert!(without_held_out.advice.contains("hold out"), "{}", without_held_out.advice);
}

#[test]
fn noise_of_a_flat_end_is_not_a_fall() {
    let converged = |seed| {
        let points = noisy(run(100, 0, |s| decay(s, 0.3, 6.0), |_| 0.0), 0.05, seed);
        verdict(&points) == Verdict::Converged
    };
    let share = (0..100).filter(|seed| converged(*seed)).count();
    assert!(share >= 90, "{share} of 100 noisy runs were read as flat");
}

#[test]
fn a_flat_held_out_loss_over_a_falling_training_loss_is_memorising() {
    let reading = checked(&run(60, 5, |s| decay(s, 0.02, 30.0), |s| decay(s, 0.5, 5.0)));
    assert_eq!(reading.verdict, Verdict::Converged);
    assert!(reading.sentence.contains("helps the training rows alone"), "{}", reading.sentence);
    assert!(reading.advice.contains("gain nothing"), "{}", reading.advice);
}

#[test]
fn order_and_repetition_of_points_do_not_matter() {
    let points = run(50, 5, |s| decay(s, 0.2, 10.0), |s| decay(s, 0.3, 10.0));
    let mut shuffled = points.clone();
    shuffled.reverse();
    assert_eq!(read_curve(&shuffled), read_curve(&points));
    let mut repeated = vec![CurvePoint { step: 50, loss: Some(9.0), held_out_loss: Some(9.0) }];
    repeated.extend(points.iter().copied());
    assert_eq!(read_curve(&repeated), read_curve(&points), "the later point of a step counts");
}

#[test]
fn two_evaluations_are_too_few_to_speak_of_overfitting() {
    let reading = checked(&run(40, 40, |s| decay(s, 0.2, 4.0), |s| 0.5 + s));
    assert_eq!(reading.verdict, Verdict::Converged);
    assert!(reading.advice.contains("more often"), "{}", reading.advice);
}

#[test]
fn readings_have_the_names_of_the_page() {
    let json = serde_json::to_value(read_curve(&[])).unwrap();
    assert_eq!(json["verdict"], "too_short");
    assert!(json["bestStep"].is_null() && json["sentence"].is_string() && json["advice"].is_string());
    let point: CurvePoint = serde_json::from_str(r#"{"step": 3, "loss": null, "heldOutLoss": 0.5}"#).unwrap();
    assert_eq!(point, CurvePoint { step: 3, loss: None, held_out_loss: Some(0.5) });
}

#[test]
fn a_learning_rate_that_is_far_too_high_is_no_convergence() {
    // Seen at rate 10: 5.74 -> 5.32, then flat.
    let reading = checked(&run(30, 5, |s| 5.32 + 0.42 * (-s / 3.0).exp(), |_| 5.5));
    assert_eq!(reading.verdict, Verdict::TooShort);
    assert!(reading.advice.contains("learning rate"), "{}", reading.advice);
}
