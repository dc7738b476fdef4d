//! What the fields of a data source may be: Grafana's lengths and alphabets.

use super::{DataSource, Secrets};
use wellhead_secrets::Sealed;

/// Longest name, type, user and database, in characters.
pub const MAX_NAME_CHARS: usize = 190;
/// Longest URL, in characters.
pub const MAX_URL_CHARS: usize = 255;
/// Longest uid, in characters.
pub const MAX_UID_CHARS: usize = 40;
/// Largest `jsonData`, and largest sum of secret values, in bytes of JSON. Grafana's databases hold 64 KiB to 4 GiB; settings
/// written by people, certificates included, stay far below.
const MAX_DATA_BYTES: usize = 1 << 20;
/// Most secrets of a data source. Grafana's plugins have a handful.
const MAX_SECRETS: usize = 1_000;
/// Deepest `jsonData`.
const MAX_DATA_DEPTH: usize = 64;

/// A field that cannot be stored as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidField {
    /// Its name on the wire.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub reason: String,
}

fn invalid<T>(field: &'static str, reason: impl Into<String>) -> Result<T, InvalidField> {
    Err(InvalidField { field, reason: reason.into() })
}

/// Checks every field of `source`. An empty uid or name is left to whoever fills it in.
pub(crate) fn data_source(source: &DataSource) -> Result<(), InvalidField> {
    if source.org_id < 1 {
        return invalid("orgId", format!("is {}: every data source belongs to an org, from 1 up", source.org_id));
    }
    if !source.uid.is_empty() {
        uid(&source.uid)?;
    }
    text("name", &source.name, MAX_NAME_CHARS)?;
    if source.plugin_id.is_empty() {
        return invalid("type", "is missing: name the plugin");
    }
    text("type", &source.plugin_id, MAX_NAME_CHARS)?;
    text("url", &source.url, MAX_URL_CHARS)?;
    text("user", &source.user, MAX_NAME_CHARS)?;
    text("database", &source.database, MAX_NAME_CHARS)?;
    text("basicAuthUser", &source.basic_auth_user, MAX_NAME_CHARS)?;
    if source.json_data.values().any(|value| deeper_than(value, MAX_DATA_DEPTH)) {
        return invalid("jsonData", format!("is nested deeper than {MAX_DATA_DEPTH} levels: flatten it"));
    }
    let bytes = serde_json::to_vec(&source.json_data).map_or(usize::MAX, |json| json.len());
    size("jsonData", bytes)?;
    let secrets = source.secure_json_data.plain();
    let lengths = secrets.map(|(key, value)| key.len().saturating_add(value.len()));
    size("secureJsonData", lengths.fold(0, usize::saturating_add))?;
    for key in source.secure_json_data.keys() {
        if key.is_empty() {
            return invalid("secureJsonData", "has a key without a name: name it");
        }
        text("secureJsonData", key, MAX_NAME_CHARS)?;
    }
    Ok(())
}

/// Checks the secrets of a data source as they will be stored, those that were there before among them: what is sent
/// at once is bounded by [`data_source`], and this bounds what adds up.
pub(crate) fn stored_secrets(secrets: &Secrets) -> Result<(), InvalidField> {
    if secrets.len() > MAX_SECRETS {
        let count = secrets.len();
        return invalid("secureJsonData", format!("has {count} keys, {MAX_SECRETS} are allowed: remove some"));
    }
    let plain = secrets.plain().map(|(key, value)| key.len().saturating_add(value.len()));
    // Without what sealing adds, so that what was stored as plain is never too much once it is sealed.
    let sealed = secrets
        .sealed()
        .map(|(key, value)| key.len().saturating_add(value.as_bytes().len().saturating_sub(Sealed::OVERHEAD)));
    size("secureJsonData", plain.chain(sealed).fold(0, usize::saturating_add))
}

/// Checks a uid that is not empty.
pub(crate) fn uid(uid: &str) -> Result<(), InvalidField> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // A client that puts such a uid into a path would ask for something else.
    let climbs = uid == "." || uid == "..";
    if climbs || uid.chars().count() > MAX_UID_CHARS || !uid.chars().all(allowed) {
        let shown: String = uid.chars().take(MAX_UID_CHARS).collect();
        let reason = format!("is {shown:?}: up to {MAX_UID_CHARS} letters, digits, '-', '_' and '.' are allowed");
        return invalid("uid", reason);
    }
    Ok(())
}

fn text(field: &'static str, value: &str, max_chars: usize) -> Result<(), InvalidField> {
    // Counting the characters of a megabyte to say that it is too long is not worth it.
    if value.len() > max_chars.saturating_mul(4) || value.chars().count() > max_chars {
        let actual = value.chars().count();
        return invalid(field, format!("has {actual} characters, {max_chars} are allowed: shorten it"));
    }
    // A tab is what people paste, and harms nobody.
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return invalid(field, "has a control character: remove it");
    }
    Ok(())
}

fn size(field: &'static str, bytes: usize) -> Result<(), InvalidField> {
    if bytes > MAX_DATA_BYTES {
        return invalid(field, format!("has {bytes} bytes, {MAX_DATA_BYTES} are allowed: keep less in it"));
    }
    Ok(())
}

fn deeper_than(value: &serde_json::Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return true };
    match value {
        serde_json::Value::Array(items) => items.iter().any(|item| deeper_than(item, below)),
        serde_json::Value::Object(fields) => fields.values().any(|field| deeper_than(field, below)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(source: DataSource) -> String {
        data_source(&source).unwrap_err().to_string()
    }

    fn source() -> DataSource {
        DataSource::new("a", "A", "testdata")
    }

    #[test]
    fn every_field_that_is_too_long_is_named_with_its_limit() {
        let long = "x".repeat(1 << 20);
        assert_eq!(
            says(DataSource { name: long.clone(), ..source() }),
            "name has 1048576 characters, 190 are allowed: shorten it"
        );
        assert!(says(source().with_url(&long)).starts_with("url has 1048576 characters, 255 are allowed"));
        assert!(says(DataSource { uid: long.clone(), ..source() }).starts_with("uid is \"xxxx"));
        assert!(says(source().with_json_data("k", long.clone())).starts_with("jsonData has 1048584 bytes"));
        assert!(says(source().with_secret("k", long)).starts_with("secureJsonData has 1048577 bytes"));
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(data_source(&DataSource { name: "😀".repeat(190), ..source() }), Ok(()));
        assert!(says(DataSource { name: "😀".repeat(191), ..source() }).contains("191 characters"));
    }

    #[test]
    fn a_uid_that_could_climb_out_of_a_path_is_refused() {
        for bad in ["..", ".", "../x", "a/b", "a b", "a%2f", "ä", "a\0"] {
            assert!(says(DataSource { uid: bad.into(), ..source() }).starts_with("uid is"), "{bad:?}");
        }
    }

    #[test]
    fn control_characters_deep_json_a_missing_org_and_a_missing_type_are_refused() {
        assert_eq!(says(DataSource { name: "a\0b".into(), ..source() }), "name has a control character: remove it");
        let deep = (0..64).fold(serde_json::Value::Null, |value, _| serde_json::json!([value]));
        assert!(says(source().with_json_data("k", deep)).contains("deeper than 64"));
        assert!(says(DataSource { org_id: 0, ..source() }).starts_with("orgId is 0"));
        assert!(says(DataSource { plugin_id: String::new(), ..source() }).starts_with("type is missing"));
    }
}
