//! How much of an answer is copied from a training response (the opposite of the n-gram novelty of McCoy et al. 2023,
//! "RAVEN", arXiv:2111.09509): a prompt that has learned the examples by heart answers with pieces of them.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

/// Shorter passages are ordinary language.
const SHORTEST_PASSAGE: usize = 5;

/// Of fewer responses nobody can say what is voice and what is answer.
const FEWEST_RESPONSES: usize = 3;

/// What one answer has in common with the responses that were trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Copying {
    /// Of the answer.
    pub words: usize,
    /// Of them, those in a passage of five words or more that a response has too.
    pub copied: usize,
    pub longest: Option<Passage>,
}

/// A piece of an answer that stands in a response word for word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Passage {
    /// Index of the response.
    pub response: usize,
    pub words: usize,
    /// As the answer has it.
    pub text: String,
}

/// The copied words of every answer, and its longest copied passage.
///
/// Passages that more than half of the different responses have are the voice, which is to be learned: their words do not
/// count. Words are what stands between white space, without punctuation at their ends and in lower case. None where that
/// cannot be measured: of fewer than three different responses, and for an answer of fewer than five words, as every one
/// is in a script without spaces.
pub fn copying(answers: &[String], responses: &[String]) -> Vec<Option<Copying>> {
    let mut seen = HashSet::new();
    let texts = responses.iter().map(|text| words(text)).enumerate();
    let different: Vec<(usize, Vec<Word>)> =
        texts.filter(|(_, words)| words.len() >= SHORTEST_PASSAGE && seen.insert(run(words).join(" "))).collect();
    if different.len() < FEWEST_RESPONSES {
        return vec![None; answers.len()];
    }
    let places = Places::of(&different);
    let measured = |answer: &String| {
        let said = words(answer);
        (said.len() >= SHORTEST_PASSAGE).then(|| places.copied(answer, &said, &different))
    };
    answers.iter().map(measured).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// Bytes of the text that it comes from.
    start: usize,
    end: usize,
}

fn words(text: &str) -> Vec<Word> {
    let place = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    let trimmed = text.split_whitespace().map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()));
    trimmed
        .filter(|part| !part.is_empty())
        .map(|part| Word { text: part.to_lowercase(), start: place(part), end: place(part) + part.len() })
        .collect()
}

fn run(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

/// Where each run of [`SHORTEST_PASSAGE`] words stands: response and first word.
struct Places<'a>(HashMap<Vec<&'a str>, Vec<(usize, usize)>>);

impl<'a> Places<'a> {
    fn of(responses: &'a [(usize, Vec<Word>)]) -> Self {
        let mut places: HashMap<Vec<&str>, Vec<(usize, usize)>> = HashMap::new();
        for (response, (_, words)) in responses.iter().enumerate() {
            for (first, window) in words.windows(SHORTEST_PASSAGE).enumerate() {
                places.entry(run(window)).or_default().push((response, first));
            }
        }
        Self(places)
    }

    fn copied(&self, answer: &str, said: &[Word], responses: &[(usize, Vec<Word>)]) -> Copying {
        let found: Vec<&[(usize, usize)]> = said
            .windows(SHORTEST_PASSAGE)
            .map(|window| self.0.get(&run(window)).map_or(&[][..], Vec::as_slice))
            .collect();
        let mut is_voice = vec![false; said.len()];
        for (first, _) in found.iter().enumerate().filter(|(_, places)| 2 * distinct(places) > responses.len()) {
            is_voice[first..first + SHORTEST_PASSAGE].fill(true);
        }
        let mut is_copied = vec![false; said.len()];
        let mut longest: Option<Passage> = None;
        for (first, places) in found.iter().enumerate() {
            if places.is_empty() || is_voice[first..first + SHORTEST_PASSAGE].contains(&true) {
                continue;
            }
            is_copied[first..first + SHORTEST_PASSAGE].fill(true);
            for (response, at) in *places {
                let (index, words) = &responses[*response];
                let same = |i: usize, j: usize| !is_voice[i] && said[i].text == words[j].text;
                if first > 0 && *at > 0 && same(first - 1, at - 1) {
                    continue; // it is the rest of a passage that has been measured
                }
                let count = (first..said.len()).zip(*at..words.len()).take_while(|(i, j)| same(*i, *j)).count();
                if longest.as_ref().is_none_or(|passage| count > passage.words) {
                    let text = answer[said[first].start..said[first + count - 1].end].to_string();
                    longest = Some(Passage { response: *index, words: count, text });
                }
            }
        }
        Copying { words: said.len(), copied: is_copied.iter().filter(|copied| **copied).count(), longest }
    }
}

