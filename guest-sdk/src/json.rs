//! Reading JSON into an author's types with errors that name the key that is wrong.

use serde::de::DeserializeOwned;

/// Reads `text`, where an empty string means an empty object. The error is a sentence with the path of the key:
/// ``jsonData.timeout: invalid type: string "x", expected u32 at line 1 column 14``.
pub(crate) fn read<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, String> {
    read_slice(what, if text.trim().is_empty() { b"{}" } else { text.as_bytes() })
}

/// As [`read`], from bytes that are JSON as they stand.
pub(crate) fn read_slice<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match path.as_str() {
            // The document itself. A missing key is named in the message.
            "." => format!("{what}: {inner}"),
            index if index.starts_with('[') => format!("{what}{index}: {inner}"),
            key => format!("{what}.{key}: {inner}"),
        }
    })?;
    json.end().map_err(|error| format!("{what}: {error}"))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Outer {
        #[serde(default)]
        inner: Option<Inner>,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Inner {
        step: u32,
    }

    #[test]
    fn an_error_names_the_key_that_is_wrong() {
        let error = read::<Outer>("jsonData", r#"{"inner":{"step":"x"}}"#).unwrap_err();
        assert!(error.starts_with("jsonData.inner.step: invalid type: string \"x\", expected u32"), "{error}");
    }

    #[test]
    fn an_empty_text_is_an_empty_object() {
        assert_eq!(read::<Outer>("jsonData", " "), Ok(Outer { inner: None }));
    }

    #[test]
    fn text_after_the_document_is_an_error() {
        assert!(read::<Outer>("query", "{} {}").unwrap_err().contains("trailing characters"));
    }
}
