//! Numbered steps in a text, as answers to "how do I ..." have them: `1.`, `1)`, `1.)`, `1、` or `Step 1:`, each on a
//! line of its own or one behind the other in a line.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A number of at most two digits (a year is no step), and what makes it a marker.
static MARKER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\bstep\s+([0-9]{1,2})\s*[:.)–—-]|([0-9]{1,2})(\.?[)）]|[.．、])").ok());

/// What may stand before a marker at the beginning of a line, as in Markdown.
const DECORATION: [char; 8] = ['*', '_', '#', '>', '(', '[', '-', '•'];

/// How a list writes its numbers; it keeps to one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Dot,
    Bracket,
    Word,
}

struct Marker {
    style: Style,
    number: usize,
    start: usize,
    end: usize,
    leads_line: bool,
}

/// The last number of the longest list 1, 2, 3, ... in `text`.
///
/// A list ends where a line begins with another number than its next one. Within a line such a number is passed over:
/// it may end a sentence ("set it to 5.") or mean an earlier step ("repeat step 1."). A number with nothing written
/// behind it is no step.
pub fn longest_list(text: &str) -> usize {
    let Some(pattern) = MARKER.as_ref() else { return 0 };
    let markers: Vec<Marker> = pattern.captures_iter(text).filter_map(|found| marker(text, &found)).collect();
    let ends = markers.iter().skip(1).map(|next| next.start).chain([text.len()]);
    let steps = markers.iter().zip(ends).filter(|(marker, end)| text[marker.end..*end].contains(char::is_alphanumeric));
    let steps: Vec<&Marker> = steps.map(|(marker, _)| marker).collect();
    let of_style = |style| longest(steps.iter().copied().filter(move |step| step.style == style));
    [Style::Dot, Style::Bracket, Style::Word].into_iter().map(of_style).max().unwrap_or(0)
}

fn longest<'a>(steps: impl Iterator<Item = &'a Marker>) -> usize {
    let mut open = BTreeSet::new(); // how far each list has come that may go on
    let mut longest = 0;
    for &Marker { number, leads_line, .. } in steps {
        let goes_on = number == 1 || number > 1 && open.remove(&(number - 1));
        if leads_line {
            open.clear();
        }
        if goes_on {
            open.insert(number);
            longest = longest.max(number);
        }
    }
    longest
}

/// A match of [`MARKER`] where a step may begin: not within a larger number, a version or a name.
fn marker(text: &str, found: &Captures<'_>) -> Option<Marker> {
    let whole = found.get(0)?;
    let (before, behind) = (&text[..whole.start()], text[whole.end()..].chars().next());
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    let leads_line = line.chars().all(|c| c.is_whitespace() || DECORATION.contains(&c));
    let (number, style) = match (found.get(1), found.get(2)) {
        (Some(number), _) => (number, Style::Word),
        (None, Some(number)) if whole.as_str().ends_with([')', '）']) => (number, Style::Bracket),
        (None, number) => (number?, Style::Dot),
    };
    let opens = line.chars().next_back().is_none_or(|c| c.is_whitespace() || !c.is_alphanumeric() && !c.is_ascii());
    let opens = leads_line || opens || line.ends_with(['*', '_', '(', '[']);
    let closes = match behind {
        None => true,
        Some(c) if leads_line || !whole.as_str().is_ascii() => !c.is_ascii_digit(), // "1.Open", but not "1.5 GHz"
        Some(c) => c.is_whitespace() || c == '*' || c == '_',
    };
    let (start, end) = (whole.start(), whole.end());
    let marker = Marker { style, number: number.as_str().parse().ok()?, start, end, leads_line };
    (style == Style::Word || opens && closes).then_some(marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_counted_in_every_layout() {
        let three = [
            "1. Open the app.\n2. Tap Save.\n3. Wait.",
            "Please follow these steps: 1) Open the app. 2) Tap Save. 3) Wait.",
            "Please 1. open the app, 2. tap Save and 3. wait.",
            "  (1) open (2) tap (3) wait",
            "**1.** Open\n\n**2.** Tap\n\n**3.** Wait",
            "- 1. Open\n- 2. Tap\n- 3. Wait",
            "1.) Open\n2.) Tap\n3.) Wait",
            "1.Open\n2.Tap\n3.Wait",
            "1.\nOpen\n2.\nTap\n3.\nWait",
            "Step 1: open. Step 2: tap. Step 3: wait.",
            "STEP 1. Open\nstep 2 - Tap\n### Step 3) Wait",
            "1、打开应用。2、点击保存。3、等待。",
            "（1）打开（2）保存（3）等待",
        ];
        for text in three {
            assert_eq!(longest_list(text), 3, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_steps_is_not_counted() {
        for text in
            ["", "…", "Open the app, then tap Save.", "In 2024. Then 12.", "Version 1.2.3 of v1. It is 1.5 GHz."]
        {
            assert_eq!(longest_list(text), 0, "{text}");
        }
        assert_eq!(longest_list("2. Tap Save.\n3. Wait."), 0, "a list begins with 1");
        assert_eq!(longest_list("1.\n2.\n3."), 0, "nothing is written");
        assert_eq!(longest_list("1. Open\n2."), 1, "the second is empty");
        assert_eq!(longest_list("1. Open\n1. Tap\n1. Wait"), 1, "the numbers do not go up");
        assert_eq!(longest_list("1. Open\n3. Wait\n2. Tap"), 1, "out of order");
        assert_eq!(longest_list("1. Open\n2) Tap\nStep 3: wait"), 1, "three ways of writing");
        assert_eq!(longest_list("1. Open\n10. Wait"), 1);
    }

    #[test]
    fn numbers_within_sentences_do_not_break_a_list() {
        assert_eq!(longest_list("1. Set it to 5. 2. Wait for 10. 3. Tap Save."), 3);
        assert_eq!(longest_list("Step 1: open.\nStep 2: if it fails, repeat step 1.\nStep 3: wait."), 3);
        assert_eq!(longest_list("1. a\n2. b\n\nOr:\n1. a\n2. b\n3. c"), 3, "the longest of two lists");
        assert_eq!(longest_list("1. a 2. b 3. c, or 1. d 2. e"), 3);
        assert_eq!(longest_list("Reset: 1) a 2) b. Restart: 1) c 2) d"), 2);
        let twelve: Vec<String> = (1..=12).map(|number| format!("{number}. tap")).collect();
        assert_eq!(longest_list(&twelve.join("\n")), 12);
    }
}
