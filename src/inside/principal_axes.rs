//! The two directions in which some points are spread most (principal component analysis), for a flat map of them.

use serde::Serialize;

use crate::kernels::vector::{add_scaled, dot};
use crate::rng::Rng;

/// A place on the map, in the units of the points themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MapPoint {
    pub x: f64,
    pub y: f64,
}

/// The middle of the points and the two axes through it: at right angles, of length 1, or zeros where the points are not
/// spread any further.
pub struct PrincipalAxes {
    middle: Vec<f32>,
    axes: [Vec<f32>; 2],
    /// Share of the points' variance along each axis, 0 to 1; zeros where all points are the same.
    pub variance_shares: [f64; 2],
}

/// The power iteration ends after so many rounds, or when the variance grows by less than this share.
const MOST_ROUNDS: usize = 200;
const TOLERANCE: f64 = 1e-7;

/// Variance that is rounding, as a share of all.
const NOTHING: f64 = 1e-10;

impl PrincipalAxes {
    /// points: (points, width), row by row. The same points give the same axes.
    pub fn fit(points: &[f32], width: usize) -> Self {
        let middle = mean(points, width);
        let mut centred: Vec<f32> =
            points.chunks_exact(width).flat_map(|point| point.iter().zip(&middle).map(|(p, m)| p - m)).collect();
        // The largest number becomes 1, so that no square overflows.
        let largest = centred.iter().fold(0.0f32, |largest, v| largest.max(v.abs()));
        centred.iter_mut().for_each(|v| *v /= largest.max(f32::MIN_POSITIVE));
        let all: f64 = centred.chunks_exact(width).map(|point| f64::from(dot(point, point))).sum();
        let (x, along_x) = widest(&centred, &vec![0.0; width], all);
        let (y, along_y) = widest(&centred, &x, all);
        let share = |variance: f64| if all > 0.0 { (variance / all).min(1.0) } else { 0.0 };
        Self { middle, axes: [x, y], variance_shares: [share(along_x), share(along_y)] }
    }

    pub fn place(&self, point: &[f32]) -> MapPoint {
        let along = |axis: &[f32]| {
            let parts = point.iter().zip(&self.middle).zip(axis);
            parts.map(|((p, m), a)| (f64::from(*p) - f64::from(*m)) * f64::from(*a)).sum()
        };
        MapPoint { x: along(&self.axes[0]), y: along(&self.axes[1]) }
    }
}

fn mean(points: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; width];
    for point in points.chunks_exact(width) {
        sums.iter_mut().zip(point).for_each(|(sum, v)| *sum += f64::from(*v));
    }
    let count = (points.len() / width).max(1) as f64;
    sums.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// The direction at right angles to `other` along which `centred` is spread most, and the sum of squares along it; zeros
/// where that is nothing of `all`.
fn widest(centred: &[f32], other: &[f32], all: f64) -> (Vec<f32>, f64) {
    let width = other.len();
    let nothing = || (vec![0.0; width], 0.0);
    let mut rng = Rng::new(1);
    let mut axis: Vec<f32> = (0..width).map(|_| rng.normal() as f32).collect();
    let mut variance = 0.0;
    for _ in 0..MOST_ROUNDS {
        if !straighten(&mut axis, other) {
            return nothing();
        }
        let mut next = vec![0.0; width];
        let mut along = 0.0;
        for point in centred.chunks_exact(width) {
            let coordinate = dot(point, &axis);
            along += f64::from(coordinate).powi(2);
            add_scaled(&mut next, coordinate, point);
        }
        if along <= all * NOTHING {
            return nothing();
        }
        let grown = along - variance;
        variance = along;
        if grown.abs() <= TOLERANCE * along {
            break;
        }
        axis = next;
    }
    straighten(&mut axis, other);
    // An axis may point either way: its largest number is positive, so that it is always the same one.
    let largest = axis.iter().fold(0.0f32, |largest, v| if v.abs() > largest.abs() { *v } else { largest });
    axis.iter_mut().for_each(|v| *v *= largest.signum());
    (axis, variance)
}

