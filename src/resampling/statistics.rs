//! The few statistics that the readings need.

use serde::{Deserialize, Deserializer};

/// Losses beyond this are a training that blew up: to be counted as not a number, so that no sum overflows.
const LARGEST_LOSS: f64 = 1e6;

/// Whether a loss can be counted.
pub fn usable(loss: f64) -> bool {
    loss.is_finite() && loss.abs() <= LARGEST_LOSS
}

/// A loss from JSON, which writes NaN as null.
pub fn loss_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// As `loss_or_null`, for a list.
pub fn losses_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let losses = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(losses.into_iter().map(|loss| loss.unwrap_or(f64::NAN)).collect())
}

/// `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation (n - 1); `None` with fewer than two values.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The value below which a share `p` of the values lies, linear between neighbours (type 7 of Hyndman and Fan 1996).
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = p.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    Some(below + (above - below) * position.fract())
}

pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// How far each value lies above the median, in robust standard deviations: from the median absolute deviation
/// (Iglewicz and Hoaglin 1993), or where that is zero from the mean one. All zero where the values hardly differ.
pub fn robust_z(values: &[f64]) -> Vec<f64> {
    const HARDLY: f64 = 1e-4;
    let Some(middle) = median(values) else { return Vec::new() };
    let distances: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    let by_median = median(&distances).map(|d| 1.4826 * d);
    let by_mean = mean(&distances).map(|d| 1.2533 * d);
    let scale = [by_median, by_mean].into_iter().flatten().find(|scale| *scale > HARDLY);
    values.iter().map(|v| scale.map_or(0.0, |scale| (v - middle) / scale)).collect()
}

/// The t between whose negative and positive value Student's distribution has the share `coverage`; `None` for 0
/// degrees of freedom. From its distribution function for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and
/// 26.7.4), by bisection over the angle whose tangent is t / sqrt(degrees of freedom).
pub fn student_t(coverage: f64, degrees_of_freedom: usize) -> Option<f64> {
    // From here on the sum is long and t differs from the limit by less than 0.003.
    let degrees = degrees_of_freedom.min(1000);
    if degrees == 0 {
        return None;
    }
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if covered(middle, degrees) < coverage { low = middle } else { high = middle }
    }
    Some(low.tan() * (degrees as f64).sqrt())
}

/// The share of Student's distribution between -t and t, t = sqrt(degrees) * tan(angle).
fn covered(angle: f64, degrees: usize) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let odd = degrees % 2 == 1;
    let mut term = if odd { cos } else { 1.0 };
    let mut sum = if degrees == 1 { 0.0 } else { term };
    let mut k = if odd { 3 } else { 2 };
    while k < degrees {
        term *= cos * cos * (k - 1) as f64 / k as f64;
        sum += term;
        k += 2;
    }
    if odd { std::f64::consts::FRAC_2_PI * (angle + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two-sided critical values of the table in NIST's e-Handbook of Statistical Methods, 1.3.6.7.2.
    #[test]
    fn student_quantiles_equal_the_table() {
        let table = [
            (0.90, 1, 6.314),
            (0.90, 4, 2.132),
            (0.95, 1, 12.706),
            (0.95, 2, 4.303),
            (0.95, 3, 3.182),
            (0.95, 4, 2.776),
            (0.95, 5, 2.571),
            (0.95, 9, 2.262),
            (0.95, 10, 2.228),
            (0.95, 30, 2.042),
            (0.95, 100, 1.984),
            (0.99, 7, 3.499),
            (0.998, 6, 5.208),
        ];
        for (coverage, degrees, expected) in table {
            let t = student_t(coverage, degrees).unwrap();
            assert!((t - expected).abs() < 6e-4, "{coverage} with {degrees}: {t}, not {expected}");
        }
        assert!((student_t(0.95, 1_000_000).unwrap() - 1.95996).abs() < 0.003);
        assert_eq!(student_t(0.95, 0), None);
    }

    #[test]
    fn middle_and_spread() {
        assert_eq!((mean(&[]), deviation(&[1.0]), median(&[])), (None, None, None));
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
        assert!((deviation(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap() - 2.13809).abs() < 1e-5);
        assert_eq!(median(&[5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(quantile(&[0.0, 10.0], 0.05), Some(0.5));
    }

    #[test]
    fn a_far_value_has_a_large_z_also_where_most_are_equal() {
        let z = robust_z(&[1.0, 1.1, 0.9, 1.05, 4.0]);
        assert!(z[4] > 3.5 && z[..4].iter().all(|z| z.abs() < 3.5), "{z:?}");
        assert!(robust_z(&[1.0, 1.0, 1.0, 1.0, 5.0])[4] > 3.5);
        assert_eq!(robust_z(&[2.0, 2.0, 2.0 + 1e-7]), [0.0; 3]);
    }

    #[test]
    fn null_is_read_as_not_a_number() {
        #[derive(Deserialize)]
        struct Losses(#[serde(deserialize_with = "losses_or_null")] Vec<f64>);
        let Losses(losses) = serde_json::from_str("[1.5, null]").unwrap();
        assert!(losses[0] == 1.5 && losses[1].is_nan());
        assert!(!usable(f64::NAN) && !usable(f64::INFINITY) && !usable(1e300) && usable(0.0));
    }
}
