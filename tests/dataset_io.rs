//! Reading what people paste and drop, and writing it again.
#![cfg(not(target_arch = "wasm32"))]

use prompt_playground::dataset::Example;
use prompt_playground::dataset_io::{DatasetFormat, ParsedDataset, export_dataset, parse_dataset};
use prompt_playground::rng::Rng;

const FORMATS: [DatasetFormat; 5] = [
    DatasetFormat::InputOutput,
    DatasetFormat::Messages,
    DatasetFormat::Alpaca,
    DatasetFormat::PromptCompletion,
    DatasetFormat::Csv,
];

fn pairs(parsed: &ParsedDataset) -> Vec<(&str, &str)> {
    parsed.examples.iter().map(|e| (e.input.as_str(), e.output.as_str())).collect()
}

fn lines(parsed: &ParsedDataset) -> Vec<usize> {
    parsed.problems.iter().map(|problem| problem.line).collect()
}

/// Reads a text in which nothing is wrong.
fn read(text: &str, name: &str) -> ParsedDataset {
    let parsed = parse_dataset(text, name);
    assert_eq!(parsed.problems, [], "{text}");
    assert_eq!(counts(&parsed), (0, 0), "{text}");
    parsed
}

/// How many lines are left out, and how many have a note.
fn counts(parsed: &ParsedDataset) -> (usize, usize) {
    (parsed.left_out, parsed.noted)
}

// ---------------------------------------------------------------- JSON

#[test]
fn json_lines_of_every_kind() {
    let text = r#"{"input": "a", "output": "b"}

{"prompt": "c", "completion": "d"}
{"question": "e", "answer": "f", "id": 3}
{"instruction": "g", "input": "h", "output": "i"}
{"instruction": "j", "output": "k"}
{"messages": [{"role": "user", "content": "l"}, {"role": "assistant", "content": "m"}]}
{"conversations": [{"from": "human", "value": "n"}, {"from": "gpt", "value": "o"}]}
"#;
    let expected = [("a", "b"), ("c", "d"), ("e", "f"), ("g\n\nh", "i"), ("j", "k"), ("l", "m"), ("n", "o")];
    assert_eq!(pairs(&read(text, "rows.jsonl")), expected);
    assert_eq!(pairs(&read(text, "")), expected, "pasted text has no name");
    assert_eq!(pairs(&read(&text.replace('\n', "\r\n"), "rows.jsonl")), expected);
    assert_eq!(pairs(&read(&format!("\u{feff}{text}"), "rows.jsonl")), expected);
}