/// In how many responses: they come in order.
fn distinct(places: &[(usize, usize)]) -> usize {
    places.chunk_by(|one, next| one.0 == next.0).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSING: &str = "If you need further assistance, our support team is here to help!";

    fn responses() -> Vec<String> {
        let steps = [
            "1) Hold the button for ten seconds. 2) Wait for the light.",
            "1) Open the app. 2) Tap Devices and choose your lamp.",
            "1) Unplug it. 2) Clean the lens with a dry cloth.",
        ];
        steps.iter().map(|steps| format!("{steps} {CLOSING}")).collect()
    }

    fn of(answer: &str) -> Copying {
        copying(&[answer.to_string()], &responses()).remove(0).expect("enough words and responses")
    }

    #[test]
    fn the_voice_is_no_copy_and_a_step_of_one_response_is() {
        let voice = of(&format!("1) Charge it over night. {CLOSING}"));
        assert_eq!((voice.words, voice.copied, voice.longest), (17, 0, None));
        let copy = of("1) Hold the BUTTON for ten seconds, please. 2) Go.");
        // "1 hold the button for ten seconds" is seven words
        let text = "1) Hold the BUTTON for ten seconds".to_string();
        assert_eq!(copy, Copying { words: 10, copied: 7, longest: Some(Passage { response: 0, words: 7, text }) });
    }

    #[test]
    fn of_a_whole_response_all_but_the_voice_is_copied() {
        let copy = of(&responses()[2]);
        assert_eq!((copy.words, copy.copied), (23, 11));
        let text = "1) Unplug it. 2) Clean the lens with a dry cloth".to_string();
        assert_eq!(copy.longest, Some(Passage { response: 2, words: 11, text }));
        // "cloth" and the closing behind it are five words of one response, but four of them are the voice.
        assert_eq!(of(&format!("Use a cloth. {CLOSING}")).copied, 0);
    }

    #[test]
    fn four_words_are_ordinary_language() {
        assert_eq!(of("Then clean the lens with care.").copied, 0);
        assert_eq!(of("Then clean the lens with a towel.").copied, 5);
    }

    #[test]
    fn what_cannot_be_measured_is_none() {
        let all = responses();
        assert_eq!(copying(&all, &all[..2]), vec![None; 3], "of two responses nobody knows what is voice");
        let twice = [all[0].clone(), all[1].clone(), all[1].to_uppercase(), "Yes.".into()];
        assert_eq!(copying(&all, &twice), vec![None; 3], "there are two different ones of five words");
        assert_eq!(copying(&["Tap Save.".into(), "我的灯不亮了，怎么办？".into(), String::new()], &all), vec![None; 3]);
        assert_eq!(copying(&["a b c d e".into()], &[]), vec![None]);
    }

    #[test]
    fn a_response_that_stands_twice_is_no_voice() {
        let mut all = responses();
        all.extend(vec![all[0].clone(); 4]);
        let copy = copying(&["Hold the button for ten seconds, please.".into()], &all).remove(0).unwrap();
        assert_eq!((copy.words, copy.copied, copy.longest.unwrap().response), (7, 6, 0));
    }
}
