//! BLEU (Papineni et al. 2002) of one answer, with the numbers of `sacrebleu.sentence_bleu`: tokenizer 13a, exponential
//! smoothing, effective order.

use std::sync::LazyLock;

use regex::Regex;

use super::ngrams::{Overlap, overlap};

const ORDER: usize = 4;

/// From 0 to 100.
pub fn bleu(answer: &str, reference: &str) -> f64 {
    let (answer, reference) = (tokenise(answer.trim_end()), tokenise(reference.trim_end()));
    let (answer, reference): (Vec<&str>, Vec<&str>) =
        (answer.split_whitespace().collect(), reference.split_whitespace().collect());
    let overlaps: Vec<Overlap> = (1..=ORDER).map(|n| overlap(&answer, &reference, n)).collect();
    if overlaps.iter().all(|o| o.common == 0) {
        return 0.0;
    }
    let (mut logs, mut orders, mut smooth) = (0.0, 0, 1.0);
    for o in overlaps.iter().take_while(|o| o.answer > 0) {
        let precision = if o.common == 0 {
            smooth *= 2.0; // NIST: each order without a match counts half as much as the one before
            1.0 / (smooth * o.answer as f64)
        } else {
            o.common as f64 / o.answer as f64
        };
        logs += precision.ln();
        orders += 1;
    }
    let too_short = answer.len() < reference.len();
    let brevity = if too_short { (1.0 - reference.len() as f64 / answer.len() as f64).exp() } else { 1.0 };
    100.0 * brevity * (logs / f64::from(orders)).exp()
}

/// Tokens with one space between them, as mteval-v13a cuts them: punctuation stands alone, but for points and commas
/// inside of numbers.
fn tokenise(text: &str) -> String {
    static RULES: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
        // The patterns are constant.
        let rule = |pattern: &str| Regex::new(pattern).expect("a pattern that is written above");
        [
            (rule(r"([{-~\[-` -&(-+:-@/])"), " $1 "),
            (rule(r"([^0-9])([.,])"), "$1 $2 "),
            (rule(r"([.,])([^0-9])"), " $1 $2"),
            (rule(r"([0-9])(-)"), "$1 $2 "),
        ]
    });
    let text = text.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    let text = text.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    RULES.iter().fold(format!(" {text} "), |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
}