#[test]
fn the_format_is_that_of_the_first_row() {
    let format = |text: &str| parse_dataset(text, "").format;
    assert_eq!(format(r#"{"input": "a", "output": "b"}"#), "input_output");
    assert_eq!(format(r#"{"prompt": "a", "completion": "b"}"#), "prompt_completion");
    assert_eq!(format(r#"{"instruction": "a", "output": "b"}"#), "alpaca");
    assert_eq!(
        format(r#"[{"messages": [{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}]"#),
        "messages"
    );
    assert_eq!(format("input,output\na,b"), "csv");
    assert_eq!(format("nothing"), "unknown");
}

#[test]
fn a_conversation_gives_its_last_exchange_behind_the_system_text() {
    let text = r#"{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"}, {"role": "user", "content": [{"type": "text", "text": "c"}]},
        {"role": "assistant", "content": "d"}, {"role": "user", "content": "e"}]}"#;
    let parsed = parse_dataset(&text.replace('\n', " "), "chat.jsonl");
    assert_eq!(pairs(&parsed), [("Be kind.\n\nc", "d")]);
    assert_eq!(lines(&parsed), [1]);
    assert!(parsed.problems[0].message.contains("several turns"));
    assert!(!parsed.problems[0].left_out && counts(&parsed) == (0, 1), "the row is taken");
}

#[test]
fn arrays_and_the_case_file() {
    let array = "[\n {\"input\": \"a\", \"output\": \"b\"},\n {\"input\": \"c\",\n  \"output\": \"d\"}\n]\n";
    assert_eq!(pairs(&read(array, "rows.json")), [("a", "b"), ("c", "d")]);
    assert_eq!(pairs(&read("[]", "rows.json")), []);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/smarthome.json");
    let case = std::fs::read_to_string(path).unwrap();
    let parsed = read(&case, "smarthome.json");
    assert_eq!(parsed.examples.len(), 10);
    assert_eq!(parsed.examples[3].input, "How do I update the firmware of my SmartHome Hub?");
    let minified = serde_json::from_str::<serde_json::Value>(&case).unwrap().to_string();
    assert_eq!(read(&minified, "").examples, parsed.examples);
}

#[test]
fn objects_over_several_lines_are_read_one_after_the_other() {
    let text = "{\n \"input\": \"a\",\n \"output\": \"b\"\n}\n{\n \"input\": \"c\",\n \"output\": 4\n}\n";
    let parsed = parse_dataset(text, "rows.jsonl");
    assert_eq!(pairs(&parsed), [("a", "b")]);
    assert_eq!(lines(&parsed), [5]);
}

#[test]
fn every_bad_line_is_named_and_the_good_ones_come_back() {
    let text = r#"{"input": "a", "output": "b"}
{"input": "a", "output": "b"
{"input": "a"}
{"output": "a"}
not json
{"input": 5, "output": "b"}
{"text": "a"}
["a", "b"]
{"messages": [{"role": "user", "content": "a"}]}
{"messages": "a"}
{"messages": [{"content": "a"}]}
{"instruction": "a"}
{"input": "\ud800", "output": "b"}
{"input": "c", "output": "d"}"#;
    let parsed = parse_dataset(text, "rows.jsonl");
    assert_eq!(pairs(&parsed), [("a", "b"), ("c", "d")]);
    assert_eq!(lines(&parsed), (2..=13).collect::<Vec<_>>());
    assert!(parsed.problems.iter().all(|problem| problem.left_out) && counts(&parsed) == (12, 0));
    for problem in &parsed.problems {
        assert!(problem.message.ends_with('.') && !problem.message.contains(" at line "), "{}", problem.message);
    }
    assert!(parsed.problems[1].message.contains("no \"output\""), "{}", parsed.problems[1].message);
    assert!(parsed.problems[4].message.contains("a number"), "{}", parsed.problems[4].message);
}

#[test]
fn a_broken_array_gives_the_rows_before_the_fault() {
    let text =
        "[\n{\"input\": \"a\", \"output\": \"b\"},\n{\"input\": \"c\"},\n{\"input\": \"d\",\n \"output\" \"e\"},\n{}]";
    let parsed = parse_dataset(text, "rows.json");
    assert_eq!(pairs(&parsed), [("a", "b")]);
    assert_eq!(lines(&parsed), [3, 5]);
    let open = parse_dataset("[\n{\"input\": \"a\", \"output\": \"b\"},\n", "rows.json");
    assert_eq!(pairs(&open), [("a", "b")]);
    assert_eq!((open.problems.len(), counts(&open)), (1, (0, 1)));
    assert!(open.problems[0].message.contains(']'));
    let case = parse_dataset("{\n \"name\": \"x\"\n \"examples\": []\n}", "case.json");
    assert_eq!(lines(&case), [3], "{:?}", case.problems);
}

#[test]
fn deep_nesting_is_a_problem_and_no_crash() {
    let parsed = parse_dataset(&"[".repeat(100_000), "rows.json");
    assert_eq!((parsed.examples.len(), parsed.problems.len()), (0, 1));
    let parsed = parse_dataset(&"{\"a\":".repeat(100_000), "rows.jsonl");
    assert_eq!((parsed.examples.len(), parsed.problems.len()), (0, 1));
}

// ---------------------------------------------------------------- CSV

/// What separates the fields is what makes rows, not what is most frequent: sentences have commas.
#[test]
fn texts_with_commas_are_no_columns() {
    let two = [("Open on Sundays?", "Yes, from seven, daily."), ("Is the rye vegan?", "It is.")];
    for delimiter in ["\t", ";"] {
        let text = two.map(|(input, output)| format!("{input}{delimiter}{output}\n")).concat();
        assert_eq!(pairs(&read(&text, "")), two);
        assert_eq!(pairs(&read(&format!("input{delimiter}output\n{text}"), "")), two);
    }
    assert_eq!(pairs(&read("Open, please?\tYes, at seven.", "")), [("Open, please?", "Yes, at seven.")]);
    assert_eq!(pairs(&read("a,\"b; c; d\"\ne;,f\n", "rows.csv")), [("a", "b; c; d"), ("e;", "f")]);
    assert_eq!(pairs(&read("\"a\tb\",\"c\td\"\n\"e\",\"f\tg\"\n", "")), [("a\tb", "c\td"), ("e", "f\tg")]);
    // Three columns of which no two can be told: asked for, and not cut at the commas instead.
    for text in [
        "Hub\tOpen, please?\tYes, it is.\nCam\tClosed, or not?\tNo, never.\n",
        "Hub\tOpen?\tYes, it is.\nCam\tClosed?\tNo, never.\n",
        "Hub;Open?;Yes, it is.\nCam;Closed?;No, never.\n",
        "What is your name?\nJohn, of course.\n",
    ] {
        let three = parse_dataset(text, "");
        assert_eq!((pairs(&three), lines(&three)), (vec![], vec![1]), "{text}");
    }
    // The first row tells how many columns there are, where texts with commas are not in quotation marks.
    let unquoted = parse_dataset("How?,Like this\nWhere?,Here, there\n", "");
    assert_eq!((pairs(&unquoted), lines(&unquoted)), (vec![("How?", "Like this")], vec![2]));
    assert_eq!(pairs(&read("[TECH] How?\tLike this.\n[TECH] Why?\tSo.\n", "")).len(), 2, "no JSON");
    let parsed = parse_dataset("input\toutput\na\tb\nc, d\n", "");
    assert!(parsed.problems[0].message.contains("contains a tab"), "{:?}", parsed.problems);
}

#[test]
fn columns_are_found_by_their_titles() {
    assert_eq!(pairs(&read("input,output\na,b\n", "rows.csv")), [("a", "b")]);
    assert_eq!(pairs(&read("id, Question , ANSWER\n1,a,b\n2,c,d", "rows.csv")), [("a", "b"), ("c", "d")]);
    assert_eq!(pairs(&read("\u{feff}completion;prompt\r\nb;a, and\r\n", "rows.csv")), [("a, and", "b")]);
    assert_eq!(pairs(&read("prompt\tresponse\n\"a\tb\"\tc\n", "")), [("a\tb", "c")]);
    assert_eq!(pairs(&read("prompt\tresponse\na\tb, c\n", "rows.tsv")), [("a", "b, c")]);
    assert_eq!(pairs(&read("instruction,input,output\na,b,c\nd,,e\n", "rows.csv")), [("a\n\nb", "c"), ("d", "e")]);
}

#[test]
fn quoted_fields_and_blank_lines() {
    let text = "\n\r\ninput,output\r\n\r\n\"a, \"\"b\"\"\r\nc\",d\r\n   \n\"\",\"\"\n x , y \n\n";
    assert_eq!(pairs(&read(text, "rows.csv")), [("a, \"b\"\r\nc", "d"), ("", ""), (" x ", " y ")]);
}

#[test]
fn bad_records_are_named_by_the_line_they_begin_in() {
    let text = "input,output\n\"a\nb\",c\nonly one\nd,e\n\nf,g, h\ni,j,,\n\"k\n";
    let parsed = parse_dataset(text, "rows.csv");
    assert_eq!(pairs(&parsed), [("a\nb", "c"), ("d", "e"), ("i", "j")]);
    assert_eq!(lines(&parsed), [4, 7, 9], "{:?}", parsed.problems);
    assert!(parsed.problems[0].message.contains("1 field"));
    assert!(parsed.problems[1].message.contains("3 fields"));
}

#[test]
fn an_open_quotation_mark_costs_only_its_own_line() {
    let text = "input,output\na,b\n\"c,d\ne,f\n\ng,h\n";
    let parsed = parse_dataset(text, "rows.csv");
    assert_eq!(pairs(&parsed), [("a", "b"), ("e", "f"), ("g", "h")]);
    assert_eq!(lines(&parsed), [3]);
    assert!(parsed.problems[0].message.contains("do not match"));
    let twice = parse_dataset("input,output\n\"a,b\nc,d\n\"e,f\ng,\"h \"\" i\"\nj 5\",k\n", "rows.csv");
    assert_eq!(pairs(&twice), [("c", "d"), ("g", "h \" i"), ("j 5\"", "k")]);
    assert_eq!(lines(&twice), [2, 4]);
}

#[test]
fn two_columns_need_no_header() {
    for text in ["How do I reset it?,Press the button.\nx,y\n", "How do I reset it?\tPress the button.\nx\ty"] {
        let parsed = parse_dataset(text, "");
        assert_eq!(pairs(&parsed), [("How do I reset it?", "Press the button."), ("x", "y")]);
        assert!(parsed.assumed_columns && parsed.problems.is_empty());
    }
    assert!(!parse_dataset("input,output\nx,y\n", "").assumed_columns);
    let uneven = parse_dataset("a,b\nc,d,e\nf,g\n", "rows.csv");
    assert_eq!((pairs(&uneven), lines(&uneven)), (vec![("a", "b"), ("f", "g")], vec![2]));
}

#[test]
fn columns_of_numbers_and_empty_ones_are_no_texts() {
    let expected = [("Open, please?", "Yes, it is."), ("x", "y, z")];
    for text in [
        "1\tOpen, please?\tYes, it is.\n2\tx\ty, z\n",
        "\tOpen, please?\tYes, it is.\n\tx\ty, z\n",
        "Open, please?\tYes, it is.\t\t\n\t\t\t\nx\ty, z\t\t\n",
        "7;Open, please?;Yes, it is.\n8;x;y, z\n",
    ] {
        let parsed = read(text, "");
        assert_eq!(pairs(&parsed), expected, "{text}");
        assert!(parsed.assumed_columns);
    }
    assert_eq!(pairs(&read("Only a question\t\nq\ta\n", "")), [("Only a question", ""), ("q", "a")]);
    for text in
        ["My bakery\ninput\toutput\nx\ty, z\n", "sep=;\ninput;output\nx;y, z\n", "My bakery\n;\ninput;output\nx;y, z\n"]
    {
        assert_eq!(pairs(&read(text, "")), [("x", "y, z")], "{text}");
    }
    let titled = parse_dataset("My bakery\nq\ta\nr\tb\n", "");
    assert_eq!((pairs(&titled), lines(&titled)), (vec![("q", "a"), ("r", "b")], vec![1]));
}

#[test]
fn a_missing_header_of_other_columns_is_explained() {
    let parsed = parse_dataset("Hub,How do I reset it?,Press the button.\nCam,x,y\n", "rows.csv");
    assert_eq!(pairs(&parsed), []);
    assert_eq!(lines(&parsed), [1]);
    assert!(
        parsed.problems[0].message.contains("input,output") && parsed.problems[0].message.contains("How do I reset")
    );
    assert_eq!(parse_dataset("<!DOCTYPE html>\n<p>", "page.html").problems.len(), 1);
}

// ---------------------------------------------------------------- limits and odd texts

#[test]
fn empty_and_binary_texts_are_explained() {
    for text in ["", " \n\t\r\n", "\u{feff}"] {
        let parsed = parse_dataset(text, "rows.jsonl");
        assert_eq!((parsed.examples.len(), lines(&parsed)), (0, vec![1]));
        assert!(parsed.problems[0].message.contains("empty"));
    }
    let utf16 = parse_dataset("i\0n\0p\0u\0t\0", "rows.csv");
    assert!(utf16.problems[0].message.contains("UTF-8"));
    let latin = parse_dataset("input,output\na,b\nZ\u{fffd}rich,c\n", "rows.csv");
    assert_eq!(latin.examples.len(), 2, "the rows are kept");
    assert_eq!((lines(&latin), counts(&latin)), (vec![3], (0, 1)));
}

#[test]
fn long_fields_are_left_out_with_their_line() {
    let (fits, long) = ("ü".repeat(100_000), "ü".repeat(100_001));
    for format in FORMATS {
        let rows = [
            Example::new("a", "b"),
            Example::new(fits.as_str(), "c"),
            Example::new("d", long.as_str()),
            Example::new("e", "f"),
        ];
        let parsed = parse_dataset(&export_dataset(&rows, format), "");
        assert_eq!(parsed.examples, [rows[0].clone(), rows[1].clone(), rows[3].clone()]);
        assert_eq!(lines(&parsed), [if format == DatasetFormat::Csv { 4 } else { 3 }]);
        assert!(parsed.problems[0].message.contains("100001"), "{}", parsed.problems[0].message);
        assert_eq!(counts(&parsed), (1, 0));
    }
}

#[test]
fn ten_thousand_rows_are_read_and_not_one_more() {
    let rows: Vec<Example> = (0..10_003).map(|i| Example::new(format!("q{i}"), "a")).collect();
    for format in FORMATS {
        let full = parse_dataset(&export_dataset(&rows[..10_000], format), "");
        assert_eq!((full.examples.len(), full.problems.len()), (10_000, 0));
        let over = parse_dataset(&export_dataset(&rows, format), "");
        assert_eq!(over.examples, rows[..10_000]);
        assert_eq!(counts(&over), (3, 0), "all that are too many are counted, and one problem stands for them");
        assert_eq!(lines(&over), [if format == DatasetFormat::Csv { 10_002 } else { 10_001 }]);
        assert!(over.problems[0].message.contains("10000"));
    }
}

#[test]
fn a_file_of_faults_lists_a_hundred() {
    let parsed = parse_dataset(&"{oops}\n".repeat(5000), "rows.jsonl");
    assert_eq!((parsed.problems.len(), counts(&parsed)), (100, (5000, 0)));
    let quotes = parse_dataset(&format!("input,output\n{}", "\"a,b\nc,d\n".repeat(5000)), "rows.csv");
    assert_eq!((quotes.examples.len(), quotes.problems.len(), counts(&quotes)), (5000, 100, (5000, 0)));
}

#[test]
fn notes_are_told_from_lines_that_are_left_out() {
    let turn = |role: &str, text: &str| serde_json::json!({"role": role, "content": text});
    let several = |answer: &str| {
        let turns = [turn("user", "a"), turn("assistant", "b"), turn("user", "c"), turn("assistant", answer)];
        serde_json::json!({"messages": turns}).to_string() + "\n"
    };
    let text = several("d").repeat(150) + "{oops}\n" + &several(&"e".repeat(100_001)) + &several("Z\u{fffd}rich");
    let parsed = parse_dataset(&text, "chats.jsonl");
    assert_eq!((parsed.examples.len(), counts(&parsed)), (151, (2, 152)), "a row that is left out has no note");
    let left_out: Vec<usize> = parsed.problems.iter().filter(|p| p.left_out).map(|p| p.line).collect();
    assert_eq!(
        (left_out, parsed.problems.len()),
        (vec![151, 152], 102),
        "a hundred notes hide no line that is left out"
    );
    assert!(parsed.problems.is_sorted_by_key(|problem| problem.line));
}

#[test]
fn any_text_is_read_without_a_crash() {
    let pieces = [
        "{", "}", "[", "]", "\"", ",", ":", "\n", "\r\n", "input", "output", "examples", "messages", "\\", "ü", "1",
        " ", "\t", ";", "null",
    ];
    let mut rng = Rng::new(5);
    for round in 0..20_000 {
        let mut text = if round % 2 == 0 { String::new() } else { "input,output\n".to_string() };
        (0..rng.below(25)).for_each(|_| text.push_str(pieces[rng.below(pieces.len())]));
        let parsed = parse_dataset(&text, ["", "a.csv", "a.jsonl", "a.tsv"][rng.below(4)]);
        let count = text.lines().count().max(1);
        assert!(parsed.problems.iter().all(|p| (1..=count).contains(&p.line)), "{text:?} {:?}", parsed.problems);
    }
}

// ---------------------------------------------------------------- round trips

/// A text of characters that make trouble in one format or another.
fn awkward(rng: &mut Rng) -> String {
    let pieces = [
        "a",
        "reset",
        " ",
        "  ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\"",
        "\"\"",
        "'",
        ",",
        ";",
        "\\",
        "\\n",
        "{",
        "}",
        "[",
        "]",
        ":",
        "<|im_end|>",
        "</script>",
        "ü",
        "你好",
        "😀",
        "\u{2028}",
        "\u{feff}",
        "\u{301}",
        "\u{85}",
        "0",
        "#",
        "=1+1",
        "input",
        "\u{1}",
        "\u{7f}",
    ];
    (0..rng.below(9)).map(|_| pieces[rng.below(pieces.len())]).collect()
}

#[test]
fn every_format_gives_back_exactly_the_same_rows() {
    let mut rng = Rng::new(1);
    for format in FORMATS {
        for _ in 0..400 {
            let rows: Vec<Example> =
                (0..rng.below(6)).map(|_| Example::new(awkward(&mut rng), awkward(&mut rng))).collect();
            let text = export_dataset(&rows, format);
            let name = if format == DatasetFormat::Csv { "rows.csv" } else { "rows.jsonl" };
            let parsed = parse_dataset(&text, name);
            assert_eq!(parsed.examples, rows, "{format:?} {text:?}");
            if !rows.is_empty() {
                assert_eq!(parsed.problems, [], "{format:?} {text:?}");
                assert_eq!(serde_json::to_value(format).unwrap(), parsed.format.as_str());
            }
        }
    }
}

#[test]
fn exports_look_as_other_tools_expect() {
    let rows = [Example::new("a \"b\"", "c,\nd")];
    let text = |format| export_dataset(&rows, format);
    assert_eq!(text(DatasetFormat::InputOutput), "{\"input\":\"a \\\"b\\\"\",\"output\":\"c,\\nd\"}\n");
    assert_eq!(text(DatasetFormat::Csv), "input,output\n\"a \"\"b\"\"\",\"c,\nd\"\n");
    let value = |format| serde_json::from_str::<serde_json::Value>(&text(format)).unwrap();
    assert_eq!(
        value(DatasetFormat::Messages)["messages"][1],
        serde_json::json!({"role": "assistant", "content": "c,\nd"})
    );
    assert_eq!(
        value(DatasetFormat::Alpaca),
        serde_json::json!({"instruction": "a \"b\"", "input": "", "output": "c,\nd"})
    );
    assert_eq!(value(DatasetFormat::PromptCompletion), serde_json::json!({"prompt": "a \"b\"", "completion": "c,\nd"}));
}

#[test]
fn formats_have_the_names_of_the_page() {
    let names = FORMATS.map(|format| serde_json::to_value(format).unwrap());
    assert_eq!(names, ["input_output", "messages", "alpaca", "prompt_completion", "csv"]);
}
