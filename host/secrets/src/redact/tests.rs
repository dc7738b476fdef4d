use std::io::Write;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use proptest::prelude::*;

use super::*;

fn knowing<'v>(values: impl IntoIterator<Item = &'v str>) -> Redactor {
    let redactor = Redactor::new();
    let values = values.into_iter().enumerate().map(|(number, value)| (number.to_string(), value)).collect();
    redactor.learn(&SecretOwner::new(1, "a"), &values);
    redactor
}

fn through_writer(redactor: &Redactor, pieces: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = redactor.writer(&mut out);
    pieces.iter().for_each(|piece| writer.write_all(piece).unwrap());
    drop(writer);
    out
}

#[test]
fn a_value_is_blanked_in_each_form_that_encoders_give_it() {
    let value = "pä\"s/s <w>\\&rd+é";
    let redactor = knowing([value]);
    let component = "p%C3%A4%22s%2Fs%20%3Cw%3E%5C%26rd%2B%C3%A9";
    let forms = [
        value.to_owned(),
        serde_json::to_string(value).unwrap(),
        format!("{value:?}"),
        r#""p\u00e4\"s/s <w>\\&rd+\u00e9""#.to_owned(),
        r#""pä\"s/s \u003cw\u003e\\\u0026rd+é""#.to_owned(),
        r#""p\u00e4\"s\/s <w>\\&rd+\u00e9""#.to_owned(),
        component.to_owned(),
        component.replace("%20", "+"),
        component
            .replace("C3%A", "c3%a")
            .replace("%2F", "%2f")
            .replace("C%26", "c%26")
            .replace("%3C", "%3c")
            .replace("%3E", "%3e")
            .replace("%5C", "%5c")
            .replace("%2B", "%2b"),
        BASE64_STANDARD.encode(value),
        BASE64_URL_SAFE.encode(value),
        BASE64_STANDARD.encode(format!("u:{value}")),
        BASE64_STANDARD.encode(format!("us:{value}")),
        BASE64_STANDARD.encode(format!("grafana:{value}@host")),
    ];
    for form in forms {
        let bare = form.trim_matches('"');
        assert_eq!(redactor.redact(&format!("x: {bare} !")), "x: [secret] !", "{bare}");
    }
}

#[test]
fn values_under_four_bytes_are_left_and_white_space_around_a_value_is_no_part_of_it() {
    assert_eq!(knowing(["abc", " d \n"]).redact("abc d YWJj"), "abc d YWJj");
    assert_eq!(knowing(["token-1\n"]).redact("Bearer token-1."), "Bearer [secret].");
}

