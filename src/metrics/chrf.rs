//! chrF (Popović 2015) of one answer, with the numbers of `sacrebleu.sentence_chrf`: character 1- to 6-grams without
//! white space, beta 2, orders that neither text has left out.

use super::ngrams::overlap;

const ORDER: usize = 6;
const BETA: f64 = 2.0;

/// From 0 to 100.
pub fn chrf(answer: &str, reference: &str) -> f64 {
    let characters = |text: &str| text.split_whitespace().flat_map(str::chars).collect::<Vec<char>>();
    let (answer, reference) = (characters(answer), characters(reference));
    let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0);
    for n in 1..=ORDER {
        let o = overlap(&answer, &reference, n);
        if o.answer > 0 && o.reference > 0 {
            precision += o.common as f64 / o.answer as f64;
            recall += o.common as f64 / o.reference as f64;
            orders += 1;
        }
    }
    if precision + recall == 0.0 {
        return 0.0;
    }
    let (precision, recall) = (precision / f64::from(orders), recall / f64::from(orders));
    let factor = BETA * BETA;
    100.0 * (1.0 + factor) * precision * recall / (factor * precision + recall)
}
