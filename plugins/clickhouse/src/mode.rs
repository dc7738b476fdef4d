//! What a server understands. An instance begins with what current ones do, and learns from the first exceptions.

use crate::exception::{Exception, code};

/// Options that the plugin puts on a request of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Rows come as Arrow; else as JSON.
    pub(crate) arrow: bool,
    /// In JSON, times come in UTC, as ISO 8601; else in the zone of the column or of the server.
    pub(crate) iso_times: bool,
    /// The user may change settings.
    pub(crate) settings: bool,
}

/// Arrow as Grafana's fields have it, as far as the server can say it so.
const ARROW: &[(&str, &str)] = &[
    ("output_format_arrow_compression_method", "none"),
    ("output_format_arrow_string_as_string", "1"),
    ("output_format_arrow_low_cardinality_as_dictionary", "0"),
];
const QUOTE_DENORMALS: (&str, &str) = ("output_format_json_quote_denormals", "1");
const ISO_TIMES: (&str, &str) = ("date_time_output_format", "iso");
/// The server's own bound, should nobody be left to cancel the query.
pub(crate) const TIME_LIMIT: &str = "max_execution_time";

impl Mode {
    pub(crate) const NEWEST: Self = Self { arrow: true, iso_times: true, settings: true };

    /// The same for statements whose rows are few and that cannot be described.
    pub(crate) const fn without_arrow(self) -> Self {
        Self { arrow: false, ..self }
    }

    /// Pairs for a request.
    pub(crate) fn pairs(self) -> Vec<(&'static str, &'static str)> {
        let mut pairs = vec![("default_format", if self.arrow { "ArrowStream" } else { "JSONCompact" })];
        if self.settings && self.arrow {
            pairs.extend_from_slice(ARROW);
        } else if self.settings {
            pairs.push(QUOTE_DENORMALS);
            pairs.extend(self.iso_times.then_some(ISO_TIMES));
        }
        pairs
    }

    /// The mode for a server that answers so, `None` where another mode would not help.
    pub(crate) fn after(self, exception: &Exception) -> Option<Self> {
        let names = |name: &str| exception.message.contains(name);
        let next = match exception.code {
            code::UNKNOWN_FORMAT if names("ArrowStream") => Self { arrow: false, ..self },
            code::UNKNOWN_SETTING if names("output_format_arrow") => Self { arrow: false, ..self },
            code::UNKNOWN_SETTING if names(ISO_TIMES.0) => Self { iso_times: false, ..self },
            code::READONLY | code::SETTING_CONSTRAINT_VIOLATION
                if names("output_format_") || names(ISO_TIMES.0) || names(TIME_LIMIT) =>
            {
                Self { arrow: false, iso_times: false, settings: false }
            }
            _ => return None,
        };
        (next != self).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(mode: Mode, code: u32, message: &str) -> Option<Mode> {
        mode.after(&Exception { code, message: message.to_owned() })
    }

    #[test]
    fn an_old_server_is_asked_for_less_until_it_understands() {
        let json = after(Mode::NEWEST, 115, "Unknown setting output_format_arrow_compression_method").unwrap();
        assert_eq!(json.pairs().first(), Some(&("default_format", "JSONCompact")));
        let plain = after(json, 115, "Unknown setting date_time_output_format").unwrap();
        assert!(!plain.iso_times && plain.settings);
        assert_eq!(after(plain, 115, "Unknown setting date_time_output_format"), None);
    }

    #[test]
    fn a_user_who_may_change_no_setting_is_sent_none() {
        let message = "Cannot modify 'output_format_arrow_compression_method' setting in readonly mode";
        assert_eq!(after(Mode::NEWEST, 164, message).unwrap().pairs(), [("default_format", "JSONCompact")]);
    }

    #[test]
    fn what_the_user_has_set_is_no_reason_to_fall_back() {
        assert_eq!(after(Mode::NEWEST, 115, "Unknown setting max_treads"), None);
        assert_eq!(after(Mode::NEWEST, 73, "Unknown format Nonsense"), None);
    }
}
