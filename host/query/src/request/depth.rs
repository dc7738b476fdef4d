//! How deep JSON nests, counted over its text: a plugin's parser recurses, so its input must not be a ladder.

/// The deepest nesting of brackets in `json`, which must be valid JSON.
pub(super) fn of(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(of(r#"{"a":[1,{"b":2}],"c":{}}"#), 3);
        assert_eq!(of(r#"{"a":"[[[[\"[[[["}"#), 1);
        assert_eq!(of(r#""\\[""#), 0);
    }
}
