//! Whether a model answers one question in several wordings alike: rewordings by rule, and how far answers agree
//! (mean pairwise similarity as in Elazar et al. 2021, arXiv:2102.01017, with chrF in place of equality).

use super::chrf::chrf;

const FINAL_PUNCTUATION: [char; 11] = ['.', '!', '?', '…', '。', '！', '？', '．', '؟', '।', '։'];

/// Words of which both forms fit in the same place. "doesn't" is not among them: in a question it changes the order of
/// the words ("why doesn't it", "why does it not").
const CONTRACTIONS: [(&str, &str); 8] = [
    ("can't", "cannot"),
    ("cannot", "can't"),
    ("i'm", "i am"),
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("did not", "didn't"),
    ("is not", "isn't"),
    ("what is", "what's"),
];

/// The question in three other wordings with the same meaning: a polite request, hasty lower case, a greeting and
/// thanks. None is empty, and all differ from the question and from each other.
pub fn paraphrases(question: &str) -> Vec<String> {
    let question = question.trim();
    let behind = if question.is_empty() { "" } else { " " };
    vec![
        format!("Could you please help me with this?{behind}{question}"),
        hasty(question),
        format!("Hello!{behind}{question} Thank you."),
    ]
}

/// Lower case, one word contracted or written out, nothing at the end; a question mark where that changes nothing.
fn hasty(question: &str) -> String {
    let plain = question.to_lowercase().replace('’', "'");
    let plain = plain.trim_end_matches(|c: char| c.is_whitespace() || FINAL_PUNCTUATION.contains(&c));
    let changed = CONTRACTIONS.iter().find_map(|(from, to)| replace_word(plain, from, to));
    let plain = changed.unwrap_or_else(|| plain.to_string());
    if plain.is_empty() {
        return "please help".into();
    }
    if plain == question { format!("{plain}?") } else { plain }
}

/// `text` with the first `from` that stands as a word replaced.
fn replace_word(text: &str, from: &str, to: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '\'';
    let mut places = text.match_indices(from).map(|(start, _)| (&text[..start], &text[start + from.len()..]));
    let (before, behind) =
        places.find(|(before, behind)| !before.ends_with(is_part) && !behind.starts_with(is_part))?;
    Some(format!("{before}{to}{behind}"))
}

/// Mean chrF over all ordered pairs of different answers (chrF(a, b) is not chrF(b, a)), from 0 to 100; none where
/// there is no pair. Two empty answers have no characters in common and count as 0.
pub fn agreement(answers: &[String]) -> Option<f64> {
    let mut sum = 0.0;
    for (index, answer) in answers.iter().enumerate() {
        let others = answers.iter().enumerate().filter(|(other, _)| *other != index);
        sum += others.map(|(_, other)| chrf(answer, other)).sum::<f64>();
    }
    let pairs = answers.len() * answers.len().saturating_sub(1);
    (pairs > 0).then(|| sum / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
        texts.map(String::from).into()
    }

    #[test]
    fn a_question_gets_three_rewordings() {
        let found = paraphrases("  Why can’t my SmartCam connect?\n");
        assert_eq!(found[0], "Could you please help me with this? Why can’t my SmartCam connect?");
        assert_eq!(found[1], "why cannot my smartcam connect");
        assert_eq!(found[2], "Hello! Why can’t my SmartCam connect? Thank you.");
        assert_eq!(paraphrases("The lamp does not glow...")[1], "the lamp doesn't glow");
        assert_eq!(paraphrases("What is this?!")[1], "what's this");
        assert_eq!(paraphrases("Somewhat isolated")[1], "somewhat isolated", "only whole words change");
    }

    #[test]
    fn rewordings_differ_from_the_question_and_from_each_other() {
        let long = "How? ".repeat(2000);
        let questions = [
            "",
            " \n",
            "?",
            "...",
            "how do i reset it",
            "please help",
            "please help?",
            "Hello! Thank you.",
            "Could you please help me with this?",
            "i'm here",
            "我的灯不亮了",
            "我的灯不亮了？",
            "كيف أعيد التشغيل؟",
            "İ",
            "🙂",
            &long,
        ];
        for question in questions {
            let mut all = paraphrases(question);
            assert_eq!(all.len(), 3);
            assert!(all.iter().all(|text| !text.trim().is_empty()), "{question}");
            all.push(question.trim().to_string());
            for (index, text) in all.iter().enumerate() {
                assert!(!all[index + 1..].contains(text), "{question}: {text} twice");
            }
        }
    }

    #[test]
    fn agreement_is_the_mean_of_chrf_over_ordered_pairs() {
        // One character has only 1-grams: chrF("a", "ab") has precision 1 and recall 1/2, so 5 * 0.5 / (4 + 0.5);
        // chrF("ab", "a") has precision 1/2 and recall 1, so 5 * 0.5 / (2 + 1). "c" shares nothing.
        let expected = 100.0 * (2.5 / 4.5 + 2.5 / 3.0) / 6.0;
        let found = agreement(&texts(["a", "ab", "c"])).unwrap();
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        let by_definition = (chrf("Tap Save.", "Tap it.") + chrf("Tap it.", "Tap Save.")) / 2.0;
        assert_eq!(agreement(&texts(["Tap Save.", "Tap it."])), Some(by_definition));
        assert!(by_definition > 0.0 && by_definition < 100.0);
    }

    #[test]
    fn equal_answers_agree_fully_and_one_answer_with_nothing() {
        assert_eq!(agreement(&texts(["Tap Save.", "Tap Save.", "Tap Save."])), Some(100.0));
        assert_eq!(agreement(&texts(["Tap Save."])), None);
        assert_eq!(agreement(&[]), None);
        assert_eq!(agreement(&texts(["", ""])), Some(0.0), "a number, not NaN");
    }
}