/// Takes `other`'s direction out of `axis` and gives it length 1; false where nothing is left.
fn straighten(axis: &mut [f32], other: &[f32]) -> bool {
    // Twice: the first time leaves a rounding error where the two are nearly parallel.
    for _ in 0..2 {
        let length = dot(axis, axis).sqrt();
        if !length.is_normal() {
            return false;
        }
        axis.iter_mut().for_each(|v| *v /= length);
        let along = dot(axis, other);
        add_scaled(axis, -along, other);
    }
    let length = dot(axis, axis).sqrt();
    axis.iter_mut().for_each(|v| *v /= length.max(f32::MIN_POSITIVE));
    length > 0.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inside::tiny::close;
    use crate::ops::gradient_check::random;

    /// Points spread by 5 along one direction, 2 along another and 0.1 everywhere, in 50 dimensions.
    fn stretched() -> (Vec<f32>, [Vec<f32>; 2]) {
        let (width, count) = (50, 400);
        let direction = |first: usize| (0..width).map(|i| if i % 2 == first { 0.2 } else { 0.0 }).collect::<Vec<f32>>();
        let directions = [direction(0), direction(1)];
        let mut points: Vec<f32> = random(width * count, 1).iter().map(|v| 3.0 + 0.1 * v).collect();
        let along = random(2 * count, 2);
        for (point, along) in points.chunks_exact_mut(width).zip(along.chunks_exact(2)) {
            add_scaled(point, 5.0 * along[0], &directions[0]);
            add_scaled(point, 2.0 * along[1], &directions[1]);
        }
        (points, directions)
    }

    #[test]
    fn the_axes_are_those_that_the_points_were_made_along() {
        let (points, directions) = stretched();
        let fitted = PrincipalAxes::fit(&points, 50);
        for (axis, direction) in fitted.axes.iter().zip(&directions) {
            assert!(dot(axis, direction).abs() > 0.99);
            assert!(close(f64::from(dot(axis, axis)), 1.0, 1e-5));
        }
        assert!(dot(&fitted.axes[0], &fitted.axes[1]).abs() < 1e-5);
        let [x, y] = fitted.variance_shares;
        assert!(close(x, 25.0 / 29.5, 0.03) && close(y, 4.0 / 29.5, 0.03), "{x} {y}");
        assert_eq!(fitted.axes, PrincipalAxes::fit(&points, 50).axes);
    }

    /// The variance of the places on the map is the share that the axes say.
    #[test]
    fn the_map_holds_the_share_of_the_variance() {
        let (points, _) = stretched();
        let fitted = PrincipalAxes::fit(&points, 50);
        let middle = mean(&points, 50);
        let all: f64 = points.iter().zip(middle.iter().cycle()).map(|(p, m)| f64::from(p - m).powi(2)).sum();
        let places: Vec<MapPoint> = points.chunks_exact(50).map(|point| fitted.place(point)).collect();
        assert!(close(places.iter().map(|p| p.x.powi(2)).sum::<f64>() / all, fitted.variance_shares[0], 1e-4));
        assert!(close(places.iter().map(|p| p.y.powi(2)).sum::<f64>() / all, fitted.variance_shares[1], 1e-4));
    }

    #[test]
    fn points_without_a_second_direction_have_none() {
        let line: Vec<f32> = (0..10).flat_map(|i| [1.0, 2.0, -2.0].map(|v| v * i as f32)).collect();
        let fitted = PrincipalAxes::fit(&line, 3);
        assert!(close(fitted.variance_shares[0], 1.0, 1e-6) && fitted.variance_shares[1] == 0.0);
        let (first, last) = (fitted.place(&line[..3]), fitted.place(&line[27..]));
        assert!(close((first.x - last.x).abs(), 27.0, 1e-4) && first.y == 0.0 && last.y == 0.0);

        for points in [vec![0.1; 12], vec![0.0; 3], vec![0.3, -7.0, 1e30]] {
            let fitted = PrincipalAxes::fit(&points, 3);
            assert_eq!(fitted.variance_shares, [0.0, 0.0]);
            assert_eq!(fitted.place(&points[..3]), MapPoint { x: 0.0, y: 0.0 });
        }
    }

    #[test]
    fn huge_and_tiny_numbers_have_a_map() {
        for scale in [1e30, 1e-30] {
            let points: Vec<f32> = random(30, 3).iter().map(|v| v * scale).collect();
            let fitted = PrincipalAxes::fit(&points, 3);
            let [x, y] = fitted.variance_shares;
            assert!(x >= y && y > 0.0 && x + y <= 1.0 + 1e-6, "{x} {y}");
            assert!(points.chunks_exact(3).map(|p| fitted.place(p)).all(|p| p.x.is_finite() && p.y.is_finite()));
        }
    }
}
