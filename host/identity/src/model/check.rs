//! What the fields of orgs, users, service accounts and tokens may be.

use crate::IdentityError;

/// Longest name, login and email, in characters: Grafana's columns.
pub const MAX_NAME_CHARS: usize = 190;
/// Shortest password, in characters: Grafana's.
pub const MIN_PASSWORD_CHARS: usize = 4;
/// Longest password, in bytes: a passphrase, not a file to hash.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// Longest uid of a data source, in bytes.
const MAX_UID_BYTES: usize = 40;

/// Basic credentials with this login carry a token as their password, as in Grafana.
pub(crate) const TOKEN_LOGIN: &str = "api_key";

type Check = Result<(), IdentityError>;

/// A name that must be there.
pub(crate) fn name(field: &'static str, value: &str) -> Check {
    if value.trim().is_empty() {
        return Err(IdentityError::invalid(field, "is empty: name it"));
    }
    text(field, value)
}

/// A text that may be empty.
pub(crate) fn text(field: &'static str, value: &str) -> Check {
    let chars = value.chars().count();
    if chars > MAX_NAME_CHARS {
        let reason = format!("has {chars} characters, {MAX_NAME_CHARS} are allowed: shorten it");
        return Err(IdentityError::invalid(field, reason));
    }
    if value.chars().any(char::is_control) {
        return Err(IdentityError::invalid(field, "has a control character: remove it"));
    }
    Ok(())
}

/// What a user signs in with.
pub(crate) fn login(value: &str) -> Check {
    name("login", value)?;
    if value.trim() != value {
        return Err(IdentityError::invalid("login", "begins or ends with white space: remove it"));
    }
    if value.contains(':') {
        return Err(IdentityError::invalid("login", "has a ':', at which HTTP basic auth ends a login: remove it"));
    }
    if value.eq_ignore_ascii_case(TOKEN_LOGIN) {
        let reason = format!("is {TOKEN_LOGIN:?}, under which tokens are sent: choose another");
        return Err(IdentityError::invalid("login", reason));
    }
    Ok(())
}

/// An email, which may be empty. That it reaches somebody is not checked.
pub(crate) fn email(value: &str) -> Check {
    text("email", value)?;
    if value.chars().any(char::is_whitespace) || value.contains(':') {
        return Err(IdentityError::invalid("email", "has white space or a ':': remove it"));
    }
    Ok(())
}

/// A password that is to be kept.
pub(crate) fn password(value: &str) -> Check {
    let chars = value.chars().count();
    if chars < MIN_PASSWORD_CHARS {
        let reason = format!("has {chars} characters, at least {MIN_PASSWORD_CHARS} are needed: choose a longer one");
        return Err(IdentityError::invalid("password", reason));
    }
    if value.len() > MAX_PASSWORD_BYTES {
        let bytes = value.len();
        let reason = format!("has {bytes} bytes, {MAX_PASSWORD_BYTES} are allowed: choose a shorter one");
        return Err(IdentityError::invalid("password", reason));
    }
    Ok(())
}

/// The uid of a data source, as far as a key of the database goes: whether there is one is for others to say.
pub(crate) fn uid(value: &str) -> Check {
    if value.is_empty() || value.len() > MAX_UID_BYTES {
        let reason = format!("has {} bytes, 1 to {MAX_UID_BYTES} are allowed: name a data source", value.len());
        return Err(IdentityError::invalid("uid", reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(check: Check) -> String {
        check.unwrap_err().to_string()
    }

    #[test]
    fn a_name_is_neither_empty_nor_long_nor_has_control_characters() {
        assert_eq!(says(name("name", " \t")), "name is empty: name it");
        let long = "ä".repeat(191);
        assert_eq!(says(name("name", &long)), "name has 191 characters, 190 are allowed: shorten it");
        assert_eq!(says(name("name", "a\0")), "name has a control character: remove it");
        assert!(name("name", &"😀".repeat(190)).is_ok());
    }

    #[test]
    fn a_login_that_could_not_be_sent_is_refused() {
        for bad in ["", "a:b", " a", "a ", "api_key", "API_KEY", "a\nb"] {
            assert!(says(login(bad)).starts_with("login "), "{bad:?}");
        }
        assert!(login("ada@example.org").is_ok());
    }

    #[test]
    fn an_email_may_be_empty_and_has_no_white_space() {
        assert!(email("").is_ok());
        assert!(says(email("a b@c")).starts_with("email has white space"));
    }

    #[test]
    fn a_password_has_4_characters_to_1024_bytes() {
        assert_eq!(says(password("")), "password has 0 characters, at least 4 are needed: choose a longer one");
        assert!(password("äöüß").is_ok());
        assert!(password(&"x".repeat(1024)).is_ok());
        assert!(says(password(&"x".repeat(1025))).contains("1025 bytes, 1024 are allowed"));
    }
}