#[test]
fn of_a_value_of_several_lines_each_line_is_secret_but_not_the_frame_of_pem() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEH\n-----END PRIVATE KEY-----\n";
    let redactor = knowing([pem]);
    assert_eq!(redactor.redact(pem), "[secret]\n");
    assert_eq!(redactor.redact("key MIGHAgEAMBMGByqGSM49"), "key [secret]");
    assert_eq!(redactor.redact("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
}

#[test]
fn where_values_overlap_all_of_both_is_blanked() {
    let redactor = knowing(["abcd", "cdefgh", "abcdxyz", "abce"]);
    assert_eq!(redactor.redact("-abcdefgh-abcdxyzz-abcdxy-"), "-[secret]-[secret]z-[secret]xy-");
    // The nearest value below it in order is `abcdxyz`, which it does not begin with; the shorter one is found still.
    assert_eq!(redactor.redact("abcdxz"), "[secret]xz");
}

#[test]
fn a_value_known_of_two_owners_stays_known_until_both_are_forgotten() {
    let (one, two) = (SecretOwner::new(1, "a"), SecretOwner::new(2, "a"));
    let redactor = Redactor::new();
    let shared = redactor.clone();
    let values = SecretValues::from_iter([("password", "hunter2!")]);
    redactor.learn(&one, &values);
    redactor.learn(&two, &values);
    redactor.learn(&two, &values);
    redactor.forget(&one);
    assert_eq!(shared.redact("hunter2!"), "[secret]");
    redactor.forget(&two);
    assert!(matches!(shared.redact("hunter2!"), Cow::Borrowed("hunter2!")));
}

#[test]
fn a_replaced_value_is_known_until_four_newer_sets_have_come() {
    let owner = SecretOwner::new(1, "a");
    let redactor = Redactor::new();
    for number in 0..5 {
        assert_eq!(redactor.redact(&format!("password{number}")), format!("password{number}"));
        redactor.learn(&owner, &SecretValues::from_iter([("p", format!("password{number}"))]));
        redactor.learn(&owner, &SecretValues::from_iter([("p", format!("password{number}"))]));
    }
    let text = "password0 password1 password2 password3 password4";
    assert_eq!(redactor.redact(text), "password0 [secret] [secret] [secret] [secret]");
}

#[test]
fn debug_of_redactor_and_writer_shows_no_value() {
    let redactor = knowing(["hunter2!"]);
    let mut writer = redactor.writer(Vec::new());
    writer.write_all(b"hunter2!").unwrap();
    assert!(!format!("{redactor:?} {writer:?}").contains("hunter2!"));
}

#[test]
fn a_line_without_end_is_let_go_in_pieces_that_split_no_value_and_flush_lets_no_half_line_go() {
    let redactor = knowing(["hunter2!"]);
    let mut line = "x".repeat(64 * 1024 - 4).into_bytes();
    line.extend_from_slice(b"hunter2!");
    line.extend(iter::repeat_n(b'y', 128 * 1024));
    // The larger pieces end in the middle of the value, just when the beginning of the line is let go.
    for size in [1000, 64 * 1024] {
        let mut out = Vec::new();
        let mut writer = redactor.writer(&mut out);
        let mut most = 0;
        for piece in line.chunks(size) {
            writer.write_all(piece).unwrap();
            writer.flush().unwrap();
            most = most.max(writer.begun.len());
        }
        drop(writer);
        assert!(most <= 64 * 1024, "{most} bytes were kept");
        assert_eq!(out, redactor.redact_bytes(&line).into_owned());
    }

    let mut out = Vec::new();
    let mut writer = redactor.writer(&mut out);
    writer.write_all(b"one\nhunt").unwrap();
    writer.flush().unwrap();
    assert_eq!(writer.inner, b"one\n");
}

#[test]
fn bytes_that_are_no_utf_8_pass_and_values_beside_them_are_blanked() {
    assert_eq!(through_writer(&knowing(["hunter2!"]), &[b"\xff\xfehunter2!\xff\n"]), b"\xff\xfe[secret]\xff\n");
}

#[test]
fn a_long_value_is_found_whole_and_in_pieces_and_makes_no_long_form() {
    let value: String = (0..20_000).map(|number| format!("é{number}")).collect();
    let known = &value[..value.floor_char_boundary(LONGEST_VALUE)];
    let redactor = knowing([value.as_str()]);
    assert!(redactor.longest_form() <= LONGEST, "{}", redactor.longest_form());
    assert_eq!(redactor.redact(&format!("<{known}>")), "<[secret]>");
    let twice = format!("<{}>", BASE64_STANDARD.encode(known));
    assert_eq!(redactor.redact(&twice), "<[secret]>");
    let shown = redactor.redact(&known[..known.floor_char_boundary(10_000)]).into_owned();
    assert!(shown.starts_with("[secret]") && shown.len() < 600, "all but the end of it is known: {shown}");
}

#[test]
fn values_that_nearly_match_everywhere_are_compared_a_few_times_each() {
    let values: Vec<String> = (4..400).map(|length| format!("{}A", "a".repeat(length))).collect();
    let redactor = knowing(values.iter().map(String::as_str));
    let shown = redactor.redact(&"a".repeat(10_000)).into_owned();
    assert!(shown.starts_with("[secret]") && shown.len() < 40, "what is shared is blanked: {shown}");
    assert_eq!(redactor.redact(&format!("{}A!", "a".repeat(5_000))), "[secret]!");

    let values: Vec<String> = (4..100).map(|length| format!("{}è", "é".repeat(length))).collect();
    let shown = knowing(values.iter().map(String::as_str)).redact(&"é".repeat(1_000)).into_owned();
    assert!(shown.starts_with("[secret]é") && shown.ends_with('é'), "no character is split: {shown}");
}

#[test]
fn a_value_across_the_cut_of_a_text_is_blanked_and_not_begun() {
    let redactor = knowing(["hunter2!"]);
    let text = "hunter2! says hunter2! and é more";
    let cuts = [(0, ""), (5, "[secret]"), (8, "[secret]"), (14, "[secret] says "), (17, "[secret] says [secret]")];
    for (limit, expected) in cuts {
        assert_eq!(redactor.redact_start(text, limit), expected, "{limit}");
    }
    assert_eq!(redactor.redact_start(text, 28), "[secret] says [secret] and ");
    assert_eq!(redactor.redact_start(text, 1_000), "[secret] says [secret] and é more");
    assert_eq!(Redactor::new().redact_start(text, 3), "hun");
}

/// Characters that encoders treat each in its own way, and no bracket, so that a blank is told from text.
fn text(length: Range<usize>) -> impl Strategy<Value = String> {
    let characters = prop::sample::select("abAB01 \"\\/+%&<=-_~:@é€😀\n\t'!".chars().collect::<Vec<_>>());
    prop::collection::vec(characters, length).prop_map(String::from_iter)
}

/// Encodes as some client may.
fn encoded(value: &str, how: u8) -> String {
    match how {
        0 => value.to_owned(),
        1 => serde_json::to_string(value).unwrap(),
        2 => BASE64_STANDARD.encode(format!("user:{value}")),
        3 => BASE64_URL_SAFE.encode(value),
        _ => percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string(),
    }
}

proptest! {
    #[test]
    fn no_form_of_a_value_is_left_and_other_text_is_untouched(
        values in prop::collection::vec(text(0..12), 1..6),
        around in prop::collection::vec((text(0..6), 0_usize..6, 0_u8..5), 0..8),
        cuts in prop::collection::vec(0_usize..200, 0..6),
    ) {
        let redactor = knowing(values.iter().map(String::as_str));
        let line: String =
            around.iter().map(|(before, which, how)| before.clone() + &encoded(&values[which % values.len()], *how)).collect();
        let all: Vec<(Vec<u8>, index::Reach)> = values
            .iter()
            .flat_map(|value| forms(value).0)
            .map(|(form, reach)| (std::borrow::Borrow::<[u8]>::borrow(&form).to_vec(), reach))
            .collect();

        // By hand: each byte of each occurrence is secret, and so is the base64 around it where the form is base64.
        let bytes = line.as_bytes();
        let mut secret = vec![false; bytes.len()];
        for (form, reach) in &all {
            for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(form)) {
                let is_base64 = |at: &usize| bytes[*at].is_ascii_alphanumeric() || b"+/-_=".contains(&bytes[*at]);
                let (mut start, mut end) = (at, at + form.len());
                if *reach == index::Reach::Base64Run {
                    start -= (0..start).rev().take_while(is_base64).count();
                    end += (end..bytes.len()).take_while(is_base64).count();
                }
                secret[start..end].fill(true);
            }
        }
        let shown = redactor.redact(&line).into_owned();
        let left: Vec<u8> = bytes.iter().zip(&secret).filter(|(_, secret)| !**secret).map(|(byte, _)| *byte).collect();
        prop_assert_eq!(shown.replace(BLANK, "").into_bytes(), left);
        for part in shown.split(BLANK) {
            for (form, _) in &all {
                prop_assert!(!part.as_bytes().windows(form.len()).any(|window| window == form), "{:?} in {:?}", form, part);
            }
        }

        let mut ends: Vec<usize> = cuts.iter().map(|cut| *cut % (bytes.len() + 1)).collect();
        ends.push(0);
        ends.push(bytes.len());
        ends.sort_unstable();
        let line = line.replace('\n', " ");
        let pieces: Vec<&[u8]> = ends.windows(2).map(|ends| &line.as_bytes()[ends[0]..ends[1]]).collect();
        prop_assert_eq!(through_writer(&redactor, &pieces), redactor.redact(&line).into_owned().into_bytes());
    }

    #[test]
    fn what_is_forgotten_leaves_what_is_known_as_if_it_had_never_been(
        kept in prop::collection::vec(text(4..9), 0..4), gone in prop::collection::vec(text(4..9), 0..9), line in text(0..60),
    ) {
        let redactor = knowing(kept.iter().map(String::as_str));
        for (number, value) in gone.iter().enumerate() {
            redactor.learn(&SecretOwner::new(2, number.to_string()), &SecretValues::from_iter([("k", value.as_str())]));
        }
        (0..gone.len()).for_each(|number| redactor.forget(&SecretOwner::new(2, number.to_string())));
        let never = knowing(kept.iter().map(String::as_str));
        let line = gone.iter().chain(&kept).fold(line, |line, value| line + " " + value);
        prop_assert_eq!(redactor.redact(&line), never.redact(&line));
    }
}
